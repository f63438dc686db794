"""The topic that an engine reads: a warm-up, and the rest, which no engine can fetch before it has done the warm-up.

The rest is in a transaction that ends then. librdkafka fetches and decompresses up to 64 MB a partition ahead of what it is asked
for; all of that would otherwise be done when the clock starts, and be counted for the engines that fetch as they go, only.
"""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from multiprocessing.synchronize import Event

from aiokafka import AIOKafkaProducer

from benchmarks.stream_job import Job, reads_of
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.sender import Outgoing, Sender
from pipeline.runtime.topics import create_topics
from pipeline.sources.packing import Packed, Packer
from pipeline.stream import codec
from schemas.reads import PlateRead
from schemas.topics import ALERTS, COMPRESSION, READS, TOPICS, VIOLATIONS

AT_ONCE = 1_000  # records
OF_THE_JOB = (READS, ALERTS, VIOLATIONS)
Value = tuple[int, bytes]
"""Partition and bytes of a record."""


@dataclass(frozen=True, slots=True)
class Load:
    """What a topic is filled with, encoded once for all runs."""

    warm_up: list[Value]
    rest: list[Value]

    @staticmethod
    def of(job: Job, packing: int, count: int, warm_up: int, partitions: int) -> "Load":
        """`count` reads of the job, `packing` of them a record; the first `warm_up` reads are the warm-up."""
        reads = reads_of(job, count, platform_now_ms())
        return Load(*[list(_packed(part, packing, partitions)) for part in (islice(reads, warm_up), reads)])


def _packed(reads: Iterable[PlateRead], packing: int, partitions: int) -> Iterator[Value]:
    packer = Packer(partitions, size=packing)

    def value(packed: Packed) -> Value:
        return packed.partition, codec.encode(READS, packed.batch)

    for read in reads:
        packed = packer.add(read, 0.0)
        if packed is not None:
            yield value(packed)
    yield from map(value, packer.flush())


async def fill(load: Load, kafka: KafkaConnection, namespace: str, partitions: int, filled: Event, warm: Event) -> None:
    """Create a run's topics and write the load; then set `filled`. What is after the warm-up is in a transaction, which is
    committed when `warm` is set."""
    shape = {topic.name: partitions if topic in OF_THE_JOB else 1 for topic in TOPICS}
    await create_topics(kafka, namespace, partitions=shape)
    producer = AIOKafkaProducer(
        transactional_id=namespace, linger_ms=5, compression_type=COMPRESSION, max_batch_size=256 * 1024,
        **kafka.client_kwargs(),
    )  # fmt: skip
    await producer.start()
    topic = f"{namespace}.{READS.name}"
    async with producer.transaction():
        await _write(producer, topic, load.warm_up)
    async with producer.transaction():
        await _write(producer, topic, load.rest)
        filled.set()
        await asyncio.to_thread(warm.wait)
    await producer.stop()


async def _write(producer: AIOKafkaProducer, topic: str, values: list[Value]) -> None:
    for start in range(0, len(values), AT_ONCE):
        some = values[start : start + AT_ONCE]
        sent = [await producer.send(topic, value, partition=partition) for partition, value in some]
        await asyncio.gather(*sent)


async def filled_topic(
    job: Job, kafka: KafkaConnection, namespace: str, packing: int, count: int, partitions: int
) -> None:
    """Send `count` reads of the job, `packing` of them a record."""
    sender, topic = Sender(kafka.client_kwargs()), f"{namespace}.{READS.name}"
    values = _packed(reads_of(job, count, platform_now_ms()), packing, partitions)
    while some := [Outgoing(topic, value, partition=partition) for partition, value in islice(values, AT_ONCE)]:
        await sender.send_all(some)
    await sender.stop()
