"""Puts the violations that stand back into the memory of section control, where Redis has lost it.

They are read from their topic: without them, nothing that arrives later could take back or lessen what was sent before the loss,
and a violation that was sent as the correction of another would be sent a second time, as it was before. Nothing is decided
meanwhile.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.sections.vehicle import PROVEN_KEEP_MS
from pipeline.state.section_put_back import PuttingBack
from pipeline.stream.recent import in_pages, look_patiently, put_back, recent, withdrawn_ids
from schemas.outcomes import Violation
from schemas.topics import VIOLATIONS


@dataclass(frozen=True, slots=True)
class ViolationRecovery:
    """Watches the memory of section control, and fills it again. client_kwargs: of KafkaConnection. settle_ms: the settling
    time."""

    client_kwargs: Mapping[str, Any]
    namespace: str
    memory: PuttingBack
    settle_ms: int
    now_ms: Callable[[], int]

    async def run(self) -> None:
        """Watch until cancelled. While Redis or Kafka is away it tries again."""
        await look_patiently(self.look, "violations.recovery_waiting")

    async def look(self) -> None:
        """Put back the violations of the last PROVEN_KEEP_MS that were not withdrawn, unless Redis has them. Raises Unavailable."""
        await put_back(self.memory, self._fill, "violations.put_back")

    async def _fill(self, begun: str) -> int:
        now_ms, count = self.now_ms(), 0
        topic = self.client_kwargs, self.namespace, VIOLATIONS, now_ms - PROVEN_KEEP_MS
        withdrawn = await withdrawn_ids(*topic)
        async for page in in_pages(recent(*topic)):
            standing = [one for one in page if isinstance(one, Violation) and one.violation_id not in withdrawn]
            await self.memory.put_back(standing, begun, now_ms, self.settle_ms)
            count += len(standing)
        return count
