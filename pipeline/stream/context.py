"""What an agent is given to work with: settings, servers, its clock, and what its stage knows."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import redis.asyncio
import structlog
from aiokafka.structs import TopicPartition

from pipeline.errors import Misconfigured
from pipeline.runtime.back_off import BackOff
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.partitioner import partition_of
from pipeline.runtime.sender import Sender
from pipeline.runtime.settings import Settings
from pipeline.state.collections import Collection
from pipeline.state.follower import Follower
from pipeline.state.mirror import Mirror
from pipeline.stream.metrics import StageMetrics
from pipeline.stream.progress import RereadFrom
from pipeline.stream.stage import Stage
from pipeline.stream.stream_time import FetchState
from schemas.topics import Topic

log = structlog.get_logger("vigie.agent")
RESTARTS = BackOff(first_s=0.5, cap_s=10.0)


@dataclass(slots=True)
class Context:
    """What an agent's `start` gets: settings, servers, clock and metrics, and what its stage tells it."""

    settings: Settings
    redis: "redis.asyncio.Redis"
    metrics: StageMetrics
    sender: Sender
    now_ms: Callable[[], int] = platform_now_ms
    monotonic_s: Callable[[], float] = time.monotonic
    partition_counts: dict[str, int] = field(default_factory=dict)  # by topic, as found at start
    stage: Stage | None = None  # made of what `start` returns
    started: asyncio.Event = field(default_factory=asyncio.Event)  # set when the agent has joined its group
    resets: list[Callable[[], None]] = field(default_factory=list)
    _background: list[asyncio.Task[None]] = field(default_factory=list)
    _stops: list[Callable[[], Awaitable[None]]] = field(default_factory=list)

    def partition_of(self, topic: Topic[Any], key: str) -> int:
        """The partition that Kafka's own hash gives this key, over the topic's real partition count."""
        return partition_of(key.encode(), self.partitions(topic))

    def partitions(self, topic: Topic[Any]) -> int:
        """The topic's real partition count, as found at start."""
        return self.partition_counts[topic.name]

    def waiting(self, partition: int) -> int:
        """How many records of the source's partition are not settled yet, by the answer to the last fetch."""
        return self.stage.waiting(partition) if self.stage is not None else 0

    def committed(self) -> dict[int, int]:
        """By partition of the source, the offset that a worker begins at after a crash of this one: no earlier record comes again.

        Partitions for which nothing was committed since they were assigned are missing.
        """
        offsets = self.stage.progress.committed_offsets() if self.stage is not None else {}
        return {tp.partition: offset for tp, offset in offsets.items()}

    def fetch_states(self) -> dict[int, FetchState]:
        """Each partition of the source that this worker has, as its consumer sees it."""
        return self.stage.fetch_states() if self.stage is not None else {}

    def rereading(self) -> set[int]:
        """The partitions of the source for which a reread was asked that is not done yet. Some of them will not go back: they stand
        before the offset that was asked for, or nothing is to be read again."""
        return {tp.partition for tp in self.stage.progress.rereads()} if self.stage is not None else set()

    def read_again(self, since: Mapping[int, RereadFrom]) -> None:
        """Have these partitions of the source read again, because what was kept of their records is lost."""
        if self.stage is not None:
            topic = self.stage.source
            self.stage.progress.ask_reread({TopicPartition(topic, one): from_ for one, from_ in since.items()})

    async def follow(self, mirror: Mirror, *collections: Collection[Any]) -> Follower:
        """Load these collections of reference data into the mirror, and keep it up to date until the agent stops.

        Returns what follows them. Raises Unavailable when Redis is away.
        """
        follower = Follower(
            self.redis,
            self.settings.namespace,
            collections,
            mirror.take,
            on_caught_up=mirror.caught_up,
            on_half=mirror.half,
        )
        await follower.load()
        self.background(follower.run, "reference data")
        return follower

    def background(self, work: Callable[[], Awaitable[None]], name: str) -> None:
        """Run `work()` beside the stage until the agent stops; when it fails, start it again after a pause."""
        self._background.append(asyncio.create_task(supervised(work, name), name=name))

    def on_stop(self, close: Callable[[], Awaitable[None]]) -> None:
        """Call `close()` when the agent stops, last registered first."""
        self._stops.append(close)

    def on_reset(self, forget: Callable[[], None]) -> None:
        """Call `forget()` when partitions were reassigned: what is in memory of unfinished work must be dropped, because its
        records are fetched again."""
        self.resets.append(forget)

    async def close(self) -> None:
        """Cancel what `background` was given, and then call what `on_stop` was given. Errors of the latter are logged and
        not raised."""
        running = set(self._background)
        while running:  # more than once: redis-py can swallow a cancellation that comes while it reads an answer
            for task in running:
                task.cancel()
            _, running = await asyncio.wait(running, timeout=0.2)
        for close in reversed(self._stops):
            try:
                await asyncio.wait_for(close(), 3.0)
            except Exception as error:
                log.warning("agent.close_failed", error=repr(error))


async def supervised(work: Callable[[], Awaitable[None]], name: str) -> None:
    """Run `work()` until it ends; when it fails, start it again after a pause."""
    for attempt in count(1):
        try:
            await work()
            return
        except (
            Exception
        ) as error:  # also a right that was taken away: it is given back sooner or later, and nobody else looks
            note = log.error if isinstance(error, Misconfigured) else log.warning
            note("background.failed", task=name, error=repr(error), again_in_s=RESTARTS.wait_s(attempt))
        await asyncio.sleep(RESTARTS.wait_s(attempt))
