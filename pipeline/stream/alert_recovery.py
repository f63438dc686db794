"""Puts the alerts of the last day back into the memory of the hotlist agent, where Redis has lost it.

They are read from their topic: without them, the removal of an entry would withdraw nothing that was decided before the loss.
Covert alerts are sealed for their owner, also from this agent: they are not put back.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from pipeline.state.alert_memory import DAY_MS, RedisAlertMemory
from pipeline.stream.recent import look_patiently, recent
from schemas.outcomes import Alert, Withdrawal
from schemas.topics import ALERTS

PAGE = 500  # alerts stored in one round trip
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
        """Put the alerts of the last day back, unless Redis has them. Raises Unavailable."""
        if await self.memory.is_whole():
            return
        messages = partial(recent, self.client_kwargs, self.namespace, ALERTS, self.now_ms() - DAY_MS)
        withdrawn = {one.id async for one, _, _ in messages() if isinstance(one, Withdrawal) and one.kind == "alert"}
        page: list[Alert] = []
        count = 0
        async for one, _, _ in messages():
            if isinstance(one, Alert) and one.revision == 1:  # as it was decided, not what persons said of it later
                page.append(one)
                count += 1
            if len(page) == PAGE:
                await self.memory.restored(page, withdrawn)
                page.clear()
        await self.memory.restored(page, withdrawn, whole=True)
        if count:
            log.warning("alerts.put_back", alerts=count, withdrawn=len(withdrawn))
            self.refilled()
