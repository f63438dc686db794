"""Puts the alerts that are open back into the memory of the hotlist agent, where Redis has lost it.

They are read from their topic: without them, the removal of an entry would withdraw nothing that was decided before the loss.
Covert alerts are sealed for their owner, also from this agent: they are not put back.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from pipeline.hotlist.copied_plates import is_of_copied_plate
from pipeline.state.alert_memory import OPEN_MS, RedisAlertMemory
from pipeline.stream.recent import in_pages, look_patiently, recent, withdrawn_ids
from schemas.outcomes import Alert
from schemas.topics import ALERTS

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class AlertRecovery:
    """Watches the memory of open alerts, and fills it again. client_kwargs: of KafkaConnection.

    refilled: called when alerts were put back.
    """

    client_kwargs: Mapping[str, Any]
    namespace: str
    memory: RedisAlertMemory
    now_ms: Callable[[], int]
    refilled: Callable[[], None]

    async def run(self) -> None:
        """Watch until cancelled. While Redis or Kafka is away it tries again."""
        await look_patiently(self.look, "alerts.recovery_waiting")

    async def look(self) -> None:
        """Put the alerts back that are open, unless Redis has them. Raises Unavailable."""
        if await self.memory.is_whole():
            return
        topic, count = (self.client_kwargs, self.namespace, ALERTS, self.now_ms() - OPEN_MS), 0
        withdrawn = await withdrawn_ids(*topic)
        async for page in in_pages(recent(*topic)):
            # as they were decided, not what persons said of them later; no entry of the hotlist stands behind a copied plate
            alerts = [
                one for one in page if isinstance(one, Alert) and one.revision == 1 and not is_of_copied_plate(one)
            ]
            await self.memory.restored(alerts, withdrawn)
            count += len(alerts)
        await self.memory.restored((), withdrawn, whole=True)
        if count:
            log.warning("alerts.put_back", alerts=count, withdrawn=len(withdrawn))
            self.refilled()
