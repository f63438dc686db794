"""`vigie cameras watch`: what a camera sends and what becomes of it, live, for whoever stands at the mast."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec
import redis.asyncio
import typer
from rich.text import Text as Shown

from pipeline.access.record import Operation
from pipeline.commands.cameras_waiting import cure_of
from pipeline.commands.common import EXIT_CODES, errors, print_json, run_async
from pipeline.commands.recording import CaseReference, Reason, given_reason, operation_here, recorded_at
from pipeline.errors import BadRecord, Misconfigured
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.private import write_private
from pipeline.runtime.settings import Settings, load_settings
from pipeline.runtime.signals import stop_on_signals
from pipeline.runtime.terminal import Terminal, styled
from pipeline.servers.endpoints import servers_of
from pipeline.state.adopting import speaker_of
from pipeline.state.camera_looks import CameraLooks, Look
from pipeline.state.collections import CAMERAS, SENDERS
from pipeline.state.links import Links
from pipeline.state.redis_port import open_redis
from pipeline.state.replica_writer import ReplicaWriter
from pipeline.state.waiting_room import WaitingRoom
from pipeline.tables.local_days import zone_of
from schemas.senders import Sender

EVERY_S = 0.5
RENEW_EVERY, RECENT_MS = 6, 60_000
SLOW_S, AHEAD_S = 10.0, 1.0
"""A clock is doubted here when the capture is more than SLOW_S before the arrival, or more than AHEAD_S after it."""
terminal = Terminal()


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """What of a read is shown."""

    plate: str
    captured_at_ms: int
    time_from: str
    confidence: float | None = None
    country: str | None = None
    lane: int | None = None
    direction: str | None = None
    pictures: tuple[dict[str, str | int], ...] = ()
    clock_suspect: str | None = None


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """What of an item is shown; see pipeline.gateway.told."""

    read: Read | None = None
    ignored: str = ""
    rejected: str = ""
    detail: str = ""


def add_watch(cameras: typer.Typer) -> None:
    """Add to `cameras` the command `watch`, which only the cameras have."""
    cameras.command("watch", epilog=EXIT_CODES)(watch)


def watch(
    camera: Annotated[str, typer.Argument(help="A registered camera, or a sender.")],
    count: Annotated[int | None, typer.Option("--count", "-n", help="End after so many messages.", min=1)] = None,
    picture: Annotated[
        Path | None, typer.Option("--picture", help="Keep its last picture in this file, for a viewer that reloads.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One object a message.")] = False,
    reason: Reason = None,
    case: CaseReference = None,
) -> None:
    """Show what a camera sends as it comes, until Ctrl-C: the verdict on its last message, how its clock stands to ours, its
    pictures; and where nothing comes, why: it is not let in, or cannot be reached.

    Of several messages within half a second the last is shown. It is recorded that you look, and why.

    Example: vigie cameras watch E40-12 --picture now.jpg --reason "mounting the camera at km 12"
    """
    settings = load_settings()
    operation = operation_here(
        "stream", "vigie cameras watch", reason=given_reason(reason), case_reference=case, on=(camera,)
    )
    run_async(lambda: _watch(settings, camera, operation, count, picture, as_json=as_json))


async def _watch(
    settings: Settings, camera: str, operation: Operation, count: int | None, picture: Path | None, *, as_json: bool
) -> None:
    servers = servers_of(settings, "operator")
    stop = stop_on_signals()
    async with (
        recorded_at(settings, servers, operation) as done,
        open_redis(servers.redis_url, ca_file=settings.redis_ca_file) as client,
    ):
        done.count = await _Watch(settings, client, camera, picture, as_json=as_json).run(stop, count)


class _Watch:
    """One person's watch on one camera."""

    def __init__(
        self, settings: Settings, client: redis.asyncio.Redis, camera: str, picture: Path | None, *, as_json: bool
    ) -> None:
        self._camera, self._picture, self._as_json = camera, picture, as_json
        self._looks, self._links = CameraLooks(client, settings.namespace), Links(client, settings.namespace)
        self._room = WaitingRoom(client, settings.namespace)
        self._store = ReplicaWriter(client, settings.namespace)
        self._zone, self._said = zone_of(settings.country), ""

    async def run(self, stop: asyncio.Event, count: int | None) -> int:
        """Show messages until told to stop, or `count` were shown. Returns how many that were. Raises BadRecord for a camera that
        nobody registered."""
        turn = shown = 0
        began_ms = platform_now_ms()
        sender: Sender | None = None
        last: Look | None = None
        while not stop.is_set() and shown != count:
            if turn % RENEW_EVERY == 0:
                sender = await self._sender()
                await self._say_how_it_stands(sender)
            turn += 1
            look = await self._looks.last(sender.sender_id) if sender is not None else None
            if look is not None and look != last and look.at_ms >= began_ms:
                await self._show(look)
                shown += 1
            last = look
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), EVERY_S)
        return shown

    async def _sender(self) -> Sender | None:
        """Who speaks for the camera; from now on gateways show what it sends. None: nobody does yet.
        Raises BadRecord for a camera that nobody registered."""
        found = await speaker_of(self._store, self._camera) or await self._store.get(SENDERS, self._camera)
        if found is not None:
            await self._looks.watch(found.sender_id, platform_now_ms())
        elif await self._store.get(CAMERAS, self._camera) is None:
            raise BadRecord("unknown_camera", f"no camera {self._camera} is registered: vigie cameras add")
        return found

    async def _say_how_it_stands(self, sender: Sender | None) -> None:
        """Say why nothing may come, or that the camera is let in, where that is not what was said last."""
        name = sender.sender_id if sender is not None else self._camera
        knock = next((one for one in await self._room.all() if one.name == name), None)
        said = ""
        if sender is None:
            said = f"Nobody speaks for it yet: vigie cameras credentials add {name}, or vigie cameras fetch {name}"
        elif sender.pull is not None:
            link = (await self._links.all()).get(name)
            said = f"Cannot be reached: {link.why}; {link.cure}" if link is not None and link.why else ""
        if knock is not None and platform_now_ms() - knock.last_ms < RECENT_MS:
            said = f"It knocks from {knock.peer} and is not let in ({knock.why.replace('_', ' ')}): {cure_of(knock)}"
        if said != self._said:
            errors.print(said or "It is let in; waiting for what it sends.")
            self._said = said

    async def _show(self, look: Look) -> None:
        if look.picture and self._picture is not None:
            await self._keep_picture(look.sender_id)
        if self._as_json:
            print_json(msgspec.to_builtins(msgspec.json.decode(msgspec.json.encode(look))))
            return
        at = datetime.fromtimestamp(look.at_ms / 1000, self._zone)
        head = f"{at:%H:%M:%S}  {look.number}. message, {look.bytes:,} bytes, {look.maker or 'no maker recognised it'}"
        terminal.print(styled((head, "bold"), f", known by {look.known_by}"))
        if look.error:
            terminal.print(styled(("  not kept, it is to send again: ", "red"), look.error))
        for raw in look.items:
            for line in _lines(msgspec.json.decode(raw, type=Item), look.at_ms):
                terminal.print(line)
        for why in look.why:
            terminal.print(styled(("  refused: ", "red"), why))

    async def _keep_picture(self, sender_id: str) -> None:
        """Replace the file with the last picture. Raises Misconfigured."""
        data = await self._looks.picture(sender_id)
        if data is None or self._picture is None:
            return
        try:
            await asyncio.to_thread(write_private, self._picture, data)
        except OSError as error:
            allowed = f"a file in a folder that can be written to ({error.strerror})"
            raise Misconfigured("--picture", found=str(self._picture), allowed=allowed) from error


def _lines(item: Item, at_ms: int) -> Iterator[Shown | str]:
    """An item in words: the verdict, then the clock and the pictures."""
    read = item.read
    if read is None:
        yield f"  ignored: {item.ignored}" if item.ignored else f"  rejected: {item.rejected} {item.detail}".rstrip()
        return
    sure = "confidence not said" if read.confidence is None else f"{read.confidence:.0%}"
    more = [f"lane {read.lane}"] if read.lane is not None else []
    more += [read.direction] if read.direction else []
    yield styled(("  read ", "green"), f"{read.plate} {read.country or '--'} {sure} {' '.join(more)}".rstrip())
    yield _clock(read, at_ms)
    for one in read.pictures:
        yield f"  picture: {one.get('kind')}, {one.get('bytes'):,} bytes"
    if not read.pictures:
        yield "  no picture"


def _clock(read: Read, at_ms: int) -> Shown:
    """How the camera's clock stands to ours; the way of a picture takes some seconds of it."""
    late_s = (at_ms - read.captured_at_ms) / 1000
    said = f"{late_s:.1f} s before it came" if late_s >= 0 else f"{-late_s:.1f} s after it came"
    if read.clock_suspect:
        return styled(("  clock: ", "red"), f"{said} ({read.time_from}): {read.clock_suspect}")
    if late_s < -AHEAD_S or late_s > SLOW_S:
        cure = (
            "is its clock ahead? set NTP and zone"
            if late_s < 0
            else "is its clock behind, or did it buffer? set NTP and zone"
        )
        return styled(("  clock: ", "red"), f"captured {said} ({read.time_from}): {cure}")
    return styled(("  clock: ", "green"), f"captured {said} ({read.time_from})")
