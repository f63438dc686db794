"""Takes the files that an ordinary FTP server puts into folders, one folder a sender, as registrations say.

A file stays on the disk until Kafka and the evidence store have what it says. One that is refused is kept aside with its reason,
and costs itself alone.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from pathlib import Path

import structlog

from pipeline.errors import BadRecord, Unavailable, VigieError
from pipeline.gateway.dropped import Content, Shelf, content_of, is_complete, waiting
from pipeline.gateway.intake import Taken
from pipeline.gateway.items import Ignored
from pipeline.gateway.request import MAX_BODY, Besides
from pipeline.gateway.spool import Spooled
from pipeline.reads.versions import Versions
from pipeline.state.links import Link, Links
from schemas.senders import Sender

log = structlog.get_logger()
EVERY_S = 1.0
TURN_S = 2.0
"""After so long the next sender's folder has its turn: whoever fills one delays the others by no more."""
TELL_MS = 30_000
CURE = "give the gateway's account the right to read, rename and remove files there, and have it all on one disk"


class Drops:
    """The folders that are watched. root: in which each sender has one of its name. take: keeps a message; raises Unavailable where
    it must be tried again, BadRecord where it never can be. links: is told of folders with which something is wrong."""

    def __init__(
        self,
        senders: Versions[Sender],
        root: Path,
        take: Callable[[Spooled], Awaitable[Taken]],
        links: Links,
        now_ms: Callable[[], int],
    ) -> None:
        self._senders, self._root, self._take = senders, root, take
        self._links, self._now_ms = links, now_ms
        self._faults: dict[str, Link] = {}

    async def run(self) -> None:
        """Take what comes, until cancelled."""
        while True:
            wanted = [one.sender_id for one in self._senders.as_of(self._now_ms()).values() if one.folder]
            faults = {sender_id: await self._look(Shelf(self._root, sender_id), sender_id) for sender_id in wanted}
            await self._tell({sender_id: fault for sender_id, fault in faults.items() if fault})
            await asyncio.sleep(EVERY_S)

    async def _tell(self, faults: Mapping[str, str]) -> None:
        """Say which folders cannot be used, and which can again."""
        now_ms = self._now_ms()
        now = {
            sender_id: Link(
                sender_id=sender_id, way="folder", at_ms=now_ms, why=fault[:400], cure=CURE,
                since_ms=self._faults[sender_id].since_ms if sender_id in self._faults else now_ms,
            )
            for sender_id, fault in faults.items()
        }  # fmt: skip
        gone = [sender_id for sender_id in self._faults if sender_id not in now]
        news = [
            one for one in now.values()
            if one.sender_id not in self._faults or now_ms - self._faults[one.sender_id].at_ms > TELL_MS
        ]  # fmt: skip
        try:
            await self._links.forget(gone)
            await self._links.tell(news)
        except VigieError as error:
            log.warning("drops.not_told", cause=str(error))
            return
        for one in news:
            log.error("drops.refused", sender=one.sender_id, cause=one.why)
        self._faults = {sender_id: self._faults.get(sender_id, one) for sender_id, one in now.items()} | {
            one.sender_id: one for one in news
        }

    async def _look(self, shelf: Shelf, sender_id: str) -> str:
        """Take what one sender's folder holds, for TURN_S; returns what is wrong with it, empty where nothing is. While Kafka or
        the evidence store is away, the files wait."""
        faults, loop = list[str](), asyncio.get_running_loop()
        ends_s = loop.time() + TURN_S
        try:
            await asyncio.to_thread(shelf.prepare)
            for path in await asyncio.to_thread(shelf.left):
                faults += await self._tried(self._settle(shelf, sender_id, path))
            for path in await asyncio.to_thread(waiting, shelf.folder):
                if loop.time() >= ends_s:
                    break
                faults += await self._tried(self._taken(shelf, sender_id, path))
        except Unavailable as error:
            log.warning("drops.waits", sender=sender_id, cause=str(error))
        except OSError as error:
            faults.append(str(error))
        return faults[0] if faults else ""

    async def _tried(self, one: Coroutine[None, None, None]) -> list[str]:
        """Await the taking of one file. Returns what the disk said against it; an empty list where it said nothing. The other files
        are taken nevertheless. Raises Unavailable."""
        try:
            await one
        except OSError as error:
            return [str(error)]
        return []

    async def _taken(self, shelf: Shelf, sender_id: str, path: Path) -> None:
        """Take a file and settle it, if it may be whole; else leave it where it is. Raises Unavailable, OSError."""
        if await asyncio.to_thread(_content_if_complete, path) is not None:
            await self._settle(shelf, sender_id, await asyncio.to_thread(shelf.take, path))

    async def _settle(self, shelf: Shelf, sender_id: str, path: Path) -> None:
        """Keep what a file says and remove it, or keep it aside; one that still grows stays. Raises Unavailable, OSError."""
        content = await asyncio.to_thread(_content_if_complete, path)
        if content is None:
            return
        why = await self._why_not(shelf, sender_id, path, content)
        if why is None:
            return
        if why:
            log.warning("drops.set_aside", sender=sender_id, cause=why)
            await asyncio.to_thread(shelf.refuse, path, why)
        elif await asyncio.to_thread(content_of, path) == content:  # else it has grown, and is looked at again
            await asyncio.to_thread(path.unlink, missing_ok=True)

    async def _why_not(self, shelf: Shelf, sender_id: str, path: Path, content: Content) -> str | None:
        """Have what the file says kept. Returns why it is refused, an empty text where it is kept; None where it is not whole yet.
        Raises Unavailable."""
        if len(content.data) > MAX_BODY:
            return f"too_large: more than {MAX_BODY} bytes"
        besides = Besides(folder=sender_id, file_name=shelf.name_of(path), file_age_s=max(content.age_s, 0.0))
        message = Spooled(
            sender_id=sender_id,
            maker="",
            received_at_ms=self._now_ms(),
            body=content.data,
            besides=besides,
            by="folder",
        )
        try:
            taken = await self._take(message)
        except BadRecord as error:
            return str(error)
        if any(isinstance(item, Ignored) and item.reason == "not_complete_yet" for item in taken.reading.items):
            return None
        return "\n".join(taken.why)


def _content_if_complete(path: Path) -> Content | None:
    """What is in the file; None while more may come. Raises OSError."""
    content = content_of(path)
    return content if is_complete(content) else None
