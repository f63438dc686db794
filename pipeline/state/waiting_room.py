"""Who knocked at a gateway and was not let in, in Redis: counted, bounded, without secrets and without what was sent."""

import msgspec
import redis.asyncio

from pipeline.state.redis_port import redis_edge

WHAT = "waiting room"
MOST = 1_000
"""Senders that are kept; beyond them new ones are counted by the metric alone, so that nobody fills Redis by knocking."""


class Knock(msgspec.Struct, frozen=True, kw_only=True):
    """A sender that was not let in. name: as it calls itself, or where it came from."""

    name: str
    peer: str  # address that it came from last; behind a balancer the balancer's
    why: str  # no_password | unknown_sender | wrong_password | not_by_address
    program: str  # as its User-Agent says
    first_ms: int
    last_ms: int
    count: int


class WaitingRoom:
    """The senders that wait. Every method raises Unavailable when Redis is away."""

    def __init__(self, client: redis.asyncio.Redis, namespace: str) -> None:
        self._client, self._key = client, f"{{{namespace}:waiting}}:senders"

    async def add(self, knocks: list[Knock]) -> None:
        """Add these knocks to those known. Two gateways that do so at once may lose a count, and never a sender."""
        if not knocks:
            return
        with redis_edge(WHAT):
            room = MOST - int(await self._client.hlen(self._key))
            known = await self._client.hmget(self._key, [one.name for one in knocks])
            changed: dict[str, bytes] = {}
            for one, raw in zip(knocks, known, strict=True):
                if raw is not None:
                    changed[one.name] = msgspec.json.encode(_joined(msgspec.json.decode(raw, type=Knock), one))
                elif room > 0:
                    changed[one.name], room = msgspec.json.encode(one), room - 1
            if changed:
                await self._client.hset(self._key, items=[part for pair in changed.items() for part in pair])

    async def all(self) -> list[Knock]:
        """All senders that wait, the one that knocked last first."""
        with redis_edge(WHAT):
            found = await self._client.hvals(self._key)
        return sorted((msgspec.json.decode(raw, type=Knock) for raw in found), key=lambda one: -one.last_ms)

    async def forget(self, names: list[str]) -> int:
        """Delete the senders with these names. Returns how many of them there were."""
        with redis_edge(WHAT):
            return int(await self._client.hdel(self._key, *names)) if names else 0


def _joined(known: Knock, new: Knock) -> Knock:
    return msgspec.structs.replace(new, first_ms=known.first_ms, count=known.count + new.count)
