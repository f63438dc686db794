"""Imports a file as a whole: builds it beside the present collection, compares both, asks where the change is suspicious,
and switches in one step."""

import asyncio
import getpass
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.commands.common import errors
from pipeline.commands.entries_told import entries_told
from pipeline.commands.reference_work import collection_of, encoded_pairs, progress_of
from pipeline.commands.warnings_told import refuse_unfit, warn
from pipeline.errors import BadRecord, Unavailable
from pipeline.hotlist.lists import sudden_change
from pipeline.runtime.clock import platform_now_ms
from pipeline.state.collections import HOTLIST, LISTS, SECTIONS, Collection
from pipeline.state.replica_writer import ReplicaWriter
from pipeline.state.switching import Refresh, Staged, Switch, Switching
from pipeline.tables.columns import Table
from pipeline.tables.files import Checked
from schemas.reference import WantedList

TRIES = 3  # when somebody else changes the collection meanwhile


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """The options of an import. replace: remove what is not in the file. source: the list that the file refreshes; None:
    the file is for the whole collection. sequence: the file's number, as its owner counts; None: it has none.
    confirm_share: take it though many items come or go at once. delta: the file says which items to add, change or remove."""

    replace: bool = False
    source: WantedList | None = None
    sequence: int | None = None
    confirm_share: bool = False
    delta: bool = False


@dataclass(frozen=True, slots=True)
class Imported:
    """The result of an import: what it changed, and the switch to it. switch: None when this same file had been imported
    before."""

    staged: Staged
    switch: Switch | None


async def source_named(writer: ReplicaWriter, list_id: str | None) -> WantedList | None:
    """The list with this id; None when none is given. Raises BadRecord for an unknown id."""
    if list_id is None:
        return None
    found = await writer.get(LISTS, list_id)
    if found is None:
        known = ", ".join(one.list_id for one in await writer.list(LISTS)) or "none yet: `vigie lists add`"
        raise BadRecord("unknown_list", f"{list_id} is no list; known are {known}")
    return found


async def import_whole(
    writer: ReplicaWriter, table: Table[Any], checked: Checked[Any], path: Path, manner: Manner
) -> Imported:
    """Import the good items of a file, all of them valid from one moment on.

    Raises BadRecord, and imports nothing, for an item that cannot be a section, a gap in the sequence numbers, an entry of
    another list, or a list that suddenly gains or loses too much, unless that was confirmed; Unavailable when others keep
    changing the collection.
    """
    if table.name == SECTIONS.name:
        await refuse_unfit(writer, checked)
    collection = collection_of(table)
    switching = writer.switching(collection)
    if manner.sequence is not None and await _is_repeat(switching, manner, checked.digest):
        return Imported(Staged("", "", "", whole=False, unchanged=checked.good), None)
    refresh = Refresh(
        by=getpass.getuser(), source=path.name, list_id=manner.source.list_id if manner.source else "",
        kind="delta" if manner.delta else "replace" if manner.replace else "import", digest=checked.digest,
        sequence=manner.sequence,
    )  # fmt: skip
    imported = await _switched(collection, switching, checked, manner, refresh)
    if table.name == HOTLIST.name:
        entries_told(checked, platform_now_ms())
    await warn(writer, table, checked)
    return imported


async def _switched(
    collection: Collection[Any], switching: Switching, checked: Checked[Any], manner: Manner, refresh: Refresh
) -> Imported:
    for _ in range(TRIES):
        with progress_of("Comparing", checked.good) as progress:
            staged = await switching.stage(
                encoded_pairs(collection, checked), replace=manner.replace, list_id=refresh.list_id,
                removes=checked.changes.get("remove", ()), progress=progress,
            )  # fmt: skip
        try:
            _refuse_strangers(staged)
            await _refuse_unfounded(switching, checked, manner)
            _refuse_sudden(staged, manner)
        except BadRecord:
            await switching.drop(staged)
            raise
        switch = await switching.switch(staged, refresh)
        if switch is not None:
            with progress_of("Writing", staged.blocks) as progress:
                await switching.fold(progress)
            await asyncio.sleep(max(0, switch.at_ms - platform_now_ms()) / 1_000)
            return Imported(staged, switch)
        await switching.drop(staged)
    raise Unavailable("the reference data, which others kept changing while this was compared with it")


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


def _refuse_sudden(staged: Staged, manner: Manner) -> None:
    why = sudden_change(staged.before, staged.added, staged.removed, manner.source)
    if why and not manner.confirm_share:
        raise BadRecord(
            "sudden_change", f"{why}; nothing was taken. Look at the file; --confirm-share takes it all the same"
        )


def _list_of(manner: Manner) -> str:
    return manner.source.list_id if manner.source else ""


def _named(keys: Sequence[str]) -> str:
    return ", ".join(keys[:10]) + (f" and {len(keys) - 10:,} more" if len(keys) > 10 else "")


def tell_imported(table: Table[Any], checked: Checked[Any], imported: Imported) -> None:
    """Print the result of an import on standard error."""
    staged, switch = imported.staged, imported.switch
    if switch is None:
        errors.print(f"{table.name}: this file was taken before; nothing is new.")
        return
    removed = f", {staged.removed:,} removed" if staged.removed or staged.whole else ""
    left_out = f"; {checked.bad:,} bad left out" if checked.bad else ""
    new = staged.added + staged.changed
    errors.print(f"{table.name}: {new:,} new or changed, {staged.unchanged:,} unchanged{removed}{left_out}.")
