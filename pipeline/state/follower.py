"""Keeps a worker's copy of the reference data up to date: a change in Redis reaches its memory at the next poll.

An item in memory is never dropped because Redis lost it. When a collection's epoch or version shows that Redis was emptied or
went back to an older state, the follower keeps everything it has, adds what is new, and reports the collection as `lost` until
somebody replaces the collection as a whole (`ReplicaWriter.replace`) or the old state comes back. Of those that it is told to take
`as_it_is`, which give rights, what Redis has is all there is.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import redis.asyncio
import structlog

from pipeline.errors import Unavailable
from pipeline.reads.versions import Changed, Version
from pipeline.state.blocks import BLOCK_ROWS, changed_of, unpacked
from pipeline.state.collections import Collection, CollectionKeys
from pipeline.state.followed import Followed, Head, OnChange, anew, is_removed
from pipeline.state.reading import readable
from pipeline.state.redis_port import Argument, Script, redis_edge
from pipeline.state.replica_scripts import POLL, SCAN, SCAN_REMOVED, WHAT

log = structlog.get_logger()
POLL_S = 0.25
LONGEST_PAUSE_S = 2.0  # between polls while Redis is away
AGAIN_S = 1.0
PAGE_ITEMS = 2_000  # handed over at once: some 10 ms of the worker's time
BLOCKS_AT_ONCE = 50
ROWS_AT_ONCE = 20_000  # of a whole import taken over without a pause: 0.1 s of the worker's time


class Follower:
    """Keeps in-memory indexes in step with the collections in Redis, through one callback."""

    def __init__(
        self,
        client: redis.asyncio.Redis,
        namespace: str,
        collections: Sequence[Collection[Any]],
        on_change: OnChange,
        *,
        on_lost: Callable[[str, bool], None] | None = None,
        on_caught_up: Callable[[frozenset[str]], None] | None = None,
        on_half: Callable[[str, int | None], None] | None = None,
        as_it_is: Sequence[Collection[Any]] = (),
        poll_s: float = POLL_S,
    ) -> None:
        """on_lost(collection, lost): called with True when Redis has lost items of a collection, with False when it is whole
        again.

        on_caught_up(names): called when everything that one poll found is in memory; names: the collections that hold
        something.

        on_half(collection, at_ms): called before a whole import, which holds from at_ms (UTC) on, is taken over in several steps,
        and with None when all of it is in memory.

        as_it_is: collections of which an item that Redis lost is forgotten: rights that nobody can see or end are none.
        """
        self._client = client
        self._on_change = on_change
        self._on_lost = on_lost
        self._on_caught_up = on_caught_up
        self._on_half = on_half or (lambda _collection, _at_ms: None)
        self._poll_s = poll_s
        self._followed = [
            Followed(item, CollectionKeys.of(namespace, item), forgets=item in as_it_is) for item in collections
        ]
        self.loaded = asyncio.Event()  # everything was read once

    @property
    def lost(self) -> frozenset[str]:
        """The names of the collections of which Redis has lost items; this worker still has those in memory and decides from
        them."""
        return frozenset(one.collection.name for one in self._followed if one.lost_at is not None)

    @property
    def versions(self) -> dict[str, int]:
        """For each collection, the version up to which it is in memory."""
        return {one.collection.name: one.version for one in self._followed}

    async def load(self) -> None:
        """Read all collections once, up to their present versions. Raises Unavailable when Redis is away, and may be
        called again after that."""
        while await self.poll():
            pass
        self.loaded.set()
        if self._on_caught_up:
            self._on_caught_up(frozenset(one.collection.name for one in self._followed if one.keys))

    async def load_patiently(self) -> None:
        """As load; while Redis is away it waits and tries again."""
        while True:
            try:
                return await self.load()
            except Unavailable as error:
                log.warning("replica.unreachable", cause=str(error), again_in_s=AGAIN_S)
                await asyncio.sleep(AGAIN_S)

    async def run(self) -> None:
        """Follow the collections until cancelled. While Redis is away it tries again with growing pauses, and the worker
        decides from memory."""
        pause_s = self._poll_s
        while True:
            try:
                await self.load()
            except Unavailable as error:
                pause_s = min(LONGEST_PAUSE_S, pause_s * 2)
                log.warning("replica.unreachable", cause=str(error), again_in_s=pause_s)
            else:
                pause_s = self._poll_s
            await asyncio.sleep(pause_s)

    async def poll(self) -> bool:
        """Ask Redis once for the changes of all collections, and take them over. True: there is more to fetch at once.

        Raises Unavailable when Redis is away.
        """
        calls: list[tuple[Sequence[str], Sequence[Argument]]] = [
            (one.where.all, [one.epoch, one.version, PAGE_ITEMS]) for one in self._followed
        ]
        answers = await POLL.run(self._client, WHAT, calls)
        more = False
        for one, answer in zip(self._followed, answers, strict=True):
            head = Head(answer[0].decode(), *answer[1:])
            more |= await self._take(one, head)
        return more

    async def _take(self, one: Followed, head: Head) -> bool:
        """Bring one collection to the state that the poll found. True: there is more to fetch."""
        if head.epoch == "":
            self._absent(one)
            return False
        if head.epoch != one.epoch:
            return await self._new_epoch(one, head)
        if one.forgets:
            one.absent = False
            if head.version < one.version:
                await self._read_all(one, head, trusted=True)
                return True
        if head.version < one.version:  # it went back in time; what it forgot stays in memory
            self._losing(one, head.version, "went back to an older version")
            one.version = head.version
            return False
        if one.absent and head.complete:  # the old state came back, a failover perhaps
            self._whole_again(one)
        if not head.complete:
            self._losing(one, head.version, "misses items")
        if one.lost_at is not None and head.complete and head.whole > one.lost_at:
            await self._read_all(one, head, trusted=True)
            self._whole_again(one)
            return True
        return await self._follow(one, head)

    async def _follow(self, one: Followed, head: Head) -> bool:
        """Take over the whole import and the changes that are new. True: there is more to fetch."""
        if head.version == one.version:
            return False
        if head.switch != one.switch and not await self._switched(one, head):
            log.info("replica.switch_missed", collection=one.collection.name, switch=head.switch)
            await self._read_all(one, head, trusted=one.lost_at is None)
            return True
        if head.reached is None:
            log.info("replica.behind", collection=one.collection.name, version=one.version, oldest_delta=head.floor)
            await self._read_all(one, head, trusted=one.lost_at is None)
            return True
        if changed := readable(one.collection, head.changed, one.collection.decode_changed):
            self._hand_over(one, changed)
        one.version = head.reached
        return head.reached < head.version

    async def _switched(self, one: Followed, head: Head) -> bool:
        """Take over the whole import that follows the last one in memory. Returns False when it is a different one, or its
        blocks are gone."""
        if head.switch != one.switch + 1:
            return False
        blocks = [block async for block in self._blocks(one, head)]
        if len(blocks) < head.blocks:
            return False
        paused = len(blocks) * BLOCK_ROWS > ROWS_AT_ONCE
        if paused:
            self._on_half(one.collection.name, head.switch_at_ms)
        for block in blocks:
            self._hand_over(one, list(changed_of(one.collection, unpacked(block), head.switch_at_ms)))
            if paused:
                await asyncio.sleep(0)
        self._on_half(one.collection.name, None)
        one.switch = head.switch
        log.info(
            "replica.switched", collection=one.collection.name, switch=head.switch, holds_from_ms=head.switch_at_ms
        )
        return True

    async def _blocks(self, one: Followed, head: Head) -> AsyncIterator[bytes | str]:
        """The blocks of the last whole import that still exist."""
        staged = one.where.staged(head.build.decode())
        for first in range(0, head.blocks, BLOCKS_AT_ONCE):
            names = [str(number) for number in range(first, min(first + BLOCKS_AT_ONCE, head.blocks))]
            with redis_edge(WHAT):
                found = await self._client.hmget(staged, names)
            for block in found:
                if block is not None:
                    yield block

    def _absent(self, one: Followed) -> None:
        if one.keys and one.forgets:
            if one.absent:  # for the second time in a row: no server that is only just taking over
                self._hand_over(one, [Changed(key, ()) for key in sorted(one.keys)])
                one.epoch, one.version, one.switch = "", 0, 0
            one.absent = not one.absent
        elif one.keys:
            self._losing(one, one.version, "is gone")
            one.absent = True
        elif not one.loaded:
            self._hand_over(one, [])

    async def _new_epoch(self, one: Followed, head: Head) -> bool:
        """First sight of the collection, or Redis was emptied and written anew. True: there may be more to fetch."""
        trusted = not one.keys or head.whole > 0 or one.forgets
        if not trusted:
            self._losing(one, 0, "was emptied and written anew")
        await self._read_all(one, head, trusted=trusted)
        if trusted:
            self._whole_again(one)
        return True

    async def _read_all(self, one: Followed, head: Head, *, trusted: bool) -> None:
        """Read every item, then go on from the version that was current before.

        trusted: Redis has the whole collection, so what it does not have is removed from memory, too.
        """
        seen: set[str] = set()
        before, one.keys = one.keys, seen if not one.keys else one.keys
        if one.loaded and head.switch > one.switch:
            self._on_half(one.collection.name, head.switch_at_ms)
        for script in (SCAN, SCAN_REMOVED):
            async for found in self._pages(one, script):
                changed = anew(found) if one.forgets else found
                if seen is not one.keys:
                    seen.update(item.key for item in changed if not is_removed(item))
                self._hand_over(one, changed)
        if head.pending:
            async for block in self._blocks(one, head):
                changed = list(changed_of(one.collection, unpacked(block), head.switch_at_ms))
                seen.update(item.key for item in changed if not is_removed(item))
                self._hand_over(one, changed)
        if trusted and before and before is one.keys:
            removal: Version[Any] = Version(None, int(head.arrived), int(head.arrived))
            gone = [Changed(key, () if one.forgets else (removal,)) for key in before - seen]
            for start in range(0, len(gone), PAGE_ITEMS):
                self._hand_over(one, gone[start : start + PAGE_ITEMS])
        self._on_half(one.collection.name, None)
        one.epoch, one.version, one.switch = head.epoch, head.version, head.switch
        log.info("replica.loaded", collection=one.collection.name, items=len(one.keys), version=one.version)

    async def _pages(self, one: Followed, script: Script) -> AsyncIterator[list[Changed[Any]]]:
        """Every item, a page at a time; Redis prepares the next page while this one is taken apart."""

        def page_at(cursor: bytes) -> asyncio.Task[list[Any]]:
            return asyncio.create_task(script.run(self._client, WHAT, [(one.where.all, [cursor, PAGE_ITEMS])]))

        coming: asyncio.Task[list[Any]] | None = page_at(b"0")
        try:
            while coming is not None:
                ((cursor, single, changed),) = await coming
                coming = page_at(cursor) if cursor != b"0" else None
                await asyncio.sleep(0)  # lets the request leave first
                key = one.collection.key
                versions = readable(one.collection, single, one.collection.decode_versions)
                yield [*(Changed(key(version.item), (version,)) for version in versions if version.item is not None),
                       *readable(one.collection, changed, one.collection.decode_changed)]  # fmt: skip
        finally:
            if coming is not None:
                coming.cancel()

    def _hand_over(self, one: Followed, changed: Sequence[Changed[Any]]) -> None:
        self._on_change(one.collection.name, changed, not one.loaded)
        one.loaded = True
        for item in changed:
            if is_removed(item):
                one.keys.discard(item.key)
            else:
                one.keys.add(item.key)

    def _losing(self, one: Followed, version: int, how: str) -> None:
        known, one.lost_at, one.absent = one.lost_at is not None, version, False
        self._on_half(one.collection.name, None)
        if not known:
            log.error("replica.lost", collection=one.collection.name, how=how, remembered=len(one.keys),
                      cure="import the collection again with --replace")  # fmt: skip
            if self._on_lost:
                self._on_lost(one.collection.name, True)

    def _whole_again(self, one: Followed) -> None:
        if one.lost_at is not None:
            one.lost_at, one.absent = None, False
            log.info("replica.whole_again", collection=one.collection.name, items=len(one.keys))
            if self._on_lost:
                self._on_lost(one.collection.name, False)
