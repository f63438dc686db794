"""What audits of such systems found, as rules over the record's entries: samples that another draws the same, one person's
repeated target, and consultations outside any shift or case."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from pipeline.record.reading import ShownIntent

CONSULTING = frozenset({"query", "picture", "export"})
"""Kinds of entries that show somebody a plate, the live stream apart: a shift covers that."""
SHOWN = 20  # entries that a finding names
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class RepeatedTarget:
    """One person who came back to one plate, or to one thing that is made of a plate. subject: its pseudonym of the month; days: on
    which (UTC); cases: how many case references were named; entries: the newest of them."""

    who: str
    subject: str
    count: int
    days: int
    cases: int
    first_ms: int
    last_ms: int
    entries: tuple[ShownIntent, ...]


@dataclass(frozen=True, slots=True)
class OutsideWork:
    """One person's consultations at no desk and for no case. of: how many consultations this person made in all."""

    who: str
    count: int
    of: int
    first_ms: int
    last_ms: int
    entries: tuple[ShownIntent, ...]


def drawn(intents: Iterable[ShownIntent], seed: str, count: int) -> list[ShownIntent]:
    """So many of these, drawn by the seed alone: their order does not matter, and who knows the seed draws the same.

    An entry's lot is the SHA-256 of seed, line feed and access_id; the lowest lots are drawn, lowest first.
    """
    return sorted(intents, key=lambda one: sha256(f"{seed}\n{one.access_id}".encode()).digest())[:count]


def repeated_targets(intents: Sequence[ShownIntent], *, times: int, days: int) -> list[RepeatedTarget]:
    """Who consulted the same subject at least `times` times on at least so many days, most days first. Months do not mix: each
    has pseudonyms of its own."""
    consulted: dict[tuple[str, str], list[ShownIntent]] = {}
    for one in _consultations(intents):
        for subject in one.intent.subjects:
            consulted.setdefault((one.intent.who, subject), []).append(one)
    found = [_target(who, subject, every) for (who, subject), every in consulted.items()]
    kept = [one for one in found if one.count >= times and one.days >= days]
    return sorted(kept, key=lambda one: (-one.days, -one.count, one.who, one.subject))


def outside_work(intents: Sequence[ShownIntent]) -> list[OutsideWork]:
    """Who consulted at no desk and for no case, most first."""
    by_person: dict[str, list[ShownIntent]] = {}
    for one in _consultations(intents):
        by_person.setdefault(one.intent.who, []).append(one)
    found = []
    for who, every in by_person.items():
        outside = [one for one in every if one.intent.desk is None and one.intent.case_reference is None]
        if outside:
            times = [one.at_ms for one in outside]
            found.append(OutsideWork(who, len(outside), len(every), min(times), max(times), _newest(outside)))
    return sorted(found, key=lambda one: (-one.count, one.who))


def _target(who: str, subject: str, every: Sequence[ShownIntent]) -> RepeatedTarget:
    times = [one.at_ms for one in every]
    cases = {one.intent.case_reference for one in every} - {None}
    days = len({at_ms // _DAY_MS for at_ms in times})
    return RepeatedTarget(who, subject, len(every), days, len(cases), min(times), max(times), _newest(every))


def _consultations(intents: Iterable[ShownIntent]) -> Iterable[ShownIntent]:
    """The consultations among these intents that showed something, or may have: what was refused showed nothing."""
    for one in intents:
        if one.intent.act in CONSULTING and (one.outcome is None or one.outcome.outcome != "refused"):
            yield one


def _newest(every: Iterable[ShownIntent]) -> tuple[ShownIntent, ...]:
    return tuple(sorted(every, key=lambda one: -one.index)[:SHOWN])
