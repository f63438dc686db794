"""Keeps what the patterns of all lists and watches together cost each read within MOST_PATTERNS_US, from however many files, and
however many write at once."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from pipeline.errors import BadRecord
from pipeline.hotlist.entries import MOST_PATTERNS_US, patterns_cost_us
from pipeline.hotlist.pattern_index import is_pattern
from pipeline.state.collections import HOTLIST, WATCHES, Collection
from pipeline.state.replica_writer import ReplicaWriter
from schemas.reference import HotlistEntry
from schemas.requests import Watch

WITH_PATTERNS: tuple[Collection[Any], ...] = (HOTLIST, WATCHES)


class _Glance(msgspec.Struct, gc=False):
    plate: str | None = None


@asynccontextmanager
async def within_bound(
    writer: ReplicaWriter,
    collection: Collection[Any],
    pairs: Iterable[tuple[str, bytes]],
    stays: Callable[[HotlistEntry | Watch], bool] = lambda _: True,
) -> AsyncIterator[None]:
    """A context in which to write these pairs of key and JSON: nobody else writes patterns meanwhile.

    Raises BadRecord when the patterns among them would cost each read too much, together with those of the hotlist and the
    watches that stay. stays: of an item of this collection that is none of the pairs. Patterns with which all cost no more than
    now are taken even where that is too much. pairs: can be gone through again.
    """
    new = _patterns_in(pairs) if collection in WITH_PATTERNS else {}
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
    new: Mapping[str, str],
    stays: Callable[[HotlistEntry | Watch], bool],
) -> None:
    """See within_bound. new: those of the pairs whose plate is a pattern, as plates by key."""
    (other,) = (one for one in WITH_PATTERNS if one is not collection)
    here, there = await writer.with_wildcards(collection), await writer.with_wildcards(other)
    known = [*_plates(here.values()), *_plates(there.values())]
    named = {key for key, _ in pairs if key in here}
    left = [item for key, item in here.items() if key not in named and stays(item)]
    cost_us = patterns_cost_us([*new.values(), *_plates(left), *_plates(there.values())])
    if cost_us > MOST_PATTERNS_US and cost_us > patterns_cost_us(known):
        raise BadRecord(
            "costly_patterns",
            f"these {len(new):,} patterns cost each read {patterns_cost_us(new.values()):.1f} us; with them, those of all lists and"
            f" watches would cost it more than {MOST_PATTERNS_US:g} us. Nothing was taken: leave some out, or name more characters",
        )


def _patterns_in(pairs: Iterable[tuple[str, bytes]]) -> Mapping[str, str]:
    """The plates, by key, of those pairs that are patterns."""
    decode, found = msgspec.json.Decoder(_Glance).decode, dict[str, str]()
    for key, data in pairs:
        if (b"*" in data or b"?" in data) and (plate := decode(data).plate) and is_pattern(plate):
            found[key] = plate
    return found


def _plates(items: Iterable[HotlistEntry | Watch]) -> list[str]:
    return [item.plate for item in items if item.plate is not None and is_pattern(item.plate)]
