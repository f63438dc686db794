"""What the gateways of one platform know of passages of which several messages may come, in Redis for a minute.

A gateway holds a passage while it keeps a message on it, so that two messages on one passage are related one after the other,
whichever gateways they come to.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple

import redis.asyncio

from pipeline.state.joined import Joined
from pipeline.state.redis_port import Argument, Script

WHAT = "passages"
KEPT_MS = 60_000
"""So long what was said of a passage is known to other gateways; a camera ends a passage within half of it."""
HELD_MS = 15_000
"""So long a passage is held at most: longer than a gateway waits for Kafka, short enough when one dies."""
_HOLD = Script("""
local holder = redis.call('GET', KEYS[2])
if holder and holder ~= ARGV[1] then return {0} end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return {1, redis.call('GET', KEYS[1])}
""")
_TELL = Script("""
local holder = redis.call('GET', KEYS[2])
if holder and holder ~= ARGV[1] then return 0 end
if ARGV[2] ~= '' then redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
if holder then redis.call('DEL', KEYS[2]) end
return 1
""")
_Call = tuple[tuple[str, str], list[Argument]]


class Borrowed(NamedTuple):
    """held: whether the passage may be told of now; False: another message holds it. known: what was told last; None: nothing."""

    held: bool
    known: bytes | None


class SharedPassages:
    """The passages of one namespace. Every method raises Unavailable when Redis is away. Calls that come together go together."""

    def __init__(self, client: redis.asyncio.Redis, namespace: str) -> None:
        self._client, self._prefix = client, f"{{{namespace}:passages}}"
        self._holding: Joined[_Call, list[object]] = Joined(self._hold)
        self._telling: Joined[_Call, int] = Joined(self._tell)

    async def hold(self, passage: str, holder: str) -> Borrowed:
        """Hold the passage for `holder` until it is told of, HELD_MS at most; see Borrowed."""
        free, *known = await self._holding.call((self._keys(passage), [holder, HELD_MS]))
        return Borrowed(free == 1, known[0] if known and isinstance(known[0], bytes) else None)

    async def tell(self, passage: str, holder: str, known: bytes | None) -> None:
        """Let go of the passage, and have others know this of it; None: they keep what they knew."""
        await self._telling.call((self._keys(passage), [holder, known or "", KEPT_MS]))

    def _keys(self, passage: str) -> tuple[str, str]:
        key = f"{self._prefix}:{blake2b(passage.encode(), digest_size=16).hexdigest()}"
        return key, f"{key}:held"

    async def _hold(self, calls: Sequence[_Call]) -> list[list[object]]:
        return await _HOLD.run(self._client, WHAT, calls)

    async def _tell(self, calls: Sequence[_Call]) -> list[int]:
        return await _TELL.run(self._client, WHAT, calls)
