"""Reads the last passages of one camera from the topic of reads, on demand: backwards from its end, in no group."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from pipeline.errors import BadRecord, Unavailable
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.partitioner import partition_of
from pipeline.stream import codec
from schemas.reads import PlateRead, ReadBatch
from schemas.topics import READS

WAIT_S = 6.0
FETCH_MS = 100
STEPS = (200, 800, 3_200, 12_800)
"""Records of the camera's partition that are looked through, the latest first: where those hold too few passages of it, the next
lot before them. Where it shares its partition with a thousand that send, these are the last minutes."""


@dataclass(slots=True)
class CameraReads:
    """The last reads of cameras. It has one connection, opened at the first look, and looks for one person at a time. partitions:
    how many a topic has."""

    kafka: KafkaConnection
    namespace: str
    partitions: Callable[[str], Awaitable[int]]
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _consumer: AIOKafkaConsumer | None = None

    async def last(self, camera_id: str, most: int) -> Sequence[tuple[str, PlateRead]]:
        """The last reads of the camera, `most` at most, latest first, each with its place: offset and index, as "17-0". Raises
        Unavailable."""
        async with self._lock:
            with self._patience():
                async with asyncio.timeout(WAIT_S):
                    return await self._last(camera_id, most)

    async def at(self, camera_id: str, place: str) -> PlateRead | None:
        """The read at this place; None: there is none, or it is another camera's. Raises Unavailable."""
        offset, index = (int(part) for part in place.split("-"))
        async with self._lock:
            with self._patience():
                async with asyncio.timeout(WAIT_S):
                    at = await self._partition(camera_id)
                    first, end = await self._bounds(at)
                    found = await self._records(at, offset, offset + 1) if first <= offset < end else []
        reads = _reads_of(found[0].value) if found else ()
        return reads[index] if index < len(reads) and reads[index].camera_id == camera_id else None

    async def close(self) -> None:
        """Close the connection."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            with contextlib.suppress(KafkaError, OSError, TimeoutError):
                await asyncio.wait_for(consumer.stop(), WAIT_S)

    async def _last(self, camera_id: str, most: int) -> Sequence[tuple[str, PlateRead]]:
        at = await self._partition(camera_id)
        first, end = await self._bounds(at)
        found: list[tuple[str, PlateRead]] = []
        for step in STEPS:
            begin = max(first, end - step)
            for record in reversed(await self._records(at, begin, end)):
                reads = _reads_of(record.value)
                found += [
                    (f"{record.offset}-{index}", reads[index])
                    for index in reversed(range(len(reads)))
                    if reads[index].camera_id == camera_id
                ]
            if len(found) >= most or begin == first:
                break
            end = begin
        return found[:most]

    async def _records(self, at: TopicPartition, begin: int, end: int) -> list[Any]:
        records: list[Any] = []
        consumer = await self._ready()
        consumer.assign([at])
        consumer.seek(at, begin)
        while await consumer.position(at) < end:
            for found in (await consumer.getmany(at, timeout_ms=FETCH_MS)).values():
                records += found
        consumer.pause(at)  # else it would fetch all that follows
        return [one for one in records if one.offset < end]

    async def _bounds(self, at: TopicPartition) -> tuple[int, int]:
        consumer = await self._ready()
        return (await consumer.beginning_offsets([at]))[at], (await consumer.end_offsets([at]))[at]

    async def _partition(self, camera_id: str) -> TopicPartition:
        topic = f"{self.namespace}.{READS.name}"
        return TopicPartition(topic, partition_of(camera_id.encode(), await self.partitions(topic)))

    async def _ready(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            self._consumer = AIOKafkaConsumer(auto_offset_reset="earliest", **self.kafka.client_kwargs())
            await self._consumer.start()
        return self._consumer

    @contextlib.contextmanager
    def _patience(self) -> Iterator[None]:
        """Turns an error of Kafka while the block runs into Unavailable."""
        try:
            yield
        except (KafkaError, OSError, TimeoutError) as error:
            raise Unavailable(f"the topic of reads ({type(error).__name__})") from error


def _reads_of(value: bytes) -> Sequence[PlateRead]:
    """The reads of a record; none of one that cannot be read."""
    try:
        batch: ReadBatch = codec.decode(READS, value)
    except BadRecord:
        return ()
    return batch.reads
