"""Runs the ways in beside HTTP, ports of single cameras, watched folders and what gateways fetch, with the spool: in one process of
those that share a data folder, and in the next one when that ends."""

import asyncio
import fcntl
from collections.abc import Callable
from typing import IO

import structlog

from pipeline.errors import Misconfigured, Unavailable
from pipeline.gateway.drops import Drops
from pipeline.gateway.frames import FrameSender
from pipeline.gateway.intake import Intake, Message, Taken
from pipeline.gateway.makers import BY_NAME
from pipeline.gateway.metrics import GatewayMetrics
from pipeline.gateway.onlookers import Onlookers
from pipeline.gateway.ports import Ports
from pipeline.gateway.pulling.pullers import Pullers
from pipeline.gateway.room import Room
from pipeline.gateway.senders import Claim
from pipeline.gateway.spool import Spool, Spooled
from pipeline.reads.versions import Versions
from pipeline.runtime.listening import LOOPBACK
from pipeline.runtime.log import platform_key
from pipeline.runtime.private import open_private, private_folder
from pipeline.runtime.sealing import Seal
from pipeline.runtime.settings import Settings
from pipeline.state.links import Links
from schemas.senders import Sender

log = structlog.get_logger()
EVERY_S = 1.0
LOCK = "lock"


class SideDoors:
    """The ways in beside HTTP of one process. Raises Misconfigured for a folder that cannot be used, and where another network
    than this machine's would be listened to without its setting."""

    def __init__(
        self,
        settings: Settings,
        senders: Versions[Sender],
        intake: Intake,
        frames: FrameSender,
        metrics: GatewayMetrics,
        links: Links,
        onlookers: Onlookers,
        now_ms: Callable[[], int],
    ) -> None:
        if settings.gateway_ports_host not in LOOPBACK and not settings.allow_plaintext:
            allowed = "127.0.0.1; on a network that nobody else reaches set VIGIE_ALLOW_PLAINTEXT=true, as these ports prove nobody"
            raise Misconfigured("VIGIE_GATEWAY_PORTS_HOST", found=settings.gateway_ports_host, allowed=allowed)
        self._folder = settings.data_dir / "spool"
        try:
            private_folder(self._folder)
        except OSError as error:
            raise Misconfigured("VIGIE_DATA_DIR", found=str(settings.data_dir), allowed=f"writable: {error}") from error
        self._settings, self._senders, self._intake, self._frames = settings, senders, intake, frames
        self._metrics, self._links, self._onlookers, self._now_ms = metrics, links, onlookers, now_ms
        self._seal = Seal(platform_key(settings.platform_key), "camera passwords")
        self._room = Room()

    async def run(self) -> None:
        """Wait until no other process has the folder, then serve, until cancelled. Begins again after any error."""
        while True:
            try:
                await self._serve()
            except Exception as error:
                log.exception("gateway.ports_ended", cause=str(error))
                await asyncio.sleep(EVERY_S)

    async def _serve(self) -> None:
        with open_private(self._folder / LOCK, "append") as lock:
            await _until_locked(lock)
            spool = Spool(self._folder, self._settings.gateway_spool_mb * 1024 * 1024, self._drain)
            self._metrics.watch(spool)
            pullers = Pullers(self._senders, spool, self._frames, self._links, self._seal, self._now_ms)
            self._metrics.watch_links(lambda: pullers.unreached)
            drops = Drops(self._senders, self._settings.gateway_drops, self._take, self._links, self._now_ms)
            ports = Ports(self._senders, spool, self._settings.gateway_ports_host, self._now_ms)
            log.info("gateway.spool", messages=spool.count)
            async with asyncio.TaskGroup() as group:
                group.create_task(spool.run())
                group.create_task(ports.run())
                group.create_task(drops.run())
                group.create_task(pullers.run())

    async def _drain(self, spooled: Spooled) -> None:
        """Keep a message of the spool. Raises Unavailable, BadRecord."""
        await self._take(spooled)

    async def _take(self, spooled: Spooled) -> Taken:
        """Keep a message, and say what became of it. Raises Unavailable, BadRecord."""
        sender = self._senders.at(spooled.sender_id, spooled.received_at_ms)
        if sender is None:
            raise Unavailable(f"sender {spooled.sender_id}")
        with self._room.hold(spooled.sender_id) as held:
            held.be(len(spooled.body))
            message = Message(
                body=spooled.body, method="", headers={}, claim=Claim(spooled.sender_id, "", spooled.by, ""), sender=sender,
                received_at_ms=spooled.received_at_ms, held=held, maker=BY_NAME[spooled.maker] if spooled.maker else None,
                besides=spooled.besides,
            )  # fmt: skip
            taken = await self._intake.take(message)
            self._metrics.taken(taken)
            self._onlookers.note(message, taken)
            return taken


async def _until_locked(lock: IO[bytes]) -> None:
    while True:
        if _locked(lock):
            return
        await asyncio.sleep(EVERY_S)


def _locked(lock: IO[bytes]) -> bool:
    """Whether this process has the lock now."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
