"""`vigie KIND import|list|add|remove|export`: the reference data from the command line. KIND: cameras, sections, zones, hotlist,
lists, policies, exclusions, watches."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.access.record import TELL_WHAT_IS_COVERT
from pipeline.commands.camera_credentials import add_credentials
from pipeline.commands.cameras_adopt import add_adopt
from pipeline.commands.cameras_fetch import add_fetch
from pipeline.commands.cameras_health import add_health
from pipeline.commands.cameras_waiting import add_waiting
from pipeline.commands.cameras_watch import add_watch
from pipeline.commands.common import EXIT_CODES, EXIT_REFUSED, errors, run_async
from pipeline.commands.hotlist_versions import add_version_commands
from pipeline.commands.lists_status import add_status
from pipeline.commands.look_back import add_look_back
from pipeline.commands.policies_explain import add_explain
from pipeline.commands.recording import CaseReference, Reason, operation_here, writer_of
from pipeline.commands.reference_argument import one_item
from pipeline.commands.reference_examples import EXAMPLES, ONE
from pipeline.commands.reference_work import (
    checked_file,
    collection_of,
    looks,
    refuse_everywhere,
    show_items,
    write_out,
)
from pipeline.commands.taking_files import FILES, Encoding, list_named, take_file, take_one
from pipeline.commands.warnings_told import warn
from pipeline.hotlist.lists import given_by
from pipeline.lists.importing import Manner
from pipeline.tables.columns import TABLES, Table

SHOWN = 50
COMMANDS = ("cameras", "sections", "zones", "hotlist", "lists", "policies", "exclusions", "watches")


def reference_apps() -> dict[str, typer.Typer]:
    """One sub-application per kind of reference data, by the name of its command."""
    return {name: _app(table) for name, table in TABLES.items()}


def _app(table: Table[Any]) -> typer.Typer:
    app = typer.Typer(
        help=f"The {table.name}: import, list, add, remove, export.", no_args_is_help=True, epilog=EXIT_CODES
    )
    for add_command in (_add_import, _add_list, _add_add, _add_remove, _add_export):
        add_command(app, table)
    if table.name == "hotlist":
        add_version_commands(app, table)
    if table.name in ("hotlist", "watches"):
        add_look_back(app, table)
    if table.name == "cameras":
        add_credentials(app)
        add_waiting(app)
        add_adopt(app)
        add_fetch(app)
        add_watch(app)
        add_health(app)
    if table.name == "lists":
        add_status(app)
    if table.name == "policies":
        add_explain(app)
    return app


def _columns(table: Table[Any]) -> str:
    return ", ".join(f"{column.name}{'*' if column.required else ''}" for column in table.columns)


def _everywhere(table: Table[Any]) -> Any:
    """The option --everywhere, which only policies have."""
    words = "Take policies that name no zone: they forward hits from everywhere."
    return typer.Option("--everywhere", help=words, hidden=table.name != "policies")


def _add_import(app: typer.Typer, table: Table[Any]) -> None:
    @app.command(
        "import",
        help=f"Take the {table.name} of a CSV or JSON file. Nothing of it is taken if a line is bad, unless --skip-bad."
        f"\n\nColumns (* needed): {_columns(table)}.\n\nExample: vigie {table.name} import {table.name}.csv",
        epilog=EXIT_CODES,
    )
    def import_(
        file: Annotated[Path, typer.Argument(help=FILES)],
        skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave bad lines out and take the rest.")] = False,
        replace: Annotated[bool, typer.Option("--replace", help="Remove everything that is not in the file.")] = False,
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Only check the file; needs no server.")] = False,
        list_id: Annotated[
            str | None,
            typer.Option(
                "--list",
                help="The list that the file refreshes: it says what the lines leave out, and --replace removes of it alone.",
                hidden=table.name != "hotlist",
            ),
        ] = None,
        sequence: Annotated[
            int | None,
            typer.Option(
                "--sequence",
                min=0,
                help="The file's number, as its owner counts; delta files go on from it.",
                hidden=table.name != "hotlist",
            ),
        ] = None,
        confirm_share: Annotated[
            bool, typer.Option("--confirm-share", help="Take it though many items come or go at once.")
        ] = False,
        everywhere: Annotated[
            bool,
            typer.Option(
                "--everywhere",
                help="Take policies that name no zone: they forward hits from everywhere.",
                hidden=table.name != "policies",
            ),
        ] = False,
        encoding: Encoding = None,
        as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as one JSON object.")] = False,
    ) -> None:
        source = list_named(list_id)
        manner = Manner(replace=replace, source=source, sequence=sequence, confirm_share=confirm_share)
        with checked_file(table, file, given=given_by(source) if source else None, encoding=encoding) as checked:
            refuse_everywhere(checked, asked_for=everywhere)
            take_file(table, checked, file, manner, skip_bad=skip_bad, dry_run=dry_run, as_json=as_json)


def _add_list(app: typer.Typer, table: Table[Any]) -> None:
    @app.command(
        "list",
        help=f"List the {table.name}.\n\nExample: vigie {table.name} list '{table.key_field}=E4*' --json",
        epilog=EXIT_CODES,
    )
    def list_(
        filters: Annotated[
            list[str] | None, typer.Argument(metavar="[COLUMN=VALUE]...", help="Only these; * and ? stand for others.")
        ] = None,
        limit: Annotated[
            int | None, typer.Option(min=1, help=f"At most so many; {SHOWN} in the table, all with --json.")
        ] = None,
        as_json: Annotated[bool, typer.Option("--json", help="One object a line.")] = False,
        reason: Reason = None,
        case: CaseReference = None,
    ) -> None:
        operation = looks(table, "query", "list", reason, case)

        async def run() -> None:
            async with writer_of(operation) as writer:
                await show_items(writer, table, filters or [], limit or (None if as_json else SHOWN), as_json)

        run_async(run)


def _add_add(app: typer.Typer, table: Table[Any]) -> None:
    @app.command(
        "add",
        help=f"Add one {ONE[table.name]}, or change one that is known.\n\nExample: vigie {table.name} add {EXAMPLES[table.name]}",
        epilog=EXIT_CODES,
    )
    def add(
        cells: Annotated[
            list[str] | None,
            typer.Argument(metavar="[COLUMN=VALUE]...", help=f"Columns (* needed): {_columns(table)}."),
        ] = None,
        json: Annotated[str | None, typer.Option("--json", help="The whole item as one JSON object instead.")] = None,
        everywhere: Annotated[bool, _everywhere(table)] = False,
    ) -> None:
        if bool(cells) == bool(json):
            raise typer.BadParameter("give COLUMN=VALUE..., or --json with an object")
        with one_item(table, cells or [], json) as checked:
            refuse_everywhere(checked, asked_for=everywhere)
            take_one(table, checked)


def _add_remove(app: typer.Typer, table: Table[Any]) -> None:
    @app.command(
        "remove",
        help=f"Remove from the {table.name} by {table.key_field}.\n\nExample: vigie {table.name} remove A-1 A-2",
        epilog=EXIT_CODES,
    )
    def remove(keys: Annotated[list[str], typer.Argument(metavar="KEY...", help=f"Each a {table.key_field}.")]) -> None:
        if run_async(lambda: _remove(table, keys)):
            raise typer.Exit(EXIT_REFUSED)


def _add_export(app: typer.Typer, table: Table[Any]) -> None:
    @app.command(
        "export",
        help=f"Write the {table.name} to a file that import takes.\n\nExample: vigie {table.name} export {table.name}.csv",
        epilog=EXIT_CODES,
    )
    def export(
        file: Annotated[Path, typer.Argument(help=".csv, .json or .jsonl; one that exists is replaced.")],
        since: Annotated[
            bool,
            typer.Option("--since", help="Also since when each holds: what a backup must say to be restored in full."),
        ] = False,
        reason: Reason = None,
        case: CaseReference = None,
    ) -> None:
        operation = looks(table, "export", "export", reason, case)

        async def run() -> int:
            async with writer_of(operation) as writer:
                return await write_out(writer, table, file, since=since)

        errors.print(f"{run_async(run):,} {table.name} written to {file}.")


async def _remove(table: Table[Any], keys: Sequence[str]) -> int:
    """Remove the items with these keys. Returns how many of the keys were unknown."""
    collection = collection_of(table)
    named, secret = tuple(keys[:64]), table.name in TELL_WHAT_IS_COVERT
    ids, on = (named, ()) if secret else ((), named)
    async with writer_of(operation_here("reference", f"vigie {table.name} remove", ids=ids, on=on)) as writer:
        unknown = [key for key in keys if await writer.get(collection, key) is None]
        removed = (await writer.remove(collection, keys)).removed
        if table.name != "hotlist":
            await warn(writer, table)
    for key in unknown:
        errors.print(f"{table.key_field} {key} is unknown.", style="red")
    errors.print(f"{table.name}: {removed:,} removed.")
    return len(unknown)


_APPS = reference_apps()
cameras, sections, zones, hotlist, lists, policies, exclusions, watches = (_APPS[name] for name in COMMANDS)
