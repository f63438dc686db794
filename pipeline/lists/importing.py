"""Imports a checked file as a whole: builds it beside the present collection, compares both, refuses what is suspicious, and
switches in one step."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from pipeline.errors import BadRecord, Unavailable
from pipeline.hotlist.lists import sudden_change
from pipeline.lists.patterns import within_bound
from pipeline.runtime.clock import platform_now_ms
from pipeline.state.collections import LISTS, Collection
from pipeline.state.replica_writer import ReplicaWriter
from pipeline.state.switching import Refresh, Staged, Switch, Switching
from pipeline.tables.files import Checked
from schemas.base import Message
from schemas.reference import HotlistEntry, WantedList

TRIES = 3  # when somebody else changes the collection meanwhile
Progress = Callable[[str, int], AbstractContextManager[Callable[[int], None] | None]]
"""Of what is done (in a word) and how much there is to do: a context that yields a function to be called with how much is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """The options of an import. replace: remove what is not in the file. source: the list that the file refreshes; None:
    the file is for the whole collection. sequence: the file's number, as its owner counts; None: it has none.
    confirm_share: take it though many items come or go at once. delta: the file says which items to add, change or remove.
    hides: whether covert entries of an owner are unknown to the importer: they stay, and are to him as on another list."""

    replace: bool = False
    source: WantedList | None = None
    sequence: int | None = None
    confirm_share: bool = False
    delta: bool = False
    hides: Callable[[str], bool] = lambda _owner: False

    def stays(self, item: Message) -> bool:
        """Whether an item that is not in the file stays as it is, unless a delta removes it."""
        if isinstance(item, HotlistEntry) and item.covert and self.hides(item.owner):
            return True
        list_id = self.source.list_id if self.source else None
        return not self.replace or (list_id is not None and getattr(item, "list_id", None) != list_id)


@dataclass(frozen=True, slots=True)
class Imported:
    """The result of an import: what it changed, and the switch to it. switch: None when nothing was done, because this same
    file had been imported before under the same sequence number."""

    staged: Staged
    switch: Switch | None


async def import_whole(
    writer: ReplicaWriter,
    collection: Collection[Any],
    checked: Checked[Any],
    pairs: Iterable[tuple[str, bytes]],
    refresh: Refresh,
    manner: Manner,
    progress: Progress = lambda _what, _total: nullcontext(),
) -> Imported:
    """Import pairs of key and JSON, those of a checked file and what else is to hold, all of them valid from one moment on.

    pairs: can be gone through again. refresh: who imports what from where. Raises BadRecord, and imports nothing, for a sequence
    number that is behind or that another file has, a delta that leaves a gap or comes before any whole file, an entry of another
    list, a delta that adds what is there or changes or removes what is not, patterns that cost each read too much, or a list that
    suddenly gains or loses too much, unless that was confirmed; Unavailable when others keep changing the collection.
    """
    switching = writer.switching(collection)
    removes = checked.changes.get("remove", ())
    gone = frozenset(removes)

    def stays(item: Message) -> bool:
        return manner.stays(item) and collection.key(item) not in gone

    if manner.sequence is not None and await _is_repeat(switching, manner, checked.digest):
        return Imported(Staged("", "", "", whole=False, unchanged=checked.good), None)
    for _ in range(TRIES):
        with progress("Comparing", checked.good) as done:
            staged = await switching.stage(
                pairs, manner.replace, refresh.list_id, removes=removes, hides=manner.hides, progress=done
            )
        try:
            _refuse_strangers(staged)
            await _refuse_unfounded(switching, checked, manner)
            async with within_bound(writer, collection, pairs, stays):
                await _refuse_sudden(writer, staged, manner)
                switch = await switching.switch(staged, refresh)
        except BadRecord:
            await switching.drop(staged)
            raise
        if switch is not None:
            with progress("Writing", staged.blocks) as done:
                await switching.fold(done)
            await asyncio.sleep(max(0, switch.at_ms - platform_now_ms()) / 1_000)
            return Imported(staged, switch)
        await switching.drop(staged)
    raise Unavailable("the reference data, which others kept changing while this was compared with it")


async def foreseen(
    writer: ReplicaWriter, collection: Collection[Any], pairs: Iterable[tuple[str, bytes]], manner: Manner
) -> tuple[Staged, str | None]:
    """What an import would change, and why it would have to be confirmed, in words; None: it need not. Nothing is written."""
    switching = writer.switching(collection)
    staged = await switching.stage(pairs, replace=manner.replace, list_id=_list_of(manner), hides=manner.hides)
    await switching.drop(staged)
    return staged, sudden_change(staged.before, staged.added, staged.removed, manner.source)


async def source_named(writer: ReplicaWriter, list_id: str | None) -> WantedList | None:
    """The list with this id; None when none is given. Raises BadRecord for an unknown id."""
    if list_id is None:
        return None
    found = await writer.get(LISTS, list_id)
    if found is None:
        known = ", ".join(one.list_id for one in await writer.list(LISTS)) or "none yet: `vigie lists add`"
        raise BadRecord("unknown_list", f"{list_id} is no list; known are {known}")
    return found


async def _is_repeat(switching: Switching, manner: Manner, digest: str) -> bool:
    """Whether this file was imported already under its sequence number. Raises BadRecord when another number is next."""
    list_id = manner.source.list_id if manner.source else ""
    taken = [one.refresh for one in await switching.switches() if one.refresh.list_id == list_id]
    last = next((one.sequence for one in taken), None)
    sequence = manner.sequence
    assert sequence is not None
    same = next((one for one in taken if one.sequence == sequence), None)
    if same is not None and same.digest == digest:
        return True
    if last is None and manner.delta:
        detail = f"no whole file of {list_id} with a --sequence was taken: import one first"
        raise BadRecord("sequence_gap", detail)
    if last is not None and sequence <= last:
        detail = f"{sequence} is behind: {last} was taken last, and under {sequence} another file or none"
        raise BadRecord("sequence_used", detail)
    if last is not None and manner.delta and sequence > last + 1:
        missing = str(last + 1) if sequence == last + 2 else f"{last + 1} to {sequence - 1}"
        detail = f"{last} was taken last and this is {sequence}: take {missing} first, or import the whole list"
        raise BadRecord("sequence_gap", detail)
    return False


def _refuse_strangers(staged: Staged) -> None:
    if staged.strangers:
        raise BadRecord("other_list", f"{_named(staged.strangers)} are on another list, or on none; nothing was taken")


async def _refuse_unfounded(switching: Switching, checked: Checked[Any], manner: Manner) -> None:
    """Raise BadRecord for a delta that adds an item that exists, or changes or removes one that does not."""
    if not manner.delta:
        return
    changes = checked.changes
    there = await switching.known([key for keys in changes.values() for key in keys], _list_of(manner))
    twice = [key for key in changes.get("add", ()) if key in there]
    absent = [key for change in ("change", "remove") for key in changes.get(change, ()) if key not in there]
    if twice:
        raise BadRecord("already_there", f"to be added, but there already: {_named(twice)}; nothing was taken")
    if absent:
        raise BadRecord("not_there", f"to be changed or removed, but not there: {_named(absent)}; nothing was taken")


async def _refuse_sudden(writer: ReplicaWriter, staged: Staged, manner: Manner) -> None:
    """Raise BadRecord for an import that changes more of a list than that allows, for whichever list it is."""
    if manner.confirm_share:
        return
    if manner.source:
        whys = [sudden_change(staged.before, staged.added, staged.removed, manner.source)]
    else:
        lists = {one.list_id: one for one in await writer.list(LISTS)}
        found = {
            name: sudden_change(one.before, one.added, one.removed, lists.get(name))
            for name, one in staged.parts.items()
        }
        whys = [f"list {name}: {why}" if name and why else why for name, why in sorted(found.items())]
    if why := "; ".join(filter(None, whys)):
        raise BadRecord(
            "sudden_change", f"{why}; nothing was taken. Look at the file; --confirm-share takes it all the same"
        )


def _list_of(manner: Manner) -> str:
    return manner.source.list_id if manner.source else ""


def _named(keys: Sequence[str]) -> str:
    return ", ".join(keys[:10]) + (f" and {len(keys) - 10:,} more" if len(keys) > 10 else "")
