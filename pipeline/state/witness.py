"""Notices that Redis has forgotten: a failover to a replica that was empty or behind, a file that was lost.

Nobody can ask Redis what it no longer knows. So there is a witness: an era, drawn when Redis holds none, and a beat that every
worker counts up each second. Another era says that all was lost, a lower beat that Redis went back in time. And each agent leaves
its mark on an era, so that a worker that starts in one which its agent has not seen yet knows that Redis holds nothing of its own.
"""

import asyncio
import uuid
from collections.abc import Callable
from time import monotonic

import redis.asyncio
import structlog

from pipeline.errors import Unavailable
from pipeline.state.redis_port import Script

log = structlog.get_logger()
EVERY_S = 1.0
WHAT = "witness"

_BEAT = Script("""
redis.call('HSETNX', KEYS[1], 'era', ARGV[1])
local unseen = redis.call('HSETNX', KEYS[1], 'seen_by_' .. ARGV[2], 1)
return {redis.call('HGET', KEYS[1], 'era'), redis.call('HINCRBY', KEYS[1], 'beat', 1), unseen}
""")


class Witness:
    """Says what a worker relied on when Redis no longer has it. One for each worker; all share one era."""

    def __init__(
        self,
        client: redis.asyncio.Redis,
        namespace: str,
        agent: str,
        risk: str,
        *,
        on_lost: Callable[[], None] = lambda: None,
        on_new: Callable[[], None] = lambda: None,
    ) -> None:
        """risk: what may come of the loss, for the operator. on_lost: called at each loss. on_new: called when it starts in an era
        that no worker of this agent has seen: either all is new, or Redis was emptied while none ran."""
        self._client, self._key, self._agent = client, f"{{{namespace}:witness}}", agent
        self._risk, self._on_lost, self._on_new = risk, on_lost, on_new
        self._era: bytes | None = None
        self._beat = 0
        self._at_s = monotonic()

    async def run(self) -> None:
        """Watch for ever. Redis being away is waited out: it is no loss yet."""
        while True:
            try:
                await self.look()
            except Unavailable as error:
                log.debug("witness.waiting", cause=str(error))
            await asyncio.sleep(EVERY_S)

    async def look(self) -> bool:
        """Count one beat. True: Redis has lost what was written since the last look, or more. Raises Unavailable."""
        arguments = [uuid.uuid4().hex, self._agent]
        ((era, beat, unseen),) = await _BEAT.run(self._client, WHAT, [([self._key], arguments)])
        if self._era is None and unseen:
            self._on_new()
        emptied, behind = self._era not in (None, era), era == self._era and beat <= self._beat
        if emptied or behind:
            log.error("memory.lost", how="Redis was emptied" if emptied else "Redis is back at an older state",
                      last_seen_s_ago=round(monotonic() - self._at_s, 1), risk=self._risk)  # fmt: skip
            self._on_lost()
        self._era, self._beat, self._at_s = era, beat, monotonic()
        return bool(emptied or behind)
