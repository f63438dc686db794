"""Keeps messages of senders that cannot send again, on disk, until Kafka and the evidence store have them.

A message is a file of its own, on the disk before `put` returns; it is removed once the message is kept elsewhere. A sender's
messages are drained in the order in which they came, also those that an earlier process left. A file that nobody can take is kept
beside them, as NUMBER.refused, for a person to look at: the last MOST_REFUSED of them, and no more bytes of them than messages may
have.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal

import msgspec
import structlog

from pipeline.errors import Unavailable
from pipeline.gateway.request import Besides
from pipeline.gateway.room import Shares
from pipeline.runtime.private import private_folder, write_private
from schemas.base import UNREADABLE

log = structlog.get_logger()
AT_ONCE = 64
"""Senders of which a message is taken at the same time."""
PAUSE_S = 1.0
MOST_REFUSED = 100
_SUFFIX, _ASIDE = ".message", ".refused"
_NUMBERED = "[0-9]" * 20 + ".[mr]*"


class Spooled(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A message as it came. maker: whose form it has; empty: it is recognised. received_at_ms: UTC. by: the way
    in; one that an earlier release left on the disk does not say it."""

    sender_id: str
    maker: str
    received_at_ms: int
    body: bytes
    besides: Besides = Besides()
    by: Literal["address", "port", "folder", "fetched"] = "address"


class Spool:
    """The messages in one folder. take: keeps a message elsewhere; raises Unavailable where it must be tried again.

    most: bytes that are held. A sender may hold as much as it leaves free; where it would be more, `put` waits, and that sender
    with it.
    """

    def __init__(self, folder: Path, most: int, take: Callable[[Spooled], Awaitable[None]]) -> None:
        self._folder, self._most, self._take = private_folder(folder), most, take
        self._waiting: dict[str, deque[tuple[Path, int]]] = {}  # by sender, the oldest first
        self._shares = Shares(most)
        self._number = self.count = 0
        self._something, self._room = asyncio.Event(), asyncio.Event()
        for path in sorted(self._folder.glob(_NUMBERED)):
            self._number = int(path.stem)  # also of what was set aside: nothing new may take its name
            if path.suffix == _SUFFIX:
                self._enter_left(path)
        _bound_refused(self._folder, most)

    async def put(self, message: Spooled) -> None:
        """Write a message to the disk. Waits while there is no room. Raises OSError where the disk does not take it.

        A write that has begun ends, and its message is drained, also where who waits for it is cancelled.
        """
        data = msgspec.msgpack.encode(message)
        if not self._fits(message.sender_id, len(data)):
            log.warning("spool.full", sender=message.sender_id, bytes=self._shares.total, messages=self.count)
        while not self._fits(message.sender_id, len(data)):
            self._room.clear()
            await self._room.wait()
        self._number += 1
        path = self._folder / f"{self._number:020}{_SUFFIX}"
        self._shares.change(
            message.sender_id, len(data)
        )  # at once, so that several at a time do not take the same room
        writing = asyncio.create_task(self._written(message.sender_id, path, data))
        try:
            await asyncio.shield(writing)
        finally:
            await asyncio.wait({writing})

    async def _written(self, sender_id: str, path: Path, data: bytes) -> None:
        """Write and enter the message, and give back the room that was kept for it. Raises OSError."""
        try:
            await asyncio.to_thread(write_private, path, data)
        except OSError:
            self._room.set()
            raise
        finally:
            self._shares.change(sender_id, -len(data))
        self._enter(sender_id, path, len(data))

    def _fits(self, sender_id: str, more: int) -> bool:
        """Whether there is room; always for one message alone, however small the spool is."""
        return not self._shares.total or self._shares.fits(sender_id, more)

    async def run(self) -> None:
        """Drain, until cancelled."""
        while True:
            await self._something.wait()
            self._something.clear()
            while self._waiting:
                senders = list(self._waiting)[:AT_ONCE]
                done = await asyncio.gather(*(self._drain_one(sender) for sender in senders))
                if not any(done):
                    await asyncio.sleep(PAUSE_S)

    async def _drain_one(self, sender_id: str) -> bool:
        """Drain the oldest message of a sender; afterwards this sender is the last whose turn comes. Returns whether the message is
        done with; False: it is tried again."""
        messages = self._waiting.pop(sender_id)
        path, size = messages[0]
        try:
            await self._kept_elsewhere(sender_id, path)
        except (Unavailable, OSError) as error:
            log.warning("spool.waits", sender=sender_id, cause=str(error))
            self._again(sender_id, messages)
            return False
        messages.popleft()
        self._shares.change(sender_id, -size)
        self.count -= 1
        self._room.set()
        self._again(sender_id, messages)
        return True

    async def _kept_elsewhere(self, sender_id: str, path: Path) -> None:
        """Take the message and remove its file; set it aside where that fails as no later try would mend. Raises Unavailable,
        OSError."""
        data = await asyncio.to_thread(path.read_bytes)
        try:
            await self._take(msgspec.msgpack.decode(data, type=Spooled))
        except (Unavailable, OSError):
            raise
        except Exception as error:  # whatever it is, it must cost this message alone
            log.exception("spool.set_aside", sender=sender_id, file=path.name, cause=str(error))
            await asyncio.to_thread(self._set_aside, path)
            return
        await asyncio.to_thread(path.unlink, missing_ok=True)

    def _enter_left(self, path: Path) -> None:
        """Enter what an earlier process left; a file that is no message is set aside. Raises OSError."""
        data = path.read_bytes()
        try:
            sender_id = msgspec.msgpack.decode(data, type=Spooled).sender_id
        except UNREADABLE as error:
            log.error("spool.set_aside", file=path.name, cause=str(error))
            path.rename(path.with_suffix(_ASIDE))
            return
        self._enter(sender_id, path, len(data))

    def _again(self, sender_id: str, messages: deque[tuple[Path, int]]) -> None:
        """Put the sender's messages back, before those that came meanwhile."""
        messages.extend(self._waiting.pop(sender_id, ()))
        if messages:
            self._waiting[sender_id] = messages

    def _enter(self, sender_id: str, path: Path, size: int) -> None:
        self._waiting.setdefault(sender_id, deque()).append((path, size))
        self._shares.change(sender_id, size)
        self.count += 1
        self._something.set()

    def _set_aside(self, path: Path) -> None:
        path.rename(path.with_suffix(_ASIDE))
        _bound_refused(self._folder, self._most)


def _bound_refused(folder: Path, most: int) -> None:
    """Delete the oldest of what was set aside, where it is more than MOST_REFUSED files or `most` bytes."""
    kept = 0
    for count, path in enumerate(sorted(folder.glob("[0-9]" * 20 + _ASIDE), reverse=True), 1):
        kept += path.stat().st_size
        if count > MOST_REFUSED or (kept > most and count > 1):
            log.error("spool.refused_dropped", file=path.name)
            path.unlink(missing_ok=True)
