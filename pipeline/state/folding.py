"""Moves a version that was switched to from its blocks into the items of its collection. Any process may do it, also again."""

from collections.abc import Callable, Sequence

import msgspec
import redis.asyncio
import structlog

from pipeline.state.blocks import unpacked
from pipeline.state.collections import CollectionKeys
from pipeline.state.redis_port import Argument, redis_edge
from pipeline.state.replica_scripts import WHAT
from pipeline.state.switch_scripts import FOLD, HEAD

BLOCKS_AT_ONCE = 8  # in one round trip; some 4 ms of Redis' time each
FETCHED_S = 600  # for so long after that workers may still fetch the blocks; later they read the collection anew
log = structlog.get_logger()


async def fold(
    client: redis.asyncio.Redis,
    where: CollectionKeys,
    kept_ms: int,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Move the pending version of a collection, if there is one, into its items. kept_ms: how long versions are kept.
    progress: called with the number of blocks done. Raises Unavailable when Redis is away."""
    ((_, _, pending, at_ms, blocks),) = await HEAD.run(client, WHAT, [(where.all, [])])
    if not pending:
        return
    staged = where.staged(pending.decode())
    for first in range(0, blocks, BLOCKS_AT_ONCE):
        numbers = range(first, min(first + BLOCKS_AT_ONCE, blocks))
        with redis_edge(WHAT):
            found = await client.hmget(staged, [str(number) for number in numbers])
        calls = [
            _call(where, staged, pending, block, [at_ms, kept_ms, FETCHED_S if number == blocks - 1 else ""])
            for number, block in zip(numbers, found, strict=True)
        ]
        await FOLD.run(client, WHAT, calls)
        if progress:
            progress(numbers[-1] + 1)


def _call(
    where: CollectionKeys, staged: str, pending: bytes, block: bytes | str | None, end: Sequence[Argument]
) -> tuple[Sequence[str], Sequence[Argument]]:
    """Keys and arguments that move one block."""
    if block is None:
        log.error("replica.block_lost", cure="import the whole list again with --replace")
    rows = unpacked(block) if block else []
    puts = [part for row in rows if row.item is not None for part in (row.key, row.item, row.holds_ms)]
    removes = [row.key for row in rows if row.item is None]
    encode = msgspec.msgpack.encode
    return [*where.all, staged], [pending, encode(puts), encode(removes), *end]
