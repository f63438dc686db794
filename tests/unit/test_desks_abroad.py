"""What became of a forward, whatever order the two topics are read in."""

from itertools import permutations

import msgspec
import pytest

from pipeline.desks.abroad import Abroad
from schemas import ids
from schemas.outcomes import WITHDRAWN, Receipt, Withdrawal
from tests.builders import NOON_MS
from tests.forwards import Scene

FORWARD = Scene().forward(NOON_MS)
RECEIPT = Receipt(
    receipt_id=ids.receipt_id(FORWARD.forward_id, "acknowledged"), forward_id=FORWARD.forward_id, to_country="NL",
    outcome="acknowledged", decided_at_ms=NOON_MS,
)  # fmt: skip
WITHDRAWAL = Withdrawal(kind="forward", id=FORWARD.forward_id, reason="entry_removed", by="cross_border", at_ms=NOON_MS)
RECALL = msgspec.structs.replace(
    FORWARD, forward_id=ids.forward_id("recall", "NL"), kind="recall", refers_to=FORWARD.forward_id
)


ARRIVED = msgspec.structs.replace(RECEIPT, forward_id=RECALL.forward_id)


@pytest.mark.parametrize("order", list(permutations([FORWARD, RECEIPT, WITHDRAWAL, RECALL, ARRIVED])))
def test_what_is_about_a_forward_counts_whenever_it_comes(order: list[object]) -> None:
    """And a second copy of anything changes nothing."""
    abroad = Abroad()
    for message in (*order, *order):
        abroad.take(message)  # type: ignore[arg-type]  # each of the three kinds
    assert [FORWARD.forward_id] == list(abroad.told)
    one = abroad.told[FORWARD.forward_id]
    assert ("recalled", [RECEIPT], WITHDRAWAL, RECALL) == (one.state, one.receipts, one.withdrawal, one.recall)
    assert [ARRIVED] == one.recall_receipts


def test_without_an_answer_a_forward_is_sent_and_no_more() -> None:
    """Silence is no acknowledgement."""
    abroad = Abroad()
    abroad.take(FORWARD)
    assert "sent" == abroad.told[FORWARD.forward_id].state
    abroad.take(RECEIPT)
    assert "acknowledged" == abroad.told[FORWARD.forward_id].state


@pytest.mark.parametrize(
    ("messages", "is_open"),
    [
        ((FORWARD,), True),
        ((FORWARD, RECEIPT), False),
        ((FORWARD, msgspec.structs.replace(RECEIPT, answer_by_ms=NOON_MS)), True),
        ((FORWARD, msgspec.structs.replace(RECEIPT, later="accepted")), True),
        ((FORWARD, msgspec.structs.replace(RECEIPT, later="stopped")), False),
        ((FORWARD, RECEIPT, WITHDRAWAL), True),
        ((FORWARD, RECEIPT, WITHDRAWAL, RECALL, ARRIVED), False),
        ((FORWARD, RECEIPT, WITHDRAWAL, RECALL, msgspec.structs.replace(ARRIVED, outcome="expired")), True),
        (
            (FORWARD, WITHDRAWAL, RECALL, msgspec.structs.replace(ARRIVED, outcome="expired", reason=WITHDRAWN)),
            False,
        ),
    ],
)  # fmt: skip
def test_what_something_must_yet_come_of_is_open(messages: tuple[object, ...], is_open: bool) -> None:
    """Its delivery, a promised answer, what the neighbour that acts brings about, the delivery of its recall."""
    abroad = Abroad()
    for message in messages:
        abroad.take(message)  # type: ignore[arg-type]  # each of the three kinds
    assert is_open == abroad.told[FORWARD.forward_id].is_open
