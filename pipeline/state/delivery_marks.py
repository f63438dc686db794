"""Marks on forwards in Redis: cross_border marks what it recalls, liaison what it attempts and what it drops unsent."""

from collections.abc import Sequence

import redis.asyncio

from pipeline.state.redis_port import Script
from schemas.topics import FORWARDS_KEPT_MS as KEPT_MS

WHAT = "forward memory"  # its name when it is away
_MARK = Script("return redis.call('SET', KEYS[1], '1', 'PX', ARGV[1])")
_MARKED = Script("return redis.call('EXISTS', KEYS[1])", reads_only=True)


class DeliveryMarks:
    """Reads and writes the marks of forwards: recalled; attempted (a delivery was begun); dropped (recalled before any
    delivery)."""

    def __init__(self, client: redis.asyncio.Redis, namespace: str) -> None:
        self._client = client
        self._namespace = namespace

    async def is_recalled(self, forward_id: str) -> bool:
        """Whether the forward was recalled. Raises Unavailable when Redis is away."""
        return bool((await _MARKED.run(self._client, WHAT, [([self._recalled_key(forward_id)], [])]))[0])

    async def was_attempted(self, forward_id: str) -> bool:
        """Whether a delivery of the forward was begun, as far as Redis still knows. Raises Unavailable when Redis is away."""
        return bool((await _MARKED.run(self._client, WHAT, [([self._key("attempted", forward_id)], [])]))[0])

    async def was_dropped(self, forward_id: str) -> bool:
        """Whether the forward was recalled before any delivery was begun. Raises Unavailable when Redis is away."""
        return bool((await _MARKED.run(self._client, WHAT, [([self._key("dropped", forward_id)], [])]))[0])

    async def dropped(self, forward_id: str) -> None:
        """Note that the forward was recalled before any delivery was begun. Raises Unavailable when Redis is away."""
        await _MARK.run(self._client, WHAT, [([self._key("dropped", forward_id)], [2 * KEPT_MS])])

    async def attempting(self, forward_id: str) -> None:
        """Note that a delivery of the forward begins. Raises Unavailable when Redis is away."""
        await _MARK.run(self._client, WHAT, [([self._key("attempted", forward_id)], [2 * KEPT_MS])])

    async def recalled(self, forward_ids: Sequence[str]) -> None:
        """Mark these forwards as recalled. Raises Unavailable when Redis is away."""
        await _MARK.run(self._client, WHAT, [([self._recalled_key(one)], [2 * KEPT_MS]) for one in forward_ids])

    def _recalled_key(self, forward_id: str) -> str:
        """The Redis key of the mark that cross_border writes."""
        return f"{{{self._namespace}:forwards:recalled:{forward_id}}}"

    def _key(self, mark: str, forward_id: str) -> str:
        """The Redis key of a mark that liaison writes. mark: attempted, dropped."""
        return f"{{{self._namespace}:deliveries:{mark}:{forward_id}}}"
