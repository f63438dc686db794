"""Notices that Redis has forgotten: a failover to a replica that was empty or behind, a file that was lost.

Nobody can ask Redis what it no longer knows. So there is a witness: an era, drawn when Redis holds none, and a beat that every
worker leaves each second. Another era says that all was lost; a beat of its own that is gone, that Redis went back in time.
What was written after the last beat cannot be missed in this way: where another process answers than before, a worker takes
for lost what it wrote since. And each agent leaves its mark on an era, so that a worker that starts in one which its agent has
not seen yet knows that Redis holds nothing of its own. (In a Redis Cluster, it is the node with the witness that is watched.)
"""

import asyncio
import uuid
from collections.abc import Callable
from time import monotonic
from typing import Generic, TypeVar

import redis.asyncio
import structlog

from pipeline.errors import Unavailable
from pipeline.state.redis_port import Argument, Script

log = structlog.get_logger()
EVERY_S = 1.0
WHAT = "witness"
Place = TypeVar("Place")

KEPT_MS = 24 * 3_600_000

_BEAT = Script("""
redis.call('HSETNX', KEYS[1], 'era', ARGV[1])
local unseen = redis.call('HSETNX', KEYS[1], 'seen_by_' .. ARGV[2], 1)
local before = redis.call('GET', KEYS[2])
redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[4])
local about = redis.pcall('INFO', 'server')
local process = type(about) == 'string' and string.match(about, 'run_id:(%w+)') or ''
return {redis.call('HGET', KEYS[1], 'era'), before or '', unseen, process}
""")


class Witness(Generic[Place]):
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
        place: Callable[[], Place] | None = None,
        on_moved: Callable[[Place], None] = lambda _place: None,
    ) -> None:
        """risk: what may come of the loss, for the operator. on_lost: called at each loss. on_new: called when it starts in an era
        that no worker of this agent has seen: either all is new, or Redis was emptied while none ran. on_moved: called when another
        process answers, with what `place` gave before the last beat: all that was written by then is there."""
        self._client, self._agent = client, agent
        self._keys = (f"{{{namespace}:witness}}", f"{{{namespace}:witness}}:{uuid.uuid4().hex}")
        self._risk, self._on_lost, self._on_new, self._on_moved = risk, on_lost, on_new, on_moved
        self._place, self._was = place, place() if place else None
        self._era: bytes | None = None
        self._process = b""
        self._beats = 0
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
        """Leave one beat. True: Redis has lost what was written before the last look. Raises Unavailable."""
        place = self._place() if self._place else None
        beats = self._beats + 1
        arguments: list[Argument] = [uuid.uuid4().hex, self._agent, beats, KEPT_MS]
        ((era, before, unseen, process),) = await _BEAT.run(self._client, WHAT, [(self._keys, arguments)])
        first = self._era is None
        if first and unseen:
            self._on_new()
        emptied = not first and era != self._era
        behind = not first and not emptied and before not in (b"%d" % self._beats, b"%d" % beats)  # the latter: a retry
        if emptied or behind:
            log.error("memory.lost", how="Redis was emptied" if emptied else "Redis is back at an older state",
                      last_seen_s_ago=round(monotonic() - self._at_s, 1), risk=self._risk)  # fmt: skip
            self._on_lost()
        elif not first and process != self._process:
            log.info("memory.moved", last_seen_s_ago=round(monotonic() - self._at_s, 1))
            if self._was is not None:
                self._on_moved(self._was)
        self._era, self._process, self._beats, self._at_s, self._was = era, process, beats, monotonic(), place
        return bool(emptied or behind)
