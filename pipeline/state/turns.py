"""Turns in Redis: what two must not do at once, such as looking whether there is room and then taking it."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import redis.asyncio

from pipeline.errors import Unavailable
from pipeline.state.redis_port import Script

HELD_S = 120  # a holder that died loses its turn then
WAITED_S = 20.0
_AGAIN_S = 0.05
_TAKE = Script(
    """
if redis.call('HSETNX', KEYS[1], 'holder', ARGV[1]) == 0 then return redis.call('HGET', KEYS[1], 'holder') == ARGV[1] and 1 or 0 end
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1
"""
)
_GIVE_UP = Script("if redis.call('HGET', KEYS[1], 'holder') == ARGV[1] then redis.call('DEL', KEYS[1]) end return 1")


@asynccontextmanager
async def turn(client: redis.asyncio.Redis, key: str, what: str) -> AsyncIterator[None]:
    """Wait for the turn under this key, and give it up at the end. what: is done in it, for the message.

    Raises Unavailable when Redis is away, or when another does not give it up within WAITED_S. It is held for HELD_S at most.
    """
    mine, until = secrets.token_hex(8), asyncio.get_running_loop().time() + WAITED_S
    while not (await _TAKE.run(client, what, [([key], [mine, HELD_S])]))[0]:
        if asyncio.get_running_loop().time() > until:
            raise Unavailable(f"{what}, which another is changing", retry_after_s=WAITED_S)
        await asyncio.sleep(_AGAIN_S)
    try:
        yield
    finally:
        await _GIVE_UP.run(client, what, [([key], [mine])])
