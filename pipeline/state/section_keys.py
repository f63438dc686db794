"""The names of section control's keys in Redis, and how long they are kept."""

import redis.asyncio

from pipeline.sections.history import Key
from pipeline.state.section_records import name_of

WHAT = "section memory"
SAFETY_MS = (
    7 * 24 * 3_600_000
)  # what nobody looks at any more, because no agent runs, is gone with the topic's own records
HOUR_MS = 3_600_000
DIGESTS_MS = (2 * HOUR_MS, 12 * HOUR_MS, 72 * HOUR_MS, 34 * 24 * HOUR_MS)
"""So long a copy of a forgotten read is known at least: the first of these that is no shorter than an end waits on its section at
most. What comes later proves nothing anyway. The last is longer than any section may have its ends wait."""


class SectionKeys:
    """What every part of section control's memory is made of: the client, and the names of the keys."""

    def __init__(self, client: redis.asyncio.Redis, namespace: str) -> None:
        self._client = client
        self._namespace = namespace
        self._tag = f"{{{namespace}:section}}"

    @property
    def _whole(self) -> str:
        return f"{self._tag}:whole"

    def _forgotten(self, at_ms: int, span_ms: int) -> str:
        name = "forgotten" if span_ms == DIGESTS_MS[0] else f"forgotten/{span_ms // HOUR_MS}h"
        return f"{self._tag}:{name}:{at_ms // span_ms}"

    def _due(self, shard: int) -> str:
        return f"{self._tag}:due:{shard}"

    def _outbox(self, shard: int) -> str:
        return f"{self._tag}:outbox:{shard}"

    def _proven(self, shard: int) -> str:
        return f"{self._tag}:proven:{shard}"

    def _vehicle(self, key: Key) -> str:
        return f"{self._tag}:vehicle:{name_of(key)}"
