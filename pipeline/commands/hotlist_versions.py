"""`vigie hotlist versions|diff|rollback|history|delta`: shows whole imports and an entry's history, goes back to an earlier import,
and takes delta files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from pipeline.commands.common import EXIT_CODES, errors, print_json, run_async
from pipeline.commands.recording import CaseReference, Reason, given_reason, operation_here, user_name, writer_of
from pipeline.commands.reference_work import checked_file
from pipeline.commands.taking_files import FILES, Encoding, list_named, take_file
from pipeline.hotlist.lists import given_by
from pipeline.lists.importing import Manner
from pipeline.lists.versions import Difference, differences, rolled_back, told_history, version_numbered
from pipeline.runtime.terminal import Rows as Grid
from pipeline.runtime.terminal import Terminal
from pipeline.state.collections import HOTLIST
from pipeline.state.switching import Switch
from pipeline.tables.cells import moment_text
from pipeline.tables.columns import Table

SHOWN = 50
MARKS = {"added": "+", "changed": "~", "removed": "-"}


def add_version_commands(app: typer.Typer, table: Table[Any]) -> None:
    """Add to `app` the commands that only the hotlist has: versions, diff, rollback, history and delta. table: how delta
    reads its file."""
    for add_command in (_add_versions, _add_diff, _add_rollback, _add_history):
        add_command(app)
    _add_delta(app, table)


def _add_versions(app: typer.Typer) -> None:
    @app.command(
        "versions",
        help="List the versions that were imported as a whole, the latest first.\n\nExample: vigie hotlist versions --json",
        epilog=EXIT_CODES,
    )
    def versions(
        limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = SHOWN,
        as_json: Annotated[bool, typer.Option("--json", help="One object a line.")] = False,
    ) -> None:
        async def run() -> list[Switch]:
            async with writer_of(operation_here("reference", "vigie hotlist versions")) as writer:
                return (await writer.switching(HOTLIST).switches())[:limit]

        found = run_async(run)
        if as_json:
            for one in found:
                print_json(
                    {
                        "version": one.number,
                        "holds_from_ms": one.at_ms,
                        **msgspec.to_builtins(msgspec.structs.replace(one.refresh, covert=())),
                    }
                )
            return
        Terminal(soft_wrap=False).print(_grid(found) if found else "No version was imported yet.")


def _grid(switches: Sequence[Switch]) -> Grid:
    grid = Grid(
        "version", "holds from", "list", "kind", "sequence", "added", "changed", "removed", "entries", "source", "by"
    )
    for one in switches:
        refresh = one.refresh
        sequence = "" if refresh.sequence is None else str(refresh.sequence)
        counts = (f"{count:,}" for count in (refresh.added, refresh.changed, refresh.removed, refresh.entries))
        grid.add_row(str(one.number), moment_text(one.at_ms), refresh.list_id, refresh.kind, sequence, *counts,
                     refresh.source, refresh.by)  # fmt: skip
    return grid


def _add_diff(app: typer.Typer) -> None:
    @app.command(
        "diff",
        help="What differs from one version to another, or to what is live now.\n\nExample: vigie hotlist diff 11 12",
        epilog=EXIT_CODES,
    )
    def diff(
        older: Annotated[int, typer.Argument(metavar="VERSION", help="A number that `versions` lists.")],
        newer: Annotated[
            int | None, typer.Argument(metavar="[OTHER]", help="Another; without it, what is live now.")
        ] = None,
        limit: Annotated[int | None, typer.Option(min=1, help=f"At most so many; {SHOWN}, all with --json.")] = None,
        as_json: Annotated[bool, typer.Option("--json", help="One object a line.")] = False,
        reason: Reason = None,
        case: CaseReference = None,
    ) -> None:
        looking = operation_here("query", "vigie hotlist diff", reason=given_reason(reason), case_reference=case)

        async def run() -> list[Difference]:
            async with writer_of(looking) as writer:
                first = await version_numbered(writer, older)
                second = None if newer is None else await version_numbered(writer, newer)
                return await differences(writer, first, second)

        found = run_async(run)
        shown = limit or (len(found) if as_json else SHOWN)
        for one in found[:shown]:
            if as_json:
                print_json({"entry_id": one.key, "change": one.kind, "fields": list(one.fields)})
            else:
                fields = f" ({', '.join(one.fields)})" if one.fields else ""
                Terminal().print(f"{MARKS[one.kind]} {one.key} {one.plate}{fields}")
        counts = {kind: sum(one.kind == kind for one in found) for kind in MARKS}
        errors.print(", ".join(f"{count:,} {kind}" for kind, count in counts.items()) + ".")


def _add_rollback(app: typer.Typer) -> None:
    @app.command(
        "rollback",
        help="Let the entries hold again as they did when a version was imported; of a list's version, those of that list alone. "
        "It is a new version, and can itself be rolled back.\n\nExample: vigie hotlist rollback 11",
        epilog=EXIT_CODES,
    )
    def rollback(
        number: Annotated[int, typer.Argument(metavar="VERSION", help="A number that `versions` lists.")],
        as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as one JSON object.")] = False,
    ) -> None:
        async def run() -> Switch:
            async with writer_of(operation_here("reference", "vigie hotlist rollback", on=(str(number),))) as writer:
                return await rolled_back(writer, await version_numbered(writer, number), user_name())

        switch = run_async(run)
        refresh = switch.refresh
        if as_json:
            print_json(
                {
                    "version": switch.number,
                    "added": refresh.added,
                    "changed": refresh.changed,
                    "removed": refresh.removed,
                }
            )
        errors.print(f"hotlist: as at version {number}, now version {switch.number}: {refresh.added:,} added, "
                     f"{refresh.changed:,} changed, {refresh.removed:,} removed.")  # fmt: skip


def _add_history(app: typer.Typer) -> None:
    @app.command(
        "history",
        help="An entry's versions in time, as long as decisions may need them, and what brought each.\n\n"
        "Example: vigie hotlist history T-1 --json",
        epilog=EXIT_CODES,
    )
    def history(
        key: Annotated[str, typer.Argument(metavar="KEY", help="An entry_id.")],
        as_json: Annotated[bool, typer.Option("--json", help="One object a line.")] = False,
        reason: Reason = None,
        case: CaseReference = None,
    ) -> None:
        why = given_reason(reason)
        looking = operation_here("query", "vigie hotlist history", reason=why, case_reference=case, ids=(key,))

        async def run() -> Any:
            async with writer_of(looking) as writer:
                return await told_history(writer, key)

        for one in run_async(run):
            if as_json:
                print_json(one)
                continue
            what = "removed" if one["item"] is None else ", ".join(one["changed"]) or "as before"
            late = f", as of {moment_text(one['holds_from_ms'])}" if one["holds_from_ms"] != one["begins_ms"] else ""
            by = f" by version {one['version']} ({one['source']}, {one['by']})" if one["version"] else ""
            Terminal().print(f"{moment_text(one['begins_ms'])}{late}: {what}{by}")


def _add_delta(app: typer.Typer, table: Table[Any]) -> None:
    @app.command(
        "delta",
        help="Take a delta file: its column `change` says add, change or remove. Numbers follow one another: after a gap nothing "
        "is taken, and what was taken before is not taken twice.\n\n"
        "Example: vigie hotlist delta changes-0042.csv --list STOLEN --sequence 42",
        epilog=EXIT_CODES,
    )
    def delta(
        file: Annotated[Path, typer.Argument(help=FILES)],
        list_id: Annotated[str, typer.Option("--list", help="The list that the file changes.")],
        sequence: Annotated[int, typer.Option("--sequence", min=0, help="The file's number, as its owner counts.")],
        confirm_share: Annotated[
            bool, typer.Option("--confirm-share", help="Take it though many entries come or go at once.")
        ] = False,
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Only check the file.")] = False,
        encoding: Encoding = None,
        as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as one JSON object.")] = False,
    ) -> None:
        source = list_named(list_id, "delta")
        assert source is not None
        manner = Manner(source=source, sequence=sequence, confirm_share=confirm_share, delta=True)
        with checked_file(table, file, given=given_by(source), delta=True, encoding=encoding) as checked:
            take_file(table, checked, file, manner, skip_bad=False, dry_run=dry_run, as_json=as_json)
