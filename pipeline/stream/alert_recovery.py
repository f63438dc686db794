"""Puts the alerts of the last day back into the memory of the hotlist agent, where Redis has lost it.

They are read from their topic: without them, the removal of an entry would withdraw nothing that was decided before the loss.
Covert alerts are sealed for their owner, also from this agent: they are not put back.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from pipeline.errors import BadRecord, Unavailable
from pipeline.state.alert_memory import DAY_MS, RedisAlertMemory
from pipeline.stream import codec
from schemas.outcomes import Alert, Withdrawal
from schemas.topics import ALERTS

EVERY_S = 2.0  # between two looks at whether Redis still has the memory
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
        while True:
            try:
                await self.look()
            except Unavailable as error:
                log.debug("alerts.recovery_waiting", cause=str(error))
            await asyncio.sleep(EVERY_S)

    async def look(self) -> None:
        """Put the alerts of the last day back, unless Redis has them. Raises Unavailable."""
        if await self.memory.is_whole():
            return
        withdrawn = {one.id async for one in self._messages() if isinstance(one, Withdrawal) and one.kind == "alert"}
        page: list[Alert] = []
        count = 0
        async for one in self._messages():
            if isinstance(one, Alert):
                page.append(one)
                count += 1
            if len(page) == PAGE:
                await self.memory.restored(page, withdrawn)
                page.clear()
        await self.memory.restored(page, withdrawn, whole=True)
        if count:
            log.warning("alerts.put_back", alerts=count, withdrawn=len(withdrawn))
            self.refilled()

    async def _messages(self) -> AsyncIterator[Alert | Withdrawal]:
        """Yields what the broker took in the last day, up to now, in the order of each partition. Raises Unavailable."""
        consumer = AIOKafkaConsumer(
            f"{self.namespace}.{ALERTS.name}", auto_offset_reset="earliest", **self.client_kwargs
        )
        try:
            await consumer.start()
            async for value in _since(consumer, self.now_ms() - DAY_MS):
                try:
                    yield codec.decode(ALERTS, value)
                except BadRecord:
                    continue  # somebody else's; agents write none that cannot be read
        except (KafkaError, OSError) as error:
            raise Unavailable("Kafka (the alerts of the last day)") from error
        finally:
            await consumer.stop()


async def _since(consumer: AIOKafkaConsumer, from_ms: int) -> AsyncIterator[bytes]:
    """Yields the values from that time (broker's clock, UTC ms) on, until the present end of each partition."""
    partitions = sorted(consumer.assignment())
    ends: dict[TopicPartition, int] = await consumer.end_offsets(partitions)
    starts = await consumer.offsets_for_times(dict.fromkeys(partitions, from_ms))
    left = {one for one in partitions if starts.get(one) is not None and starts[one].offset < ends[one]}
    for one in left:
        consumer.seek(one, starts[one].offset)
    consumer.pause(*(one for one in partitions if one not in left))
    while left:
        for partition, records in (await consumer.getmany(timeout_ms=500)).items():
            for record in records:
                if record.offset < ends[partition]:
                    yield record.value
        left = {one for one in left if await consumer.position(one) < ends[one]}
