"""Sends to Kafka and waits for the acknowledgement: idempotent, acks=all, riding out a broker that is away."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, UnknownTopicOrPartitionError
from aiokafka.partitioner import murmur2

from pipeline.errors import BadRecord, Unavailable
from schemas.topics import COMPRESSION, DEAD_LETTERS

log = structlog.get_logger()
DELIVERY_TIMEOUT_MS = 30_000


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One record to send. partition None: the key decides."""

    topic: str  # the full name, with its namespace
    value: bytes
    key: bytes | None = None
    partition: int | None = None


def partition_of(key: str, partitions: int) -> int:
    """The fixed hash that every Kafka client uses: murmur2 of the key over the partition count."""
    return int((murmur2(key.encode()) & 0x7FFFFFFF) % partitions)


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
        producer = await self._ready()
        futures: list[asyncio.Future[Any]] = []
        try:
            for record in records:
                futures.append(
                    await producer.send(record.topic, record.value, key=record.key, partition=record.partition)
                )
            await asyncio.gather(*futures)
        except MessageSizeTooLargeError as error:
            await asyncio.gather(*futures, return_exceptions=True)
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
                    max_request_size=DEAD_LETTERS.max_message_bytes,
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


async def _quietly_stopped(producer: AIOKafkaProducer) -> None:
    try:
        await asyncio.wait_for(producer.stop(), 3.0)
    except (TimeoutError, KafkaError, OSError) as error:
        log.debug("sender.stop_failed", error=repr(error))


def _retrieved(future: "asyncio.Future[Any]") -> None:
    if not future.cancelled():
        future.exception()
