"""Remembers ids in Redis, so that what was done for one of them is not done twice."""

import uuid
from collections.abc import Sequence

import redis.asyncio

from pipeline.state.redis_port import Argument, Script

_FIRST = Script("""
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
if redis.call('GET', KEYS[1]) == ARGV[1] then return 1 end
return 0
""")


class SeenOnce:
    """Tells whether an id is seen for the first time. Each id is remembered for ttl_ms."""

    def __init__(self, client: redis.asyncio.Redis, namespace: str, name: str, ttl_ms: int) -> None:
        self._client = client
        self._prefix = f"{namespace}:seen:{name}"
        self._ttl_ms = ttl_ms

    async def first_time(self, ids: Sequence[str], claims: Sequence[str] | None = None) -> list[bool]:
        """For each id, whether it is seen for the first time; in order, in one round trip. Raises Unavailable when Redis is
        away.

        claims: one per id, naming who asks (a record's topic, partition and offset, for example). The claim that got True
        first gets True again, so that a record that is read again after a crash is not taken for a second copy. Without
        claims only one call gets True.
        """
        once = uuid.uuid4().hex  # a retry inside the client stays this call
        asking = claims if claims is not None else [f"{once}/{index}" for index in range(len(ids))]
        calls: list[tuple[list[str], list[Argument]]] = [
            ([self._key(id_)], [claim, self._ttl_ms]) for id_, claim in zip(ids, asking, strict=True)
        ]
        return [answer == 1 for answer in await _FIRST.run(self._client, "dedup memory", calls)]

    async def forget(self, ids: Sequence[str]) -> None:
        """Forget these ids, as if they had never been seen. Raises Unavailable when Redis is away."""
        await _DELETE.run(self._client, "dedup memory", [([self._key(id_)], []) for id_ in ids])

    def _key(self, id_: str) -> str:
        return f"{{{self._prefix}:{id_}}}"


_DELETE = Script("return redis.call('DEL', KEYS[1])")
