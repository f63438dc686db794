"""Puts the forwards of the last day back into the memory of the agent cross_border, where Redis has lost it.

They are made again of their alerts, as they were made then, and are not sent: without them, the withdrawal of an alert or the end
of a policy would recall nothing that was told before the loss.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from pipeline.errors import Unavailable
from pipeline.neighbours.recalls import Sent
from pipeline.state.alert_memory import DAY_MS
from pipeline.state.forward_memory import RedisForwardMemory
from pipeline.stream.recent import look_patiently, recent
from schemas.outcomes import Alert, RecordPlace
from schemas.topics import ALERTS

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ForwardRecovery:
    """Watches the memory of forwards, and fills it again. client_kwargs: of KafkaConnection.

    made: the forwards of an alert that stands at a place and came at a time (UTC ms), as they are stored; None while the reference
    data that it needs is missing.
    """

    client_kwargs: Mapping[str, Any]
    namespace: str
    memory: RedisForwardMemory
    now_ms: Callable[[], int]
    made: Callable[[Alert, RecordPlace, int], list[Sent] | None]

    async def run(self) -> None:
        """Watch until cancelled. While Redis or Kafka is away, or reference data is missing, it tries again."""
        await look_patiently(self.look, "forwards.recovery_waiting")

    async def look(self) -> None:
        """Put the forwards of the last day back, unless Redis has them. Raises Unavailable."""
        if await self.memory.is_whole():
            return
        count = 0
        async for alert, place, taken_ms in recent(self.client_kwargs, self.namespace, ALERTS, self.now_ms() - DAY_MS):
            if not isinstance(alert, Alert):
                continue
            made = self.made(alert, place, taken_ms)
            if made is None:
                raise Unavailable("the reference data (no policies are known)")
            if made:  # whoever handles the record itself gets the same answer, and sends it
                await self.memory.admitted(made, [f"{place.partition}/{place.offset}"] * len(made))
                count += len(made)
        await self.memory.note_whole()
        if count:
            log.warning("forwards.put_back", forwards=count)
