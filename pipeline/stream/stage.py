"""The stage that every agent is built on: nothing is lost, and a crash repeats only what ids make harmless.

Take what is there, decode, call the handler with the whole batch, send its outputs, wait for the broker's acknowledgement of
every one, and only then count the inputs as settled, in order. A dependency that is away is waited out; a record that fails
alone is dead-lettered alone.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from aiokafka.structs import TopicPartition

from pipeline.errors import BadRecord, Misconfigured, Unavailable
from pipeline.runtime.back_off import BackOff
from pipeline.runtime.sender import Sender
from pipeline.stream.fetched import Chunk
from pipeline.stream.lane import Lane
from pipeline.stream.metrics import StageMetrics, captured_at_ms, count_of, count_of_all
from pipeline.stream.outputs import Handler, Outputs, Record
from pipeline.stream.progress import Again, Progress
from pipeline.stream.wire import Run, Wire
from schemas.base import Message
from schemas.topics import Topic

log = structlog.get_logger()
BETWEEN_ATTEMPTS = BackOff(first_s=0.05, cap_s=5.0, patience_s=1.0)


class Stale(Exception):
    """A rebalance took the batch away; whoever has its partitions now does it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageOptions:
    """How a stage takes its records. tick_ms: call the handler with nothing after so long without records; None: never."""

    agent: str
    source: Topic[Any]
    namespace: str
    max_records: int = 2000
    max_bytes: int = 2 * 1024 * 1024  # of a batch: some 5,000 reads, which take a tenth of a second or less
    tick_ms: int | None = None
    per_partition: bool = False
    reports_refused: bool = True
    retries: int = 3
    backlog: int = 2000  # fetched records that may wait per lane


class Stage:
    """One agent's loop. It is the transport's intake; `run` is the body of the Faust agent."""

    def __init__(
        self,
        options: StageOptions,
        handler: Handler[Any],
        sender: Sender,
        metrics: StageMetrics,
        now_ms: Callable[[], int],
    ) -> None:
        self._options = options
        self._wire = Wire(options.agent, options.namespace, options.source, reports_refused=options.reports_refused)
        self._handler = handler
        self._sender = sender
        self._metrics = metrics
        self._now_ms = now_ms
        self._lanes: dict[TopicPartition | None, Lane] = {}
        self._generation = -1
        self.progress = Progress()
        self._changed = asyncio.Event()
        self._resets: list[Callable[[], None]] = []
        self._reset_for = -1
        self._running = False
        self._draining = asyncio.Event()
        self.high_water: Callable[[TopicPartition], int | None] = lambda _tp: None
        self.failure: Exception | None = None  # what ended a loop: Faust only logs it, the worker must end

    def on_reset(self, forget: Callable[[], None]) -> None:
        """Have `forget` called before the first batch of each generation: what a handler keeps in memory starts anew."""
        self._resets.append(forget)

    # -- the transport's side (Intake) ------------------------------------------------------------------------------------

    def take(self, chunk: Chunk) -> None:
        """Queue a chunk for its lanes."""
        for tp, batches in chunk.batches.items():
            lane = self._lane(tp)
            if lane.generation != chunk.generation:
                lane.clear()
                lane.generation = chunk.generation
            lane.keep(tp, self.progress.not_taken(tp, batches))
        self._generation = chunk.generation

    def held(self) -> set[TopicPartition]:
        """Partitions whose lane has its fill."""
        full = {key for key, lane in self._lanes.items() if lane.records >= self._options.backlog}
        return {tp for tp in self.progress.positions() if (tp if self._options.per_partition else None) in full}

    async def room(self) -> None:
        """Until some batch has been taken."""
        self._changed.clear()
        await self._changed.wait()

    async def drained(self, timeout_s: float) -> None:
        """Forget what has not begun; wait for what has, unless it only waits for a dependency: that comes again."""
        self._draining.set()
        for lane in self._lanes.values():
            lane.clear()
        try:
            async with asyncio.timeout(timeout_s):
                while any(lane.busy for lane in self._lanes.values()):
                    await self.room()
        except TimeoutError:
            log.warning("stage.drain_timed_out", agent=self._options.agent)

    def assigned(self, partitions: Iterable[TopicPartition]) -> None:
        """Start a generation with nothing in hand: the broker's committed offsets say where."""
        self._draining.clear()
        self.progress.begin(partitions)
        self._generation = -1
        for lane in self._lanes.values():
            lane.clear()
            lane.generation = -1
        count = len(self.progress.positions())
        self._metrics.partitions.set(count)
        self._metrics.ready.set(1)
        log.info("stage.assigned", partitions=count)

    def expired(self, count: int) -> None:
        """Lost by retention."""
        self._metrics.expired.inc(count)

    def rewound(self, again: Again, offsets: Mapping[TopicPartition, int], times: Mapping[TopicPartition, int]) -> None:
        """See Progress.rewound. What was fetched of these partitions comes again."""
        self.progress.rewound(again, offsets, times)
        for tp in offsets:
            self._lane(tp).drop(tp)

    def waiting(self, partition: int) -> int:
        """How many records the partition holds that are not settled, as far as the last fetch told; 0 when unknown."""
        tp = TopicPartition(f"{self._options.namespace}.{self._options.source.name}", partition)
        high, settled = self.high_water(tp), self.progress.positions().get(tp)
        queued = sum(len(run) for lane in self._lanes.values() for waiting, run in lane.waiting if waiting == tp)
        return queued if high is None or settled is None else max(queued, high - settled)

    # -- the loops --------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Work until cancelled. What no retry can mend ends in `failure`."""
        self._running = True
        for key in self._lanes:
            self._start(key)
        if not self._options.per_partition:
            self._start(None)
        try:
            await asyncio.Event().wait()
        finally:
            self._running = False
            tasks = [lane.task for lane in self._lanes.values() if lane.task]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _lane(self, tp: TopicPartition) -> Lane:
        key = tp if self._options.per_partition else None
        return self._lanes.get(key) or self._start(key)

    def _start(self, key: TopicPartition | None) -> Lane:
        lane = self._lanes.setdefault(key, Lane())
        if self._running and (lane.task is None or lane.task.done()):
            lane.task = asyncio.create_task(self._work(lane), name=f"{self._options.agent}-{key}")
        return lane

    async def _work(self, lane: Lane) -> None:
        tick_s = None if self._options.tick_ms is None else self._options.tick_ms / 1000
        while True:
            try:
                await self._once(lane, tick_s)
            except Stale:
                self._metrics.retries.labels(self._options.agent, "stale").inc()
                log.info("stage.stale_batch_dropped")
            except Exception as error:  # no retry can mend it: the worker ends, its supervisor starts it again
                log.exception("stage.failed")
                self.failure = error
                return
            finally:
                lane.busy = False
                self._changed.set()

    async def _once(self, lane: Lane, tick_s: float | None) -> None:
        if not lane.waiting:
            lane.arrived.clear()
            try:
                async with asyncio.timeout(tick_s):
                    await lane.arrived.wait()
            except TimeoutError:
                pass
        lane.busy = True
        generation = lane.generation
        batch = lane.taken(self._options.max_records, self._options.max_bytes)
        self._changed.set()
        if self._reset_for != generation != -1 and not self._options.per_partition:
            self._reset_for = generation
            for forget in self._resets:
                forget()
        if batch or (tick_s is not None and generation == self._generation != -1):
            with self._metrics.handle_seconds.time():
                await self._settle(lane, batch, lambda: lane.generation != generation)

    async def _settle(self, lane: Lane, batch: list[Run], stale: Callable[[], bool]) -> None:
        lasts = {tp: (fetched[-1].offset + 1, fetched[-1].timestamp) for tp, fetched in batch}
        count = sum(len(fetched) for _, fetched in batch)
        records, outputs = self._wire.decoded(batch)
        messages = count_of_all([record.message for record in records])
        batch.clear()  # this and the messages go as soon as they are decided: later they must be fetched into the cache to be freed
        outputs.add(await self._handled(records, stale))
        del records
        await self._sent(outputs, stale)
        if outputs.settled is not None:
            await self._waited_out(outputs.settled, stale)
        if stale():
            raise Stale
        if not self._options.per_partition:
            self.progress.hold(outputs.hold)
        for tp, (place, recorded_ms) in lasts.items():
            if tp not in lane.dropped:
                self.progress.settle(tp, place, recorded_ms)
        self._metrics.records_in.inc(count)
        self._metrics.messages_in.inc(messages)
        if lasts:
            self._metrics.batch_records.observe(count)

    async def _handled(
        self, records: Sequence[Record[Message]], stale: Callable[[], bool], attempt: int = 0
    ) -> Outputs:
        while True:
            try:
                return await self._handler(records)
            except Unavailable as error:
                await self._wait(error, attempt, stale)
            except Misconfigured:
                raise
            except Exception as error:
                if len(records) > 1:
                    return await self._one_by_one(records, stale)
                if not records or (attempt < self._options.retries and not isinstance(error, BadRecord)):
                    log.exception("stage.handler_failed", attempt=attempt)
                    await self._wait(error, attempt, stale)
                else:
                    return self._given_up(records[0], error)
            attempt += 1

    async def _one_by_one(self, records: Sequence[Record[Message]], stale: Callable[[], bool]) -> Outputs:
        self._metrics.retries.labels(self._options.agent, "isolate").inc()
        outputs = Outputs()
        for record in records:
            outputs.add(await self._handled([record], stale))
        return outputs

    def _given_up(self, record: Record[Message], error: Exception) -> Outputs:
        reason, detail = ("failed", repr(error)) if not isinstance(error, BadRecord) else (error.reason, error.detail)
        log.error("stage.record_given_up", topic=record.topic, offset=record.offset, reason=reason, detail=detail)
        outputs = Outputs()
        outputs.refuse(record, reason, detail)
        return outputs

    async def _sent(self, outputs: Outputs, stale: Callable[[], bool]) -> None:
        outgoing = self._wire.outgoing(outputs, self._now_ms())
        attempt = 0
        while outgoing:
            try:
                await self._sender.send_all(outgoing)
                break
            except Unavailable as error:
                await self._wait(error, attempt, stale)
                attempt += 1
            except BadRecord:
                outgoing = self._wire.bounded(outgoing, self._now_ms())
        acknowledged_ms = self._now_ms()
        sent = Counter[str]()
        for topic, message, _, _ in outputs.sends:
            sent[topic.name] += count_of(message)
            captured = captured_at_ms(message)
            if captured is not None:
                self._metrics.capture_latency_seconds.observe(max(0, acknowledged_ms - captured) / 1000)
        for name, count in sent.items():
            self._metrics.messages_out.labels(self._options.agent, name).inc(count)
        for refused in outputs.refusals:
            counter = self._metrics.dead_lettered if self._wire.reports(refused) else self._metrics.refused_elsewhere
            counter.labels(self._options.agent, refused.reason).inc()

    async def _waited_out(self, action: Callable[[], Any], stale: Callable[[], bool]) -> None:
        attempt = 0
        while True:
            try:
                await action()
                return
            except Unavailable as error:
                await self._wait(error, attempt, stale)
                attempt += 1

    async def _wait(self, error: Exception, attempt: int, stale: Callable[[], bool]) -> None:
        if stale():
            raise Stale from error
        asked_s = error.retry_after_s if isinstance(error, Unavailable) and attempt else None
        pause_s = BETWEEN_ATTEMPTS.wait_s(attempt + 1, asked_s=asked_s)
        self._metrics.waiting.set(1)
        self._metrics.retries.labels(
            self._options.agent, "unavailable" if isinstance(error, Unavailable) else "failed"
        ).inc()
        if attempt in (0, 3) or attempt % 20 == 0:
            log.warning("stage.waiting", cause=str(error), attempt=attempt, pause_s=round(pause_s, 2))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._draining.wait(), pause_s)
        self._metrics.waiting.set(0)
        if stale() or self._draining.is_set():
            raise Stale from error
