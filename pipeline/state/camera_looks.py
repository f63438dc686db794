"""Who stands at a camera's mast and watches what it sends, in Redis: gateways write what came from those senders alone, for a
minute, with at most one picture."""

from typing import Annotated, cast

import msgspec
import redis.asyncio

from pipeline.state.redis_port import redis_edge
from schemas.base import Count, EpochMs, Identifier, Text

WHAT = "watched cameras"
WATCHED_MS = 10_000
"""So long a watch holds, unless it is renewed."""
KEPT_MS = 60_000
MOST_WATCHED = 100


class Look(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the last message of a sender became. number: of its messages since somebody watches; at_ms: when it came (UTC); bytes:
    of its body. known_by: how its sender was known. reads: how many of its reads were kept. items: each as `vigie gateway try
    --json` shows it. why: the reason of each item that was refused, with its detail. picture: whether one is kept beside this.
    error: why the message was not kept at all; its sender is told to send again."""

    sender_id: Identifier
    number: Count
    at_ms: EpochMs
    bytes: Count
    maker: Annotated[str, msgspec.Meta(max_length=40)] | None = None
    known_by: Annotated[str, msgspec.Meta(max_length=20)] = ""
    reads: Count = 0
    items: Annotated[tuple[msgspec.Raw, ...], msgspec.Meta(max_length=8)] = ()
    why: Annotated[tuple[Text, ...], msgspec.Meta(max_length=8)] = ()
    error: Text = ""
    picture: bool = False


class CameraLooks:
    """Watches and what they see. Every method raises Unavailable when Redis is away."""

    def __init__(self, client: redis.asyncio.Redis, namespace: str) -> None:
        self._client, self._key = client, f"{{{namespace}:looks}}"

    async def watch(self, sender_id: str, now_ms: int) -> None:
        """Have gateways show what this sender sends, for WATCHED_MS."""
        with redis_edge(WHAT):
            await self._client.zadd(f"{self._key}:watched", {sender_id: now_ms + WATCHED_MS})
            await self._client.pexpire(f"{self._key}:watched", 2 * WATCHED_MS)

    async def watched(self, now_ms: int) -> frozenset[str]:
        """The senders that somebody watches now, at most MOST_WATCHED."""
        with redis_edge(WHAT):
            found = await self._client.zrangebyscore(f"{self._key}:watched", now_ms, "+inf", start=0, num=MOST_WATCHED)
        return frozenset(str(one, "utf-8") for one in cast(list[bytes], found))

    async def show(self, look: Look, picture: bytes | None) -> None:
        """Keep what the last message of a sender became, and its picture, if it had one."""
        with redis_edge(WHAT):
            if picture is not None:
                await self._client.set(f"{self._key}:picture:{look.sender_id}", picture, px=KEPT_MS)
            await self._client.set(f"{self._key}:last:{look.sender_id}", msgspec.json.encode(look), px=KEPT_MS)

    async def last(self, sender_id: str) -> Look | None:
        """What the last message of a sender became; None: nothing came within KEPT_MS while somebody watched."""
        with redis_edge(WHAT):
            raw = await self._client.get(f"{self._key}:last:{sender_id}")
        return msgspec.json.decode(raw, type=Look) if raw is not None else None

    async def picture(self, sender_id: str) -> bytes | None:
        """The last picture of a sender; None: none came within KEPT_MS while somebody watched."""
        with redis_edge(WHAT):
            found = await self._client.get(f"{self._key}:picture:{sender_id}")
        return cast(bytes | None, found)
