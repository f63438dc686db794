"""`vigie cameras health`: which cameras are not well, the worst first, each with its cause and cure."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec
import typer
from rich.table import Table as Grid

from pipeline.commands.common import EXIT_CODES, errors, print_json, run_async
from pipeline.commands.recording import operation_here, recorded_at
from pipeline.health.watch import is_to_send
from pipeline.health.words import cure_of, found_in_words, order_of
from pipeline.runtime.settings import load_settings
from pipeline.runtime.terminal import Terminal
from pipeline.servers.endpoints import servers_of
from pipeline.state.collections import CAMERAS
from pipeline.state.health_memory import HealthMemory
from pipeline.state.redis_port import open_redis
from pipeline.state.replica_writer import ReplicaWriter
from schemas.health import CameraHealth

SHOWN = 20


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What is known. troubled: the worst first; never: cameras that are to send and never did; well: how many of the others."""

    troubled: list[CameraHealth]
    never: list[str]
    well: int
    names: dict[str, str]


def add_health(cameras: typer.Typer) -> None:
    """Add the command that only the cameras have."""

    @cameras.command("health", epilog=EXIT_CODES)
    def health(
        as_json: Annotated[bool, typer.Option("--json", help="One object a line, of each trouble.")] = False,
    ) -> None:
        """Show which cameras are not well, the worst first: what is wrong, since when, what causes it mostly, and the cure.

        A camera is compared with what it usually sends at this hour of the week, and with what the others send now; what is
        usual takes a day to learn. Cameras that are to send and never did are listed last.

        Example: vigie cameras health
        """
        shown = run_async(_shown)
        if as_json:
            _print_lines(shown)
            return
        terminal = Terminal(soft_wrap=False)
        if shown.troubled:
            terminal.print(_grid(shown))
        if shown.never:
            more = f" and {len(shown.never) - SHOWN} more" if len(shown.never) > SHOWN else ""
            terminal.print(f"Nothing ever came from {', '.join(shown.never[:SHOWN])}{more}: vigie cameras waiting")
        errors.print(f"{len(shown.troubled)} not well, {len(shown.never)} never seen, {shown.well} well.")


async def _shown() -> Shown:
    settings = load_settings()
    servers = servers_of(settings, "operator")
    async with (
        recorded_at(settings, servers, operation_here("reference", "vigie cameras health")),
        open_redis(servers.redis_url, ca_file=settings.redis_ca_file) as client,
    ):
        memory = HealthMemory(client, settings.namespace)
        cameras = [one for one in await ReplicaWriter(client, settings.namespace).list(CAMERAS) if is_to_send(one)]
        troubled = await memory.troubled()
        habits = await memory.habits([one.camera_id for one in cameras])
    known = {one.camera_id: one.name for one in cameras}
    wrong = sorted((one for one in troubled.values() if one.camera_id in known), key=order_of)
    never = sorted(one for one in known if one not in habits and one not in troubled)
    return Shown(troubled=wrong, never=never, well=len(known) - len(wrong) - len(never), names=known)


def _print_lines(shown: Shown) -> None:
    for one in shown.troubled:
        for trouble in one.troubles:
            said = {"camera_id": one.camera_id, "name": shown.names[one.camera_id], **msgspec.to_builtins(trouble)}
            print_json(said | {"says": found_in_words(trouble), "cure": cure_of(trouble.kind)})
    for camera_id in shown.never:
        print_json({"camera_id": camera_id, "name": shown.names[camera_id], "kind": "never_seen"})


def _grid(shown: Shown) -> Grid:
    grid = Grid("camera", "name", "since", "what", "cause and cure")
    for one in shown.troubled:
        for trouble in one.troubles:
            since = datetime.fromtimestamp(trouble.since_ms / 1000, UTC).isoformat(timespec="minutes")
            name = shown.names[one.camera_id]
            grid.add_row(one.camera_id, name, since, found_in_words(trouble), cure_of(trouble.kind))
    return grid
