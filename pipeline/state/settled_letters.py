"""Remembers which dead letters an operator has settled, and how, for as long as the letters themselves are kept."""

from collections.abc import Iterable

import redis.asyncio

from pipeline.state.redis_port import redis_edge

Field = str | bytes | bytearray | memoryview | int | float  # what redis-py takes as one
WHAT = "the dead letters' state"


class SettledLetters:
    """What the operator did with each dead letter, by dead_letter_id, in one Redis hash.

    If Redis loses it, the letters are open again, which is harmless: a record that is sent back a second time has the same
    ids.
    """

    def __init__(self, client: redis.asyncio.Redis, namespace: str) -> None:
        self._client = client
        self._key = f"{{{namespace}:dead-letters}}:settled"

    async def all(self) -> dict[str, str]:
        """What was done with each letter, by its id. Raises Unavailable."""
        with redis_edge(WHAT):
            found = await self._client.hgetall(self._key)
        return {_text(name): _text(value) for name, value in found.items()}

    async def settle(self, ids: Iterable[str], what: str, known: Iterable[str]) -> None:
        """Store what became of these dead letters. Raises Unavailable.

        What is stored of letters that are not in `known` is deleted. ids: the letters. what: what became of them. known: the
        ids of all letters that the topic still keeps.
        """
        fresh: dict[Field, Field] = dict.fromkeys(ids, what)
        with redis_edge(WHAT):
            if fresh:
                await self._client.hset(self._key, mapping=fresh)
            gone = (await self.all()).keys() - set(known) - fresh.keys()
            if gone:
                await self._client.hdel(self._key, *gone)


def _text(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.decode()
