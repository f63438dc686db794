"""What a neighbour says later of a message counts only if that neighbour signed it."""

from typing import Any

import msgspec
import pytest

from pipeline.desks.abroad import Abroad
from pipeline.neighbours import signatures
from pipeline.neighbours.later import LaterWord, receipt_of, sign_later, verify_later
from pipeline.neighbours.message import Acknowledgement, sign_acknowledgement
from pipeline.neighbours.signatures import NotAuthentic
from schemas.outcomes import Receipt
from tests.desks import NOW_MS, make_forward

PEM, OTHER_PEM = signatures.generate_private_pem(), signatures.generate_private_pem()
KEY, OTHER_KEY = map(signatures.signing_key_of, (PEM, OTHER_PEM))
RING = signatures.key_ring_of("NL", signatures.public_pem_of(PEM))
FORWARD_ID = "f-0123456789abcdef01234567"


def word(**fields: Any) -> LaterWord:
    """The Netherlands stopped the vehicle, unless fields say otherwise."""
    given = {"forward_id": FORWARD_ID, "from_country": "NL", "outcome": "stopped", "at_ms": NOW_MS}
    return LaterWord(**(given | fields))


def test_a_signed_word_becomes_the_receipt_of_its_outcome() -> None:
    """With the code of a refusal, the neighbour's reference and the proof."""
    refused = word(outcome="refused", reason="other", detail="our court said so", reference="NL-7")
    signed = sign_later(refused, KEY)
    assert refused == verify_later(signed, RING, "NL")
    receipt = receipt_of(refused, signed, "a-0123456789abcdef01234567", NOW_MS + 5)
    assert ("refused", "refused", "other") == (receipt.outcome, receipt.later, receipt.reason)
    assert "other: our court said so" == receipt.detail
    assert ("NL-7", signed, "NL") == (receipt.neighbour_reference, receipt.signed, receipt.to_country)


@pytest.mark.parametrize(
    "token",
    [
        sign_later(word(), OTHER_KEY),
        sign_later(word(from_country="LU"), KEY),
        sign_acknowledgement(
            Acknowledgement(forward_id=FORWARD_ID, from_country="NL", outcome="acknowledged", at_ms=NOW_MS), KEY
        ),
        sign_later(word(), KEY)[:-4],
        "stopped",
    ],
    ids=["another's key", "in another's name", "an acknowledgement", "cut off", "no word"],
)
def test_what_the_neighbour_did_not_sign_as_such_proves_nothing(token: str) -> None:
    """Nor is an acknowledgement taken for what came of the message."""
    with pytest.raises(NotAuthentic):
        verify_later(token, RING, "NL")


@pytest.mark.parametrize("fields", [{"outcome": "refused"}, {"outcome": "refused", "reason": "other", "detail": " "}])
def test_a_refusal_says_why(fields: dict[str, str]) -> None:
    """From a list, or in words."""
    whole = msgspec.to_builtins(word())
    with pytest.raises(msgspec.ValidationError, match="needs a"):
        msgspec.convert(whole | fields, LaterWord)


@pytest.mark.parametrize("later_first", [True, False])
def test_the_liaison_sees_what_came_of_a_message_and_not_that_it_was_received(later_first: bool) -> None:
    """In whatever order both are read."""
    abroad = Abroad()
    abroad.take(make_forward(FORWARD_ID))
    taken = Receipt(
        receipt_id="p-1", forward_id=FORWARD_ID, to_country="NL", outcome="acknowledged", decided_at_ms=NOW_MS
    )
    receipts = [taken, receipt_of(word(), "signed", None, NOW_MS)]
    for one in reversed(receipts) if later_first else receipts:
        abroad.take(one)
    assert "stopped" == abroad.told[FORWARD_ID].state
