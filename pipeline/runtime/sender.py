"""Sends to Kafka and waits for the acknowledgement: idempotent, acks=all, riding out a broker that is away.

What is sent at once goes as one batch of records a partition, made here: it takes a third of the time that aiokafka's producer
needs to look after each record by itself.
"""

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, UnknownTopicOrPartitionError
from aiokafka.partitioner import murmur2
from aiokafka.structs import TopicPartition

from pipeline.errors import BadRecord, Unavailable
from schemas.topics import COMPRESSION, DEAD_LETTERS

log = structlog.get_logger()
DELIVERY_TIMEOUT_MS = 30_000
MAX_BYTES = DEAD_LETTERS.max_message_bytes
OVERHEAD_BYTES = 4096  # of a record beyond its value: key, headers, the batch around it


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One record to send. partition None: the key decides; without a key, chance."""

    topic: str  # the full name, with its namespace
    value: bytes
    key: bytes | None = None
    partition: int | None = None


def partition_of(key: bytes, partitions: int) -> int:
    """The fixed hash that every Kafka client uses: murmur2 of the key over the partition count."""
    return int((murmur2(key) & 0x7FFFFFFF) % partitions)


class Sender:
    """One producer, replaced when the broker's answer leaves its state in doubt. client_kwargs: of KafkaConnection."""

    def __init__(self, client_kwargs: Mapping[str, Any], *, linger_ms: int = 0) -> None:
        self._kwargs = dict(client_kwargs)
        self._linger_ms = linger_ms
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()
        self._partitions: dict[str, int] = {}

    async def start(self) -> None:
        """Connect. Raises Unavailable when no broker answers."""
        await self._ready()

    async def stop(self) -> None:
        """Flush and disconnect; at most a few seconds, even when the broker is away."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await _quietly_stopped(producer)

    async def partitions(self, topic: str) -> int:
        """How many partitions the topic has (full name). Raises Unavailable."""
        if topic not in self._partitions:
            producer = await self._ready()
            try:
                found = await producer.partitions_for(topic)
            except KafkaError as error:
                raise Unavailable("Kafka") from error
            if not found:
                raise Unavailable(f"topic {topic}")
            self._partitions[topic] = len(found)
        return self._partitions[topic]

    async def send_all(self, records: Sequence[Outgoing]) -> None:
        """Send these, in order per partition, and wait until the broker has acknowledged every one.

        Raises Unavailable when it did not: then any of them may have arrived, and all must be sent again (their ids drop the
        second copy). Raises BadRecord when a record is larger than its topic takes.
        """
        if not records:
            return
        largest = max([len(record.value) for record in records])
        if largest + OVERHEAD_BYTES > MAX_BYTES:
            raise BadRecord("too_large", f"an output is larger than any topic takes: {largest} bytes")
        producer = await self._ready()
        futures: list[asyncio.Future[Any]] = []
        try:
            for tp, of_it in (await _by_partition(producer, records)).items():
                await _queue(producer, tp, of_it, futures)
            await asyncio.gather(*futures)
        except MessageSizeTooLargeError as error:
            await asyncio.gather(*futures, return_exceptions=True)
            await self._replace(
                producer, error
            )  # it has counted what the broker has not: the next batch would be out of order
            raise BadRecord("too_large", f"an output is larger than its topic takes: {error}") from error
        except (KafkaError, OSError) as error:
            await asyncio.gather(*futures, return_exceptions=True)
            await self._replace(producer, error)
            raise Unavailable("Kafka") from error
        except asyncio.CancelledError:
            for future in futures:
                future.add_done_callback(_retrieved)
            raise

    async def _ready(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    acks="all",
                    enable_idempotence=True,
                    linger_ms=self._linger_ms,
                    compression_type=COMPRESSION,
                    max_batch_size=256 * 1024,
                    max_request_size=MAX_BYTES,
                    request_timeout_ms=DELIVERY_TIMEOUT_MS,
                    retry_backoff_ms=100,
                    metadata_max_age_ms=30_000,
                    **self._kwargs,
                )
                try:
                    await producer.start()
                except (KafkaError, OSError) as error:
                    await _quietly_stopped(producer)
                    raise Unavailable("Kafka") from error
                self._producer = producer
            return self._producer

    async def _replace(self, producer: AIOKafkaProducer, error: Exception) -> None:
        log.warning("sender.replaced", error=repr(error), unknown_topic=isinstance(error, UnknownTopicOrPartitionError))
        if self._producer is producer:
            self._producer = None
            await _quietly_stopped(producer)


async def _by_partition(
    producer: AIOKafkaProducer, records: Sequence[Outgoing]
) -> dict[TopicPartition, list[Outgoing]]:
    """The records of each partition, in order."""
    counts = {topic: len(await producer.partitions_for(topic)) for topic in {record.topic for record in records}}
    found: dict[TopicPartition, list[Outgoing]] = {}
    for record in records:
        place, count = record.partition, counts[record.topic]
        if place is None:
            place = random.randrange(count) if record.key is None else partition_of(record.key, count)
        found.setdefault(TopicPartition(record.topic, place), []).append(record)
    return found


async def _queue(
    producer: AIOKafkaProducer, tp: TopicPartition, records: Sequence[Outgoing], futures: list[asyncio.Future[Any]]
) -> None:
    """Hand the records of one partition to the producer, in as many batches as they need; a future for each."""
    batch = producer.create_batch()
    for record in records:
        if batch.append(key=record.key, value=record.value, timestamp=None) is None:  # full; an empty one takes any
            futures.append(await producer.send_batch(batch, tp.topic, partition=tp.partition))
            batch = producer.create_batch()
            batch.append(key=record.key, value=record.value, timestamp=None)
    batch.close()
    futures.append(await producer.send_batch(batch, tp.topic, partition=tp.partition))


async def _quietly_stopped(producer: AIOKafkaProducer) -> None:
    try:
        await asyncio.wait_for(producer.stop(), 3.0)
    except (TimeoutError, KafkaError, OSError) as error:
        log.debug("sender.stop_failed", error=repr(error))


def _retrieved(future: "asyncio.Future[Any]") -> None:
    if not future.cancelled():
        future.exception()
