"""Routes by which those who watch draw samples of the record, and look for what audits elsewhere found."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import msgspec

from pipeline.desks.record_routes import RecordEntry, folder_of
from pipeline.desks.route import Asked, Route, RouteAnswer
from pipeline.record.misuse import SHOWN, OutsideWork, RepeatedTarget, drawn, outside_work, repeated_targets
from pipeline.record.reading import ShownIntent
from pipeline.record.search import LogReader, Window
from schemas.accesses import Keyed, Who
from schemas.base import Count, EpochMs, Message

MOST_DRAWN = 100
MOST_FINDINGS = 200
Seed = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_-]{8,64}\Z", max_length=64)]
Entries = Annotated[tuple[RecordEntry, ...], msgspec.Meta(max_length=SHOWN)]


class Drawing(Message, frozen=True, kw_only=True):
    """What to draw: so many intents of the time from since_ms up to and without until_ms (UTC), by this seed. size: of the log, in
    entries, as another's sample named it; absent: as it is now."""

    seed: Seed
    count: Annotated[int, msgspec.Meta(ge=1, le=MOST_DRAWN)] = 20
    since_ms: EpochMs
    until_ms: EpochMs
    size: Count | None = None


class RecordSample(Message, frozen=True, kw_only=True):
    """A sample of the record. among: how many intents it was drawn from. size: of the log; who names seed, count, times and size
    draws the same. whole: False when the time holds more entries than were read, the newest."""

    items: Annotated[tuple[RecordEntry, ...], msgspec.Meta(max_length=MOST_DRAWN)]
    among: Count
    size: Count
    whole: bool


class Looking(Message, frozen=True, kw_only=True):
    """The time to look at, from since_ms up to and without until_ms (UTC), and from how many consultations on how many days on a
    target counts as repeated."""

    since_ms: EpochMs
    until_ms: EpochMs
    times: Annotated[int, msgspec.Meta(ge=2, le=1000)] = 5
    days: Annotated[int, msgspec.Meta(ge=1, le=366)] = 3


class Repeated(Message, frozen=True, kw_only=True):
    """One person who came back to one plate, alert or violation. subject: its pseudonym. cases: how many were named. entries: the
    newest."""

    who: Who
    subject: Keyed
    count: Count
    days: Count
    cases: Count
    first_ms: EpochMs
    last_ms: EpochMs
    entries: Entries


class Outside(Message, frozen=True, kw_only=True):
    """One person's consultations at no desk and for no case; of: how many of that person's there are in all."""

    who: Who
    count: Count
    of: Count
    first_ms: EpochMs
    last_ms: EpochMs
    entries: Entries


class Findings(Message, frozen=True, kw_only=True):
    """What a person should look at. A finding accuses nobody. among: how many intents were looked at; whole: as of a sample."""

    targets: Annotated[tuple[Repeated, ...], msgspec.Meta(max_length=MOST_FINDINGS)]
    outside: Annotated[tuple[Outside, ...], msgspec.Meta(max_length=MOST_FINDINGS)]
    among: Count
    whole: bool


async def draw(asked: Asked) -> RouteAnswer:
    """Draw a sample of the record."""
    wanted, folder = asked.given(Drawing), folder_of(asked)

    def work() -> tuple[list[ShownIntent], Window, int]:
        reader = LogReader(folder)
        size = reader.size if wanted.size is None else min(wanted.size, reader.size)
        window = reader.window(wanted.since_ms, wanted.until_ms, size)
        return drawn(window.items, wanted.seed, wanted.count), window, size

    items, window, size = await asyncio.to_thread(work)
    sample = RecordSample(items=_entries(items), among=len(window.items), size=size, whole=window.whole)
    return RouteAnswer(value=sample, count=len(items))


async def look(asked: Asked) -> RouteAnswer:
    """Look for one person's repeated target, and for consultations outside any shift or case."""
    wanted, folder = asked.given(Looking), folder_of(asked)

    def work() -> tuple[Window, list[RepeatedTarget], list[OutsideWork]]:
        reader = LogReader(folder)
        window = reader.window(wanted.since_ms, wanted.until_ms, reader.size)
        return window, repeated_targets(window.items, times=wanted.times, days=wanted.days), outside_work(window.items)

    window, targets, outside = await asyncio.to_thread(work)
    findings = Findings(
        targets=tuple(
            Repeated(who=one.who, subject=one.subject, count=one.count, days=one.days, cases=one.cases,
                     first_ms=one.first_ms, last_ms=one.last_ms, entries=_entries(one.entries))
            for one in targets[:MOST_FINDINGS]
        ),
        outside=tuple(
            Outside(who=one.who, count=one.count, of=one.of, first_ms=one.first_ms, last_ms=one.last_ms,
                    entries=_entries(one.entries))
            for one in outside[:MOST_FINDINGS]
        ),
        among=len(window.items), whole=window.whole,
    )  # fmt: skip
    return RouteAnswer(value=findings, count=len(findings.targets) + len(findings.outside))


def _entries(found: Sequence[ShownIntent]) -> tuple[RecordEntry, ...]:
    return tuple(
        RecordEntry(index=one.index, access_id=one.access_id, at_ms=one.at_ms, intent=one.intent, outcome=one.outcome)
        for one in found
    )


ROUTES = (
    Route(method="POST", path="/record/sample", about="Draw a sample of the record by a seed: another draws the same.",
          handle=draw, act="record.see", entry="record", body=Drawing, answer=RecordSample, work="much"),
    Route(method="POST", path="/record/findings", about="Repeated targets, and consultations outside any shift or case.",
          handle=look, act="record.see", entry="record", body=Looking, answer=Findings, work="much"),
)  # fmt: skip
