"""What liaison decides: what crosses the border and is signed, what counts as the answer, when to try again. Pure.

A forward is settled only by the neighbour's *signed* word on that very forward_id. Everything else - silence, an error,
an answer that nobody or the wrong one signed - means: try again until it expires.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Literal

import msgspec
from joserfc.jwk import OKPKey

from pipeline.errors import BadRecord
from pipeline.neighbours.retry_after import retry_after_s
from pipeline.neighbours.signatures import KeyRing, NotAuthentic, sign, verify
from schemas.base import UNREADABLE, Country, EpochMs, Message, Text
from schemas.outcomes import Forward

FORWARD_TYPE = "vigie-forward+jws"
ACKNOWLEDGEMENT_TYPE = "vigie-acknowledgement+jws"
SIGNED_WITHIN_MS = 15 * 60_000
"""How far the clocks of sender and desk, and the way between them, may be apart."""
MAX_SIGNED_BYTES = 96 * 1024
"""The largest signed forward or acknowledgement: every text of a forward at its longest fits."""


class Acknowledgement(Message, frozen=True, kw_only=True):
    """The neighbour's signed word on one forward: that it took the forward, or refuses it for good."""

    forward_id: str
    from_country: Country
    outcome: Literal["acknowledged", "refused"]
    reference: Text | None = None  # the neighbour's own, for phone calls about the case
    reason: Text | None = None  # when refused: short, stable
    detail: Text | None = None  # when refused: for a person
    at_ms: EpochMs


class UnreadableForward(BadRecord):
    """Genuine, but not a forward as agreed. forward_id: where at least that could be read."""

    def __init__(self, detail: str, forward_id: str | None) -> None:
        super().__init__("unreadable", detail)
        self.forward_id = forward_id


@dataclass(frozen=True, slots=True)
class SignedForward:
    """A forward, the country that signed it, and when (whole seconds, in milliseconds)."""

    forward: Forward
    sender: str
    signed_at_ms: int


def sign_forward(forward: Forward, key: OKPKey, *, sender: str, at_ms: int) -> str:
    """The forward as JWS compact, signed in the name of `sender`. What is for our own side (alert_at, first_at, withdrawn_at,
    incident_id) is left out.

    Raises BadRecord when it is longer than a desk takes (MAX_SIGNED_BYTES).
    """
    crossing = msgspec.structs.replace(forward, alert_at=None, first_at=None, withdrawn_at=None, incident_id=None)
    token = sign(msgspec.json.encode(crossing), key, typ=FORWARD_TYPE, issuer=sender, at_ms=at_ms)
    if len(token) > MAX_SIGNED_BYTES:
        raise BadRecord("too_large", f"signed it is {len(token)} bytes; a desk takes {MAX_SIGNED_BYTES}")
    return token


def verify_forward(token: str | bytes, ring: KeyRing) -> SignedForward:
    """The forward that a known sender signed. Raises NotAuthentic, or UnreadableForward if genuine but misshapen."""
    signed = verify(token, ring, typ=FORWARD_TYPE)
    try:
        forward = msgspec.json.decode(signed.payload, type=Forward)
    except UNREADABLE as error:
        raise UnreadableForward(str(error), _id_in(signed.payload)) from error
    return SignedForward(forward, signed.issuer, signed.at_ms)


def check_bearer(signed: SignedForward, countries: Collection[str], now_ms: int) -> None:
    """Raise NotAuthentic unless the forward was brought by the country that signed it, within SIGNED_WITHIN_MS of signing.
    countries: in whose name the client's certificate speaks. now_ms: UTC.

    Each attempt is signed anew, so an old signature is a copy that somebody kept.
    """
    if signed.sender not in countries:
        of = ", ".join(sorted(countries)) or "no country"
        raise NotAuthentic(f"{signed.sender} signed it, but the client's certificate is of {of}")
    if abs(now_ms - signed.signed_at_ms) > SIGNED_WITHIN_MS:
        raise NotAuthentic(f"it was signed {(now_ms - signed.signed_at_ms) / 1000:.0f} s ago, more than clocks differ")


def refusal_of(forward: Forward, country: str, now_ms: int) -> tuple[str, str] | None:
    """Why the desk of `country` cannot take this forward (reason, detail), or None when it can. now_ms: UTC."""
    if forward.to_country != country:
        return "wrong_country", f"it is for {forward.to_country}, this desk is {country}"
    if forward.expires_at_ms <= now_ms:
        return "expired", f"it expired {(now_ms - forward.expires_at_ms) / 1000:.1f} s ago"
    if forward.kind != "hit" and forward.refers_to is None:
        return "refers_to_nothing", f"a {forward.kind} must say which forward it is about"
    return None


def sign_acknowledgement(acknowledgement: Acknowledgement, key: OKPKey) -> str:
    """The acknowledgement as JWS compact. The same acknowledgement always gives the same text."""
    payload, country = msgspec.json.encode(acknowledgement), acknowledgement.from_country
    return sign(payload, key, typ=ACKNOWLEDGEMENT_TYPE, issuer=country, at_ms=acknowledgement.at_ms)


def verify_acknowledgement(token: str | bytes, ring: KeyRing, forward: Forward) -> Acknowledgement:
    """The neighbour's word on this forward. Raises NotAuthentic if it is no acknowledgement, another country signed it, or
    it is about another forward."""
    signed = verify(token, ring, typ=ACKNOWLEDGEMENT_TYPE)
    try:
        word = msgspec.json.decode(signed.payload, type=Acknowledgement)
    except UNREADABLE as error:
        raise NotAuthentic(f"not an acknowledgement: {error}") from error
    if word.forward_id != forward.forward_id or {word.from_country, signed.issuer} != {forward.to_country}:
        raise NotAuthentic(f"it is the word of {signed.issuer}, and on another message")
    return word


@dataclass(frozen=True, slots=True)
class DeskAnswer:
    """What came back over HTTP: status, body, and the Retry-After header if there was one."""

    status: int
    body: bytes
    retry_after: str | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """The neighbour's signed word: acknowledged or refused, and the JWS that proves it."""

    word: Acknowledgement
    signed: str


@dataclass(frozen=True, slots=True)
class Retry:
    """Not settled. reason: short, for counting; detail: for a person; asked_s: how long the desk asked to wait, None: it did
    not ask. within_s: look again that soon, because the neighbour comes by itself; None: with growing pauses."""

    reason: str
    detail: str
    asked_s: float | None = None
    within_s: float | None = None


_AGREES: dict[str, Callable[[int], bool]] = {
    "acknowledged": lambda status: 200 <= status < 300,
    "refused": lambda status: 400 <= status < 500,
}


def verdict_of(answer: DeskAnswer, forward: Forward, ring: KeyRing, now_ms: int) -> Settled | Retry:
    """What an answer means: a signed acknowledgement or refusal that agrees with the HTTP status settles the forward; all
    else is tried again.

    A desk that calls expired what is still good by our clock (now_ms, UTC) has another clock: Retry says so, and the forward
    is tried again until it expires.
    """
    asked_s = retry_after_s(answer.retry_after, now_ms)
    if answer.status >= 500:
        return Retry("unavailable", f"HTTP {answer.status}", asked_s)
    if answer.status in (408, 425, 429):
        return Retry("busy", f"HTTP {answer.status}", asked_s)
    try:
        word = verify_acknowledgement(answer.body, ring, forward)
    except NotAuthentic as error:
        return Retry("unproven", f"HTTP {answer.status}: {error.detail}", asked_s)
    if not _AGREES[word.outcome](answer.status):
        return Retry("contradictory", f"HTTP {answer.status} with a signed {word.outcome}", asked_s)
    if word.outcome == "refused" and word.reason == "expired" and now_ms < forward.expires_at_ms:
        return Retry("clock", f"it says expired, but that is {_span(forward.expires_at_ms - now_ms)} away here:"
                              f" its clock is {_skew(word.at_ms - now_ms)}", asked_s)  # fmt: skip
    return Settled(word, answer.body.decode("ascii"))


def _span(ms: int) -> str:
    return f"{ms / 1000:.0f} s"


def _skew(ms: int) -> str:
    """How far another clock is from ours, in words."""
    return f"{_span(abs(ms))} {'ahead of' if ms >= 0 else 'behind'} ours"


class _Named(msgspec.Struct):
    forward_id: str


def _id_in(payload: bytes) -> str | None:
    try:
        return msgspec.json.decode(payload, type=_Named).forward_id
    except UNREADABLE:
        return None
