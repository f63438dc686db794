"""Stores a checked file, or one item, in the reference data. Where something is bad it is reported, and nothing is stored, unless
the good items alone were asked for."""

import codecs
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from pipeline.commands.common import EXIT_REFUSED, errors, print_json, run_async
from pipeline.commands.entries_told import entries_told
from pipeline.commands.recording import operation_here, writer_of
from pipeline.commands.reference_work import (
    collection_of,
    encoded_pairs,
    tell_refused,
)
from pipeline.commands.warnings_told import refuse_unfit, warn
from pipeline.commands.whole_import import import_whole, tell_imported
from pipeline.hotlist.lists import stranger_to
from pipeline.lists.importing import Manner, source_named
from pipeline.lists.patterns import within_bound
from pipeline.runtime.clock import platform_now_ms
from pipeline.state.collections import HOTLIST, SECTIONS
from pipeline.tables.columns import Table
from pipeline.tables.files import Checked
from pipeline.tables.text_lines import ENCODINGS
from schemas.reference import WantedList

STRANGERS_TOLD = 20
FILES = ".csv (comma, semicolon or tab), .json (an array), .jsonl or .xml; - reads standard input."


class _Kin(msgspec.Struct, gc=False):
    """The fields of an entry that say which list it is on."""

    entry_id: str
    hotlist: str
    list_id: str | None = None


def _encoding(said: str | None) -> str | None:
    """The encoding as text_lines.ENCODINGS names it. None: none is named. Raises typer.BadParameter for one that is not
    taken."""
    if said is None:
        return None
    try:
        name = codecs.lookup(said).name
    except LookupError:
        name = ""
    if name not in {codecs.lookup(one).name for one in ENCODINGS}:
        raise typer.BadParameter(f"{said} is none of {', '.join(ENCODINGS)}")
    return name


Encoding = Annotated[
    str | None,
    typer.Option(
        "--encoding",
        callback=_encoding,
        help=f"Of a CSV file that is not UTF-8: {', '.join(ENCODINGS[1:])}. Without it, it is found out, or the file refused.",
    ),
]


def list_named(list_id: str | None, command: str = "import") -> WantedList | None:
    """The list with this id, read from the store for `vigie hotlist COMMAND`, which is recorded; None when no id is given. Raises
    BadRecord for an unknown id, NoServers, NotRecorded."""

    async def run() -> WantedList | None:
        async with writer_of(operation_here("reference", f"vigie hotlist {command}", on=(list_id or "",))) as writer:
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
    refuse_bad(checked, skip_bad=None if manner.delta else skip_bad, as_json=as_json)
    if manner.source:
        _refuse_strangers(checked, manner.source)
    if dry_run:
        if as_json:
            print_json({"taken": 0, "good": checked.good, "bad": checked.bad})
        errors.print(f"{checked.good:,} good for {table.name}; nothing was written.")
        if table.name == HOTLIST.name:
            entries_told(checked, platform_now_ms())
        return

    async def run() -> Any:
        command = "delta" if manner.delta else "import"
        async with writer_of(operation_here("reference", f"vigie {table.name} {command}", on=(path.name,))) as writer:
            return await import_whole(writer, table, checked, path, manner)

    imported = run_async(run)
    staged = imported.staged
    if as_json:
        print_json({"taken": checked.good, "changed": staged.added + staged.changed, "unchanged": staged.unchanged,
                    "removed": staged.removed, "bad": checked.bad,
                    "version": imported.switch.number if imported.switch else None})  # fmt: skip
    tell_imported(table, checked, imported)


def refuse_bad(checked: Checked[Any], *, skip_bad: bool | None, as_json: bool) -> None:
    """Print what is bad in a file, and end with exit code 1 when nothing of it may be stored. skip_bad None: the command takes
    files whole alone."""
    tell_refused(checked)
    if checked.fatal or (checked.bad and not skip_bad) or not checked.good:
        if as_json:
            print_json({"taken": 0, "bad": checked.bad, "refused": [str(one) for one in checked.refused]})
        hint = "; --skip-bad takes the others" if checked.good and not checked.fatal and skip_bad is False else ""
        errors.print(f"Nothing was taken: {checked.bad:,} bad, {checked.good:,} good{hint}.", style="bold red")
        raise typer.Exit(EXIT_REFUSED)


def take_one(table: Table[Any], checked: Checked[Any]) -> None:
    """Add or change the one item given on the command line; it holds from its arrival, or from the moment that it names. Ends
    with exit code 1 when it is bad."""
    refuse_bad(checked, skip_bad=False, as_json=False)

    async def run() -> Any:
        async with writer_of(operation_here("reference", f"vigie {table.name} add")) as writer:
            if table.name == SECTIONS.name:
                await refuse_unfit(writer, checked)
            collection = collection_of(table)
            pairs = [*encoded_pairs(collection, checked)]
            async with within_bound(writer, collection, pairs):
                changes = await writer.put_encoded(collection, pairs)
            if table.name == HOTLIST.name:
                entries_told(checked, platform_now_ms())
            await warn(writer, table, checked)
            return changes

    changes = run_async(run)
    errors.print(f"{table.name}: {changes.put:,} new or changed, {changes.unchanged:,} unchanged.")


def _refuse_strangers(checked: Checked[Any], source: WantedList) -> None:
    """End with exit code 1 when an entry says that it belongs to another list, or is of another kind."""
    decode, wrong = msgspec.json.Decoder(_Kin).decode, 0
    for _, data in checked.pairs():
        kin = decode(data)
        if why := stranger_to(source, kin.entry_id, kin.list_id, kin.hotlist):
            wrong += 1
            if wrong <= STRANGERS_TOLD:
                errors.print(why, style="red")
    if wrong:
        errors.print(f"Nothing was taken: {wrong:,} entries are not of list {source.list_id}.", style="bold red")
        raise typer.Exit(EXIT_REFUSED)
