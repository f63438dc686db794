"""The fetch loop at a rebalance and at a reread: what was fetched across it is never taken, and always comes again."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, cast

import pytest
from aiokafka.errors import IllegalStateError
from aiokafka.structs import TopicPartition

from pipeline.stream.fetch_loop import FetchLoop
from pipeline.stream.fetch_plan import Standing
from pipeline.stream.fetched import Chunk
from pipeline.stream.progress import Progress, RereadFrom

PLACE = TopicPartition("t.reads", 5)
BEGINNING, GENERATION = 7, 2


class Batch:
    """One record as a batch of its own."""

    def __init__(self, name: str, offset: int = 1_000) -> None:
        self.name, self.first, self.last, self.first_ms, self.last_ms = name, offset, offset, 1_000, 1_000


class Intake:
    """A stage that notes what it is given."""

    def __init__(self, events: list[str]) -> None:
        self.progress = Progress()
        self.progress.begin([PLACE])
        self._events = events

    def take(self, chunk: Chunk) -> None:
        self._events.extend(cast(Any, batch).name for batch in chunk.batches[PLACE])

    def full(self) -> set[TopicPartition]:
        return set()

    async def room(self) -> None:
        raise AssertionError("there is room")

    def expired(self, count: int) -> None:
        self._events.append(f"expired {count}")

    def rewound(self, done: Any, offsets: Any, times: Any) -> None:
        self._events.append("rewound")
        self.progress.rewound(done, offsets, times)


class Broker:
    """A consumer whose answers are scripted. committed_at: what the group has committed. since: the answer to every time."""

    def __init__(self, *fetches: "Fetch", committed_at: Standing | None = None, since: int | None = None) -> None:
        self.events: list[str] = []
        self.flows = True
        self.times: list[int] = []
        self.failures: list[Exception] = []
        self.intake = Intake(self.events)
        self.loop = FetchLoop(self, self.intake)
        self.loop.assigned(GENERATION)
        self._fetches = list(fetches)
        self._committed, self._since = committed_at or Standing(None, None), since

    async def flow(self) -> None:
        raise AssertionError("it flows")

    def active(self) -> set[TopicPartition]:
        return {PLACE}

    async def fetch(self, partitions: set[TopicPartition]) -> Chunk:
        assert {PLACE} == partitions
        return await self._fetches.pop(0)(self)

    async def seek(self, offsets: Mapping[TopicPartition, int]) -> None:
        self.events += [f"to {offset}" for offset in offsets.values()]

    async def seek_to_committed(self) -> None:
        async with self.loop.seeking():
            self.events.append("sought")
            if self.failures:
                raise self.failures.pop()

    def sought(self) -> Mapping[TopicPartition, int | None]:
        return {PLACE: self._committed.offset}

    async def offsets_since(self, times: Mapping[TopicPartition, int]) -> dict[TopicPartition, int]:
        self.times += times.values()
        return {} if self._since is None else dict.fromkeys(times, self._since)

    async def beginnings(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, BEGINNING)

    async def committed(self, tp: TopicPartition) -> Standing:
        return self._committed

    async def commit(self, offsets: Mapping[TopicPartition, Any], generation: int) -> bool:
        assert GENERATION == generation
        self.events.append(f"committed {offsets[PLACE].offset}")
        return True

    async def ran(self) -> list[str]:
        """What happened, in order, until the script ended."""
        await self.loop.run(lambda: not self._fetches)
        return self.events


Fetch = Callable[[Broker], Awaitable[Chunk]]


def fetched(*names: str, generation: int = GENERATION, offset: int = 1_000) -> Fetch:
    """An ordinary answer."""

    async def fetch(_broker: Broker) -> Chunk:
        return Chunk(generation, {PLACE: cast(Any, [Batch(name, offset + at) for at, name in enumerate(names)])})

    return fetch


def fetched_across_a_seek(*names: str) -> Fetch:
    """An answer that bears the new generation, but may have been fetched before Faust sought back for it."""

    async def fetch(broker: Broker) -> Chunk:
        await broker.seek_to_committed()
        return await fetched(*names)(broker)

    return fetch


KNOWN = Standing(1_000, None)


async def test_what_is_fetched_in_one_piece_is_taken() -> None:
    """In order, and nothing is sought."""
    assert ["a", "b", "c"] == await Broker(fetched("a", "b"), fetched("c", offset=1_002)).ran()


async def test_what_was_fetched_across_a_seek_is_not_taken_and_comes_again() -> None:
    """Taken, it would let the stage drop what the new generation brings from before it."""
    broker = Broker(fetched_across_a_seek("d", "e"), fetched("c", "d", "e"), committed_at=KNOWN)
    assert ["sought", "sought", "c", "d", "e"] == await broker.ran()


async def test_what_bears_an_old_generation_is_not_taken_and_comes_again() -> None:
    """Nobody else may seek back for it."""
    broker = Broker(fetched("a", generation=1), fetched("a"), committed_at=KNOWN)
    assert ["sought", "a"] == await broker.ran()


async def test_what_comes_while_a_rebalance_stops_the_flow_is_not_taken() -> None:
    """It comes again once the flow is back."""

    async def stopping(broker: Broker) -> Chunk:
        broker.flows = False
        return await fetched("a")(broker)

    class Resuming(Broker):
        async def flow(self) -> None:
            self.events.append("flows")
            self.flows = True

    assert ["flows", "sought", "a"] == await Resuming(stopping, fetched("a"), committed_at=KNOWN).ran()


async def test_partitions_that_go_away_while_it_seeks_back_are_sought_again_when_they_are_there() -> None:
    """A rebalance in the middle of it must not end the fetcher, and with it the worker."""
    broker = Broker(fetched("a", generation=1), fetched("a"), committed_at=KNOWN)
    broker.failures.append(IllegalStateError("No current assignment for partition"))
    assert ["sought", "sought", "a"] == await broker.ran()


async def test_discarded_records_of_a_partition_without_a_commit_come_from_its_beginning() -> None:
    """Faust leaves it where the discarded records ended."""
    assert ["sought", "to 7", "a"] == await Broker(fetched("a", generation=1), fetched("a")).ran()


async def test_records_before_the_expected_ones_are_not_taken() -> None:
    """A leader that lags made the client begin at the topic's first record."""
    broker = Broker(
        fetched("z"), fetched("old", offset=0), fetched("next", offset=1_001), committed_at=Standing(1_001, 0)
    )
    assert ["z", "sought", "next"] == await broker.ran()


async def test_records_that_retention_dropped_before_they_were_fetched_are_counted() -> None:
    """Those that the topic no longer has; it begins at 7."""
    broker = Broker(fetched("a", offset=0), fetched("b", offset=9))
    assert ["a", "b", "expired 6"] == await broker.ran()


@pytest.mark.parametrize(("settled", "events"), [(60, ["sought", "to 60"]), (95, ["sought"]), (None, ["sought"])])
async def test_a_partition_that_was_rewound_is_not_sought_ahead(settled: int | None, events: list[str]) -> None:
    """Its lower offset may not be committed yet; one that is ahead of its commit is sent records twice, and drops them."""
    broker = Broker(committed_at=Standing(90, None))
    if settled is not None:
        broker.intake.progress.settle(PLACE, settled, 1)
    await broker.seek_to_committed()
    assert events == broker.events


async def test_nothing_is_fetched_while_faust_seeks_beside_it() -> None:
    """What would be fetched may be from before or after."""
    broker, release = Broker(fetched("a"), committed_at=KNOWN), asyncio.Event()

    async def seek() -> None:
        async with broker.loop.seeking():
            await release.wait()
            broker.events.append("sought")

    seeking = asyncio.create_task(seek())
    running = asyncio.create_task(broker.ran())
    for _ in range(20):
        await asyncio.sleep(0)
    release.set()
    await seeking
    assert ["sought", "a"] == await running


@pytest.mark.parametrize(
    ("since", "asked", "settled", "committed", "back_to"),
    [
        (70, None, 90, 90, 70),  # the last hour, again
        (70, None, 20, 20, 20),  # it is hours behind: going to 70 would skip 50 records for good
        (70, None, None, 20, 20),  # the same, just started
        (70, None, None, 90, 70),
        (70, None, None, None, 7),  # nothing is committed: the batch in flight was decided with the state that is lost
        (None, 80, 90, 85, 80),
        (None, 90, 90, 90, 90),  # a batch may be in flight
        (None, 95, None, 90, 90),
        (None, 95, None, None, 7),
        (None, None, None, 90, None),
    ],
)
async def test_a_reread_begins_where_the_partition_stands_or_before(
    since: int | None, asked: int | None, settled: int | None, committed: int | None, back_to: int | None
) -> None:
    """What is not settled in this generation is asked of the broker."""
    broker = Broker(since=since, committed_at=Standing(committed, None))
    if settled is not None:
        broker.intake.progress.settle(PLACE, settled, 1)
    rereads = {PLACE: RereadFrom(asked, 1, 10) if since else RereadFrom(asked)}
    assert ({} if back_to is None else {PLACE: back_to}) == (await broker.loop.reread_targets(rereads))[0]


async def test_a_reread_is_committed_before_anything_else() -> None:
    """A worker that dies while it reads again leaves no gap behind: the next one begins where this one did."""
    broker = Broker(fetched("a", offset=70), since=70)
    broker.intake.progress.settle(PLACE, 90, 9_500)
    broker.intake.progress.ask_reread({PLACE: RereadFrom(back_ms=1_000, asked_ms=10_000)})
    assert ["to 70", "rewound", "committed 70", "a"] == await broker.ran()
    assert [8_500] == broker.times
