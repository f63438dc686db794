"""Faust's Kafka transport, mended where it loses records or stops for a broker that is away.

Faust 0.15.3 gives the group, the rebalance and the agent. Its consumer is replaced in six places, here and in
`consumer_thread`:

* records go from the fetcher to the stage in chunks, packed as the broker sent them, not one by one through four tasks each
  (`Consumer._drain_messages`);
* offsets are committed exactly as the stage says, not by arithmetic over acknowledged events, which skips holes
  (`Consumer._new_offset`), and never for a generation that has passed;
* a commit that fails is tried again with the next one, it does not crash the worker;
* a rebalance waits for the batch in hand, but not for ever;
* the stage can have partitions read again from a place or a time on, when what it made of them was lost;
* a seek to the committed offsets never leaps over what went back, and begins at the beginning where nothing is committed.

tests/integration/test_stage.py fails when upstream changes what this leans on.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Mapping
from time import monotonic
from typing import Any, Protocol

import structlog
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.transport.drivers import aiokafka as upstream

from pipeline.stream.consumer_thread import AWAY, StageConsumerThread
from pipeline.stream.fetched import Chunk
from pipeline.stream.gaps import Gaps, expired
from pipeline.stream.progress import Again, Progress, Since

try:
    import uvloop
except ImportError:  # Windows has none
    uvloop = None  # type: ignore[assignment]

log = structlog.get_logger("vigie.transport")


class Intake(Protocol):
    """The stage, as the consumer sees it."""

    progress: Progress

    def take(self, chunk: Chunk) -> None:
        """Accept a chunk; never blocks, `held` bounds it."""

    def held(self) -> set[TopicPartition]:
        """Partitions whose backlog is full: not fetched until it has shrunk."""

    async def room(self) -> None:
        """Return when `held` may have changed."""

    async def drained(self, timeout_s: float) -> None:
        """Drop what has not begun, wait for what has, at most so long."""

    def assigned(self, partitions: Iterable[TopicPartition]) -> None:
        """A new generation begins with these partitions."""

    def expired(self, count: int) -> None:
        """So many records were gone from the topic before they could be fetched."""

    def rewound(self, again: Again, offsets: Mapping[TopicPartition, int], times: Mapping[TopicPartition, int]) -> None:
        """This was done, as Progress.rewound has it; what was fetched of these partitions comes again."""


class StageConsumer(upstream.Consumer):  # type: ignore[misc]
    """Faust's consumer with the stage as the only reader."""

    logger = logging.getLogger("faust.consumer")

    intake: Intake
    stop_wait_s = 3.0

    def _new_consumer_thread(self) -> StageConsumerThread:
        thread_loop = asyncio.new_event_loop() if uvloop is None else uvloop.new_event_loop()
        thread = StageConsumerThread(self, loop=self.loop, thread_loop=thread_loop, beacon=self.beacon)
        thread._close_thread_loop_on_stop = True
        return thread

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.intake = self.transport.intake
        self._generation = -1  # of the partitions that the stage has
        self._place = 0  # counts assignments and seeks: a chunk whose fetch met one may be of before or after
        self._seeking = 0
        self._gaps = Gaps()
        self._dropped = False  # such a chunk was dropped, and nobody may have sought back since
        self._committing = asyncio.Lock()  # a commit that is tried again must not overtake the next one

    async def _drain_messages(self, fetcher: Any) -> None:
        """Faust's fetcher task: bring records to the stage for as long as both run."""
        while not (self.should_stop or fetcher.should_stop):
            if not self.flow_active:
                await self.wait(self.can_resume_flow)
                continue
            if self._seeking:  # Faust does, beside this: what is fetched now is of before or after
                await asyncio.sleep(0.01)
                continue
            active = set(self._get_active_partitions())
            if self._dropped and active:
                await self._seek_back()
                continue
            if again := {tp: since for tp, since in self.intake.progress.again().items() if tp in active}:
                await self._rewind(again)
                continue
            wanted = active - self.intake.held()
            if not wanted:
                await self._room()
                continue
            place = self._place
            chunk = await self._getmany(active_partitions=wanted, timeout=0.25)
            same = place == self._place and chunk.generation == self._generation
            if chunk.batches and self.flow_active and same:
                if strayed := self._gaps.strayed(chunk.batches):
                    log.warning("fetch.strayed", partitions={tp.partition: due for tp, due in strayed.items()})
                    self._dropped = True
                    await asyncio.sleep(0.1)  # the leader may take a moment to know its own records again
                    continue
                for tp in self._gaps.begun_anew(chunk.batches):
                    log.error("stage.topic_begun_anew", topic=tp.topic, partition=tp.partition)
                    self.intake.progress.begin_anew(tp)
                gaps = self._gaps.took(chunk.batches)
                self.intake.take(chunk)
                if gaps:
                    await self._tell(gaps)
            elif chunk.batches:
                self._dropped = True
                log.debug("fetch.stale", partitions=len(chunk.batches))
            else:
                await asyncio.sleep(0)

    async def _seek_back(self) -> None:
        """What was dropped comes again; what the stage has by then, it knows."""
        try:
            await self.perform_seek()
            # what has no commit, Faust leaves where the dropped records ended
            new = [
                tp
                for tp, settled in self.intake.progress.positions().items()
                if settled is None and not self._read_offset.get(tp)
            ]
            if new:
                await self.seek_wait(await self._thread.beginnings(new))
        except (*AWAY, AssertionError) as error:  # the partitions went away meanwhile, or the broker is
            log.info("seek.failed", error=repr(error))
            await asyncio.sleep(0.1)
            return
        self._dropped = False

    async def _rewind(self, again: Again) -> None:
        """Read again. Nothing is in flight here, so no chunk from before can follow."""
        place = self._place
        try:
            offsets, times = await self._places_of(again)
            await self.seek_wait(offsets)
            self._gaps.sought(offsets)
        except AWAY as error:
            log.warning("rewind.failed", error=repr(error))
            await asyncio.sleep(0.5)
            return
        if place != self._place:  # a rebalance came in between: it is asked for anew by whoever has the partitions now
            self._dropped = True
            return
        self.intake.rewound(again, offsets, times)
        log.info("stage.rewound", asked=len(again), partitions=len(offsets))
        await self.force_commit()  # at once: whoever has to go on in this one's place must go back as far

    async def _places_of(self, again: Again) -> tuple[dict[TopicPartition, int], dict[TopicPartition, int]]:
        """Where to go back to, and how far each had come (UTC ms, where that is known). Never ahead of where a partition is: one
        that is behind would skip what it has not done. But even to where it is: what is in hand was made with what is lost.
        """
        here = {
            tp: (settled, self.intake.progress.recorded_ms(tp))
            for tp, settled in self.intake.progress.positions().items()
            if tp in again and again[tp] != Since(asked_ms=again[tp].asked_ms)
        }
        for tp, (settled, _) in here.items():
            if settled is None:
                here[tp] = await self._thread.committed_place(tp)
        times = {tp: [ms for ms in (again[tp].asked_ms, at_ms) if ms] for tp, (_, at_ms) in here.items()}
        stood_ms = {tp: min(some) for tp, some in times.items() if some}
        recorded = await self._thread.offsets_since(
            {
                tp: max(0, at_ms - back_ms)
                for tp, at_ms in stood_ms.items()
                if (back_ms := again[tp].back_ms) is not None
            }
        )
        found = {
            tp: min(place for place in (settled, recorded.get(tp), again[tp].place) if place is not None)
            for tp, (settled, _) in here.items()
            if settled is not None
        }
        new = [tp for tp in here if tp not in found]
        known_ms = {tp: at_ms for tp, at_ms in stood_ms.items() if here[tp][1]}
        return found | (await self._thread.beginnings(new) if new else {}), known_ms

    async def _tell(self, gaps: Mapping[TopicPartition, tuple[int, int]]) -> None:
        try:
            begins = await self._thread.beginnings(gaps)
        except AWAY as error:
            log.warning("gaps.unknown", error=repr(error))
            return
        for tp, count in expired(gaps, begins).items():
            log.error("records.expired", topic=tp.topic, partition=tp.partition, count=count, next_offset=begins[tp])
            self.intake.expired(count)

    async def _room(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.intake.room(), 0.1)

    async def force_commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:
        """Commit what the stage has settled; what fails is tried again at the next interval."""
        async with self._committing:
            offsets = self.intake.progress.offsets()
            if not offsets:
                return False
            times = {tp: self.intake.progress.recorded_ms(tp) for tp in offsets}
            places = {tp: OffsetAndMetadata(offset, str(times[tp] or "")) for tp, offset in offsets.items()}
            done = await self._thread.commit_generation(places, self._generation)
            if done:
                self.intake.progress.committed(offsets)
            return bool(done)

    async def wait_empty(self) -> None:
        """Before partitions go: let the batch in hand end, at most `stop_wait_s`, and commit."""
        started = monotonic()
        await self.intake.drained(self.stop_wait_s)
        await self.commit()
        log.debug("stage.drained", seconds=round(monotonic() - started, 3))

    async def on_partitions_assigned(self, assigned: set[TopicPartition], generation_id: int = 0) -> None:
        """A new generation: the stage starts it with nothing in hand. assigned: of Faust's own class, which equals aiokafka's."""
        self._place += 1
        self._generation = generation_id
        self.intake.assigned(assigned)
        await super().on_partitions_assigned(assigned, generation_id)

    async def perform_seek(self) -> None:
        """Back to the committed offsets. A chunk fetched across it is not taken: the stage drops what it has seen, by offset, so
        that one chunk from after a gap would make it drop the gap."""
        self._place += 1
        self._seeking += 1
        try:
            await super().perform_seek()
            # a partition that has gone back is not sought ahead, although the broker may not know yet that it has
            behind = {
                tp: settled
                for tp, settled in self.intake.progress.positions().items()
                if settled is not None and settled < (self._read_offset.get(tp) or settled + 1)
            }
            if behind:
                await self.seek_wait(behind)
            self._gaps.sought({**self._read_offset, **behind})
        finally:
            self._place += 1
            self._seeking -= 1

    async def verify_all_partitions_active(self) -> None:
        """Nothing: see StageConsumerThread.verify_event_path."""


class StageTransport(upstream.Transport):  # type: ignore[misc]
    """What `app.transport` is set to. client_kwargs: KafkaConnection.client_kwargs()."""

    Consumer = StageConsumer
    intake: Intake
    client_kwargs: Mapping[str, Any]
