"""Writes reference data. Each change raises its collection's version and leaves a delta, in one Lua script; a whole import
raises the version and leaves blocks (see pipeline.state.switching).

An item has versions (see pipeline.reads.versions). An item holds from the moment in its `holds_from_ms`, else from its
arrival: when it is written here, by the platform's clock. When Redis was emptied and everything is imported again, all items
have arrived now. Workers that ran meanwhile remember what held before and decide as they did; a worker that starts
afterwards decides nothing about passages before the import. An import with an earlier `holds_from_ms` does not change that:
it arrived later, so it may only help the person concerned.
"""

import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

import msgspec
import redis.asyncio

from pipeline.errors import Unavailable
from pipeline.reads.versions import Changed, History, Version, with_versions
from pipeline.state.collections import Collection, CollectionKeys
from pipeline.state.folding import fold
from pipeline.state.holding import holds_from
from pipeline.state.redis_port import Argument
from pipeline.state.replica_scripts import CHANGE, LOOK, SCAN, SCAN_REMOVED, VERSIONS, WHAT, WITH_WILDCARDS
from pipeline.state.switching import Refresh, Switching
from pipeline.state.turns import turn
from schemas.base import Message

T = TypeVar("T", bound=Message)
CHUNK_ITEMS = 1_000  # some 4 ms of Redis' time: nobody else waits longer for it
PIPELINED_CHUNKS = 8
KEPT_CHANGES = 200_000  # about 20 MB in Redis; a follower further behind reads the collection anew
SCAN_ITEMS = 2_000
PAGE_ITEMS = 200


@dataclass(frozen=True, slots=True)
class Changes:
    """How many items a write put (added or changed), found unchanged, and removed."""

    put: int = 0  # new or changed
    unchanged: int = 0
    removed: int = 0


class ReplicaWriter:
    """Puts, removes and lists reference data. Every method raises Unavailable when Redis is away; each may be run again."""

    def __init__(
        self,
        client: redis.asyncio.Redis,
        namespace: str,
        *,
        kept_changes: int = KEPT_CHANGES,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        """now_ms: the clock that dates arrivals, UTC."""
        self._client = client
        self._namespace = namespace
        self._kept_changes = kept_changes
        self._now_ms = now_ms

    async def put(
        self, collection: Collection[T], items: Iterable[T], *, progress: Callable[[int], None] | None = None
    ) -> Changes:
        """Add or change items. Items that are unchanged make no delta. progress: called with the number of items done."""
        pairs = ((collection.key(item), collection.encode(item)) for item in items)
        return await self.put_encoded(collection, pairs, progress=progress)

    async def put_encoded(
        self,
        collection: Collection[T],
        pairs: Iterable[tuple[str, bytes]],
        *,
        progress: Callable[[int], None] | None = None,
    ) -> Changes:
        """As put, for (key, JSON) pairs made by Collection.encode of the same collection."""
        source, put, done = iter(pairs), 0, 0
        while group := [chunk for _ in range(PIPELINED_CHUNKS) if (chunk := list(islice(source, CHUNK_ITEMS)))]:
            for _, changed, _ in await self._change(collection, [(chunk, ()) for chunk in group]):
                put += changed
            done += sum(map(len, group))
            if progress:
                progress(done)
        return Changes(put=put, unchanged=done - put)

    async def remove(self, collection: Collection[T], keys: Iterable[str]) -> Changes:
        """Remove the items with these keys. Unknown keys are ignored and not counted."""
        source, removed = iter(keys), 0
        while chunk := list(islice(source, CHUNK_ITEMS)):
            for _, _, gone in await self._change(collection, [((), chunk)]):
                removed += gone
        return Changes(removed=removed)

    async def replace(self, collection: Collection[T], items: Iterable[T]) -> Changes:
        """Make the collection hold these items and no others, from one moment on."""
        return await self.replace_encoded(
            collection, ((collection.key(item), collection.encode(item)) for item in items)
        )

    async def replace_encoded(
        self,
        collection: Collection[T],
        pairs: Iterable[tuple[str, bytes]],
        *,
        progress: Callable[[int], None] | None = None,
    ) -> Changes:
        """As replace, for (key, JSON) pairs. Raises Unavailable also when somebody else changes the collection meanwhile."""
        switching = self.switching(collection)
        staged = await switching.stage(pairs, replace=True, progress=progress)
        if await switching.switch(staged, Refresh(), lead_ms=0) is None:
            raise Unavailable(f"the collection {collection.name}, which somebody else was changing", retry_after_s=0.0)
        await switching.fold()
        return Changes(put=staged.added + staged.changed, unchanged=staged.unchanged, removed=staged.removed)

    def switching(self, collection: Collection[Any]) -> Switching:
        """A builder for versions of this collection that are imported as a whole."""
        return Switching(self._client, self._namespace, collection, now_ms=self._now_ms)

    def turn(self, collection: Collection[Any], what: str) -> AbstractAsyncContextManager[None]:
        """The turn to do something with this collection that two must not do at once, in a word: see pipeline.state.turns."""
        where = CollectionKeys.of(self._namespace, collection).items.removesuffix("items")
        return turn(self._client, f"{where}{what}", WHAT)

    async def get(self, collection: Collection[T], key: str) -> T | None:
        """The last version of the item with this key; None: there is none, or it was removed."""
        await self._fold(collection)
        data: bytes | None = (await self._look(collection, key))[2]
        return None if data is None else _item_of(collection, data)

    async def version(self, collection: Collection[T]) -> int:
        """The number of the collection's last change; 0: it was never written."""
        return int((await self._look(collection))[0])

    async def count(self, collection: Collection[T]) -> int:
        """How many items the collection holds."""
        await self._fold(collection)
        return int((await self._look(collection))[1])

    async def chunks(self, collection: Collection[T]) -> AsyncIterator[Sequence[T]]:
        """Yields the last version of every item, a few thousand at a time, unordered. An item that is changed meanwhile may
        come twice."""
        await self._fold(collection)
        cursor = "0"
        while True:
            items, cursor = await self._page(collection, cursor, SCAN_ITEMS)
            yield items
            if cursor == "0":
                return

    async def page(self, collection: Collection[T], cursor: str, count: int = PAGE_ITEMS) -> tuple[Sequence[T], str]:
        """Some items in their last versions, and the cursor of the next page. Cursor "0" begins, and is returned after the
        last page."""
        await self._fold(collection)
        return await self._page(collection, cursor, count)

    async def _page(self, collection: Collection[T], cursor: str, count: int) -> tuple[Sequence[T], str]:
        keys = CollectionKeys.of(self._namespace, collection).all
        ((after, single, changed),) = await SCAN.run(self._client, WHAT, [(keys, [cursor, count])])
        last = [*collection.decode_versions(single)]
        last += [one.versions[-1] for one in collection.decode_changed(changed)]
        return [version.item for version in last if version.item is not None], after.decode()

    async def with_wildcards(self, collection: Collection[T]) -> dict[str, T]:
        """The items, by key, whose plate is a pattern: few of a hotlist are."""
        await self._fold(collection)
        where, found, cursor = CollectionKeys.of(self._namespace, collection), dict[str, T](), b"0"
        while True:
            ((cursor, page),) = await WITH_WILDCARDS.run(self._client, WHAT, [([where.items], [cursor, SCAN_ITEMS])])
            for key, data in zip(page[::2], page[1::2], strict=True):
                if (item := _item_of(collection, data)) is not None:
                    found[key.decode()] = item
            if cursor == b"0":
                return found

    async def versions(self, collection: Collection[T], key: str) -> Sequence[Version[T]]:
        """All stored versions of an item, in the order of their arrival; empty for an unknown key."""
        await self._fold(collection)
        keys = CollectionKeys.of(self._namespace, collection).all
        (versions,) = await VERSIONS.run(self._client, WHAT, [(keys, [key])])
        return collection.decode_versions(versions)

    async def last(self, collection: Collection[T], key: str) -> T | None:
        """The item's last state that is stored, also of one that was removed; None for an unknown key."""
        return next((one.item for one in reversed(await self.versions(collection, key)) if one.item is not None), None)

    async def history(self, collection: Collection[T], key: str) -> History[T]:
        """All stored versions of an item, in the order in which they hold."""
        return with_versions((), await self.versions(collection, key))

    async def histories(self, collection: Collection[T]) -> AsyncIterator[Sequence[Changed[T]]]:
        """Yields every item with all its versions, some thousand items at a time; removed ones too, as long as a decision
        may need them."""
        await self._fold(collection)
        where = CollectionKeys.of(self._namespace, collection)
        for script in (SCAN, SCAN_REMOVED):
            cursor = b"0"
            while True:
                ((cursor, single, changed),) = await script.run(self._client, WHAT, [(where.all, [cursor, SCAN_ITEMS])])
                versions = collection.decode_versions(single)
                found = [Changed(collection.key(one.item), (one,)) for one in versions if one.item is not None]
                yield [*found, *collection.decode_changed(changed)]
                if cursor == b"0":
                    break

    async def list(self, collection: Collection[T]) -> Sequence[T]:
        """Every item, sorted by key. For collections that fit in memory twice; else use chunks."""
        found = {collection.key(item): item async for chunk in self.chunks(collection) for item in chunk}
        return [found[key] for key in sorted(found)]

    async def _fold(self, collection: Collection[Any]) -> None:
        """Finish an import whose process died after its switch, if there is one."""
        await fold(self._client, CollectionKeys.of(self._namespace, collection), collection.kept_ms)

    async def _look(self, collection: Collection[Any], key: str = "") -> Sequence[Any]:
        keys = CollectionKeys.of(self._namespace, collection)
        (answer,) = await LOOK.run(self._client, WHAT, [([keys.items, keys.meta], [key])])
        seen: Sequence[Any] = answer
        return seen

    async def _change(
        self,
        collection: Collection[Any],
        chunks: Sequence[tuple[Sequence[tuple[str, bytes]], Sequence[str]]],
        *,
        whole: bool = False,
    ) -> Sequence[tuple[int, int, int]]:
        keys = CollectionKeys.of(self._namespace, collection)
        epoch = uuid.uuid4().hex  # taken only by a collection that has none yet
        calls: list[tuple[Sequence[str], Sequence[Argument]]] = [
            (
                keys.all,
                [
                    epoch,
                    self._kept_changes,
                    msgspec.msgpack.encode(
                        [part for key, data in puts for part in (key, data.decode(), holds_from(data))]
                    ),
                    msgspec.msgpack.encode(removes),
                    int(whole),
                    self._now_ms(),
                    collection.kept_ms,
                ],
            )
            for puts, removes in chunks
        ]
        answers: list[tuple[int, int, int]] = await CHANGE.run(self._client, WHAT, calls)
        pending = [at for at, answer in enumerate(answers) if answer[0] < 0]
        if pending:  # of an import that died after its switch
            await self._fold(collection)
            again = await CHANGE.run(self._client, WHAT, [calls[at] for at in pending])
            for at, answer in zip(pending, again, strict=True):
                answers[at] = answer
        if any(answer[0] < 0 for answer in answers):
            raise Unavailable(f"the collection {collection.name}, into which an import is being moved")
        return answers


def _item_of(collection: Collection[T], data: bytes) -> T | None:
    """The item of a version in the form that Redis holds; None: it was removed."""
    if data.startswith(b"{"):
        return collection.decode(data)
    version: Version[T] = collection.decode_versions(b"[" + data + b"]")[0]
    return version.item
