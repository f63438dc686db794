"""Stores the next version of a collection in blocks, compressed to a tenth: what it adds, changes and removes.

Workers read the same blocks that Redis moves into the items, so that both have the same result.
"""

import zlib
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import msgspec
import redis.asyncio

from pipeline.reads.versions import Changed, Version
from pipeline.state.collections import Collection
from pipeline.state.reading import readable
from pipeline.state.redis_port import redis_edge
from pipeline.state.replica_scripts import WHAT

BLOCK_ROWS = 1_000
STAGED_S = 3_600  # blocks of an import that died are gone after this
PIPELINED_BLOCKS = 8
LARGEST_BLOCK = 1 << 30  # bytes, unpacked: a thousand items of a mebibyte


class BlockRow(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One item of a block. item: its JSON; None: it is removed. holds_ms: the moment from which it says that it holds, as
    text."""

    key: str
    item: str | None
    holds_ms: str = ""


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[BlockRow]).decode


def packed(rows: Sequence[BlockRow]) -> bytes:
    """These rows as one block."""
    return zlib.compress(_encode(rows), 1)


def unpacked(block: bytes | str) -> list[BlockRow]:
    """The rows of a block, as redis-py gives it."""
    assert isinstance(block, bytes)  # our clients decode nothing
    return _decode(zlib.decompressobj().decompress(block, LARGEST_BLOCK))


def changed_of(collection: Collection[Any], rows: Sequence[BlockRow], at_ms: int) -> Iterator[Changed[Any]]:
    """Yields the changes that a worker takes over from a block's rows, in their order. at_ms: from when the whole version
    holds, UTC."""
    for removed, group in groupby(rows, key=lambda row: row.item is None):
        if removed:
            yield from (Changed(row.key, (Version(None, at_ms, at_ms),)) for row in group)
            continue
        page = "[" + ",".join(f"[{row.item},{row.holds_ms or at_ms},{at_ms}]" for row in group) + "]"
        versions: list[Version[Any]] = readable(collection, page.encode(), collection.decode_versions)
        yield from (Changed(collection.key(one.item), (one,)) for one in versions if one.item is not None)


class BlockWriter:
    """Writes rows as blocks of BLOCK_ROWS. They have no effect yet, and are deleted an hour after the last was written."""

    def __init__(self, client: redis.asyncio.Redis, where: str) -> None:
        self._client, self._where = client, where
        self._rows: list[BlockRow] = []
        self._waiting: dict[int, bytes] = {}
        self._count = 0

    async def add(self, rows: Sequence[BlockRow]) -> None:
        """Add rows to the version; each block that is full is written."""
        self._rows += rows
        while len(self._rows) >= BLOCK_ROWS:
            await self._put(BLOCK_ROWS)

    async def close(self) -> int:
        """Write the rows that are left as the last block. Returns how many blocks there are."""
        if self._rows:
            await self._put(len(self._rows))
        await self._send()
        return self._count

    async def _put(self, rows: int) -> None:
        self._waiting[self._count] = packed(self._rows[:rows])
        self._rows = self._rows[rows:]
        self._count += 1
        if len(self._waiting) >= PIPELINED_BLOCKS:
            await self._send()

    async def _send(self) -> None:
        if self._waiting:
            with redis_edge(WHAT):
                await self._client.hset(self._where, mapping=self._waiting)  # type: ignore[arg-type]  # numbers name the blocks
                await self._client.expire(self._where, STAGED_S)
            self._waiting = {}
