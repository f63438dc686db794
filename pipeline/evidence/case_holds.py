"""Holds that cases make by themselves: an open incident's and a violation's pictures stay as long as the case is open, and a
stated time after it.

A case is an incident (incident_id) or a violation (violation_id). What is to be held for it, and when that ends, lies beside the
pictures as notes `cases/DAY/CASE/NUMBER-NAME.json`, DAY being that of the pictures. A note is written once; of those that state
an end, that of the highest number counts, and of equal ones the later end: so they may be written again, and in any order. Until
a note states an end, the pictures are held for LONGEST_MS: what is still open then must be held anew, by somebody who has looked.
"""

from collections.abc import Iterable, Sequence
from typing import Annotated

import msgspec

from pipeline.errors import BadRecord
from pipeline.evidence.holds import LONGEST_MS, Hold, Picture
from pipeline.evidence.store import EvidenceStore, day_of
from pipeline.hotlist.standing import ENDED
from schemas.base import UNREADABLE, Count, EpochMs, Identifier, Message, Text
from schemas.incidents import IncidentState
from schemas.judgements import Judgement, Verdict
from schemas.outcomes import Alert, Violation, Withdrawal
from schemas.reads import PlateRead

DAY_MS = 86_400_000
AFTER_CLOSED_MS = 30 * DAY_MS
"""After an incident was closed with its outcome, as by stopping the vehicle: whoever goes on with the case takes a copy, or asks
for a hold of its own (`vigie evidence holds add`). Ours; no law fixes it."""
AFTER_ENDED_MS = 7 * DAY_MS
"""After an incident ended otherwise, or a violation was withdrawn: an end can be undone, and the person concerned may ask. Ours."""
AFTER_ACCEPTED_MS = 90 * DAY_MS
"""After an officer accepted a violation: by then the authority has taken the case over, with its pictures. Ours."""
_AFTER_VERDICT_MS: dict[Verdict, int] = {"accepted": AFTER_ACCEPTED_MS, "rejected": AFTER_ENDED_MS, "asked": LONGEST_MS}
REASONS = {"a": "an incident with an alert that rang or is to be looked at", "v": "a violation of an average speed"}
LAST = 2**50
BY = "retention"
_ENDS = frozenset(("misread", "dismiss", "close", "withdrawn", "expired"))
CaseEvent = Alert | IncidentState | Violation | Withdrawal | Judgement


class CaseNote(Message, frozen=True, kw_only=True):
    """What one message says of a case's pictures. number: of notes that state an end the highest counts, of equal ones the later
    end; a second note of the same number and name is not stored.

    pictures: all of one day. until_ms: when the hold ends, UTC ms; None: this note states no end.
    """

    case_id: Identifier
    number: Count
    name: Identifier
    pictures: Annotated[tuple[Picture, ...], msgspec.Meta(max_length=8)] = ()
    owner: Text | None = None
    until_ms: EpochMs | None = None
    at_ms: EpochMs


Noted = tuple[str, CaseNote]
"""A note and the day (2026-05-01) of the pictures that it is about."""


def notes_of(event: CaseEvent) -> list[Noted]:
    """What this message says of cases' pictures. A message that ends a violation does not name the days of the pictures: see
    end_of_violation.

    A silent alert makes no case: nobody looks at it.
    """
    match event:
        case Alert() if not event.silent:
            return _held(event.incident_id, event.alert_id, event.owner, (event.read,), event.decided_at_ms)
        case Violation():
            reads = (event.entry, event.exit)
            return _held(event.violation_id, event.violation_id, "the traffic authority", reads, event.decided_at_ms)
        case IncidentState():
            return _end_of(event)
        case _:
            return []


def end_of_violation(event: CaseEvent) -> CaseNote | None:
    """When the hold of a violation that was withdrawn, or judged by an officer, ends; None for all else: see notes_of for
    the end of an incident. Of two officers who judged at the same time, the one whose verdict holds the pictures longer counts."""
    if isinstance(event, Withdrawal) and event.kind == "violation":
        until_ms = event.at_ms + AFTER_ENDED_MS
        return CaseNote(case_id=event.id, number=LAST, name="withdrawn", until_ms=until_ms, at_ms=event.at_ms)
    if isinstance(event, Judgement) and (after_ms := _AFTER_VERDICT_MS.get(event.verdict)) is not None:
        return CaseNote(
            case_id=event.violation_id, number=event.revision + 1, name=event.verdict, until_ms=event.at_ms + after_ms,
            at_ms=event.at_ms,
        )  # fmt: skip
    return None


def _held(case_id: str, name: str, owner: str, reads: Iterable[PlateRead], at_ms: int) -> list[Noted]:
    by_day: dict[str, dict[str, None]] = {}
    for path in (path for read in reads for path in (read.crop, read.overview) if path is not None):
        by_day.setdefault(path.partition("/")[0], {})[path] = None
    return [
        (day, CaseNote(case_id=case_id, number=0, name=name, pictures=tuple(paths), owner=owner, at_ms=at_ms))
        for day, paths in by_day.items()
    ]


def _end_of(state: IncidentState) -> list[Noted]:
    """When the holds of an incident that has ended, or had and is open again, end; empty for one that never ended."""
    if not any(step.did in _ENDS for step in state.steps):
        return []
    until_ms = state.changed_at_ms + LONGEST_MS
    if state.phase in ENDED:
        until_ms = state.changed_at_ms + (AFTER_CLOSED_MS if state.phase == "closed" else AFTER_ENDED_MS)
    note = CaseNote(
        case_id=state.incident_id, number=state.change, name=state.phase, until_ms=until_ms, at_ms=state.changed_at_ms
    )
    times = [one.captured_at_ms for one in state.sightings]
    first = min(times, default=0) // DAY_MS
    last = max(times, default=-1) // DAY_MS
    return [(day_of(day * DAY_MS), note) for day in range(max(first, last - LONGEST_MS // DAY_MS), last + 1)]


async def take_note(store: EvidenceStore, event: CaseEvent) -> None:
    """Store what this message says of cases' pictures; a second time nothing changes. Raises Unavailable."""
    for day, note in notes_of(event):
        await _put(store, day, note)
    if (end := end_of_violation(event)) is not None:
        for day in await days_of(store, end.case_id):
            await _put(store, day, end)


async def days_of(store: EvidenceStore, case_id: str) -> list[str]:
    """The days of which pictures are noted for a case, the latest first. Of the days with notes of any case, those that follow each
    other without a gap up to the case's latest: the pictures of one passage lie so. Raises Unavailable."""
    found: list[str] = []
    for day in reversed(await store.note_days()):
        if await store.notes(day, case_id):
            found.append(day)
        elif found:
            break
    return found


async def case_holds_in(store: EvidenceStore, case_id: str | None = None) -> list[Hold]:
    """The holds that cases make on pictures of any day; otherwise as case_holds_on."""
    days = await store.note_days()
    return [hold for day in days for hold in await case_holds_on(store, day, case_id)]


async def case_holds_on(store: EvidenceStore, day: str, case_id: str | None = None) -> list[Hold]:
    """The holds that cases make on pictures of this day, ended ones included, by case. case_id: only that one's.

    Raises Unavailable; BadRecord for an unreadable note.
    """
    cases: dict[str, list[CaseNote]] = {}
    for path, data in await store.notes(day, case_id):
        try:
            note = msgspec.json.decode(data, type=CaseNote)
        except UNREADABLE as error:
            raise BadRecord("unreadable_hold", f"{path}: {error}") from error
        cases.setdefault(note.case_id, []).append(note)
    holds = (_hold_of(name, day, cases[name]) for name in sorted(cases))
    return [hold for hold in holds if hold is not None]


def _hold_of(case_id: str, day: str, notes: Sequence[CaseNote]) -> Hold | None:
    """The hold that these notes of one case make on pictures of a day; None: it names none yet."""
    pictures = dict.fromkeys(path for note in notes for path in note.pictures)
    held = [note for note in notes if note.pictures]
    if not held:
        return None
    from_ms = min(note.at_ms for note in held)
    ends = [note for note in notes if note.until_ms is not None]
    last = max(ends, key=lambda note: (note.number, note.until_ms or 0), default=None)
    until_ms = from_ms + LONGEST_MS if last is None or last.until_ms is None else last.until_ms
    return Hold(
        hold_id=f"{case_id}:{day}", pictures=tuple(pictures), about=case_id, reason=REASONS[case_id[0]],
        owner=next((note.owner for note in held if note.owner), BY), from_ms=from_ms, until_ms=until_ms,
        changed_at_ms=max(note.at_ms for note in notes), changed_by=BY,
    )  # fmt: skip


async def _put(store: EvidenceStore, day: str, note: CaseNote) -> None:
    await store.put_note(day, note.case_id, f"{note.number:016}-{note.name}", msgspec.json.encode(note))
