"""Follows alerts, incidents, violations and what officers decide about these, and notes which pictures they hold (see
pipeline.evidence.case_holds).

Whoever deletes pictures runs it: nothing is deleted before every case that was open when the process started is noted.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition

from pipeline.errors import BadRecord, Unavailable
from pipeline.evidence.case_holds import CaseEvent, take_note
from pipeline.evidence.store import EvidenceStore
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.stream import codec
from schemas.topics import ALERTS, INCIDENTS, JUDGEMENTS, VIOLATIONS, Topic

NAME = "retention"
CASES: tuple[Topic[Any], ...] = (ALERTS, INCIDENTS, VIOLATIONS, JUDGEMENTS)
FETCH_MS = 1_000
AGAIN_S = 5.0
LOOK_S = 60.0
STALE_S = 86_400.0
log = structlog.get_logger()


class CaseHolder:
    """Notes the pictures of cases from where its group had come. clock_s: a clock that never goes back."""

    def __init__(
        self, store: EvidenceStore, kafka: KafkaConnection, namespace: str, clock_s: Callable[[], float]
    ) -> None:
        self._store, self._kafka, self._clock_s = store, kafka, clock_s
        self._group = f"{namespace}-{NAME}"
        self._topics: Mapping[str, Topic[Any]] = {f"{namespace}.{topic.name}": topic for topic in CASES}
        self._known = asyncio.Condition()
        self._known_s: float | None = None

    async def known(self) -> None:
        """Return when everything that was on the topics at some moment of the last day has been noted."""
        async with self._known:
            await self._known.wait_for(lambda: self._known_s is not None and self._clock_s() - self._known_s < STALE_S)

    async def follow(self) -> None:
        """Take in the topics until cancelled. While Kafka or the store is away it waits."""
        while True:
            try:
                await self._read()
            except (KafkaError, OSError, Unavailable) as error:
                log.warning("cases.waiting", cause=str(error) or type(error).__name__)
            await asyncio.sleep(AGAIN_S)

    async def _read(self) -> None:
        consumer = AIOKafkaConsumer(
            *self._topics, group_id=self._group, enable_auto_commit=False, auto_offset_reset="earliest",
            fetch_max_wait_ms=FETCH_MS, **self._kafka.client_kwargs(),
        )  # fmt: skip
        try:
            await consumer.start()
            while True:
                looked_s, ends = self._clock_s(), await consumer.end_offsets(list(consumer.assignment()))
                while not await _reached(consumer, ends):
                    await self._take(consumer)
                async with self._known:
                    self._known_s = looked_s
                    self._known.notify_all()
                while self._clock_s() < looked_s + LOOK_S:
                    await self._take(consumer)
        finally:
            with contextlib.suppress(KafkaError, OSError):
                await consumer.stop()

    async def _take(self, consumer: Any) -> None:
        """Note what the records that are there hold, then commit; wait FETCH_MS where there are none."""
        batches = await consumer.getmany(timeout_ms=FETCH_MS)
        for partition, records in batches.items():
            for record in records:
                await self._note(self._topics[partition.topic], record.value)
        if batches:
            await consumer.commit()

    async def _note(self, topic: Topic[Any], payload: bytes | None) -> None:
        try:
            event: CaseEvent = codec.decode(topic, payload)
        except BadRecord as error:
            log.warning("cases.unreadable", topic=topic.name, reason=error.reason)
            return
        await take_note(self._store, event)


async def _reached(consumer: Any, ends: Mapping[TopicPartition, int]) -> bool:
    """Whether the consumer has read up to these offsets, in the partitions that it has."""
    here = consumer.assignment()
    return all([await consumer.position(one) >= end for one, end in ends.items() if one in here])
