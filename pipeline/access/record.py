"""The record of who did what: what an entry says, and the interface by which desks and commands write it.

A desk or command first calls `Recorder.intent` and does nothing before that returns; it calls `Recorder.outcome` before its answer
leaves. When either method raises NotRecorded, the answer is a refusal. Alerts that are pushed to a dispatcher have no entries of
their own: the intent of his shift (act "shift") covers them, so that an outage of the record never blinds dispatch.

Directive (EU) 2016/680, article 25: the log says when, who, why and to whom. Plates are given here in clear and leave as pseudonyms
under the key of the month, which ends twelve months after it: as long as reads may be kept at most (pipeline/law).

>>> key = MonthKey("2026-11", bytes(32))
>>> key.pseudonym("1ABC234") == key.pseudonym("1ABC234") != MonthKey("2026-12", bytes(32)).pseudonym("1ABC234")
True
"""

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, Protocol

import msgspec

from pipeline.errors import BadRecord, Unavailable
from schemas.accesses import MAX_ON, MAX_SUBJECTS, Access, Intent, Outcome
from schemas.ids import outcome_id

Act = Literal[
    "login", "logout", "shift",
    "query", "picture", "export", "stream",
    "decision", "reference", "rights", "send", "servers",
    "record", "checkpoint",
]  # fmt: skip
"""What kinds of things are recorded. shift: a dispatcher begins or ends one; stream: a live stream was opened; reference: reference
data was changed, or looked at where it shows no plates; send: records were sent to a topic; servers: accounts, topics, dead
letters; record: the record itself was looked at; checkpoint: one was asked for."""
TELL_WHAT_IS_COVERT = frozenset({"hotlist", "exclusions"})
"""Collections of which an id may say that something is covert: it is recorded as a pseudonym."""
SHOWS_PLATES: frozenset[Act] = frozenset({"query", "picture", "export", "stream"})
"""What nobody may do without saying why."""
Ending = Literal["answered", "refused", "failed"]

MOST_ON_BYTES = 24 * 1024
"""The most bytes of the names of other things in one entry, as JSON: with all else at its longest the entry still fits into the
log."""
KEY_KEPT_MONTHS = 12
KEY_BYTES = 32
_LEAST_REASON = 8
_VAGUE = frozenset(
    {"investigation", "enquiry", "inquiry", "research", "control", "check", "police", "official", "testing", "n/a", "none",
     "onderzoek", "controle", "politie", "enquete", "recherche", "verification", "ermittlung", "kontrolle", "polizei"}
)  # fmt: skip
"""Reasons that say nothing, as audits elsewhere found them by the thousand."""


class NotRecorded(Unavailable):
    """Raised when the record could not take an entry: the act is not done, or not answered."""

    def __init__(self, cause: str) -> None:
        super().__init__("the record")
        self.args = (f"this could not be recorded and so is refused: {cause}",)


class ReasonNeeded(BadRecord):
    """Raised when no reason was given, or one that says nothing: without a reason, no plate is shown."""

    def __init__(self, detail: str) -> None:
        super().__init__("reason_needed", detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What a person is about to do. plates: in clear. ids: in clear; of what is made of plates (read, alert, violation,
    track), or tells what is covert. on: other things that it concerns: cameras, zones, lists, users."""

    who: str
    origin: str
    act: Act
    what: str
    role: str | None = None
    desk: str | None = None
    purpose: str | None = None
    reason: str | None = None
    case_reference: str | None = None
    approver: str | None = None
    plates: Sequence[str] = ()
    ids: Sequence[str] = ()
    on: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The outcome of an operation. body: the answer's bytes; only a keyed digest of them is kept. refusal: the rule by which
    it was refused. role, designation: by which the person was allowed to see or do exactly this. plates: in clear, that the answer
    shows; of very many the first."""

    outcome: Ending
    count: int | None = None
    body: bytes | None = None
    refusal: str | None = None
    role: str | None = None
    designation: str | None = None
    plates: Sequence[str] = ()


class Recorder(Protocol):
    """Writes to the record, and returns only once the record holds it: all copies of the broker have it.

    Both methods raise NotRecorded within seconds (the patience of the recorder) when that cannot be. Nobody may delete or change
    what was written; a repeated entry is a second entry.
    """

    async def intent(self, operation: Operation) -> str:
        """Record the operation before it is done. Returns the entry's id, which every answer that shows a plate names.
        Raises ReasonNeeded, NotRecorded; BadRecord when the operation names too many things at once."""
        ...

    async def outcome(self, access_id: str, result: Result) -> None:
        """Record the result of the operation with this id. Raises NotRecorded."""
        ...


@dataclass(frozen=True, slots=True)
class MonthKey:
    """The key of one month (2026-11, UTC), by which its entries name plates and digest answers."""

    month: str
    secret: bytes

    def pseudonym(self, name: str) -> str:
        """The pseudonym of a plate, or of an id made of one: the same all month; without the key it cannot be traced back."""
        return self._keyed(b"subject", name.encode())

    def digest(self, body: bytes) -> str:
        """The digest of an answer. With the key and the answer one can show that this answer was given."""
        return self._keyed(b"answer", body)

    def _keyed(self, purpose: bytes, content: bytes) -> str:
        return f"{self.month}.{hmac.new(self.secret, purpose + bytes(1) + content, 'sha256').hexdigest()[:32]}"


def month_of(at_ms: int) -> str:
    """The month of a time, UTC.

    >>> month_of(1_795_910_400_000)
    '2026-11'
    """
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m}"


def month_after(month: str, months: int = 1) -> str:
    """The month that begins so many months after this one.

    >>> month_after("2026-11"), month_after("2026-12"), month_after("2026-12", 12)
    ('2026-12', '2027-01', '2027-12')
    """
    count = int(month[:4]) * 12 + int(month[5:]) - 1 + months
    return f"{count // 12:04}-{count % 12 + 1:02}"


def key_ends_ms(month: str) -> int:
    """When the key of a month ends, ms UTC: twelve months after the month.

    >>> month_of(key_ends_ms("2026-11"))
    '2027-12'
    """
    ends = month_after(month, KEY_KEPT_MONTHS + 1)
    return int(datetime(int(ends[:4]), int(ends[5:]), 1, tzinfo=UTC).timestamp() * 1000)


def weak_reason(reason: str | None) -> str | None:
    """Why a reason is not accepted, in words; None: it is.

    >>> weak_reason("investigation"), weak_reason("stolen van seen near the depot, file 17")
    ('"investigation" says nothing: name what happened, or the case', None)
    """
    words = " ".join((reason or "").split())
    if not words:
        return "say why: a reason is recorded with everything that shows plates"
    if words.casefold().rstrip(".!") in _VAGUE:
        return f'"{words}" says nothing: name what happened, or the case'
    if len(words) < _LEAST_REASON or not re.search(r"[^\W\d_]{3}", words):
        return f'"{words}" says too little: name what happened, or the case'
    return None


def intent(operation: Operation, *, access_id: str, salt: str, at_ms: int, key: MonthKey) -> Access:
    """The record's entry for an operation that is about to be done. access_id, salt: random. at_ms: now, UTC. key: of that month.
    Raises ReasonNeeded; BadRecord when it names too many things at once."""
    if operation.act in SHOWS_PLATES and (fault := weak_reason(operation.reason)):
        raise ReasonNeeded(fault)
    subjects = tuple(dict.fromkeys(key.pseudonym(name) for name in (*operation.plates, *operation.ids)))
    if len(subjects) > MAX_SUBJECTS or len(operation.on) > MAX_ON:
        raise BadRecord("too_many_subjects", f"at most {MAX_SUBJECTS} plates and {MAX_ON} other things at once")
    on = tuple(_text(name, 200) or "" for name in operation.on)
    if len(msgspec.json.encode(on)) > MOST_ON_BYTES:
        raise BadRecord("too_many_subjects", f"the other things' names are longer than {MOST_ON_BYTES} bytes together")
    entry = Intent(
        who=_text(operation.who, 200) or "?",
        role=operation.role,
        desk=operation.desk,
        origin=_text(operation.origin, 200) or "",
        act=operation.act,
        what=_text(operation.what, 200) or "",
        purpose=operation.purpose,
        reason=_text(operation.reason, 1000),
        case_reference=_text(operation.case_reference, 1000),
        approver=operation.approver,
        subjects=subjects,
        on=on,
    )
    return Access(access_id=access_id, at_ms=at_ms, salt=salt, entry=entry)


def outcome(access_id: str, result: Result, *, salt: str, at_ms: int, key: MonthKey) -> Access:
    """The record's entry for the result of the operation with this id. salt: random. at_ms: now, UTC. key: of that month."""
    entry = Outcome(
        intent_id=access_id,
        outcome=result.outcome,
        count=result.count,
        digest=None if result.body is None else key.digest(result.body),
        refusal=_text(result.refusal, 1000),
        role=result.role,
        designation=result.designation,
        subjects=tuple(dict.fromkeys(map(key.pseudonym, result.plates)))[:MAX_SUBJECTS],
    )
    return Access(access_id=outcome_id(access_id), at_ms=at_ms, salt=salt, entry=entry)


def _text(text: str | None, most: int) -> str | None:
    """The text cut to `most` characters, with a question mark for each unpaired surrogate, which no message can carry; None for
    None."""
    return None if text is None else text[:most].encode("utf-8", "replace").decode()
