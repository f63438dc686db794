"""The work of the reference commands: on a file, in the store, and in the terminal."""

import heapq
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from pipeline.access.record import Act, Operation
from pipeline.commands.common import errors, print_json
from pipeline.commands.recording import given_reason, operation_here
from pipeline.commands.reference_filters import cell_of, filter_of
from pipeline.errors import BadRecord
from pipeline.neighbours.checks import asked_from_everywhere, from_everywhere
from pipeline.runtime.private import replacing
from pipeline.runtime.settings import load_settings
from pipeline.runtime.terminal import Rows as Grid
from pipeline.runtime.terminal import Terminal
from pipeline.state.collections import (
    COLLECTIONS,
    POLICIES,
    Collection,
)
from pipeline.state.replica_writer import ReplicaWriter
from pipeline.tables.columns import Table
from pipeline.tables.files import STANDARD_INPUT, Checked, check_file
from pipeline.tables.writing import write_file

SORTED_UP_TO = 100_000  # items; a longer list is printed as it comes
SHOWN_AT_ONCE = 5
BRIEF: Mapping[str, tuple[str, ...]] = {
    "cameras": ("camera_id", "name", "network", "lat", "lon"),
    "sections": ("section_id", "name", "country", "limit_kmh", "entries", "exits", "certificate_valid_until"),
    "zones": ("zone_id", "name", "kind", "country", "cameras"),
    "hotlist": ("entry_id", "plate", "hotlist", "category", "priority", "action", "owner"),
    "lists": ("list_id", "name", "hotlist", "owner", "authority", "refresh_every_ms"),
    "policies": ("policy_id", "country", "lists", "zones", "legal_basis", "purpose"),
    "exclusions": ("exclusion_id", "plate", "entry_id", "list_id", "reason", "owner", "valid_until"),
    "watches": ("watch_id", "plate", "make", "colour", "zone", "case_reference", "requested_by", "valid_until"),
}
"""What the table shows; --json shows all."""


def looks(table: Table[Any], act: Act, what: str, reason: str | None, case: str | None) -> Operation:
    """The operation of looking at reference data, to be recorded. what: the command's own name, such as list.

    For the hotlist, exclusions and watches, which show plates, it is of the kind `act` and has the reason and the case; a
    reason that is not given is asked for at a terminal. Raises typer.BadParameter where there is none, or one that says
    nothing. For all other tables it is of the kind `reference`, and needs and keeps neither.
    """
    words = f"vigie {table.name} {what}"
    if table.name not in ("hotlist", "exclusions", "watches"):
        return operation_here("reference", words)
    return operation_here(act, words, reason=given_reason(reason), case_reference=case)


def collection_of(table: Table[Any]) -> Collection[Any]:
    """The collection that files of this kind are stored in."""
    return next(collection for collection in COLLECTIONS if collection.name == table.name)


@contextmanager
def progress_of(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show a progress bar on standard error, in a terminal only. Call the function that it yields with how much of
    `total` is done. what: shown beside it."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, disable=not sys.stderr.isatty(), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)


def checked_file(
    table: Table[Any],
    path: Path,
    *,
    given: Mapping[str, object] | None = None,
    delta: bool = False,
    encoding: str | None = None,
) -> Checked[Any]:
    """The file, read to its end; given, delta, encoding: see check_file. Raises BadRecord when it cannot be read."""
    try:
        size = 0 if path == STANDARD_INPUT else path.stat().st_size
    except OSError as error:
        raise BadRecord("unreadable_file", f"{path}: {error.strerror}") from error
    with progress_of(f"Reading {path.name}", size) as progress:
        home = load_settings().liaison.sender
        return check_file(path, table, home=home, given=given, progress=progress, delta=delta, encoding=encoding)


def refuse_everywhere(checked: Checked[Any], *, asked_for: bool) -> None:
    """Raise BadRecord naming the policies that name no zone, and so hold everywhere, unless asked_for."""
    if checked.table.name != "policies" or asked_for:
        return
    found = from_everywhere(checked.items())
    if found:
        raise BadRecord(
            "from_everywhere",
            f"{', '.join(found[:SHOWN_AT_ONCE])} would forward hits from everywhere: name zones, or ask for it with --everywhere",
        )


def tell_refused(checked: Checked[Any]) -> None:
    """Print what is wrong with a file on standard error."""
    for one in checked.refused:
        errors.print(str(one), style="red")
    if checked.bad > len(checked.refused):
        errors.print(f"... and {checked.bad - len(checked.refused):,} more.", style="red")


def encoded_pairs(collection: Collection[Any], checked: Checked[Any]) -> Iterable[tuple[str, bytes]]:
    """Key and JSON of every good item. A policy without zones gets everywhere=true: refuse_everywhere let it pass, so it
    was asked for."""
    if collection.name != POLICIES.name:
        return checked.pairs()
    return ((collection.key(one), collection.encode(one)) for one in map(asked_from_everywhere, checked.items()))


async def matching(
    writer: ReplicaWriter, table: Table[Any], wanted: Callable[[Any], bool], limit: int | None
) -> AsyncIterator[Any]:
    """The items for which `wanted` is true, sorted by key; unsorted when there are very many and no limit."""
    collection = collection_of(table)
    if limit is None and await writer.count(collection) > SORTED_UP_TO:
        async for chunk in writer.chunks(collection):
            for item in filter(wanted, chunk):
                yield item
        return
    kept: dict[str, Any] = {}
    async for chunk in writer.chunks(collection):
        kept.update((table.key(item), item) for item in filter(wanted, chunk))
        if limit is not None and len(kept) > 2 * limit + 1_000:
            kept = {key: kept[key] for key in heapq.nsmallest(limit, kept)}
    for key in sorted(kept)[:limit]:
        yield kept[key]


async def show_items(
    writer: ReplicaWriter, table: Table[Any], filters: Sequence[str], limit: int | None, as_json: bool
) -> None:
    """Print the items that match every filter: one JSON object a line, or a table of the most useful columns. limit None:
    all. Raises BadRecord for a bad filter."""
    wanted = filter_of(table, filters)
    if as_json:
        async for item in matching(writer, table, wanted, limit):
            print_json(msgspec.to_builtins(item))
        return
    items = [item async for item in matching(writer, table, wanted, limit)]
    used = [column for column in table.columns if column.name in BRIEF[table.name]]
    grid = Grid(*[column.name for column in used])
    for item in items:
        grid.add_row(*[cell_of(item, column) for column in used])
    total = await writer.count(collection_of(table))
    Terminal(soft_wrap=False).print(grid if items else f"No {table.name} match." if total else f"No {table.name} yet.")
    if items and len(items) < total:
        errors.print(f"{len(items):,} of {total:,} shown; --limit shows more, COLUMN=VALUE chooses.")


async def _since(writer: ReplicaWriter, table: Table[Any]) -> list[Any]:
    """Every item, by key, each with the time since when it holds."""
    found: dict[str, Any] = {}
    async for changed in writer.histories(collection_of(table)):
        for one in changed:
            last = one.versions[-1]
            if last.item is not None:
                stated = last.item.holds_from_ms is not None
                found[one.key] = last.item if stated else replace(last.item, holds_from_ms=last.begins_ms)
    return [found[key] for key in sorted(found)]


async def write_out(writer: ReplicaWriter, table: Table[Any], path: Path, *, since: bool = False) -> int:
    """Write the whole collection to a file that can be imported again; on an error the old file stays. Returns how many
    items were written. since: write of each since when it holds. Raises BadRecord for another kind of file, or one that
    cannot be written."""
    form: Any = {".csv": "csv", ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl"}.get(path.suffix.lower())
    if form is None:
        raise BadRecord("unknown_form", f"{path.name}: its name must end in .csv, .json or .jsonl")
    items = (
        await _since(writer, table) if since else [one async for one in matching(writer, table, lambda _: True, None)]
    )
    try:
        with replacing(path) as file:
            stream = TextIOWrapper(file, newline="", encoding="utf-8")
            written = write_file(stream, table, items, form)
            stream.detach()  # it is flushed; the file is closed by whoever opened it
    except OSError as error:
        raise BadRecord("unwritable_file", f"{path}: {error.strerror}") from error
    return written
