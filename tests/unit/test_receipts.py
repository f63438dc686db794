"""What the receipt of a message says to those who rely on it."""

import pytest

from pipeline.neighbours.delivery import Open, expired_receipt, settled_receipt
from pipeline.neighbours.message import Acknowledgement, Settled
from pipeline.neighbours.recalls import recall_of
from schemas.outcomes import WITHDRAWN, Forward
from tests.desks import NOW_MS, make_forward

HIT = make_forward()
RECALL = recall_of(HIT, now_ms=NOW_MS)


@pytest.mark.parametrize(("message", "is_recall"), [(HIT, False), (RECALL, True)])
def test_every_receipt_says_whether_its_message_was_a_recall(message: Forward, is_recall: bool) -> None:
    """Whether it was taken, refused, not delivered, or taken back before: of a recall that did not arrive dispatch is told."""
    work = Open(message.forward_id)
    receipts = [expired_receipt(message, work, NOW_MS), expired_receipt(message, work, NOW_MS, withdrawn=True)]
    for outcome in ("acknowledged", "refused"):
        word = Acknowledgement(
            forward_id=message.forward_id, from_country=message.to_country, outcome=outcome, at_ms=NOW_MS
        )
        receipts.append(settled_receipt(message, work, Settled(word, "signed"), NOW_MS, 60))
    assert [is_recall] * 4 == [one.recall for one in receipts]
    assert [None, WITHDRAWN] == [one.reason for one in receipts[:2]]


def test_only_of_a_hit_that_was_taken_an_answer_is_promised() -> None:
    """Of a recall nothing must come."""
    for message, by_ms in ((HIT, NOW_MS + 60_000), (RECALL, None)):
        word = Acknowledgement(forward_id=message.forward_id, from_country="NL", outcome="acknowledged", at_ms=NOW_MS)
        receipt = settled_receipt(message, Open(message.forward_id), Settled(word, "signed"), NOW_MS, 60)
        assert by_ms == receipt.answer_by_ms
