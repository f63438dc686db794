"""Keeps a worker's copy of the reference data up to date: a change in Redis reaches its memory at the next poll.

An item in memory is never dropped because Redis lost it. When a collection's epoch or version shows that Redis was emptied or
went back to an older state, the follower keeps everything it has, adds what is new, and reports the collection as `lost` until
somebody replaces the collection as a whole (`ReplicaWriter.replace`) or the old state comes back.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec
import redis.asyncio
import structlog

from pipeline.errors import Unavailable
from pipeline.reads.versions import Changed, Version
from pipeline.state.collections import Collection, CollectionKeys
from pipeline.state.redis_port import Argument, Script
from pipeline.state.replica_scripts import POLL, SCAN, SCAN_REMOVED, WHAT

log = structlog.get_logger()
POLL_S = 0.25
LONGEST_PAUSE_S = 2.0  # between polls while Redis is away
PAGE_ITEMS = 2_000  # handed over at once: some 10 ms of the worker's time


class OnChange(Protocol):
    """Takes what changed in one collection: items with their versions, which add to those known before.

    reset: forget all of it first; only at the first load, never later.
    """

    def __call__(self, collection: str, changed: Sequence[Changed[Any]], reset: bool, /) -> None: ...


@dataclass(slots=True)
class _Followed:
    """How far one collection was followed. keys: the items in memory, so that a full reload finds those that are gone."""

    collection: Collection[Any]
    where: CollectionKeys
    epoch: str = ""  # empty: nothing was ever written
    version: int = 0
    loaded: bool = False
    absent: bool = False  # it was gone when last looked at
    lost_at: int | None = None  # the version at which Redis turned out to have lost something; None: it has not
    keys: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Head:
    """The answer of one poll about one collection."""

    epoch: str
    version: int
    floor: int
    whole: int
    complete: int  # 1: it holds as many items as it counted
    arrived: bytes  # when something arrived last, ms UTC
    reached: int | None = None  # None: no deltas came along
    changed: bytes = b"[]"


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
        poll_s: float = POLL_S,
    ) -> None:
        """on_lost(collection, lost): called with True when Redis has lost items of a collection, with False when it is whole
        again.

        on_caught_up(names): called when everything that one poll found is in memory; names: the collections that hold
        something.
        """
        self._client = client
        self._on_change = on_change
        self._on_lost = on_lost
        self._on_caught_up = on_caught_up
        self._poll_s = poll_s
        self._followed = [_Followed(item, CollectionKeys.of(namespace, item)) for item in collections]
        self.loaded = asyncio.Event()  # everything was read once

    @property
    def lost(self) -> frozenset[str]:
        """The names of the collections of which Redis lost items; this worker still has them in memory and decides from them."""
        return frozenset(one.collection.name for one in self._followed if one.lost_at is not None)

    @property
    def versions(self) -> dict[str, int]:
        """For each collection, the version up to which it is in memory."""
        return {one.collection.name: one.version for one in self._followed}

    async def load(self) -> None:
        """Read all collections once, up to their present versions. Raises Unavailable when Redis is away; may then be called
        again."""
        while await self.poll():
            pass
        self.loaded.set()
        if self._on_caught_up:
            self._on_caught_up(frozenset(one.collection.name for one in self._followed if one.keys))

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
            head = _Head(answer[0].decode(), *answer[1:])
            more |= await self._take(one, head)
        return more

    async def _take(self, one: _Followed, head: _Head) -> bool:
        """Bring one collection to the state that the poll found. True: there is more to fetch."""
        if head.epoch == "":
            self._absent(one)
            return False
        if head.epoch != one.epoch:
            return await self._new_epoch(one, head)
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
        if head.version == one.version:
            return False
        if head.reached is None:
            log.info("replica.behind", collection=one.collection.name, version=one.version, oldest_delta=head.floor)
            await self._read_all(one, head, trusted=one.lost_at is None)
            return True
        self._hand_over(one, _decoded(one.collection, head.changed))
        one.version = head.reached
        return head.reached < head.version

    def _absent(self, one: _Followed) -> None:
        if one.keys:
            self._losing(one, one.version, "is gone")
            one.absent = True
        elif not one.loaded:
            self._hand_over(one, [])

    async def _new_epoch(self, one: _Followed, head: _Head) -> bool:
        """Read a collection that is new to this follower, or that Redis was filled with again after it was emptied."""
        trusted = not one.keys or head.whole > 0
        if not trusted:
            self._losing(one, 0, "was emptied and written anew")
        await self._read_all(one, head, trusted=trusted)
        if trusted:
            self._whole_again(one)
        return True

    async def _read_all(self, one: _Followed, head: _Head, *, trusted: bool) -> None:
        """Read every item, then go on from the version that was current before.

        trusted: Redis has the whole collection, so what it does not have is removed from memory, too.
        """
        seen: set[str] = set()
        before, one.keys = one.keys, seen if not one.keys else one.keys
        for script in (SCAN, SCAN_REMOVED):
            async for changed in self._pages(one, script):
                if seen is not one.keys:
                    seen.update(item.key for item in changed if not _is_removed(item))
                self._hand_over(one, changed)
        if trusted and before and before is one.keys:
            removal: Version[Any] = Version(None, int(head.arrived), int(head.arrived))
            gone = [Changed(key, (removal,)) for key in before - seen]
            for start in range(0, len(gone), PAGE_ITEMS):
                self._hand_over(one, gone[start : start + PAGE_ITEMS])
        one.epoch, one.version = head.epoch, head.version
        log.info("replica.loaded", collection=one.collection.name, items=len(one.keys), version=one.version)

    async def _pages(self, one: _Followed, script: Script) -> AsyncIterator[list[Changed[Any]]]:
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
                versions = _decoded_versions(one.collection, single)
                yield [*(Changed(key(version.item), (version,)) for version in versions if version.item is not None),
                       *_decoded(one.collection, changed)]  # fmt: skip
        finally:
            if coming is not None:
                coming.cancel()

    def _hand_over(self, one: _Followed, changed: Sequence[Changed[Any]]) -> None:
        self._on_change(one.collection.name, changed, not one.loaded)
        one.loaded = True
        for item in changed:
            if _is_removed(item):
                one.keys.discard(item.key)
            else:
                one.keys.add(item.key)

    def _losing(self, one: _Followed, version: int, how: str) -> None:
        known, one.lost_at, one.absent = one.lost_at is not None, version, False
        if not known:
            log.error("replica.lost", collection=one.collection.name, how=how, remembered=len(one.keys),
                      cure="import the collection again with --replace")  # fmt: skip
            if self._on_lost:
                self._on_lost(one.collection.name, True)

    def _whole_again(self, one: _Followed) -> None:
        if one.lost_at is not None:
            one.lost_at, one.absent = None, False
            log.info("replica.whole_again", collection=one.collection.name, items=len(one.keys))
            if self._on_lost:
                self._on_lost(one.collection.name, False)


def _is_removed(item: Changed[Any]) -> bool:
    return not item.versions or item.versions[-1].item is None


def _decoded(collection: Collection[Any], page: bytes) -> list[Changed[Any]]:
    """The items of a JSON array. One that cannot be read (written by a newer release) is left out, and an error is logged."""
    try:
        return collection.decode_changed(page)
    except (msgspec.ValidationError, msgspec.DecodeError):
        return _readable(collection, page, collection.decode_changed)


def _decoded_versions(collection: Collection[Any], page: bytes) -> list[Version[Any]]:
    """As _decoded, for items of one version each."""
    try:
        return collection.decode_versions(page)
    except (msgspec.ValidationError, msgspec.DecodeError):
        return _readable(collection, page, collection.decode_versions)


def _readable(collection: Collection[Any], page: bytes, decode: Callable[[bytes], list[Any]]) -> list[Any]:
    found: list[Any] = []
    for raw in msgspec.json.decode(page, type=list[msgspec.Raw]):
        try:
            found += decode(b"[" + bytes(raw) + b"]")
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            log.error("replica.unreadable_item", collection=collection.name, error=str(error))
    return found
