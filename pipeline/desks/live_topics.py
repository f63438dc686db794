"""Reads the topics of alerts, violations with their judgements, and incidents into pipeline.desks.live."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from pipeline.desks.covert_lives import CovertLives, Opened, Told
from pipeline.desks.events import Messages
from pipeline.desks.live import BACK_MS, Live
from pipeline.errors import BadRecord
from pipeline.runtime import batches
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.stream.covert_alerts import decode_opened
from schemas.incidents import IncidentState
from schemas.outcomes import RecordPlace
from schemas.topics import ALERTS, ALERTS_COVERT, INCIDENTS, JUDGEMENTS, VIOLATIONS, Topic

log = structlog.get_logger()
SHOWN: tuple[Topic[Any], ...] = (ALERTS, ALERTS_COVERT, VIOLATIONS, INCIDENTS, JUDGEMENTS)
WHOLE: tuple[Topic[Any], ...] = (VIOLATIONS, JUDGEMENTS, ALERTS_COVERT)
"""Read from the beginning: an officer judges a violation days later, and which judgement counts depends on those before it; how
a covert incident stands, on all that was decided about it."""
FETCH_MS = 50
HEAR_S, TAKE_S = 5.0, 0.5  # how often Kafka is asked how far the topics go; how long what is there takes to come here
AGAIN_S = 2.0


@dataclass(frozen=True, slots=True)
class Intake:
    """Takes records of the topics SHOWN into `live`, those of covert alerts by way of `covert`. key: opens covert alerts; None:
    they are passed over."""

    live: Live
    covert: CovertLives
    key: X25519PrivateKey | None
    now_ms: Callable[[], int]

    def take(self, topic: Topic[Any], record: Any) -> None:
        """Take one record of a topic in."""
        try:
            message = decode_opened(topic, record.value, self.key)
        except BadRecord as error:
            log.warning("live.unreadable", reason=error.reason)
            return
        at = RecordPlace(partition=record.partition, offset=record.offset)
        if topic is not ALERTS_COVERT:
            if isinstance(message, Messages):
                self.live.take(message, at, record.timestamp)
        elif isinstance(message, Opened):  # what is sealed for others is none
            self._show(self.covert.take(message, at, record.timestamp), record.timestamp)

    def look(self, known_ms: int) -> None:
        """Note that everything that was sent until known_ms (UTC) was taken in, and take in what time brought."""
        self.live.known_ms = known_ms
        self._show(self.covert.due(known_ms), known_ms)

    def _show(self, told: Iterable[Told], at_ms: int) -> None:
        since_ms = self.now_ms() - BACK_MS
        for one in told:
            if (one.changed_at_ms if isinstance(one, IncidentState) else at_ms) >= since_ms:
                self.live.take(one)


async def follow(
    live: Live,
    kafka: KafkaConnection,
    namespace: str,
    now_ms: Callable[[], int],
    covert_key: X25519PrivateKey | None = None,
) -> None:
    """Take in the topics SHOWN until cancelled: those of WHOLE from their beginning, the others from BACK_MS ago. While the broker
    is away it waits. covert_key: opens covert alerts; None: none are shown."""
    batches.bind()
    intake = Intake(live, CovertLives(live.directory), covert_key, now_ms)
    while True:
        topics = {f"{namespace}.{topic.name}": topic for topic in SHOWN}
        consumer = AIOKafkaConsumer(*topics, auto_offset_reset="earliest", **kafka.client_kwargs())
        hearing = None
        try:
            await consumer.start()
            ends = await _place(consumer, live, topics, now_ms() - BACK_MS)
            hearing = asyncio.create_task(_hear(consumer, intake))
            await _read(consumer, intake, topics, ends)
        except (KafkaError, OSError) as error:
            log.warning("live.waiting", cause=type(error).__name__)
        finally:
            if hearing is not None:
                hearing.cancel()
            with contextlib.suppress(KafkaError, OSError):
                await consumer.stop()
        await asyncio.sleep(AGAIN_S)


async def _hear(consumer: Any, intake: Intake) -> None:
    """Tell every HEAR_S until when everything is known, until cancelled; not while the broker is away or this process is behind."""
    while True:
        await asyncio.sleep(HEAR_S)
        asked_ms, live = intake.now_ms(), intake.live
        with contextlib.suppress(KafkaError, OSError, TimeoutError):
            async with asyncio.timeout(HEAR_S):
                ends = await consumer.end_offsets(list(live.position))
            await asyncio.sleep(TAKE_S)
            if all(live.position[one] >= end for one, end in ends.items()):
                intake.look(asked_ms)


async def _place(
    consumer: Any, live: Live, topics: Mapping[str, Topic[Any]], since_ms: int
) -> dict[TopicPartition, int]:
    """Seek each partition to where this process had come, at first to the first record since since_ms (UTC), or to the beginning
    of a topic that is read whole. Returns the present end of each partition."""
    partitions = list(consumer.assignment())
    since = {one: 0 if topics[one.topic] in WHOLE else max(0, since_ms) for one in partitions}
    begins = await consumer.offsets_for_times(since)
    ends = await consumer.end_offsets(partitions)
    for one in partitions:
        first = begins.get(one)
        live.position.setdefault(one, ends[one] if first is None else first.offset)
        consumer.seek(one, live.position[one])
    return dict(ends)


async def _read(
    consumer: Any, intake: Intake, topics: Mapping[str, Topic[Any]], ends: Mapping[TopicPartition, int]
) -> None:
    """Take in records. `intake.live` is ready when all records up to `ends` were taken in."""
    live, asked_ms = intake.live, intake.now_ms()
    while True:
        if not live.ready.is_set() and all(live.position[one] >= end for one, end in ends.items()):
            intake.look(asked_ms)
            live.ready.set()
        batches = await consumer.getmany(timeout_ms=FETCH_MS)
        for partition, records in batches.items():
            for record in records:
                intake.take(topics[partition.topic], record)
        for partition in live.position:  # also past what was left out
            live.position[partition] = await consumer.position(partition)
        await asyncio.sleep(0)
