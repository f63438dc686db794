"""Stores a checked file, or one item, in the reference data: reports what is bad, and imports the rest as a whole."""

from pathlib import Path
from typing import Any

import typer

from pipeline.commands.common import EXIT_REFUSED, errors, print_json, run_async
from pipeline.commands.entries_told import entries_told
from pipeline.commands.recording import operation_here, writer_of
from pipeline.commands.reference_work import (
    collection_of,
    encoded_pairs,
    refuse_unfit,
    tell_refused,
    warn,
)
from pipeline.commands.whole_import import Manner, import_whole, source_named, tell_imported
from pipeline.hotlist.lists import stranger_to
from pipeline.runtime.clock import platform_now_ms
from pipeline.state.collections import HOTLIST, SECTIONS
from pipeline.tables.columns import Table
from pipeline.tables.files import Checked
from schemas.reference import WantedList

FILES = ".csv (comma, semicolon or tab), .json (an array), .jsonl or .xml; - reads standard input."


def list_named(list_id: str | None) -> WantedList | None:
    """The list with this id, read from the store, which is recorded; None when no id is given. Raises BadRecord for an
    unknown id, NoServers, NotRecorded."""

    async def run() -> WantedList | None:
        async with writer_of(operation_here("reference", "vigie hotlist import", on=(list_id or "",))) as writer:
            return await source_named(writer, list_id)

    return run_async(run) if list_id is not None else None


def take_file(
    table: Table[Any],
    checked: Checked[Any],
    path: Path,
    manner: Manner,
    *,
    skip_bad: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Store the items of a checked file, or refuse the file with exit code 1. dry_run: only say how many are good.
    skip_bad: store the good items of a file with bad ones."""
    refuse_bad(checked, skip_bad=skip_bad, as_json=as_json)
    if manner.source:
        _refuse_strangers(checked, manner.source)
    if dry_run:
        errors.print(f"{checked.good:,} {table.name} are good; nothing was written.")
        if table.name == HOTLIST.name:
            entries_told(checked, platform_now_ms())
        return

    async def run() -> Any:
        async with writer_of(operation_here("reference", f"vigie {table.name} import", on=(path.name,))) as writer:
            return await import_whole(writer, table, checked, path, manner)

    imported = run_async(run)
    staged = imported.staged
    if as_json:
        print_json({"taken": checked.good, "changed": staged.added + staged.changed, "unchanged": staged.unchanged,
                    "removed": staged.removed, "bad": checked.bad,
                    "version": imported.switch.number if imported.switch else None})  # fmt: skip
    tell_imported(table, checked, imported)


def refuse_bad(checked: Checked[Any], *, skip_bad: bool, as_json: bool) -> None:
    """Print what is bad in a file, and end with exit code 1 when nothing of it may be stored."""
    tell_refused(checked)
    if checked.fatal or (checked.bad and not skip_bad) or not checked.good:
        if as_json:
            print_json({"taken": 0, "bad": checked.bad, "refused": [str(one) for one in checked.refused]})
        hint = "; --skip-bad takes the others" if checked.good and not checked.fatal and not skip_bad else ""
        errors.print(f"Nothing was taken: {checked.bad:,} bad, {checked.good:,} good{hint}.", style="bold red")
        raise typer.Exit(EXIT_REFUSED)


def take_one(table: Table[Any], checked: Checked[Any]) -> None:
    """Add or change the one item given on the command line; it holds from its arrival. Ends with exit code 1 when it is
    bad."""
    refuse_bad(checked, skip_bad=False, as_json=False)

    async def run() -> Any:
        async with writer_of(operation_here("reference", f"vigie {table.name} add")) as writer:
            if table.name == SECTIONS.name:
                await refuse_unfit(writer, checked)
            collection = collection_of(table)
            changes = await writer.put_encoded(collection, encoded_pairs(collection, checked))
            if table.name == HOTLIST.name:
                entries_told(checked, platform_now_ms())
            await warn(writer, table, checked)
            return changes

    changes = run_async(run)
    errors.print(f"{table.name}: {changes.put:,} new or changed, {changes.unchanged:,} unchanged.")


def _refuse_strangers(checked: Checked[Any], source: WantedList) -> None:
    """End with exit code 1 when an entry says that it belongs to another list, or is of another kind."""
    wrong = [why for entry in checked.items() if (why := stranger_to(entry, source))]
    for why in wrong[:20]:
        errors.print(why, style="red")
    if wrong:
        errors.print(f"Nothing was taken: {len(wrong):,} entries are not of list {source.list_id}.", style="bold red")
        raise typer.Exit(EXIT_REFUSED)
