"""Reads single messages of a topic by partition and offset."""

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from pipeline.errors import BadRecord, Unavailable
from pipeline.stream import codec
from schemas.base import Message
from schemas.outcomes import RecordPlace
from schemas.topics import Topic

M = TypeVar("M", bound=Message)
FETCH_BYTES = 128 * 1024  # a larger record comes all the same, alone
FETCH_WAIT_MS = 5  # what it asks for after the record, before it is paused, holds the next look-up up no longer
WAIT_S = 5.0


class Lookup(Generic[M]):
    """Reads one record at a time, in no group. Opens its connection at the first look-up.

    client_kwargs: of KafkaConnection. namespace, partitions: of the topic.
    """

    def __init__(self, client_kwargs: Mapping[str, Any], namespace: str, topic: Topic[M], partitions: int) -> None:
        self._kwargs = dict(client_kwargs)
        self._topic = topic
        self._partitions = partitions
        self._name = f"{namespace}.{topic.name}"
        self._consumer: AIOKafkaConsumer | None = None
        self._one_at_a_time = asyncio.Lock()

    async def message(self, place: RecordPlace) -> M | None:
        """The message at this place; None: there is no record, or not a message of this topic. Raises Unavailable."""
        async with self._one_at_a_time:
            try:
                value = await self._value(TopicPartition(self._name, place.partition), place.offset)
            except (KafkaError, OSError, TimeoutError) as error:
                await self._dropped()
                raise Unavailable(f"Kafka (the record {place.offset} of {self._name}/{place.partition})") from error
        try:
            return None if value is None else codec.decode(self._topic, value)
        except BadRecord:
            return None

    async def close(self) -> None:
        """Close the connection."""
        async with self._one_at_a_time:
            await self._dropped()

    async def _value(self, at: TopicPartition, offset: int) -> bytes | None:
        consumer = await self._ready()
        if at.partition >= self._partitions:
            return None
        consumer.assign([at])
        consumer.seek(at, offset)
        try:
            record = await asyncio.wait_for(consumer.getone(at), WAIT_S)
        except (OffsetOutOfRangeError, TimeoutError):
            first = await asyncio.wait_for(consumer.beginning_offsets([at]), WAIT_S)
            end = await asyncio.wait_for(consumer.end_offsets([at]), WAIT_S)
            if first[at] <= offset < end[at]:
                raise
            return None
        finally:
            consumer.pause(at)  # else it would fetch all that follows
        found: bytes | None = record.value
        return found if record.offset == offset else None

    async def _ready(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            self._consumer = AIOKafkaConsumer(
                auto_offset_reset="none",
                max_partition_fetch_bytes=FETCH_BYTES,
                fetch_max_wait_ms=FETCH_WAIT_MS,
                **self._kwargs,
            )
            await self._consumer.start()
        return self._consumer

    async def _dropped(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            with contextlib.suppress(KafkaError, OSError, TimeoutError):
                await asyncio.wait_for(consumer.stop(), WAIT_S)
