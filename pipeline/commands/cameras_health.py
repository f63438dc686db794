"""`vigie cameras health`: which cameras are not well, the worst first, each with its cause and cure."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated

import msgspec
import typer

from pipeline.commands.common import EXIT_CODES, errors, print_json, run_async
from pipeline.commands.recording import operation_here, recorded_at
from pipeline.health.watch import is_to_send
from pipeline.health.words import cure_of, found_in_words, order_of
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.settings import load_settings
from pipeline.runtime.terminal import Rows as Grid
from pipeline.runtime.terminal import Terminal
from pipeline.servers.endpoints import servers_of
from pipeline.state.collections import CAMERAS, SENDERS
from pipeline.state.health_memory import HealthMemory
from pipeline.state.links import STALE_MS, Link, Links
from pipeline.state.redis_port import open_redis
from pipeline.state.replica_writer import ReplicaWriter
from schemas.health import CameraHealth
from schemas.senders import Sender

SHOWN = 20


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What is known. troubled: the worst first; never: cameras that are to send and never did; well: how many of the others."""

    troubled: list[CameraHealth]
    never: list[str]
    well: int
    names: dict[str, str]
    unreached: list[tuple[str, Link]]  # each with the cameras that it speaks for, in words


def add_health(cameras: typer.Typer) -> None:
    """Add to `cameras` the command `health`, which only the cameras have."""

    @cameras.command("health", epilog=EXIT_CODES)
    def health(
        as_json: Annotated[bool, typer.Option("--json", help="One object a line, of each trouble.")] = False,
    ) -> None:
        """Show which cameras are not well, the worst first: what is wrong, since when, what causes it mostly, and the cure.

        A camera is compared with what it usually sends at this hour of the week, and with what the others send now; what is
        usual takes a day to learn. Senders that gateways fetch from and cannot reach, and folders that cannot be used, stand first,
        cameras that are to send and never did last.

        Example: vigie cameras health
        """
        shown = run_async(_shown)
        if as_json:
            _print_lines(shown)
            return
        terminal = Terminal(soft_wrap=False)
        if shown.unreached:
            terminal.print(_links(shown))
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
        links = await Links(client, settings.namespace).all()
        writer = ReplicaWriter(client, settings.namespace)
        senders, cameras = await writer.list(SENDERS), [one for one in await writer.list(CAMERAS) if is_to_send(one)]
        troubled = await memory.troubled()
        habits = await memory.habits([one.camera_id for one in cameras])
    known = {one.camera_id: one.name for one in cameras}
    wrong = sorted((one for one in troubled.values() if one.camera_id in known), key=order_of)
    never = sorted(one for one in known if one not in habits and one not in troubled)
    return Shown(
        troubled=wrong,
        never=never,
        well=len(known) - len(wrong) - len(never),
        names=known,
        unreached=_unreached(senders, links, platform_now_ms()),
    )


def _unreached(senders: Sequence[Sender], links: Mapping[str, Link], now_ms: int) -> list[tuple[str, Link]]:
    """The senders that cannot be reached, each with the cameras that wait for it, in words. A sender to be fetched from of which no
    gateway says anything any more is one, too."""
    found = []
    for one in senders:
        link = links.get(one.sender_id)
        if one.pull is not None and (link is None or now_ms - link.at_ms > STALE_MS):
            since_ms = link.at_ms if link is not None else one.holds_from_ms or now_ms
            link = Link(
                sender_id=one.sender_id, way="fetched from", since_ms=since_ms, at_ms=now_ms,
                why="no gateway fetches from it", cure="start one: vigie gateway serve",
            )  # fmt: skip
        if link is not None and link.why:
            cameras = ", ".join(bound.camera_id for bound in one.cameras[:3]) + (
                ", ..." if len(one.cameras) > 3 else ""
            )
            found.append((cameras, link))
    return sorted(found, key=lambda pair: pair[1].since_ms)


def _print_lines(shown: Shown) -> None:
    for cameras, link in shown.unreached:
        said = msgspec.to_builtins(link) | {"kind": "cannot_be_reached", "cameras": cameras}
        print_json(said)
    for one in shown.troubled:
        for trouble in one.troubles:
            said = {"camera_id": one.camera_id, "name": shown.names[one.camera_id], **msgspec.to_builtins(trouble)}
            print_json(said | {"says": found_in_words(trouble), "cure": cure_of(trouble.kind)})
    for camera_id in shown.never:
        print_json({"camera_id": camera_id, "name": shown.names[camera_id], "kind": "never_seen"})


def _links(shown: Shown) -> Grid:
    grid = Grid("sender", "cameras", "since", "what", "cure")
    for cameras, link in shown.unreached:
        since = datetime.fromtimestamp(link.since_ms / 1000, UTC).isoformat(timespec="minutes")
        what = "folder cannot be used" if link.way == "folder" else "cannot be reached"
        grid.add_row(link.sender_id, cameras, since, f"{what}: {link.why}", link.cure)
    return grid


def _grid(shown: Shown) -> Grid:
    grid = Grid("camera", "name", "since", "what", "cause and cure")
    for one in shown.troubled:
        for trouble in one.troubles:
            since = datetime.fromtimestamp(trouble.since_ms / 1000, UTC).isoformat(timespec="minutes")
            name = shown.names[one.camera_id]
            grid.add_row(one.camera_id, name, since, found_in_words(trouble), cure_of(trouble.kind))
    return grid
