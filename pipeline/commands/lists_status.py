"""`vigie lists status`: shows when each list was refreshed last, and which lists are stale."""

from typing import Annotated, Any

import typer

from pipeline.commands.common import EXIT_CODES, EXIT_REFUSED, errors, print_json, run_async
from pipeline.commands.recording import operation_here, writer_of
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.terminal import Rows as Grid
from pipeline.runtime.terminal import Terminal
from pipeline.state.collections import HOTLIST
from pipeline.state.list_ages import ListAge, ages
from pipeline.state.replica import LISTS


def add_status(app: typer.Typer) -> None:
    """Add to `app` the command `status`, which only the lists have."""

    @app.command(
        "status",
        help="When each list was refreshed last; exit code 1 when one is stale.\n\nExample: vigie lists status --json",
        epilog=EXIT_CODES,
    )
    def status(as_json: Annotated[bool, typer.Option("--json", help="One object a line.")] = False) -> None:
        async def run() -> list[ListAge]:
            async with writer_of(operation_here("reference", "vigie lists status")) as writer:
                histories = [
                    (one.list_id, await writer.history(LISTS, one.list_id)) for one in await writer.list(LISTS)
                ]
                return ages(histories, await writer.switching(HOTLIST).sources(), platform_now_ms())

        found = run_async(run)
        if as_json:
            for one in found:
                print_json(_as_json(one))
        else:
            Terminal(soft_wrap=False).print(_grid(found) if found else "No lists yet.")
        stale = [one for one in found if one.is_stale]
        for one in stale:
            errors.print(
                f"{one.source.list_id} was not refreshed for {one.hours:.0f} h: tell {one.source.owner}.", style="red"
            )
        if stale:
            raise typer.Exit(EXIT_REFUSED)


def _as_json(one: ListAge) -> dict[str, Any]:
    refresh = one.switch.refresh if one.switch else None
    return {
        "list_id": one.source.list_id, "owner": one.source.owner, "stale": one.is_stale, "age_s": one.age_ms // 1_000,
        "refreshed_at_ms": one.switch.at_ms if one.switch else None, "entries": refresh.entries if refresh else 0,
        "sequence": refresh.sequence if refresh else None,
    }  # fmt: skip


def _grid(found: list[ListAge]) -> Grid:
    grid = Grid("list", "owner", "entries", "sequence", "refreshed", "")
    for one in found:
        refresh = one.switch.refresh if one.switch else None
        grid.add_row(
            one.source.list_id, one.source.owner, f"{refresh.entries:,}" if refresh else "0",
            str(refresh.sequence) if refresh and refresh.sequence is not None else "",
            f"{one.hours:.1f} h ago" if one.switch else "never", "stale" if one.is_stale else "",
        )  # fmt: skip
    return grid
