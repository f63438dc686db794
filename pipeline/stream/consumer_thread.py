"""The thread in which aiokafka's consumer lives: what is asked of it there, and a commit that may fail and never is of the past.

tests/integration/test_stage.py fails when upstream changes what this leans on.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.transport.drivers import aiokafka as upstream

from pipeline.stream.fetch_pace import pace
from pipeline.stream.fetched import Chunk, lean

log = structlog.get_logger("vigie.transport")
AWAY = (KafkaError, TimeoutError)
FETCH_BYTES = 4 * 1024 * 1024  # of an answer: what is behind is read at half of the cost that aiokafka's 50 MB have


class StageConsumerThread(upstream.AIOKafkaConsumerThread):  # type: ignore[misc]
    """Fetches and heartbeats go on in it while a handler computes."""

    logger = logging.getLogger("faust.consumer")

    def _create_worker_consumer(self, transport: Any) -> AIOKafkaConsumer:
        conf = self.app.conf
        return AIOKafkaConsumer(
            **transport.client_kwargs,
            client_id=conf.broker_client_id,
            group_id=conf.id,
            partition_assignment_strategy=[RoundRobinPartitionAssignor],
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            check_crcs=False,  # `lean` does it
            max_poll_records=conf.broker_max_poll_records,  # batches, where `lean` leaves them packed
            max_poll_interval_ms=2**31 - 1,  # the stage waits out a Redis or broker that is away, however long
            max_partition_fetch_bytes=conf.consumer_max_fetch_size,
            fetch_max_bytes=max(FETCH_BYTES, conf.consumer_max_fetch_size),
            fetch_max_wait_ms=500,
            session_timeout_ms=int(conf.broker_session_timeout * 1000),
            heartbeat_interval_ms=int(conf.broker_heartbeat_interval * 1000),
            rebalance_timeout_ms=int(conf.broker_rebalance_timeout * 1000),
            request_timeout_ms=int(conf.broker_request_timeout * 1000),
            metadata_max_age_ms=30_000,
            retry_backoff_ms=100,
        )

    async def on_start(self) -> None:
        """Start the consumer, its fetcher made lean and its pace mended."""
        await super().on_start()
        lean(self._ensure_consumer())
        pace(self._ensure_consumer())

    async def _fetch_records(self, consumer: AIOKafkaConsumer, *args: Any, **kwargs: Any) -> Chunk:
        batches = await super()._fetch_records(consumer, *args, **kwargs)
        return Chunk(consumer._coordinator.generation, batches)  # read in the same step: no rebalance in between

    async def commit_generation(self, places: Mapping[TopicPartition, OffsetAndMetadata], generation: int) -> bool:
        """Commit for this generation only. False: not done, because it has passed or the broker is away."""
        return bool(await self.call_thread(self._commit_generation, places, generation))

    async def _commit_generation(self, places: Mapping[TopicPartition, OffsetAndMetadata], generation: int) -> bool:
        consumer = self._ensure_consumer()
        mine = consumer.assignment()
        if consumer._coordinator.generation != generation or not set(places) <= mine:
            return False
        try:
            await asyncio.wait_for(consumer.commit(dict(places)), 5.0)
        except AWAY as error:
            log.warning("commit.failed", error=repr(error))
            return False
        return True

    async def offsets_since(self, times: Mapping[TopicPartition, int]) -> dict[TopicPartition, int]:
        """The first offset of each partition that the broker recorded then (UTC ms) or later; none where nothing was."""
        if not times:
            return {}
        found = await self.call_thread(self._ensure_consumer().offsets_for_times, dict(times))
        return {tp: place.offset for tp, place in found.items() if place is not None}

    async def beginnings(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """The first offset that each partition still has."""
        found: dict[TopicPartition, int] = await self.call_thread(
            self._ensure_consumer().beginning_offsets, list(partitions)
        )
        return found

    async def committed_place(self, tp: TopicPartition) -> tuple[int | None, int | None]:
        """The offset that the group has committed, and when the broker had taken the record before it; None where not known."""
        found = await self.call_thread(self._ensure_consumer()._coordinator.fetch_committed_offsets, [tp])
        place = found.get(tp)
        if place is None or place.offset < 0:
            return None, None
        return place.offset, int(place.metadata) if (place.metadata or "").isdecimal() else None

    def verify_event_path(self, now: float, tp: TopicPartition) -> None:
        """Nothing: the stage's own metrics tell of a partition that stands still."""
