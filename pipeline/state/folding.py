"""Moves a version that was switched to from its blocks into the items of its collection. Any process may do it, also again."""

from collections.abc import Callable

import msgspec
import redis.asyncio
import structlog

from pipeline.state.blocks import unpacked
from pipeline.state.collections import CollectionKeys
from pipeline.state.redis_port import redis_edge
from pipeline.state.replica_scripts import WHAT
from pipeline.state.switch_scripts import FOLD, HEAD

FETCHED_S = 600  # for so long after that workers may still fetch the blocks; later they read the collection anew
log = structlog.get_logger()


async def fold(
    client: redis.asyncio.Redis,
    where: CollectionKeys,
    kept_ms: int,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Move a pending version, if there is one. progress: called with the number of blocks done. Raises Unavailable when
    Redis is away."""
    ((_, _, pending, at_ms, blocks),) = await HEAD.run(client, WHAT, [(where.all, [])])
    if not pending:
        return
    staged = where.staged(pending.decode())
    for number in range(blocks):
        with redis_edge(WHAT):
            block = await client.hget(staged, str(number))
        if block is None:
            log.error("replica.block_lost", block=number, cure="import the whole list again with --replace")
        rows = unpacked(block) if block else []
        puts = [part for row in rows if row.item is not None for part in (row.key, row.item, row.holds_ms)]
        removes = [row.key for row in rows if row.item is None]
        last = FETCHED_S if number == blocks - 1 else ""
        encode = msgspec.msgpack.encode
        arguments = [pending, encode(puts), encode(removes), at_ms, kept_ms, last]
        await FOLD.run(client, WHAT, [([*where.all, staged], arguments)])
        if progress:
            progress(number + 1)
