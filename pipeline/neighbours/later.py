"""What a neighbour says later of a message that it took: that it acts, what came of it, or why it does not act. Pure.

Its word is signed like an acknowledgement, under a type of its own, so that neither can be taken for the other. Whose it is and on
which message, the signature proves; when it comes again it changes nothing, so it needs no freshness.
"""

from typing import Literal

import msgspec
from joserfc.jwk import OKPKey

from pipeline.neighbours.signatures import KeyRing, NotAuthentic, sign, verify
from schemas import ids
from schemas.base import UNREADABLE, AlertId, Country, EpochMs, ForwardId, Message, Text
from schemas.outcomes import LaterOutcome, Receipt

LATER_TYPE = "vigie-outcome+jws"
Refusal = Literal["no_legal_basis", "no_unit", "not_competent", "known_already", "not_enough_said", "other"]
"""Why a neighbour does not act, from a list, so that it can be counted."""


class LaterWord(Message, frozen=True, kw_only=True):
    """The neighbour's signed word on a message that it acknowledged before. refused needs a reason, and `other` a detail."""

    forward_id: ForwardId
    from_country: Country
    outcome: LaterOutcome
    reason: Refusal | None = None
    reference: Text | None = None  # the neighbour's own, for phone calls about the case
    detail: Text | None = None
    at_ms: EpochMs

    def __post_init__(self) -> None:
        """Raise ValueError when a refusal gives no reason, or the reason `other` no detail."""
        if self.outcome == "refused" and self.reason is None:
            raise ValueError("a refusal needs a reason")
        if self.reason == "other" and not (self.detail or "").strip():
            raise ValueError("the reason other needs a detail")


def sign_later(word: LaterWord, key: OKPKey) -> str:
    """The word as JWS compact. The same word always gives the same text."""
    return sign(msgspec.json.encode(word), key, typ=LATER_TYPE, issuer=word.from_country, at_ms=word.at_ms)


def verify_later(token: str | bytes, ring: KeyRing, country: str) -> LaterWord:
    """The word that this country signed. Raises NotAuthentic for anything else."""
    signed = verify(token, ring, typ=LATER_TYPE)
    try:
        word = msgspec.json.decode(signed.payload, type=LaterWord)
    except UNREADABLE as error:
        raise NotAuthentic(f"not a word on a message: {error}") from error
    if {word.from_country, signed.issuer} != {country}:
        raise NotAuthentic(f"it is the word of {signed.issuer} for {word.from_country}")
    return word


def receipt_of(word: LaterWord, signed: str, incident_id: AlertId | None, at_ms: int) -> Receipt:
    """The receipt of a word; `later` tells it from that of the acknowledgement or refusal, whose id it has. at_ms: when it is
    judged, UTC."""
    outcome: Literal["acknowledged", "refused"] = "refused" if word.outcome == "refused" else "acknowledged"
    return Receipt(
        receipt_id=ids.receipt_id(word.forward_id, outcome),
        forward_id=word.forward_id,
        to_country=word.from_country,
        outcome=outcome,
        later=word.outcome,
        reason=word.reason,
        detail=": ".join(filter(None, (word.reason, word.detail)))[:1000] or None,
        neighbour_reference=word.reference,
        signed=signed,
        incident_id=incident_id,
        decided_at_ms=at_ms,
    )
