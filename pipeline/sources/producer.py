"""Sends cameras' reads and pictures to their partitions. None is lost while the broker is away."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, NamedTuple, TypeVar

import msgspec
import structlog

from pipeline.errors import Unavailable
from pipeline.runtime.back_off import BackOff
from pipeline.runtime.partitioner import partition_of
from pipeline.runtime.sender import OVERHEAD_BYTES, Outgoing, Sender
from pipeline.sources.packing import HOLD_MS, Packed, Packer
from schemas.pictures import Frame
from schemas.reads import PlateRead, ReadBatch
from schemas.topics import FRAMES, READS, Topic

log = structlog.get_logger()
MOST_WAITING = 2_000  # records that are not acknowledged yet; then `put` waits until the broker has acknowledged some
AT_ONCE = 500
T = TypeVar("T")
AWAY = BackOff(first_s=0.1, cap_s=1.0)


class _Waiting(NamedTuple):
    record: Outgoing
    reads: int


class CameraProducer:
    """Takes reads and frames, and sends them in order per camera.

    What the broker has not acknowledged is sent again, also after it was away. So a read may arrive twice, and readers drop
    the second copy by its read_id. client_kwargs: of aiokafka (KafkaConnection.client_kwargs()).
    """

    def __init__(self, client_kwargs: Mapping[str, Any], *, namespace: str = "vigie") -> None:
        self._sender, self._namespace = Sender(client_kwargs), namespace
        self._packer = Packer(1)
        self._frame_partitions = 1
        self._waiting: deque[_Waiting] = deque()
        self._something, self._taken = asyncio.Event(), asyncio.Condition()
        self._in_flight = 0
        self._error: Exception | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self.reads_sent = 0
        self.records_sent = 0
        self.refused = 0  # larger than their topic takes

    async def start(self) -> None:
        """Connect; wait, for as long as it takes, until the broker answers and the topics exist."""
        self._packer = Packer(await self._partitions(READS))
        self._frame_partitions = await self._partitions(FRAMES)
        self._tasks = [asyncio.create_task(self._watched(work)) for work in (self._sending, self._flushing)]

    async def close(self) -> None:
        """Send everything that was put, wait until it is acknowledged, disconnect."""
        await self.flush()
        await self._end()

    async def abort(self) -> None:
        """Disconnect at once; what is not acknowledged yet may be lost."""
        await self._end()

    async def put(self, read: PlateRead) -> None:
        """Take one read; it is sent within 20 ms. Waits while MOST_WAITING records are not acknowledged. A read larger than
        its topic allows is dropped, logged and counted in `refused`. Raises the error that ended the sending, if one has."""
        packed = self._packer.add(read, _steady_ms())
        if packed is not None:
            await self._enqueue_batch(packed)

    async def put_frame(self, frame: Frame) -> None:
        """Take one picture; it is sent at once. Waits, drops and raises as put does."""
        key, value = frame.camera_id.encode(), msgspec.msgpack.encode(frame)
        if len(value) + OVERHEAD_BYTES > FRAMES.max_message_bytes:
            self._refuse(FRAMES, len(value))
            return
        await self._enqueue(
            Outgoing(self._name(FRAMES), value, key, partition_of(key, self._frame_partitions)), reads=0
        )

    async def flush(self) -> None:
        """Wait until everything that was put is acknowledged. Raises the error that ended the sending, if one has."""
        for packed in self._packer.flush():
            await self._enqueue_batch(packed)
        async with self._taken:
            await self._taken.wait_for(lambda: self._error or not (self._waiting or self._in_flight))
        self._raise_failure()

    async def _enqueue_batch(self, packed: Packed) -> None:
        """Queue the batch as one record, or as several where it is larger than the topic allows."""
        reads, value = packed.batch.reads, msgspec.json.encode(packed.batch)
        if len(value) + OVERHEAD_BYTES <= READS.max_message_bytes:
            await self._enqueue(Outgoing(self._name(READS), value, None, packed.partition), reads=len(reads))
        elif len(reads) == 1:
            self._refuse(READS, len(value))
        else:
            for half in (reads[: len(reads) // 2], reads[len(reads) // 2 :]):
                await self._enqueue_batch(Packed(packed.partition, ReadBatch(reads=half)))

    def _refuse(self, topic: Topic[Any], size: int) -> None:
        self.refused += 1
        log.error("producer.too_large", topic=topic.name, bytes=size)

    async def _enqueue(self, record: Outgoing, *, reads: int) -> None:
        if len(self._waiting) >= MOST_WAITING:
            async with self._taken:
                await self._taken.wait_for(lambda: self._error or len(self._waiting) < MOST_WAITING)
        self._raise_failure()
        self._waiting.append(_Waiting(record, reads))
        self._something.set()

    def _raise_failure(self) -> None:
        if self._error is not None:
            raise self._error

    async def _watched(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run the coroutine. An error that waiting does not mend is raised by the next `put` or `flush`."""
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
                some = [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]
                self._in_flight = len(some)
                await _until_there(partial(self._sender.send_all, [one.record for one in some]))
                self.records_sent += len(some)
                self.reads_sent += sum(one.reads for one in some)
                self._in_flight = 0
                async with self._taken:
                    self._taken.notify_all()

    async def _partitions(self, topic: Topic[Any]) -> int:
        return await _until_there(lambda: self._sender.partitions(self._name(topic)))

    def _name(self, topic: Topic[Any]) -> str:
        return f"{self._namespace}.{topic.name}"

    async def _end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._sender.stop()


@asynccontextmanager
async def open_producer(client_kwargs: Mapping[str, Any], *, namespace: str = "vigie") -> AsyncIterator[CameraProducer]:
    """Yields a started producer. At the block's end everything is sent and acknowledged first; when an error or a
    cancellation ends the block, what is not acknowledged may be lost."""
    producer = CameraProducer(client_kwargs, namespace=namespace)
    await producer.start()
    try:
        yield producer
    except BaseException:
        await producer.abort()
        raise
    await producer.close()


async def _until_there(action: Callable[[], Awaitable[T]]) -> T:
    """The action's result, trying again for as long as Kafka is away."""
    attempt = 0
    while True:
        try:
            return await action()
        except Unavailable as error:
            log.warning("producer.waiting", cause=str(error))
        attempt += 1
        await asyncio.sleep(AWAY.wait_s(attempt))


def _steady_ms() -> float:
    return time.monotonic() * 1000
