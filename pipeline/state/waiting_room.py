"""Who knocked at a gateway and was not let in, in Redis: counted, bounded, without secrets, and of what was sent one redacted
sample."""

from collections import Counter
from typing import Literal

import msgspec
import redis.asyncio

from pipeline.state.redis_port import redis_edge

WHAT = "waiting room"
MOST = 1_000
"""Senders that are kept, so that nobody fills Redis by knocking."""
KEPT_MS = 7 * 86_400_000
"""Who has not knocked for so long is forgotten."""


LONGEST = 80
"""Letters of a name, an address or a program."""
LONGEST_SAMPLE = 2_000
"""Letters of a sample."""
Why = Literal["no_password", "unknown_sender", "wrong_password", "not_by_address"]


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody sends who is not let in, redacted (see pipeline.gateway.samples). maker: that recognises it; None: none does.
    content_type: empty: it says none. text: empty where it is compressed."""

    maker: str | None
    content_type: str
    text: str


class Knock(msgspec.Struct, frozen=True, kw_only=True):
    """A sender that was not let in. name: as it calls itself, or where it came from."""

    name: str
    peer: str  # address that it came from last; behind a balancer the balancer's
    why: Why
    program: str  # as its User-Agent says
    first_ms: int
    last_ms: int
    count: int
    sample: Sample | None = None  # of the first request that had a body


class WaitingRoom:
    """The senders that wait. Every method raises Unavailable when Redis is away."""

    def __init__(self, client: redis.asyncio.Redis, namespace: str) -> None:
        self._client, self._key = client, f"{{{namespace}:waiting}}:senders"

    async def add(self, knocks: list[Knock]) -> None:
        """Add these knocks to those known. Two gateways that do so at once may lose a count, and never a sender. Where there
        are more than fit, `crowded_out` says which are forgotten."""
        if not knocks:
            return
        with redis_edge(WHAT):
            known = await self._client.hmget(self._key, [one.name for one in knocks])
            changed = {
                one.name: one if raw is None else _joined(msgspec.json.decode(raw, type=Knock), one)
                for one, raw in zip(knocks, known, strict=True)
            }
            packed = [part for name, one in changed.items() for part in (name, msgspec.json.encode(one))]
            await self._client.hset(self._key, items=packed)
            await self._client.pexpire(self._key, KEPT_MS)
            if int(await self._client.hlen(self._key)) <= MOST:
                return
            gone = crowded_out(await self._all(), MOST)
            if gone:
                await self._client.hdel(self._key, *gone)

    async def all(self) -> list[Knock]:
        """All that wait, the last one first. Those that have not knocked for KEPT_MS before the last one are forgotten."""
        with redis_edge(WHAT):
            found = sorted(await self._all(), key=lambda one: -one.last_ms)
            gone = [one.name for one in found if one.last_ms < found[0].last_ms - KEPT_MS]
            if gone:
                await self._client.hdel(self._key, *gone)
        return found[: len(found) - len(gone)]

    async def forget(self, names: list[str]) -> int:
        """Delete the senders with these names. Returns how many of them there were."""
        with redis_edge(WHAT):
            return int(await self._client.hdel(self._key, *names)) if names else 0

    async def forget_all(self) -> int:
        """Forget everybody; returns how many there were."""
        with redis_edge(WHAT):
            count = int(await self._client.hlen(self._key))
            await self._client.delete(self._key)
        return count

    async def _all(self) -> list[Knock]:
        return [msgspec.json.decode(raw, type=Knock) for raw in await self._client.hvals(self._key)]


def crowded_out(knocks: list[Knock], most: int) -> list[str]:
    """The names to forget so that `most` are left: of the address with the most names the one that knocked least often, and of
    those the one that has not knocked for the longest time. So whoever invents names crowds out names of its own.

    >>> def knock(name, peer, count):
    ...     return Knock(name=name, peer=peer, why="no_password", program="", first_ms=0, last_ms=0, count=count)
    >>> crowded_out([knock("a", "x", 1), knock("b", "y", 3), knock("c", "y", 2)], 2)
    ['c']
    """
    names = Counter(one.peer for one in knocks)
    by_peer: dict[str, list[Knock]] = {}
    for one in sorted(knocks, key=lambda one: (-one.count, -one.last_ms)):
        by_peer.setdefault(one.peer, []).append(one)
    gone = []
    for _ in range(len(knocks) - most):
        ((peer, _count),) = names.most_common(1)
        gone.append(by_peer[peer].pop().name)
        names[peer] -= 1
    return gone


def _joined(known: Knock, new: Knock) -> Knock:
    return msgspec.structs.replace(
        new, first_ms=known.first_ms, count=known.count + new.count, sample=new.sample or known.sample
    )
