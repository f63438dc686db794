"""Keeps what the patterns of all lists and watches together cost each read within MOST_PATTERNS_US, and those of each owner's
covert entries within MOST_COVERT_US, from however many files, and however many write at once."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from pipeline.errors import BadRecord
from pipeline.hotlist.entries import MOST_COVERT_US, MOST_PATTERNS_US, patterns_cost_us
from pipeline.hotlist.pattern_index import is_pattern
from pipeline.state.collections import HOTLIST, WATCHES, Collection
from pipeline.state.replica_writer import ReplicaWriter
from schemas.reference import HotlistEntry
from schemas.requests import Watch

WITH_PATTERNS: tuple[Collection[Any], ...] = (HOTLIST, WATCHES)


class _Glance(msgspec.Struct, gc=False):
    plate: str | None = None
    covert: bool = False
    owner: str | None = None


Room = str | None
"""Whose patterns share one bound: those of this owner's covert entries; None: all that are not covert."""


@asynccontextmanager
async def within_bound(
    writer: ReplicaWriter,
    collection: Collection[Any],
    pairs: Iterable[tuple[str, bytes]],
    stays: Callable[[HotlistEntry | Watch], bool] = lambda _: True,
) -> AsyncIterator[None]:
    """A context in which to write these pairs of key and JSON: nobody else writes patterns meanwhile.

    Raises BadRecord when the patterns among them would cost each read too much, together with those of the hotlist and the
    watches that stay; covert entries count with those of their owner alone. stays: of an item of this collection that is none of
    the pairs. Patterns with which all cost no more than now are taken even where that is too much. pairs: can be gone through
    again.
    """
    new = _patterns_in(pairs) if collection in WITH_PATTERNS else ()
    if not new:
        yield
        return
    async with writer.turn(HOTLIST, "patterns"):
        await _refuse_costly(writer, collection, pairs, new, stays)
        yield


async def _refuse_costly(
    writer: ReplicaWriter,
    collection: Collection[Any],
    pairs: Iterable[tuple[str, bytes]],
    new: Sequence[tuple[Room, str]],
    stays: Callable[[HotlistEntry | Watch], bool],
) -> None:
    """See within_bound. new: the patterns among the pairs."""
    (other,) = (one for one in WITH_PATTERNS if one is not collection)
    here, there = await writer.with_wildcards(collection), await writer.with_wildcards(other)
    named = {key for key, _ in pairs if key in here}
    left = [item for key, item in here.items() if key not in named and stays(item)]
    for room in dict.fromkeys(one for one, _ in new):
        given = [plate for one, plate in new if one == room]
        others = _plates(there.values(), room)
        cost_us = patterns_cost_us([*given, *_plates(left, room), *others])
        most_us = MOST_PATTERNS_US if room is None else MOST_COVERT_US
        if cost_us > most_us and cost_us > patterns_cost_us([*_plates(here.values(), room), *others]):
            whose = "all lists and watches" if room is None else f"the covert entries of {room}"
            raise BadRecord(
                "costly_patterns",
                f"these {len(given):,} patterns cost each read {patterns_cost_us(given):.1f} us; with them, those of {whose} would"
                f" cost it more than {most_us:g} us. Nothing was taken: leave some out, or name more characters",
            )


def _patterns_in(pairs: Iterable[tuple[str, bytes]]) -> Sequence[tuple[Room, str]]:
    """The plates of those pairs that are patterns, and the room that each takes of."""
    decode, found = msgspec.json.Decoder(_Glance).decode, list[tuple[Room, str]]()
    for _, data in pairs:
        if (b"*" in data or b"?" in data) and (one := decode(data)).plate and is_pattern(one.plate):
            found.append((one.owner if one.covert else None, one.plate))
    return found


def _plates(items: Iterable[HotlistEntry | Watch], room: Room) -> list[str]:
    """The patterns of these items that take of this room."""
    return [
        item.plate
        for item in items
        if item.plate is not None
        and is_pattern(item.plate)
        and room == (item.owner if isinstance(item, HotlistEntry) and item.covert else None)
    ]
