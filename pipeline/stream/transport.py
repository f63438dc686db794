"""Faust's Kafka transport, replaced where it loses records or stops for a broker that is away.

Faust 0.15.3 gives the consumer group, the rebalance and the agent. Its consumer is replaced in six places, here, in `fetch_loop`
and in `consumer_thread`:

* records go from the fetcher to the stage in chunks, packed as the broker sent them, not one by one through four tasks each
  (`Consumer._drain_messages`);
* offsets are committed exactly as the stage says, not by arithmetic over acknowledged events, which skips holes
  (`Consumer._new_offset`), and never for a generation that has passed;
* a commit that fails is tried again with the next one and does not crash the worker;
* a rebalance waits for the batch in flight, but not for ever;
* the stage can have partitions read again from an offset or a time on, when what it made of their records was lost;
* a seek to the committed offsets does not go beyond a rewind, and begins at the beginning where nothing is committed.

tests/integration/test_stage.py fails when upstream changes what this relies on.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from time import monotonic
from typing import Any, Protocol

import structlog
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.transport.drivers import aiokafka as upstream

from pipeline.stream.consumer_thread import StageConsumerThread
from pipeline.stream.fetch_loop import FetchLoop, Intake, Offsets
from pipeline.stream.fetch_plan import Standing
from pipeline.stream.fetched import Chunk

try:
    import uvloop
except ImportError:  # Windows has none
    uvloop = None  # type: ignore[assignment]  # a module or None

log = structlog.get_logger("vigie.transport")
FETCH_TIMEOUT_S = 0.25


class StageIntake(Intake, Protocol):
    """The stage, as the consumer sees it: what the fetch loop needs of it, and what a rebalance does."""

    async def drained(self, timeout_s: float) -> None:
        """Discard what has not begun; wait for the batch in flight, at most timeout_s."""

    def assigned(self, partitions: Iterable[TopicPartition]) -> None:
        """Begin a new generation of the consumer group with these partitions."""


class StageConsumer(upstream.Consumer):  # type: ignore[misc]  # Faust ships no types
    """Faust's consumer with the stage as its only reader."""

    logger = logging.getLogger("faust.consumer")
    stop_wait_s = 3.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.intake: StageIntake = self.transport.intake
        self._fetches = FetchLoop(FaustBroker(self), self.intake)

    def _new_consumer_thread(self) -> StageConsumerThread:
        thread_loop = asyncio.new_event_loop() if uvloop is None else uvloop.new_event_loop()
        thread = StageConsumerThread(self, loop=self.loop, thread_loop=thread_loop, beacon=self.beacon)
        thread._close_thread_loop_on_stop = True
        return thread

    async def _drain_messages(self, fetcher: Any) -> None:
        """Faust's fetcher task: bring records to the stage for as long as both run."""
        await self._fetches.run(lambda: self.should_stop or fetcher.should_stop)

    async def force_commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:
        """Commit what the stage has settled; what fails is tried again at the next interval."""
        return await self._fetches.commit()

    async def wait_empty(self) -> None:
        """Before partitions are revoked: let the batch in flight end, at most `stop_wait_s`, and commit."""
        started = monotonic()
        await self.intake.drained(self.stop_wait_s)
        await self.commit()
        log.debug("stage.drained", seconds=round(monotonic() - started, 3))

    async def on_partitions_assigned(self, assigned: set[TopicPartition], generation_id: int = 0) -> None:
        """Begin a new generation in the stage, with nothing queued. assigned: of Faust's own class, which equals aiokafka's."""
        self._fetches.assigned(generation_id)
        self.intake.assigned(assigned)
        await super().on_partitions_assigned(assigned, generation_id)

    async def perform_seek(self) -> None:
        """Seek to the committed offsets. Chunks fetched across the seek are discarded: one from after a gap would hide it."""
        async with self._fetches.seeking():
            await super().perform_seek()

    async def verify_all_partitions_active(self) -> None:
        """Does nothing: see StageConsumerThread.verify_event_path."""


class FaustBroker:
    """A StageConsumer as the fetch loop's Broker."""

    def __init__(self, consumer: StageConsumer) -> None:
        self._consumer = consumer

    @property
    def flows(self) -> bool:
        """See Broker.flows."""
        return bool(self._consumer.flow_active)

    async def flow(self) -> None:
        """See Broker.flow. Returns when the consumer stops, too."""
        await self._consumer.wait(self._consumer.can_resume_flow)

    def active(self) -> set[TopicPartition]:
        """See Broker.active."""
        active: set[TopicPartition] = self._consumer._get_active_partitions()
        return active

    async def fetch(self, partitions: set[TopicPartition]) -> Chunk:
        """See Broker.fetch."""
        chunk: Chunk = await self._consumer._getmany(active_partitions=partitions, timeout=FETCH_TIMEOUT_S)
        return chunk

    async def seek(self, offsets: Offsets) -> None:
        """See Broker.seek."""
        await self._consumer.seek_wait(offsets)

    async def seek_to_committed(self) -> None:
        """See Broker.seek_to_committed."""
        await self._consumer.perform_seek()

    def sought(self) -> Mapping[TopicPartition, int | None]:
        """See Broker.sought."""
        sought: Mapping[TopicPartition, int | None] = self._consumer._read_offset
        return sought

    async def offsets_since(self, times: Mapping[TopicPartition, int]) -> dict[TopicPartition, int]:
        """See Broker.offsets_since."""
        return await self._thread.offsets_since(times)

    async def beginnings(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """See Broker.beginnings."""
        return await self._thread.beginnings(partitions)

    async def committed(self, tp: TopicPartition) -> Standing:
        """See Broker.committed."""
        return await self._thread.committed(tp)

    async def commit(self, offsets: Mapping[TopicPartition, OffsetAndMetadata], generation: int) -> bool:
        """See Broker.commit."""
        return await self._thread.commit_generation(offsets, generation)

    @property
    def _thread(self) -> StageConsumerThread:
        thread: StageConsumerThread = self._consumer._thread
        return thread


class StageTransport(upstream.Transport):  # type: ignore[misc]  # Faust ships no types
    """Faust's Kafka transport with the consumer of this module instead of Faust's; it is what `app.transport` is set to.

    intake: the stage that gets the records. client_kwargs: the arguments of Kafka clients, see KafkaConnection.client_kwargs.
    fetch_every_ms: see Agent.
    """

    Consumer = StageConsumer
    intake: StageIntake
    client_kwargs: Mapping[str, Any]
    fetch_every_ms: int
