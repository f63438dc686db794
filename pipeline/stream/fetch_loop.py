"""The loop that brings records from Kafka to a stage, and the stage's offsets to Kafka."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Protocol

import structlog
from aiokafka.errors import KafkaError
from aiokafka.structs import OffsetAndMetadata, TopicPartition

from pipeline.stream.fetch_plan import FetchPlan, Standing, Step, reached_ms, reread_offsets, times_to_look_up
from pipeline.stream.fetched import Chunk
from pipeline.stream.gaps import Gap, Gaps, expired
from pipeline.stream.progress import Progress, Rereads

log = structlog.get_logger("vigie.transport")
AWAY = (KafkaError, TimeoutError)
Offsets = Mapping[TopicPartition, int]


class Intake(Protocol):
    """What the fetch loop needs of the stage."""

    progress: Progress

    def take(self, chunk: Chunk) -> None:
        """Queue a chunk. Never blocks; `full` bounds what is queued."""

    def full(self) -> set[TopicPartition]:
        """Partitions whose queue is full: they are not fetched until it has shrunk."""

    async def room(self) -> None:
        """Return when `full` may have changed."""

    def expired(self, count: int) -> None:
        """Note how many records the topic's retention had deleted before they could be fetched."""

    def rewound(self, done: Rereads, offsets: Offsets, times: Offsets) -> None:
        """As Progress.rewound; records of these partitions that were fetched and not settled are fetched again."""


class Broker(Protocol):
    """What the fetch loop needs of the consumer. Each method raises one of AWAY while the broker does not answer."""

    @property
    def flows(self) -> bool:
        """Whether Faust lets records flow; it does not during a rebalance."""

    async def flow(self) -> None:
        """Return when records may flow."""

    def active(self) -> set[TopicPartition]:
        """The partitions that this worker has and may fetch now."""

    async def fetch(self, partitions: set[TopicPartition]) -> Chunk:
        """The records that these partitions have; when there are none, it waits a moment for some."""

    async def seek(self, offsets: Offsets) -> None:
        """Fetch each partition from its offset in `offsets` on."""

    async def seek_to_committed(self) -> None:
        """Fetch each partition from its committed offset on."""

    def sought(self) -> Mapping[TopicPartition, int | None]:
        """The offset that the last seeks set for each partition; None: nothing is committed, so it stays where it was."""

    async def offsets_since(self, times: Mapping[TopicPartition, int]) -> dict[TopicPartition, int]:
        """By partition, the first offset that the broker recorded at this time (UTC ms) or later; missing where there is none."""

    async def beginnings(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """The first offset that each partition still has."""

    async def committed(self, tp: TopicPartition) -> Standing:
        """The offset that the consumer group has committed for this partition, and when the broker took the record before it."""

    async def commit(self, offsets: Mapping[TopicPartition, OffsetAndMetadata], generation: int) -> bool:
        """Commit these offsets for this generation of the group. False: the generation has passed, or the broker is away."""


class FetchLoop:
    """Brings records to the stage while it has room, reads again what it asks for, and commits what it has settled."""

    def __init__(self, broker: Broker, intake: Intake) -> None:
        self._broker = broker
        self._intake = intake
        self._progress = intake.progress
        self._plan = FetchPlan()
        self._gaps = Gaps()
        self._committing = asyncio.Lock()  # a commit that is tried again must not overtake the next one

    def assigned(self, generation: int) -> None:
        """Note that a new generation of the consumer group begins. generation: its number."""
        self._plan.assigned(generation)

    @contextlib.asynccontextmanager
    async def seeking(self) -> AsyncIterator[None]:
        """Put this around every seek to the committed offsets, also Faust's own: what is fetched meanwhile is discarded."""
        self._plan.seek_begins()
        try:
            yield
            behind = self._behind()
            if behind:
                await self._broker.seek(behind)
            self._gaps.sought({**self._broker.sought(), **behind})
        finally:
            self._plan.seek_ended()

    def _behind(self) -> dict[TopicPartition, int]:
        """The settled offsets of the partitions that were rewound to below what the broker has committed.

        These offsets are sought instead of the committed ones, which would skip records.
        """
        sought = self._broker.sought()
        return {
            tp: settled
            for tp, settled in self._progress.positions().items()
            if settled is not None and settled < (sought.get(tp) or settled + 1)
        }

    async def run(self, ended: Callable[[], bool]) -> None:
        """Fetch records and hand them to the stage until `ended` returns True."""
        while not ended():
            await self._next()

    async def _next(self) -> None:
        flows = self._broker.flows
        active = set(self._broker.active()) if flows and not self._plan.seeking else set()
        rereads = {tp: reread for tp, reread in self._progress.rereads().items() if tp in active}
        wanted = active - self._intake.full()
        match self._plan.step(flows=flows, active=bool(active), rereads=bool(rereads), room=bool(wanted)):
            case Step.WAIT_FOR_FLOW:
                await self._broker.flow()
            case Step.WAIT_FOR_SEEK:
                await asyncio.sleep(0.01)
            case Step.SEEK_TO_COMMITTED:
                await self._seek_to_committed()
            case Step.REREAD:
                await self._reread(rereads)
            case Step.WAIT_FOR_ROOM:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._intake.room(), 0.1)
            case Step.FETCH:
                await self._fetch(wanted)

    async def _fetch(self, wanted: set[TopicPartition]) -> None:
        seeks = self._plan.seeks
        chunk = await self._broker.fetch(wanted)
        if not chunk.batches:
            await asyncio.sleep(0)
        elif not self._plan.may_take(chunk.generation, seeks, flows=self._broker.flows):
            log.debug("fetch.discarded", partitions=len(chunk.batches))
        elif reset := self._gaps.reset_by_client(chunk.batches):
            log.warning("fetch.reset_by_client", partitions={tp.partition: offset for tp, offset in reset.items()})
            self._plan.discarded = True
            await asyncio.sleep(0.1)  # until the leader has caught up
        else:
            await self._take(chunk)

    async def _take(self, chunk: Chunk) -> None:
        for tp in self._gaps.made_anew(chunk.batches):
            log.error("stage.topic_made_anew", topic=tp.topic, partition=tp.partition)
            self._progress.begin_anew(tp)
        gaps = self._gaps.took(chunk.batches)
        self._intake.take(chunk)
        if gaps:
            await self._report(gaps)

    async def _report(self, gaps: Mapping[TopicPartition, Gap]) -> None:
        """Log and count how many records of these gaps retention has deleted."""
        try:
            begins = await self._broker.beginnings(gaps)
        except AWAY as error:
            log.warning("gaps.unknown", error=repr(error))
            return
        for tp, count in expired(gaps, begins).items():
            log.error("records.expired", topic=tp.topic, partition=tp.partition, count=count, next_offset=begins[tp])
            self._intake.expired(count)

    async def _seek_to_committed(self) -> None:
        """Seek to the committed offsets, so that discarded records are fetched again.

        A partition without a commit begins at its first offset: Faust leaves it where the discarded records ended.
        """
        try:
            await self._broker.seek_to_committed()
            sought = self._broker.sought()
            new = [tp for tp, settled in self._progress.positions().items() if settled is None and not sought.get(tp)]
            if new:
                await self._broker.seek(await self._broker.beginnings(new))
        except (*AWAY, AssertionError) as error:  # the partitions went away meanwhile, or the broker is
            log.info("seek.failed", error=repr(error))
            await asyncio.sleep(0.1)
            return
        self._plan.discarded = False

    async def _reread(self, rereads: Rereads) -> None:
        """Rewind these partitions. No fetch is in flight here, so that no chunk from before can follow."""
        seeks = self._plan.seeks
        try:
            offsets, times = await self.reread_targets(rereads)
            await self._broker.seek(offsets)
            self._gaps.sought(offsets)
        except AWAY as error:
            log.warning("rewind.failed", error=repr(error))
            await asyncio.sleep(0.5)
            return
        if seeks != self._plan.seeks:  # a rebalance came in between: whoever has the partitions now asks for it anew
            self._plan.discarded = True
            return
        self._intake.rewound(rereads, offsets, times)
        log.info("stage.rewound", asked=len(rereads), partitions=len(offsets))
        await self.commit()  # at once: a worker that takes over after a crash must read again, too

    async def reread_targets(self, rereads: Rereads) -> tuple[dict[TopicPartition, int], dict[TopicPartition, int]]:
        """By partition, the offset to rewind it to; and by partition, the time it had reached (UTC ms), where that is known."""
        standings = {
            tp: Standing(settled, self._progress.recorded_ms(tp))
            for tp, settled in self._progress.positions().items()
            if tp in rereads and rereads[tp].rewinds
        }
        for tp, standing in standings.items():
            if standing.offset is None:
                standings[tp] = await self._broker.committed(tp)
        times = times_to_look_up(rereads, standings)
        since = await self._broker.offsets_since(times) if times else {}
        offsets = reread_offsets(rereads, standings, since)
        new = [tp for tp in standings if tp not in offsets]
        return offsets | (await self._broker.beginnings(new) if new else {}), reached_ms(rereads, standings)

    async def commit(self) -> bool:
        """Commit what the stage has settled. False: there is nothing, or it failed and is tried again at the next interval."""
        async with self._committing:
            offsets = self._progress.offsets()
            if not offsets:
                return False
            noted = {
                tp: OffsetAndMetadata(offset, str(self._progress.recorded_ms(tp) or ""))
                for tp, offset in offsets.items()
            }
            done = await self._broker.commit(noted, self._plan.generation)
            if done:
                self._progress.committed(offsets)
            return done
