"""Reads the topics of forwards and receipts into pipeline.desks.abroad."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from pipeline.desks.abroad import Abroad
from pipeline.errors import BadRecord
from pipeline.runtime import batches
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.stream import codec
from schemas.topics import FORWARDS, FORWARDS_KEPT_MS, RECEIPTS

log = structlog.get_logger()
FETCH_MS = 200
AGAIN_S = 2.0


async def follow_abroad(abroad: Abroad, kafka: KafkaConnection, namespace: str, now_ms: Callable[[], int]) -> None:
    """Take in forwards and receipts, those of FORWARDS_KEPT_MS, until cancelled. While the broker is away it waits, and begins
    again: a second copy changes nothing."""
    batches.bind()
    topics = {f"{namespace}.{topic.name}": topic for topic in (FORWARDS, RECEIPTS)}
    while True:
        consumer = AIOKafkaConsumer(*topics, auto_offset_reset="earliest", **kafka.client_kwargs())
        try:
            await consumer.start()
            partitions = list(consumer.assignment())
            begins = await consumer.offsets_for_times(dict.fromkeys(partitions, max(0, now_ms() - FORWARDS_KEPT_MS)))
            ends = await consumer.end_offsets(partitions)
            for one in partitions:
                first = begins.get(one)
                consumer.seek(one, ends[one] if first is None else first.offset)
            while True:
                if not abroad.ready.is_set():
                    positions = [await consumer.position(one) for one in partitions]
                    if all(at >= ends[one] for at, one in zip(positions, partitions, strict=True)):
                        abroad.ready.set()
                for partition, records in (await consumer.getmany(timeout_ms=FETCH_MS)).items():
                    _take(abroad, topics[partition.topic], records)
        except (KafkaError, OSError) as error:
            log.warning("abroad.waiting", cause=type(error).__name__)
        finally:
            with contextlib.suppress(KafkaError, OSError):
                await consumer.stop()
        await asyncio.sleep(AGAIN_S)


def _take(abroad: Abroad, topic: Any, records: Any) -> None:
    for record in records:
        try:
            abroad.take(codec.decode(topic, record.value))
        except BadRecord as error:
            log.warning("abroad.unreadable", reason=error.reason)
