"""How the gateways' ways to their senders do, in Redis: which gateway fetches from whom, and who cannot be reached and why."""

from typing import Annotated

import msgspec
import redis.asyncio

from pipeline.state.redis_port import redis_edge
from schemas.base import EpochMs, Identifier

WHAT = "links"
LEASE_MS = 20_000
"""At most so long after a gateway died, another fetches from its senders."""
KEPT_MS = 7 * 86_400_000
STALE_MS = 180_000
"""A link of which no gateway has said anything for so long is nobody's."""


class Link(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The way to one sender. why, cure: in words where it cannot be reached; empty where it answers. since_ms: from when on that
    is so; at_ms: when it was said last (UTC)."""

    sender_id: Identifier
    way: Annotated[str, msgspec.Meta(max_length=20)]  # fetched from | folder
    since_ms: EpochMs
    at_ms: EpochMs
    why: Annotated[str, msgspec.Meta(max_length=400)] = ""
    cure: Annotated[str, msgspec.Meta(max_length=400)] = ""


class Links:
    """The links of all gateways. Every method raises Unavailable when Redis is away."""

    def __init__(self, client: redis.asyncio.Redis, namespace: str) -> None:
        self._client, self._key = client, f"{{{namespace}:links}}"

    async def lease(self, sender_id: str, owner: str) -> bool:
        """Take or renew the lease on this sender for LEASE_MS. Returns whether `owner` has it: nobody else fetches from the sender
        meanwhile."""
        key = f"{self._key}:lease:{sender_id}"
        with redis_edge(WHAT):
            if await self._client.set(key, owner, nx=True, px=LEASE_MS):
                return True
            if await self._client.get(key) != owner.encode():
                return False
            return bool(await self._client.pexpire(key, LEASE_MS))

    async def end_lease(self, sender_id: str, owner: str) -> None:
        """Let another gateway fetch from this sender at once; does nothing where `owner` does not have the lease."""
        key = f"{self._key}:lease:{sender_id}"
        with redis_edge(WHAT):
            if await self._client.get(key) == owner.encode():
                await self._client.delete(key)

    async def tell(self, links: list[Link]) -> None:
        """Keep how these links do."""
        if not links:
            return
        packed = [part for one in links for part in (one.sender_id, msgspec.json.encode(one))]
        with redis_edge(WHAT):
            await self._client.hset(f"{self._key}:told", items=packed)
            await self._client.pexpire(f"{self._key}:told", KEPT_MS)

    async def all(self) -> dict[str, Link]:
        """How each link does, by sender."""
        with redis_edge(WHAT):
            found = [msgspec.json.decode(raw, type=Link) for raw in await self._client.hvals(f"{self._key}:told")]
        return {one.sender_id: one for one in found}

    async def forget(self, sender_ids: list[str]) -> None:
        """Forget these links."""
        if sender_ids:
            with redis_edge(WHAT):
                await self._client.hdel(f"{self._key}:told", *sender_ids)
