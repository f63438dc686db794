"""A small agent for tests of the stage: it makes one receipt of each read, which carries the read's id."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from redis.asyncio import Redis

from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.sender import Outgoing, Sender
from pipeline.runtime.settings import load_settings
from pipeline.stream import codec
from pipeline.stream.agent import Agent
from pipeline.stream.app import run_agent
from pipeline.stream.context import Context
from pipeline.stream.outputs import Outputs, Record
from schemas.outcomes import Receipt
from schemas.reads import PlateRead, ReadBatch
from schemas.topics import READS, RECEIPTS

Records = Sequence[Record[ReadBatch]]
Handle = Callable[[Records], Awaitable[Outputs]]


def read(number: int) -> PlateRead:
    """A read with this number as its id."""
    return PlateRead(
        read_id=f"r{number}",
        camera_id="c1",
        captured_at_ms=number,
        received_at_ms=number,
        plate="1ABC234",
        confidence=0.9,
    )


def batch_of(*numbers: int) -> bytes:
    """The bytes of a record with the reads of these numbers."""
    return codec.encode(READS, ReadBatch(reads=tuple(map(read, numbers))))


def receipt_of(plate_read: PlateRead) -> Receipt:
    """The receipt that the agent makes of a read."""
    return Receipt(
        receipt_id=f"p-{plate_read.read_id[1:]}",
        forward_id="f-0",
        to_country="FR",
        outcome="acknowledged",
        decided_at_ms=1,
    )


async def echo(records: Records) -> Outputs:
    """One receipt per read."""
    outputs = Outputs()
    for record in records:
        for item in record.message.reads:
            outputs.send(RECEIPTS, receipt_of(item), key=item.read_id)
    return outputs


def agent(handle: Handle, **options: Any) -> Agent[ReadBatch]:
    """An agent with this handler. options: other arguments of Agent, such as tick_ms."""

    async def start(_context: Context) -> Handle:
        return handle

    return Agent(name="probe", source=READS, outputs=(RECEIPTS,), start=start, **options)


class Bench:
    """One test's topics, with a sender, workers, and functions that return what came out."""

    def __init__(self, kafka: KafkaConnection, redis: Redis, namespace: str, folder: Path, **environ: str) -> None:
        """environ: more settings, as environment variables."""
        self.kafka = kafka
        self.namespace = namespace
        self.sender = Sender(kafka.client_kwargs())
        self._redis = redis
        self._settings = load_settings(
            {"VIGIE_NAMESPACE": namespace, "VIGIE_DATA_DIR": str(folder), "VIGIE_RETRIES": "1", **environ}, None
        )

    @asynccontextmanager
    async def worker(self, probe: Agent[Any]) -> AsyncIterator[asyncio.Task[None]]:
        """A running worker. It is stopped at the end; an error that ended it is raised."""
        stopped = asyncio.Event()
        task = asyncio.create_task(run_agent(probe, self._settings, self.kafka, self._redis, stopped=stopped))
        try:
            yield task
        finally:
            stopped.set()
            await task

    async def send(self, *batches: Sequence[PlateRead] | bytes, partition: int | None = None) -> None:
        """Send each batch as one record, to partition after partition unless one is named."""
        payloads = [
            batch if isinstance(batch, bytes) else codec.encode(READS, ReadBatch(reads=tuple(batch)))
            for batch in batches
        ]
        await self.sender.send_all(
            [
                Outgoing(f"{self.namespace}.reads", payload, partition=number % 4 if partition is None else partition)
                for number, payload in enumerate(payloads)
            ]
        )

    async def values(self, topic: str, *, count: int, within_s: float = 60.0) -> list[bytes]:
        """Wait until a topic holds `count` values, and half a second longer. Returns all its values. Raises TimeoutError after
        within_s seconds."""
        found: list[bytes] = []
        consumer = AIOKafkaConsumer(
            f"{self.namespace}.{topic}", auto_offset_reset="earliest", **self.kafka.client_kwargs()
        )
        await consumer.start()
        try:
            async with asyncio.timeout(within_s):
                while len(found) < count or (await self._more(consumer, found)):
                    if len(found) < count:
                        await self._more(consumer, found)
        finally:
            await consumer.stop()
        return found

    async def receipts(self, *, count: int, within_s: float = 60.0) -> list[str]:
        """Wait for `count` receipts. Returns the ids of their reads, second copies included."""
        values = await self.values("receipts", count=count, within_s=within_s)
        return ["r" + msgspec.json.decode(value, type=Receipt).receipt_id.removeprefix("p-") for value in values]

    async def committed(self) -> int:
        """The number of records of the reads topic that the worker's group has committed."""
        consumer = AIOKafkaConsumer(group_id=f"{self.namespace}-probe", **self.kafka.client_kwargs())
        await consumer.start()
        try:
            places = [TopicPartition(f"{self.namespace}.reads", number) for number in range(4)]
            return sum([await consumer.committed(place) or 0 for place in places])
        finally:
            await consumer.stop()

    @staticmethod
    async def _more(consumer: AIOKafkaConsumer, found: list[bytes]) -> bool:
        fetched = await consumer.getmany(timeout_ms=500)
        found += [record.value for records in fetched.values() for record in records]
        return bool(fetched)
