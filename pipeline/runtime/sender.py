"""Sends records to Kafka and waits for the acknowledgement: idempotent, with acks=all, waiting while a broker is away.

Records that are sent together go as one batch a partition, made here, because aiokafka's producer handles each record by
itself, which costs more. A record that is alone in its partition is left to aiokafka, which puts those of several calls into
one batch.
"""

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, UnknownTopicOrPartitionError

from pipeline.errors import BadRecord, Unavailable
from pipeline.runtime import batches
from pipeline.runtime.partitioner import partition_of
from schemas.topics import COMPRESSION, DEAD_LETTERS

log = structlog.get_logger()
DELIVERY_TIMEOUT_MS = 30_000
STOP_WAIT_S = 3.0
MAX_BYTES = DEAD_LETTERS.max_message_bytes
OVERHEAD_BYTES = 4096  # of a record beyond its value: key, headers, the batch around it


class Outgoing(msgspec.Struct, frozen=True, gc=False):
    """One record to send. partition None: the key decides; without a key, a random one."""

    topic: str  # the full name, with its namespace
    value: bytes
    key: bytes | None = None
    partition: int | None = None


class Sender:
    """One aiokafka producer; it is replaced by a new one after an error that leaves its sequence numbers in doubt.
    client_kwargs: see KafkaConnection. heard: called with the broker's time (UTC ms) of what it acknowledged."""

    def __init__(self, client_kwargs: Mapping[str, Any]) -> None:
        self.client_kwargs = dict(client_kwargs)
        self.heard: Callable[[int], None] = lambda _broker_ms: None
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()
        # Held by whoever hands records to the producer, or closes it: several at the same time in aiokafka's `send_batch` shorten
        # each other's patience, and one that is still in it when the producer closes is there for ever.
        self._queueing = asyncio.Lock()
        self._stopping: set[asyncio.Task[None]] = set()
        self._partitions: dict[str, int] = {}

    async def start(self) -> None:
        """Connect. Raises Unavailable when no broker answers."""
        await self._ready()

    async def stop(self) -> None:
        """Flush and disconnect; at most a few seconds, even when the broker is away."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await self._stopped(producer)

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
        """Send these records, in order per partition, and wait until the broker has acknowledged all.

        Raises Unavailable when it has not, and BadRecord when a record is larger than its topic allows. After either, any of
        the records may have arrived: send all again (readers drop the second copy by its id).
        """
        if not records:
            return
        largest = max([len(record.value) for record in records])
        if largest + OVERHEAD_BYTES > MAX_BYTES:
            raise BadRecord("too_large", f"an output is larger than any topic takes: {largest} bytes")
        producer: AIOKafkaProducer | None = None
        futures: list[asyncio.Future[Any]] = []
        try:
            async with self._queueing:
                producer = await self._ready()
                await _queue(producer, records, futures)
            await _acknowledged(futures)
            self.heard(max(one.result().timestamp for one in futures))
        except (KafkaError, OSError) as error:
            with contextlib.suppress(KafkaError):
                await _acknowledged(futures)  # whatever becomes of them, it is over before they are sent again
            await self._replace(producer, error)
            if isinstance(error, MessageSizeTooLargeError):
                raise BadRecord("too_large", f"an output is larger than its topic takes: {error}") from error
            raise Unavailable("Kafka") from error

    async def _ready(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._producer is None:
                batches.bind()
                producer = AIOKafkaProducer(
                    acks="all",
                    enable_idempotence=True,
                    compression_type=COMPRESSION,
                    max_batch_size=256 * 1024,
                    max_request_size=MAX_BYTES,
                    request_timeout_ms=DELIVERY_TIMEOUT_MS,
                    retry_backoff_ms=100,
                    metadata_max_age_ms=30_000,
                    **self.client_kwargs,
                )
                try:
                    await producer.start()
                except (KafkaError, OSError) as error:
                    await self._stopped(producer)
                    raise Unavailable("Kafka") from error
                self._producer = producer
            return self._producer

    async def _replace(self, producer: AIOKafkaProducer | None, error: Exception) -> None:
        """Retire the producer; the next send makes a new one. The old one has counted records that the broker may not have, so that
        the broker would refuse all later ones."""
        if producer is None or self._producer is not producer:
            return
        unknown_topic = isinstance(error, UnknownTopicOrPartitionError)
        log.warning("sender.replaced", error=repr(error), unknown_topic=unknown_topic)
        self._producer = None
        async with self._queueing:
            pass  # whoever is handing records to it ends first; those who wait get the next one
        await self._stopped(producer)

    async def _stopped(self, producer: AIOKafkaProducer) -> None:
        """Flush and disconnect, waiting a few seconds; while the broker is away this goes on in the background until the
        last batch expires."""
        stopping = asyncio.create_task(producer.stop())
        self._stopping.add(stopping)
        stopping.add_done_callback(self._stopping.discard)
        stopping.add_done_callback(_retrieved)
        await asyncio.wait([stopping], timeout=STOP_WAIT_S)


async def _queue(producer: AIOKafkaProducer, records: Sequence[Outgoing], futures: list[asyncio.Future[Any]]) -> None:
    """Hand the records to the producer. Appends to `futures` one for each batch, and one for each record that is alone in its
    partition. A partition's second batch waits until its first was sent."""
    counts = {topic: len(await producer.partitions_for(topic)) for topic in {record.topic for record in records}}
    partitions: dict[tuple[str, int], list[Outgoing]] = {}
    for record in records:
        place, count = record.partition, counts[record.topic]
        if place is None:
            place = random.randrange(count) if record.key is None else partition_of(record.key, count)
        partitions.setdefault((record.topic, place), []).append(record)
    batches: list[deque[tuple[str, int, Any]]] = []
    for (topic, place), of_it in partitions.items():
        if len(of_it) == 1:
            futures.append(await producer.send(topic, of_it[0].value, of_it[0].key, place))
            futures[-1].add_done_callback(_retrieved)
        else:
            batches.append(deque((topic, place, batch) for batch in _batches(producer, of_it)))
    while batches := [waiting for waiting in batches if waiting]:
        for waiting in batches:
            topic, place, batch = waiting.popleft()
            futures.append(await producer.send_batch(batch, topic, partition=place))
            futures[-1].add_done_callback(_retrieved)


def _batches(producer: AIOKafkaProducer, records: Sequence[Outgoing]) -> Iterator[Any]:
    """The records of one partition in as few batches as hold them."""
    batch = producer.create_batch()
    for record in records:
        if batch.append(key=record.key, value=record.value, timestamp=None) is None:  # full; an empty one takes any
            yield batch
            batch = producer.create_batch()
            batch.append(key=record.key, value=record.value, timestamp=None)
    batch.close()
    yield batch


async def _acknowledged(futures: Sequence["asyncio.Future[Any]"]) -> None:
    """Wait for all futures, then raise the error that caused the others, if there was one."""
    if futures:
        await asyncio.wait(futures)  # being cancelled leaves them alone
    errors = [error for future in futures if (error := future.exception()) is not None]
    if errors:
        raise next((error for error in errors if isinstance(error, MessageSizeTooLargeError)), errors[0])


def _retrieved(future: "asyncio.Future[Any]") -> None:
    """Read the future's error, so that asyncio does not report it as never retrieved."""
    if not future.cancelled():
        future.exception()
