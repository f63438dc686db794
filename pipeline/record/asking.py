"""Waits for the next checkpoint that the log signs."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import msgspec
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from pipeline.errors import Unavailable
from pipeline.runtime import batches
from pipeline.runtime.kafka_connection import KafkaConnection
from schemas.accesses import Vouched
from schemas.topics import CHECKPOINTS

WITHIN_S = 30.0
_DECODER = msgspec.json.Decoder(Vouched)


@asynccontextmanager
async def next_checkpoint(
    kafka: KafkaConnection, namespace: str, *, within_s: float = WITHIN_S
) -> AsyncIterator[Callable[[], Awaitable[Vouched]]]:
    """Yields a function that waits for the first checkpoint signed after this block was entered. Raises Unavailable while
    Kafka is away; the function does so when none comes within within_s seconds."""
    batches.bind()
    topic = f"{namespace}.{CHECKPOINTS.name}"
    consumer = AIOKafkaConsumer(topic, auto_offset_reset="latest", **kafka.client_kwargs())
    try:
        await consumer.start()
        for one in consumer.assignment():
            await consumer.position(one)  # only now is it known what comes after
    except (KafkaError, OSError) as error:
        await consumer.stop()
        raise Unavailable(f"Kafka at {kafka.url}") from error

    async def awaited() -> Vouched:
        try:
            async with asyncio.timeout(within_s):
                record = await consumer.getone()
        except TimeoutError as error:
            raise Unavailable("a new checkpoint (does `vigie worker audit` run?)") from error
        return _DECODER.decode(record.value)

    try:
        yield awaited
    finally:
        await consumer.stop()
