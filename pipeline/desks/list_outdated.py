"""What dispatchers said of a list: that it is outdated, because what it asks for is not wanted any more."""

from collections import Counter
from collections.abc import Iterator
from typing import Annotated

import msgspec

from pipeline.access.rights import Matter
from pipeline.desks.live import Live
from pipeline.desks.route import Asked, Route, RouteAnswer, found
from pipeline.state.collections import LISTS
from schemas.base import EpochMs, Identifier, Message, Text
from schemas.incidents import IncidentState, IncidentStep
from schemas.reference import PlatePattern, WantedList

MOST_SHOWN = 500


class OutdatedEntry(Message, frozen=True, kw_only=True):
    """One entry whose hit was dismissed as not wanted any more. at_ms: when (UTC); desk: where that person worked; note: what was
    written for who comes after."""

    entry_id: Identifier
    plate: PlatePattern
    at_ms: EpochMs
    desk: Identifier | None = None
    note: Text | None = None


class Outdated(Message, frozen=True, kw_only=True):
    """What was said of one list, the latest first: all of the last day, and what this process has in memory of before."""

    items: Annotated[tuple[OutdatedEntry, ...], msgspec.Meta(max_length=MOST_SHOWN)]


def told_outdated(live: Live) -> Iterator[tuple[frozenset[str], IncidentState, IncidentStep]]:
    """Each incident that was dismissed as not wanted any more and stands so: the lists of its hits, its state, and the step. Covert
    ones are told to nobody: who decides on them is who keeps their entries."""
    for shown in live.items["incident"].values():
        state = shown.event.message
        if not isinstance(state, IncidentState) or state.phase != "dismissed" or shown.event.is_covert:
            continue
        step = next((one for one in reversed(state.steps) if one.did == "dismiss" and one.undone_by is None), None)
        if step is not None and step.dismissal == "not_wanted_any_more":
            yield frozenset(one.list_id for one in state.sightings if one.list_id is not None), state, step


def matter_of_list(source: WantedList) -> Matter:
    """The matter of an act on what happened to a list's hits: where the list names those who alone see them, theirs."""
    return Matter(hotlist=source.hotlist, seen_by=frozenset(source.seen_by) or None)


def counts_of(live: Live) -> Counter[str]:
    """How often each list, by list_id, was said to be outdated."""
    return Counter(list_id for lists, _, _ in told_outdated(live) for list_id in lists)


async def show(asked: Asked) -> RouteAnswer:
    """What was said of the list that the path names."""
    source: WantedList = found(await asked.house.writer.get(LISTS, asked.key))
    asked.check(matter_of_list(source))
    items = [
        OutdatedEntry(entry_id=state.entry_id, plate=state.plate, at_ms=step.at_ms, desk=step.desk, note=step.note)
        for lists, state, step in told_outdated(asked.house.live)
        if asked.key in lists
    ]
    shown = tuple(sorted(items, key=lambda one: -one.at_ms)[:MOST_SHOWN])
    asked.plates += [one.plate for one in shown]
    return RouteAnswer(value=Outdated(items=shown), count=len(shown))


ROUTES = (
    Route(method="GET", path="/lists/{key}/outdated", about="What dispatchers said of one list: not wanted any more.",
          handle=show, act="hotlist.see", entry="query", answer=Outdated),
)  # fmt: skip
