"""The camera gateway: packs reads and sends them to their cameras' partitions; none is lost when the broker is away."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import msgspec
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from pipeline.runtime.partitioner import partition_of
from pipeline.runtime.zstd import keep_contexts
from pipeline.sources.packing import HOLD_MS, Packed, Packer
from schemas.pictures import Frame
from schemas.reads import PlateRead, ReadBatch
from schemas.topics import COMPRESSION, FRAMES, READS

log = structlog.get_logger()
MOST_WAITING = 2_000  # records not yet acknowledged; then the gateway takes no more until the broker does
_AT_ONCE = 500
_PAUSE_S = 0.5
_OVERHEAD_BYTES = 1024  # of a record on the broker, beyond its value; with a margin


@dataclass(frozen=True, slots=True)
class _Record:
    topic: str
    partition: int
    key: bytes | None
    value: bytes
    reads: int


class CameraProducer:
    """One idempotent producer for reads and frames. What was put in order for one camera arrives in order.

    What the broker has not acknowledged is sent again, also after it was away, so a read may arrive twice, but never not
    at all; its read_id drops the second copy. client_kwargs: of aiokafka (KafkaConnection.client_kwargs()).
    """

    def __init__(self, client_kwargs: Mapping[str, Any], *, namespace: str = "vigie") -> None:
        self._kwargs, self._namespace = dict(client_kwargs), namespace
        self._producer: AIOKafkaProducer | None = None
        self._packer = Packer(1)
        self._counts: dict[str, int] = {}
        self._waiting: deque[_Record] = deque()
        self._something, self._taken = asyncio.Event(), asyncio.Condition()
        self._in_flight = 0
        self._error: Exception | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self.reads_sent = 0
        self.records_sent = 0
        self.refused = 0  # larger than their topic takes

    async def start(self) -> None:
        """Connect, waiting for the broker and for the topics to exist."""
        keep_contexts()
        for topic in (READS, FRAMES):
            self._counts[topic.name] = await self._partitions(f"{self._namespace}.{topic.name}")
        self._packer = Packer(self._counts[READS.name])
        self._tasks = [asyncio.create_task(self._watched(work)) for work in (self._sending, self._flushing)]

    async def close(self) -> None:
        """Send everything that was put, wait until it is acknowledged, disconnect."""
        await self.flush()
        await self._end()

    async def abort(self) -> None:
        """Disconnect at once; what is not acknowledged yet may be lost."""
        await self._end()

    async def put(self, read: PlateRead) -> None:
        """Take one read; it goes out within 20 ms. Waits while too many are unsent because the broker is away."""
        packed = self._packer.add(read, _steady_ms())
        if packed is not None:
            await self._enqueue_batch(packed)

    async def put_frame(self, frame: Frame) -> None:
        """Take one picture; it goes out at once. Waits while too many records are unsent."""
        key, value = frame.camera_id.encode(), msgspec.msgpack.encode(frame)
        partition = partition_of(key, self._counts[FRAMES.name])
        if len(value) + _OVERHEAD_BYTES > FRAMES.max_message_bytes:
            self._refuse(FRAMES.name, len(value))
            return
        await self._enqueue(_Record(f"{self._namespace}.{FRAMES.name}", partition, key, value, 0))

    async def flush(self) -> None:
        """Wait until all that was put is acknowledged."""
        for packed in self._packer.flush():
            await self._enqueue_batch(packed)
        async with self._taken:
            await self._taken.wait_for(lambda: self._error or not (self._waiting or self._in_flight))
        self._raise_what_broke()

    async def _enqueue_batch(self, packed: Packed) -> None:
        """As one record; as several where it is larger than the topic takes."""
        reads, value = packed.batch.reads, msgspec.json.encode(packed.batch)
        if len(value) + _OVERHEAD_BYTES <= READS.max_message_bytes:
            topic = f"{self._namespace}.{READS.name}"
            await self._enqueue(_Record(topic, packed.partition, None, value, len(reads)))
        elif len(reads) == 1:
            self._refuse(READS.name, len(value))
        else:
            for half in (reads[: len(reads) // 2], reads[len(reads) // 2 :]):
                await self._enqueue_batch(Packed(packed.partition, ReadBatch(reads=half)))

    def _refuse(self, topic: str, size: int) -> None:
        self.refused += 1
        log.error("gateway.too_large", topic=topic, bytes=size)

    async def _enqueue(self, record: _Record) -> None:
        if len(self._waiting) >= MOST_WAITING:
            async with self._taken:
                await self._taken.wait_for(lambda: self._error or len(self._waiting) < MOST_WAITING)
        self._raise_what_broke()
        self._waiting.append(record)
        self._something.set()

    def _raise_what_broke(self) -> None:
        if self._error is not None:
            raise self._error

    async def _watched(self, work: Callable[[], Awaitable[None]]) -> None:
        """What no waiting mends is raised to whoever puts or flushes next, instead of hanging for ever."""
        try:
            await work()
        except Exception as error:
            self._error = error
            async with self._taken:
                self._taken.notify_all()

    async def _flushing(self) -> None:
        while True:
            await asyncio.sleep(HOLD_MS / 4000)
            for packed in self._packer.due(_steady_ms() + HOLD_MS / 4):
                await self._enqueue_batch(packed)

    async def _sending(self) -> None:
        while True:
            await self._something.wait()
            self._something.clear()
            while self._waiting:
                records = [self._waiting.popleft() for _ in range(min(_AT_ONCE, len(self._waiting)))]
                self._in_flight = len(records)
                await self._send(records)
                self._in_flight = 0
                async with self._taken:
                    self._taken.notify_all()

    async def _send(self, records: Sequence[_Record]) -> None:
        """Send these, all of them again in the same order whenever one was not acknowledged."""
        while True:
            producer = await self._connected()
            futures: list[asyncio.Future[Any]] = []
            try:
                for record in records:
                    futures.append(
                        await producer.send(record.topic, record.value, key=record.key, partition=record.partition)
                    )
                await asyncio.gather(*futures)
            except (KafkaError, OSError) as error:
                await asyncio.gather(*futures, return_exceptions=True)
                log.warning("gateway.waiting", records=len(records), error=repr(error))
                await self._disconnect()
                await asyncio.sleep(_PAUSE_S)
                continue
            self.records_sent += len(records)
            self.reads_sent += sum(record.reads for record in records)
            return

    async def _partitions(self, topic: str) -> int:
        while True:
            producer = await self._connected()
            try:
                return len(await producer.partitions_for(topic))
            except (KafkaError, OSError) as error:
                log.warning("gateway.waiting", topic=topic, error=repr(error))
                await asyncio.sleep(_PAUSE_S)

    async def _connected(self) -> AIOKafkaProducer:
        while self._producer is None:
            producer = AIOKafkaProducer(
                acks="all", enable_idempotence=True, compression_type=COMPRESSION,
                max_batch_size=256 * 1024, max_request_size=FRAMES.max_message_bytes,
                request_timeout_ms=10_000, retry_backoff_ms=100, metadata_max_age_ms=30_000, **self._kwargs,
            )  # fmt: skip
            try:
                await producer.start()
            except (KafkaError, OSError) as error:
                await _stopped(producer)
                log.warning("gateway.waiting", error=repr(error))
                await asyncio.sleep(_PAUSE_S)
                continue
            self._producer = producer
        return self._producer

    async def _disconnect(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await _stopped(producer)

    async def _end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._disconnect()


@asynccontextmanager
async def open_gateway(client_kwargs: Mapping[str, Any], *, namespace: str = "vigie") -> AsyncIterator[CameraProducer]:
    """A started gateway; at the end everything is sent, unless an error or a cancellation ends it."""
    gateway = CameraProducer(client_kwargs, namespace=namespace)
    await gateway.start()
    try:
        yield gateway
    except BaseException:
        await gateway.abort()
        raise
    await gateway.close()


def _steady_ms() -> float:
    return time.monotonic() * 1000


async def _stopped(producer: AIOKafkaProducer) -> None:
    try:
        await asyncio.wait_for(producer.stop(), 3.0)
    except (TimeoutError, KafkaError, OSError) as error:
        log.debug("gateway.stop_failed", error=repr(error))
