"""Puts back which messages were delivered to neighbours, where Redis has lost that: without it, what they say later of them would
be refused as said of messages that they never got. The receipts tell.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.state.later_words import KEPT_MS, LaterWords
from pipeline.stream.recent import in_pages, look_patiently, put_back, recent
from schemas.outcomes import Receipt, RecordPlace
from schemas.topics import RECEIPTS


@dataclass(frozen=True, slots=True)
class ToldRecovery:
    """Watches what is known of delivered messages, and fills it again. client_kwargs: of KafkaConnection."""

    client_kwargs: Mapping[str, Any]
    namespace: str
    words: LaterWords
    now_ms: Callable[[], int]

    async def run(self) -> None:
        """Watch until cancelled. While Redis or Kafka is away it tries again."""
        await look_patiently(self.look, "liaison.recovery_waiting")

    async def look(self) -> None:
        """Put back what the receipts tell, unless Redis has it. Raises Unavailable."""
        await put_back(self.words, self._fill, "liaison.told_put_back")

    async def _fill(self, _begun: str) -> int:
        count = 0
        async for page in in_pages(self._receipts()):
            told = [one for one in page if one.later is None and one.first_sent_at_ms is not None]
            await self.words.put_back(told)
            count += len(told)
        return count

    def _receipts(self) -> AsyncIterator[tuple[Receipt, RecordPlace, int]]:
        return recent(self.client_kwargs, self.namespace, RECEIPTS, max(0, self.now_ms() - KEPT_MS))
