"""Writes what persons' misreads exclude into the collection exclusions, which the hotlist agent follows."""

from collections.abc import Callable

import redis.asyncio

from pipeline.hotlist.quieting import PREFIX, quieted
from pipeline.state.collections import EXCLUSIONS
from pipeline.state.replica_writer import ReplicaWriter
from schemas.incidents import IncidentState

KEPT_MS = 86_400_000  # after its end; then it is removed when the next one is written


class Confusions:
    """The exclusions of all incidents' misreads. Every method raises Unavailable while Redis is away."""

    def __init__(self, client: redis.asyncio.Redis, namespace: str, now_ms: Callable[[], int]) -> None:
        self._writer = ReplicaWriter(client, namespace, now_ms=now_ms)
        self._now_ms = now_ms

    async def changed(self, before: IncidentState | None, after: IncidentState) -> None:
        """Write what the change from `before` to `after` excludes, and remove what it does not exclude any more. before None: all
        that `after` says. Twice is as once."""
        known, now = quieted(before), quieted(after)
        new = {name: one for name, one in now.items() if name not in known or known[name] != one}
        if not new:
            return
        put = [one for one in new.values() if one is not None]
        await self._writer.put(EXCLUSIONS, put)
        gone = [name for name, one in new.items() if one is None]
        await self._writer.remove(EXCLUSIONS, gone + (await self._ended() if put else []))

    async def _ended(self) -> list[str]:
        ended_ms = self._now_ms() - KEPT_MS
        return [
            one.exclusion_id
            for one in await self._writer.list(EXCLUSIONS)
            if one.exclusion_id.startswith(PREFIX) and one.valid_until_ms < ended_ms
        ]
