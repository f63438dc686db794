"""Reads the topics of a feed from Kafka on demand, for one pull at a time, so that a consumer that stays away costs no memory."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from pipeline.desks.feed_pages import FeedRecord, Nexts
from pipeline.desks.live import Live
from pipeline.errors import BadRecord, Unavailable
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.stream import codec
from schemas.judgements import Judgement
from schemas.topics import Topic

WAIT_S = 5.0
FETCH_MS = 200
WHAT = "the feed's topics"
log = structlog.get_logger()


@dataclass(slots=True)
class KafkaFeedLog:
    """The topics of one feed, see FeedLog. It gives what `live` has taken in. Use it under its lock: it has one connection,
    opened at the first read."""

    kafka: KafkaConnection
    namespace: str
    topics: tuple[Topic[Any], ...]
    live: Live
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _consumer: AIOKafkaConsumer | None = None

    def ends(self) -> Nexts:
        """See FeedLog."""
        return tuple(tuple(self.live.position[one] for one in self._partitions(topic)) for topic in self.topics)

    async def bounds(self) -> tuple[Nexts, Nexts]:
        """See FeedLog."""
        every = [one for topic in self.topics for one in self._partitions(topic)]
        try:
            async with asyncio.timeout(WAIT_S):
                consumer = await self._ready()
                firsts = await consumer.beginning_offsets(every)
                lasts = await consumer.end_offsets(every)
        except (KafkaError, OSError, TimeoutError) as error:
            raise await self._away(error) from error
        first, last = (
            tuple(tuple(found[one] for one in self._partitions(topic)) for topic in self.topics)
            for found in (firsts, lasts)
        )
        return first, last

    async def read(self, topic: int, partition: int, begin: int, end: int, most: int) -> Sequence[FeedRecord]:
        """See FeedLog. A record that cannot be read has no message, and is told of in the log."""
        kind = self.topics[topic]
        at = TopicPartition(f"{self.namespace}.{kind.name}", partition)
        try:
            async with asyncio.timeout(WAIT_S):
                raw = await self._raw(at, begin, end, most)
        except (KafkaError, OSError, TimeoutError) as error:
            raise await self._away(error) from error
        found = []
        for one in raw:
            try:
                message = codec.decode(kind, one.value)
            except BadRecord as error:
                log.warning("feed.unreadable", topic=at.topic, offset=one.offset, reason=error.reason)
                message = None
            place = message.violation_at if isinstance(message, Judgement) else None
            about = None if place is None else (place.partition, place.offset)
            found.append(FeedRecord(topic, partition, one.offset, one.timestamp, message, about))
        return found

    async def close(self) -> None:
        """Close the connection."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            with contextlib.suppress(KafkaError, OSError, TimeoutError):
                await asyncio.wait_for(consumer.stop(), WAIT_S)

    async def _raw(self, at: TopicPartition, begin: int, end: int, most: int) -> list[Any]:
        consumer = await self._ready()
        consumer.assign([at])
        consumer.seek(at, begin)
        records: list[Any] = []
        while len(records) < most and await consumer.position(at) < end:
            for found in (await consumer.getmany(at, timeout_ms=FETCH_MS, max_records=most - len(records))).values():
                records += found
        consumer.pause(at)  # else it would fetch all that follows
        return [one for one in records if one.offset < end]

    async def _ready(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            self._consumer = AIOKafkaConsumer(auto_offset_reset="earliest", **self.kafka.client_kwargs())
            await self._consumer.start()
        return self._consumer

    async def _away(self, error: Exception) -> Unavailable:
        await self.close()
        return Unavailable(f"{WHAT} ({type(error).__name__})")

    def _partitions(self, topic: Topic[Any]) -> list[TopicPartition]:
        """The partitions of the topic that `live` follows, in order."""
        name = f"{self.namespace}.{topic.name}"
        return sorted(one for one in self.live.position if one.topic == name)
