"""Fetches from every registered sender that waits to be asked: one task each, again after a pause that grows, in one gateway at a
time among all.

What comes goes to the spool message by message, because such a sender sends nothing again.
"""

import asyncio
import contextlib
import random
import uuid
from collections.abc import Callable, Mapping
from typing import Protocol

import structlog

from pipeline.errors import VigieError
from pipeline.gateway.pulling import http_streams, lists, mqtt, pull_point, rtsp, tcp, websockets
from pipeline.gateway.pulling.fetching import Asked, CannotReach, Fetch, Sink, maker_of
from pipeline.gateway.request import Besides
from pipeline.gateway.spool import Spooled
from pipeline.reads.versions import Versions
from pipeline.runtime.back_off import BackOff
from pipeline.runtime.sealing import Seal
from pipeline.state.links import LEASE_MS, Link, Links
from schemas.senders import Sender

log = structlog.get_logger()
EVERY_S = 1.0
RENEW_S = LEASE_MS / 4000
TELL_S = 30.0
LASTED_S = 60.0
"""A connection that lasted so long was a good one: the next pause is the shortest again."""
AGAIN = BackOff(first_s=1.0, cap_s=60.0)


async def _onvif(asked: Asked, sink: Sink) -> None:
    """See Fetch. By the address: metadata over RTSP, or events over HTTP."""
    by_rtsp = asked.pull.address.startswith("rtsp")
    await (rtsp.fetch if by_rtsp else pull_point.fetch)(asked, sink)


FETCHES: Mapping[str, Fetch] = {
    "hikvision": http_streams.fetch,
    "dahua": http_streams.fetch,
    "mjpeg": http_streams.fetch,
    "rtsp": rtsp.fetch,
    "onvif": _onvif,
    "lilin": lists.fetch,
    "survision": websockets.fetch,
    "axxon": tcp.fetch,
    "frigate": mqtt.fetch,
    "onvif_mqtt": mqtt.fetch,
}


class Puts(Protocol):
    """Where messages go: a Spool."""

    async def put(self, message: Spooled) -> None:
        """Write the message to the disk. Raises OSError where the disk does not take it."""


class Frames(Protocol):
    """Where pictures of cameras go that read no plates themselves."""

    async def put(self, camera_id: str, picture: bytes, at_ms: int) -> None:
        """Send on a picture that came at at_ms (UTC). Raises VigieError where that fails."""


def password_use(sender_id: str) -> str:
    """What a sender's password is sealed for: a sealed one is good for that sender alone."""
    return f"password of {sender_id}"


class Pullers:
    """The senders that this process fetches from. seal: opens their passwords."""

    def __init__(
        self,
        senders: Versions[Sender],
        spool: Puts,
        frames: Frames,
        links: Links,
        seal: Seal,
        now_ms: Callable[[], int],
    ) -> None:
        self._senders, self._spool, self._frames = senders, spool, frames
        self._links, self._seal = links, seal
        self._now_ms, self._owner = now_ms, uuid.uuid4().hex
        self._running: dict[str, tuple[Sender, Puller, asyncio.Task[None]]] = {}
        self._told: dict[str, Link] = {}

    async def run(self) -> None:
        """Begin and end as registrations change, until cancelled; then end all."""
        turn = 0
        try:
            while True:
                try:
                    await self._follow(is_to_renew=turn % round(RENEW_S / EVERY_S) == 0)
                    await self._tell(all_of_them=turn % round(TELL_S / EVERY_S) == 0)
                except (
                    VigieError
                ) as error:  # what is fetched goes on; the lease may end meanwhile, and ids stay the same
                    log.warning("pulling.alone", cause=str(error))
                turn += 1
                await asyncio.sleep(EVERY_S)
        finally:
            for sender_id in list(self._running):
                await self._end(sender_id)
                with contextlib.suppress(VigieError):
                    await self._links.end_lease(sender_id, self._owner)

    async def _follow(self, *, is_to_renew: bool) -> None:
        """End what is no longer to be fetched by this process, and begin what is. Raises Unavailable, after what can be done
        without Redis."""
        wanted = {one.sender_id: one for one in self._senders.as_of(self._now_ms()).values() if one.pull is not None}
        for sender_id, (sender, _puller, _task) in list(self._running.items()):
            if sender_id not in wanted or _is_another(sender, wanted[sender_id]):
                await self._end(sender_id)
        gone = [sender_id for sender_id in self._told if sender_id not in wanted]
        await self._links.forget(gone)
        for sender_id in gone:
            del self._told[sender_id]
        for sender_id, sender in wanted.items():
            if sender_id in self._running and not is_to_renew:
                continue
            if not await self._links.lease(sender_id, self._owner):
                await self._end(sender_id)
            elif sender_id not in self._running:
                self._begin(sender)

    def _begin(self, sender: Sender) -> None:
        pull = sender.pull
        assert pull is not None
        password = None
        if pull.password is not None:
            opened = self._seal.open(password_use(sender.sender_id), pull.password)
            password = opened.decode("utf-8", "replace") if opened is not None else None
        puller = Puller(Asked.of(sender, password), self._spool, self._frames, self._now_ms)
        if pull.password is not None and password is None:
            why, cure = "its password was sealed with another platform key", "give it again: vigie cameras fetch"
            puller.fails(CannotReach(why, f"{cure} {sender.sender_id}"))
        self._running[sender.sender_id] = sender, puller, asyncio.create_task(puller.run())

    async def _end(self, sender_id: str) -> None:
        if sender_id not in self._running:
            return
        _sender, _puller, task = self._running.pop(sender_id)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        self._told.pop(sender_id, None)

    async def _tell(self, *, all_of_them: bool) -> None:
        """Say how the ways to the senders do that changed. all_of_them: also the others. Raises Unavailable."""
        now = {sender_id: puller.link for sender_id, (_sender, puller, _task) in self._running.items()}
        changed = [one for sender_id, one in now.items() if all_of_them or _is_news(self._told.get(sender_id), one)]
        await self._links.tell(changed)
        self._told |= {one.sender_id: one for one in changed}

    @property
    def unreached(self) -> int:
        """How many of the senders cannot be reached now."""
        return sum(bool(puller.link.why) for _sender, puller, _task in self._running.values())


def _is_another(before: Sender, now: Sender) -> bool:
    """Whether the sender's registration changed so that it is to be fetched from anew."""
    return (before.pull, before.cameras) != (now.pull, now.cameras)


def _is_news(before: Link | None, now: Link) -> bool:
    return before is None or (before.why, before.since_ms) != (now.why, now.since_ms)


class Puller:
    """Fetches from one sender, and says how it does. It is the Sink of what it fetches."""

    def __init__(self, asked: Asked, spool: Puts, frames: Frames, now_ms: Callable[[], int]) -> None:
        self._asked, self._spool, self._frames, self._now_ms = asked, spool, frames, now_ms
        self._showing: asyncio.Task[None] | None = None
        self._since_ms, self._why, self._cure = now_ms(), "it has not answered yet", ""

    @property
    def link(self) -> Link:
        """How the way to the sender does now."""
        return Link(
            sender_id=self._asked.sender_id, way="fetched from", since_ms=self._since_ms, at_ms=self._now_ms(),
            why=self._why[:400], cure=self._cure[:400],
        )  # fmt: skip

    def answered(self) -> None:
        """See Sink."""
        if self._why:
            log.info("pulling.answers", sender=self._asked.sender_id)
            self._since_ms, self._why, self._cure = self._now_ms(), "", ""

    def fails(self, error: CannotReach) -> None:
        """Note that the sender cannot be reached."""
        if not self._why:
            self._since_ms = self._now_ms()
        if error.why != self._why:
            log.warning("pulling.cannot_reach", sender=self._asked.sender_id, cause=error.why, cure=error.cure)
        self._why, self._cure = error.why, error.cure

    async def put(self, body: bytes, topic: str | None = None) -> None:
        """See Sink. While the disk takes nothing, nothing more is read."""
        self.answered()
        message = Spooled(
            sender_id=self._asked.sender_id, maker=maker_of(self._asked.pull).NAME, received_at_ms=self._now_ms(),
            body=body, besides=Besides(topic=topic), by="fetched",
        )  # fmt: skip
        while True:
            try:
                await self._spool.put(message)
            except OSError as error:
                log.error("spool.refused", sender=self._asked.sender_id, cause=str(error))
                await asyncio.sleep(EVERY_S)
            else:
                return

    def show(self, picture: bytes) -> None:
        """See Sink."""
        if self._showing is None or self._showing.done():
            self._showing = asyncio.create_task(self._show(picture))

    async def _show(self, picture: bytes) -> None:
        camera_id, now_ms = self._asked.cameras[0].camera_id, self._now_ms()
        try:
            await self._frames.put(camera_id, picture, now_ms)
        except VigieError as error:  # a picture of a moment ago is worth nothing later
            log.warning("pulling.picture_lost", camera_id=camera_id, cause=str(error))

    async def run(self) -> None:
        """Fetch again and again, until cancelled. Whatever error one connection meets costs that one alone."""
        loop, attempt = asyncio.get_running_loop(), 0
        fetch = FETCHES.get(self._asked.pull.kind)
        if fetch is None:
            why = f"this gateway does not know how to ask {self._asked.pull.kind}"
            self.fails(CannotReach(why, "have all gateways run the same version"))
            return
        while True:
            began_s, wait_s = loop.time(), None
            try:
                await fetch(self._asked, self)
            except CannotReach as error:
                self.fails(error)
                wait_s = error.wait_s
            except Exception as error:
                log.exception("pulling.failed", sender=self._asked.sender_id)
                self.fails(
                    CannotReach(f"{type(error).__name__} while it was read", "tell who keeps Vigie; see its log")
                )
            attempt = 1 if loop.time() - began_s >= LASTED_S else attempt + 1
            await asyncio.sleep(wait_s or AGAIN.wait_s(attempt, random.Random()))
