"""aiokafka's consumer in a thread of its own, so that fetches and heartbeats go on while a handler computes.

A commit returns False instead of raising, and never commits for an earlier generation of the group.
tests/integration/test_stage.py fails when upstream changes what this relies on.
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
from pipeline.stream.fetch_plan import Standing
from pipeline.stream.fetched import Chunk, keep_packed

log = structlog.get_logger("vigie.transport")
FETCH_BYTES = 4 * 1024 * 1024  # of one answer; reading a backlog costs half of what it costs with aiokafka's 50 MB


class StageConsumerThread(upstream.AIOKafkaConsumerThread):  # type: ignore[misc]  # Faust ships no types
    """The thread that runs the Kafka consumer, in place of Faust's. Its public methods are called from the stage's thread."""

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
            check_crcs=False,  # `keep_packed` does it
            max_poll_records=conf.broker_max_poll_records,  # of batches: `keep_packed` leaves them packed
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
        """Start the consumer, with the fetcher as `keep_packed` and `pace` change it."""
        await super().on_start()
        keep_packed(self._ensure_consumer())
        pace(self._ensure_consumer(), every_s=self.transport.fetch_every_ms / 1000)

    async def _fetch_records(self, consumer: AIOKafkaConsumer, *args: Any, **kwargs: Any) -> Chunk:
        batches = await super()._fetch_records(consumer, *args, **kwargs)
        return Chunk(consumer._coordinator.generation, batches)  # read in the same step: no rebalance in between

    async def commit_generation(self, offsets: Mapping[TopicPartition, OffsetAndMetadata], generation: int) -> bool:
        """Commit for this generation of the group. False: it has passed, or the broker is away."""
        return bool(await self.call_thread(self._commit_generation, offsets, generation))

    async def _commit_generation(self, offsets: Mapping[TopicPartition, OffsetAndMetadata], generation: int) -> bool:
        consumer = self._ensure_consumer()
        mine = consumer.assignment()
        if consumer._coordinator.generation != generation or not set(offsets) <= mine:
            return False
        try:
            await asyncio.wait_for(consumer.commit(dict(offsets)), 5.0)
        except (KafkaError, TimeoutError) as error:
            log.warning("commit.failed", error=repr(error))
            return False
        return True

    async def offsets_since(self, times: Mapping[TopicPartition, int]) -> dict[TopicPartition, int]:
        """By partition, the first offset that the broker recorded at this time (UTC ms) or later; missing where there is none."""
        found = await self.call_thread(self._ensure_consumer().offsets_for_times, dict(times))
        return {tp: at.offset for tp, at in found.items() if at is not None}

    async def beginnings(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """The first offset that each partition still has."""
        found: dict[TopicPartition, int] = await self.call_thread(
            self._ensure_consumer().beginning_offsets, list(partitions)
        )
        return found

    async def committed(self, tp: TopicPartition) -> Standing:
        """The offset that the group has committed, and when the broker took the record before it. Each is None where it is not
        known; both are where nothing was committed."""
        found = await self.call_thread(self._ensure_consumer()._coordinator.fetch_committed_offsets, [tp])
        at = found.get(tp)
        if at is None or at.offset < 0:
            return Standing(None, None)
        return Standing(at.offset, int(at.metadata) if (at.metadata or "").isdecimal() else None)

    def verify_event_path(self, now: float, tp: TopicPartition) -> None:
        """Does nothing: the stage's own metrics show a partition that makes no progress."""
