"""The stage that every agent is built on: it loses no record, and a crash only repeats outputs under the same ids.

It queues fetched records, processes them in batches, and counts a batch as settled, in order, only when the broker has acknowledged
every one of its outputs.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping

import structlog
from aiokafka.structs import TopicPartition

from pipeline.runtime.sender import Sender
from pipeline.stream.batch import BatchProcessor, StageOptions, Stale
from pipeline.stream.fetched import Chunk
from pipeline.stream.metrics import StageMetrics
from pipeline.stream.outputs import AnyHandler
from pipeline.stream.partition_queue import NO_GENERATION, PartitionQueue
from pipeline.stream.progress import Progress, Rereads
from pipeline.stream.stream_time import NOT_FETCHING, Fetching, FetchState

log = structlog.get_logger()


class Stage:
    """The queues and loops of one agent. It is the transport's intake; `run` is the body of the Faust agent."""

    def __init__(
        self,
        options: StageOptions,
        handler: AnyHandler,
        sender: Sender,
        metrics: StageMetrics,
        now_ms: Callable[[], int],
    ) -> None:
        self._options = options
        self._metrics = metrics
        self._draining = asyncio.Event()
        self._processor = BatchProcessor(options, handler, sender, metrics, now_ms, self._draining)
        self._queues: dict[TopicPartition | None, PartitionQueue] = {}
        self._generation = NO_GENERATION
        self.progress = Progress()
        self._changed = asyncio.Event()
        self._resets: list[Callable[[], None]] = []
        self._assignments = self._reset_for = 0
        self._running = False
        self.high_water: Callable[[TopicPartition], int | None] = lambda _tp: None
        self.fetching: Callable[[TopicPartition], Fetching] = lambda _tp: NOT_FETCHING
        self.failure: Exception | None = None  # what ended a loop: Faust only logs it, but the worker must end

    @property
    def source(self) -> str:
        """The full name of the topic that it reads."""
        return f"{self._options.namespace}.{self._options.source.name}"

    def on_reset(self, forget: Callable[[], None]) -> None:
        """Call `forget` before the first batch or tick of each generation: what a handler keeps in memory begins anew. Never called
        with per_partition."""
        self._resets.append(forget)

    # -- what the transport calls (StageIntake) -----------------------------------------------------------------------------

    def take(self, chunk: Chunk) -> None:
        """Queue a chunk."""
        for tp, batches in chunk.batches.items():
            queue = self._queue_of(tp)
            if queue.generation != chunk.generation:
                queue.clear(chunk.generation)
            queue.append(tp, self.progress.not_taken(tp, batches))
        self._generation = chunk.generation

    def full(self) -> set[TopicPartition]:
        """Partitions whose queue is full."""
        full = {key for key, queue in self._queues.items() if queue.records >= self._options.backlog}
        return {tp for tp in self.progress.positions() if self._key(tp) in full}

    async def room(self) -> None:
        """Wait until a batch has been taken or processed, so that `full` may have changed."""
        self._changed.clear()
        await self._changed.wait()

    async def drained(self, timeout_s: float) -> None:
        """Discard what is queued; wait for batches in flight, except those that wait for a dependency: they are fetched again."""
        self._draining.set()
        for queue in self._queues.values():
            queue.clear()
        try:
            async with asyncio.timeout(timeout_s):
                while any(queue.busy for queue in self._queues.values()):
                    await self.room()
        except TimeoutError:
            log.warning("stage.drain_timed_out", agent=self._options.agent)

    def assigned(self, partitions: Iterable[TopicPartition]) -> None:
        """Begin a generation with nothing queued: records come from the committed offsets on."""
        self._draining.clear()
        self.progress.begin(partitions)
        self._generation = NO_GENERATION
        self._assignments += 1
        for queue in self._queues.values():
            queue.clear(NO_GENERATION)
        count = len(self.progress.positions())
        self._metrics.partitions.set(count)
        self._metrics.ready.set(1)
        log.info("stage.assigned", partitions=count)

    def expired(self, count: int) -> None:
        """Count records that retention dropped before they were fetched."""
        self._metrics.expired.inc(count)

    def rewound(
        self, done: Rereads, offsets: Mapping[TopicPartition, int], times: Mapping[TopicPartition, int]
    ) -> None:
        """Note that these rereads are done, and discard the queued records of the partitions in `offsets`: they are fetched
        again from there. See Progress.rewound."""
        self.progress.rewound(done, offsets, times)
        for tp in offsets:
            self._queue_of(tp).discard(tp)

    def waiting(self, partition: int) -> int:
        """How many records of the source's partition are not settled, by the answer to the last fetch; where that is unknown, how
        many are queued."""
        tp = TopicPartition(self.source, partition)
        high, settled = self.high_water(tp), self.progress.positions().get(tp)
        queued = sum(queue.records_of(tp) for queue in self._queues.values())
        return queued if high is None or settled is None else max(queued, high - settled)

    def fetch_states(self) -> dict[int, FetchState]:
        """The state of each partition of this worker, as its consumer sees it."""
        rereads, found = self.progress.rereads(), dict[int, FetchState]()
        for tp, settled in self.progress.positions().items():
            begun, position, high, polled = self.fetching(tp)
            waiting = sum(queue.records_of(tp) for queue in self._queues.values())
            found[tp.partition] = FetchState(
                begun if settled is None else settled, position, high, polled, waiting, tp in rereads
            )
        return found

    # -- the loops ----------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Process what is queued until cancelled. An error that no retry can mend is set as `failure`."""
        self._running = True
        for key in self._queues:
            self._start(key)
        if not self._options.per_partition:
            self._start(None)
        try:
            await asyncio.Event().wait()
        finally:
            self._running = False
            tasks = [queue.task for queue in self._queues.values() if queue.task]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _key(self, tp: TopicPartition) -> TopicPartition | None:
        return tp if self._options.per_partition else None

    def _queue_of(self, tp: TopicPartition) -> PartitionQueue:
        return self._queues.get(self._key(tp)) or self._start(self._key(tp))

    def _start(self, key: TopicPartition | None) -> PartitionQueue:
        queue = self._queues.setdefault(key, PartitionQueue())
        if self._running and (queue.task is None or queue.task.done()):
            queue.task = asyncio.create_task(self._work(queue), name=f"{self._options.agent}-{key}")
        return queue

    async def _work(self, queue: PartitionQueue) -> None:
        """Process what is queued, batch by batch."""
        tick_s = None if self._options.tick_ms is None else self._options.tick_ms / 1000
        while True:
            try:
                await self._once(queue, tick_s)
            except Stale:
                self._metrics.retries.labels(self._options.agent, "stale").inc()
                log.info("stage.stale_batch_dropped")
            except Exception as error:  # no retry can mend it: the worker ends, its supervisor starts it again
                self.failure = error
                log.exception("stage.failed")
                return
            finally:
                queue.busy = False
                self._changed.set()

    async def _once(self, queue: PartitionQueue, tick_s: float | None) -> None:
        await _arrived(queue, tick_s)
        queue.busy = True
        generation = queue.generation
        batch = queue.take(self._options.max_records, self._options.max_bytes)
        self._changed.set()
        self._reset()
        if batch or (tick_s is not None and generation == self._generation and self._assignments):
            with self._metrics.handle_seconds.time():
                ends = {tp: (fetched[-1].offset + 1, fetched[-1].timestamp) for tp, fetched in batch}
                outputs = await self._processor.process(batch, lambda: queue.generation != generation)
                if not self._options.per_partition:
                    self.progress.hold(outputs.hold)
                for tp, (offset, recorded_ms) in ends.items():
                    if tp not in queue.discarded:
                        self.progress.settle(tp, offset, recorded_ms)

    def _reset(self) -> None:
        """Have the handler begin anew with the first batch, or tick, of a generation."""
        if self._options.per_partition or self._assignments == self._reset_for:
            return
        self._reset_for = self._assignments
        for forget in self._resets:
            forget()


async def _arrived(queue: PartitionQueue, tick_s: float | None) -> None:
    """Return when records wait, or after so long without any; None: however long that takes."""
    if queue.waiting:
        return
    queue.arrived.clear()
    try:
        async with asyncio.timeout(tick_s):
            await queue.arrived.wait()
    except TimeoutError:
        return
