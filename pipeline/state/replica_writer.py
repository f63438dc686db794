"""Writing reference data: every change bumps its collection's version and leaves a delta, in one Lua script."""

import uuid
from array import array
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

import msgspec
import numpy as np
import redis.asyncio

from pipeline.state.collections import Collection, CollectionKeys
from pipeline.state.redis_port import Argument, Script
from schemas.base import Message

T = TypeVar("T", bound=Message)
WHAT = "reference data"
CHUNK_ITEMS = 1_000  # some 4 ms of Redis' time: nobody else waits longer for it
PIPELINED_CHUNKS = 8
KEPT_CHANGES = 200_000  # about 20 MB in Redis; a follower further behind reads the collection anew
SCAN_ITEMS = 2_000

_CHANGE = Script("""
local items, meta, changes = KEYS[1], KEYS[2], KEYS[3]
local puts, removes = cmsgpack.unpack(ARGV[3]), cmsgpack.unpack(ARGV[4])
redis.call('HSETNX', meta, 'epoch', ARGV[1])
local version = tonumber(redis.call('HGET', meta, 'version') or '0')
local put, scores, removed = {}, {}, 0
local function changed(key)
  version = version + 1
  scores[#scores + 1] = version
  scores[#scores + 1] = key
end
if #puts > 0 then
  local keys = {}
  for i = 1, #puts, 2 do keys[#keys + 1] = puts[i] end
  local old = redis.call('HMGET', items, unpack(keys))
  for i = 1, #keys do
    if old[i] ~= puts[2 * i] then
      put[#put + 1] = keys[i]
      put[#put + 1] = puts[2 * i]
      changed(keys[i])
    end
  end
  if #put > 0 then redis.call('HSET', items, unpack(put)) end
end
for i = 1, #removes do
  if redis.call('HDEL', items, removes[i]) == 1 then
    removed = removed + 1
    changed(removes[i])
  end
end
if #scores > 0 then
  redis.call('ZADD', changes, unpack(scores))
  local over = redis.call('ZCARD', changes) - tonumber(ARGV[2])
  if over > 0 then
    local last = redis.call('ZRANGE', changes, over - 1, over - 1, 'WITHSCORES')
    redis.call('ZREMRANGEBYRANK', changes, 0, over - 1)
    redis.call('HSET', meta, 'floor', last[2])
  end
end
redis.call('HSET', meta, 'version', version, 'count', redis.call('HLEN', items))
if ARGV[5] == '1' then
  version = version + 1
  redis.call('HSET', meta, 'version', version, 'whole', version)
end
return {version, #put / 2, removed}
""")

SCAN = Script(
    """
local page = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local values = {}
for i = 2, #page[2], 2 do values[#values + 1] = page[2][i] end
return {page[1], '[' .. table.concat(values, ',') .. ']'}
""",
    reads_only=True,
)
"""One page of a collection's items as one JSON array: far cheaper to take apart than one answer per item."""

_KEYS = Script(
    """
local page = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local keys = {}
for i = 1, #page[2], 2 do keys[#keys + 1] = page[2][i] end
return {page[1], cmsgpack.pack(keys)}
""",
    reads_only=True,
)

_LOOK = Script(
    """
return {redis.call('HGET', KEYS[2], 'version') or '0', redis.call('HLEN', KEYS[1]),
        ARGV[1] ~= '' and redis.call('HGET', KEYS[1], ARGV[1]) or false}
""",
    reads_only=True,
)


@dataclass(frozen=True, slots=True)
class Changes:
    """What a write did to a collection."""

    put: int = 0  # new or changed
    unchanged: int = 0
    removed: int = 0


class ReplicaWriter:
    """Puts, removes and lists reference data. Every method raises Unavailable when Redis is away; each may be run again."""

    def __init__(self, client: redis.asyncio.Redis, namespace: str, *, kept_changes: int = KEPT_CHANGES) -> None:
        self._client = client
        self._namespace = namespace
        self._kept_changes = kept_changes

    async def put(
        self, collection: Collection[T], items: Iterable[T], *, progress: Callable[[int], None] | None = None
    ) -> Changes:
        """Add or change items; those that are already so make no delta. progress: called with the number of items done."""
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
        """Remove the items of these keys; unknown keys are no error and count for nothing."""
        source, removed = iter(keys), 0
        while chunk := list(islice(source, CHUNK_ITEMS)):
            for _, _, gone in await self._change(collection, [((), chunk)]):
                removed += gone
        return Changes(removed=removed)

    async def replace(self, collection: Collection[T], items: Iterable[T]) -> Changes:
        """Make the collection hold these items and no others. Nothing that stays is ever absent meanwhile."""
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
        """As replace, for (key, JSON) pairs. Memory: 8 bytes an item."""
        kept = array("q")

        def noted() -> Iterable[tuple[str, bytes]]:
            for pair in pairs:
                kept.append(hash(pair[0]))
                yield pair

        changes = await self.put_encoded(collection, noted(), progress=progress)
        keep = np.sort(np.frombuffer(kept, dtype=np.int64) if kept else np.zeros(1, dtype=np.int64))
        removed = 0
        async for keys in self._pages(collection):
            hashes = np.fromiter(map(hash, keys), dtype=np.int64, count=len(keys))
            stays = keep[np.minimum(np.searchsorted(keep, hashes), len(keep) - 1)] == hashes
            stale = [key for key, kept_on in zip(keys, stays.tolist(), strict=True) if not kept_on]
            removed += (await self.remove(collection, stale)).removed
        await self._change(collection, [((), ())], whole=True)
        return Changes(put=changes.put, unchanged=changes.unchanged, removed=removed)

    async def get(self, collection: Collection[T], key: str) -> T | None:
        """The item of this key, or None."""
        data: bytes | None = (await self._look(collection, key))[2]
        return None if data is None else collection.decode(data)

    async def version(self, collection: Collection[T]) -> int:
        """The number of changes that the collection has seen."""
        return int((await self._look(collection))[0])

    async def count(self, collection: Collection[T]) -> int:
        """How many items it holds."""
        return int((await self._look(collection))[1])

    async def chunks(self, collection: Collection[T]) -> AsyncIterator[Sequence[T]]:
        """Every item, a few thousand at a time, in no order; one that changes meanwhile may come twice."""
        items, cursor = CollectionKeys.of(self._namespace, collection).items, b"0"
        while True:
            ((cursor, page),) = await SCAN.run(self._client, WHAT, [([items], [cursor, SCAN_ITEMS])])
            yield collection.decode_list(page)
            if cursor == b"0":
                return

    async def list(self, collection: Collection[T]) -> Sequence[T]:
        """Every item, sorted by key. For collections that fit in memory twice; else use chunks."""
        found = {collection.key(item): item async for chunk in self.chunks(collection) for item in chunk}
        return [found[key] for key in sorted(found)]

    async def _pages(self, collection: Collection[Any]) -> "AsyncIterator[Sequence[str]]":
        items, cursor = CollectionKeys.of(self._namespace, collection).items, b"0"
        while True:
            ((cursor, page),) = await _KEYS.run(self._client, WHAT, [([items], [cursor, SCAN_ITEMS])])
            yield msgspec.msgpack.decode(page, type=Sequence[str])
            if cursor == b"0":
                return

    async def _look(self, collection: Collection[Any], key: str = "") -> Sequence[Any]:
        keys = CollectionKeys.of(self._namespace, collection)
        (answer,) = await _LOOK.run(self._client, WHAT, [([keys.items, keys.meta], [key])])
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
                [keys.items, keys.meta, keys.changes],
                [
                    epoch,
                    self._kept_changes,
                    msgspec.msgpack.encode([part for key, data in puts for part in (key, data.decode())]),
                    msgspec.msgpack.encode(removes),
                    int(whole),
                ],
            )
            for puts, removes in chunks
        ]
        return await _CHANGE.run(self._client, WHAT, calls)
