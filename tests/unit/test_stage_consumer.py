"""The consumer's fetch loop at a rebalance: what was fetched across it is never taken, and always comes again."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka.errors import IllegalStateError
from aiokafka.structs import TopicPartition

from pipeline.stream.fetched import Chunk
from pipeline.stream.progress import Since
from pipeline.stream.transport import StageConsumer

PLACE = TopicPartition("t.reads", 5)
Fetch = Callable[["Scripted"], Awaitable[Chunk]]


def nothing(_records: object) -> dict[TopicPartition, int]:
    """No gaps here: test_gaps.py is about them."""
    return {}


class Scripted(StageConsumer):
    """The loop itself, with the broker's answers from a script; it ends with the script."""

    should_stop = False
    flow_active = True

    def __init__(self, *fetches: Fetch) -> None:
        self.app = SimpleNamespace(consumer_generation_id=2)
        self.events: list[str] = []
        self.intake = SimpleNamespace(
            take=lambda chunk: self.events.extend(chunk.batches[PLACE]),
            held=set, assigned=lambda _: None, progress=SimpleNamespace(again=dict, positions=dict),
        )  # fmt: skip
        self._fetches = list(fetches)
        self._place, self._dropped, self._seeking, self._generation = 0, False, 0, 2
        self._gaps = cast(Any, SimpleNamespace(strayed=nothing, begun_anew=nothing, took=nothing, sought=nothing))
        self._read_offset: dict[Any, Any] = {}
        self._committed_offset: dict[Any, Any] = {}

    def _get_active_partitions(self) -> set[TopicPartition]:
        return {PLACE}

    async def _getmany(self, **_options: object) -> Chunk:
        if not self._fetches:
            raise asyncio.CancelledError
        return await self._fetches.pop(0)(self)

    async def seek_to_committed(self) -> Mapping[TopicPartition, int]:
        self.events.append("sought")
        return {}

    async def ran(self) -> list[str]:
        """What happened, in order, until the script ended."""
        try:
            await self._drain_messages(SimpleNamespace(should_stop=False))
        except asyncio.CancelledError:
            return self.events
        raise AssertionError("the loop ended by itself")


def fetched(*records: str, generation: int = 2) -> Fetch:
    """An ordinary answer."""

    async def fetch(_consumer: Scripted) -> Chunk:
        return Chunk(generation, {PLACE: cast(Any, records)})

    return fetch


def fetched_across_a_seek(*records: str) -> Fetch:
    """An answer that bears the new generation, but may have been fetched before Faust sought back for it."""

    async def fetch(consumer: Scripted) -> Chunk:
        await consumer.perform_seek()
        return Chunk(2, {PLACE: cast(Any, records)})

    return fetch


async def test_what_is_fetched_in_one_piece_is_taken() -> None:
    """In order, and nothing is sought."""
    assert ["a", "b", "c"] == await Scripted(fetched("a", "b"), fetched("c")).ran()


async def test_what_was_fetched_across_a_rebalance_is_not_taken_and_sought_again() -> None:
    """Taken, it would let the stage drop what the new generation brings from before it."""
    consumer = Scripted(fetched_across_a_seek("d", "e"), fetched("c", "d", "e"))
    assert ["sought", "sought", "c", "d", "e"] == await consumer.ran()


async def test_what_bears_an_old_generation_is_not_taken_and_sought_again() -> None:
    """Nobody else may seek back for it."""
    assert ["sought", "a"] == await Scripted(fetched("a", generation=1), fetched("a")).ran()


async def test_partitions_that_go_away_while_it_seeks_back_are_sought_again_when_they_are_there() -> None:
    """A rebalance in the middle of it must not end the fetcher, and with it the worker."""

    class Moving(Scripted):
        async def seek_to_committed(self) -> Mapping[TopicPartition, int]:
            found = await super().seek_to_committed()
            if len(self.events) == 1:
                raise IllegalStateError("No current assignment for partition")
            return found

    assert ["sought", "sought", "a"] == await Moving(fetched("a", generation=1), fetched("a")).ran()


class Places:
    """The consumer's thread, as far as it tells places; the topic begins at 7."""

    def __init__(self, since: int | None, committed: int | None, committed_ms: int | None = None) -> None:
        self._since, self._committed = since, (committed, committed_ms)
        self.asked: list[int] = []

    async def offsets_since(self, times: Mapping[TopicPartition, int]) -> dict[TopicPartition, int]:
        self.asked += times.values()
        return {} if self._since is None else dict.fromkeys(times, self._since)

    async def committed_place(self, _tp: TopicPartition) -> tuple[int | None, int | None]:
        return self._committed

    async def beginnings(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, 7)


def consumer_at(thread: Places, settled: int | None, settled_ms: int | None = None) -> Scripted:
    """A consumer whose partition stands there."""
    consumer = Scripted()
    consumer._thread = cast(Any, thread)
    consumer.intake = cast(
        Any,
        SimpleNamespace(
            progress=SimpleNamespace(positions=lambda: {PLACE: settled}, recorded_ms=lambda _tp: settled_ms)
        ),
    )
    return consumer


@pytest.mark.parametrize(
    ("since", "asked", "settled", "committed", "back_to"),
    [
        (70, None, 90, 90, 70),  # the last hour, again
        (70, None, 20, 20, 20),  # it is hours behind: going to 70 would skip 50 records for good
        (70, None, None, 20, 20),  # the same, just started
        (70, None, None, 90, 70),
        (None, None, 90, 90, None),  # nothing came since then
        (70, None, None, None, 7),  # all of it is new; what is in hand was made with what is lost
        (None, 80, 90, 85, 80),  # from where it was a second ago
        (70, 80, 90, 85, 70),
        (None, 90, 90, 90, 90),  # a batch may be in hand
        (None, 95, 90, 90, 90),
        (None, 95, None, 90, 90),
        (None, 95, None, None, 7),
        (None, None, None, 90, None),
    ],
)
async def test_what_is_read_again_never_lies_ahead(
    since: int | None, asked: int | None, settled: int | None, committed: int | None, back_to: int | None
) -> None:
    """A worker that is behind stays behind, whatever its memory lost."""
    consumer = consumer_at(Places(since, committed), settled)
    again = {PLACE: Since(asked, 1, 10) if since else Since(asked)}
    assert ({} if back_to is None else {PLACE: back_to}) == (await consumer._places_of(again))[0]


async def test_what_is_in_hand_comes_again_even_where_nothing_was_recorded_since() -> None:
    """Not even a time need be known; that of asking is none, for it may lie hours ahead of what is next."""
    again = {PLACE: Since(back_ms=1_000, asked_ms=10_000)}
    assert ({PLACE: 90}, {}) == await consumer_at(Places(None, 90), 90)._places_of(again)


@pytest.mark.parametrize(
    ("settled", "settled_ms", "committed_ms", "stood_ms"),
    [
        (
            90,
            9_500,
            None,
            9_500,
        ),  # an hour before the latest record that was settled, not before now: it has waited since
        (90, 99_000, None, 10_000),
        (None, None, 5_000, 5_000),  # the one before had waited
        (90, -1, None, -1),  # a topic whose records have no time
    ],
)
async def test_the_hour_is_counted_from_where_the_partition_stood(
    settled: int | None, settled_ms: int | None, committed_ms: int | None, stood_ms: int
) -> None:
    """It may have stood there for long: what belongs to the next records lies before it. And that is kept for who comes next."""
    thread = Places(70, 90, committed_ms)
    consumer = consumer_at(thread, settled, settled_ms)
    assert {PLACE: stood_ms} == (await consumer._places_of({PLACE: Since(back_ms=1_000, asked_ms=10_000)}))[1]
    assert [max(0, stood_ms - 1_000)] == thread.asked


async def test_a_step_back_by_place_keeps_how_far_the_partition_had_come() -> None:
    """As far as that is known."""
    for committed_ms, expected in ((5_000, {PLACE: 5_000}), (None, {})):
        consumer = consumer_at(Places(None, 90, committed_ms), None)
        assert ({PLACE: 80}, expected) == await consumer._places_of({PLACE: Since(80)})


class Seeking(Scripted):
    """It notes where it is sent; the broker knows 90, or nothing."""

    committed: int | None = 90

    async def seek_wait(self, partitions: Mapping[TopicPartition, int]) -> None:
        self.events += [f"to {offset}" for offset in partitions.values()]

    async def seek_to_committed(self) -> Mapping[TopicPartition, int]:
        self.events.append("sought")
        return cast(Any, {PLACE: self.committed})


async def test_a_partition_that_went_back_is_not_sought_ahead() -> None:
    """Its step back may not be committed yet; one that is ahead of its commit takes what it has twice, and drops it."""
    consumer = Seeking()
    for settled, sought in ((60, ["sought", "to 60"]), (95, ["sought"]), (None, ["sought"])):
        consumer.events.clear()
        consumer.intake.progress.positions = lambda settled=settled: {PLACE: settled}
        await consumer.perform_seek()
        assert sought == consumer.events


async def test_nothing_is_fetched_while_faust_seeks_beside_it() -> None:
    """What comes then may be of before or after."""
    consumer = Seeking(fetched("a"))
    consumer._seeking = 1
    asyncio.get_running_loop().call_later(
        0.05, lambda: (consumer.events.append("done"), setattr(consumer, "_seeking", 0))
    )
    assert ["done", "a"] == await consumer.ran()


async def test_what_was_dropped_of_a_partition_without_a_commit_is_sought_at_its_beginning() -> None:
    """Faust leaves it where the dropped records ended."""
    consumer = Seeking(fetched("a", generation=1), fetched("a"))
    consumer.committed, consumer._thread = None, cast(Any, Places(None, None))
    consumer.intake.progress.positions = lambda: {PLACE: None}
    assert ["sought", "to 7", "a"] == await consumer.ran()


async def test_a_step_back_is_committed_before_anything_else() -> None:
    """A worker that dies while it reads again leaves no gap behind: the next one begins where this one did."""

    class Rewinding(Scripted):
        async def seek_wait(self, partition_offsets: Mapping[TopicPartition, int]) -> None:
            self.events += [f"to {offset}" for offset in partition_offsets.values()]

        async def force_commit(self, topics: object = None, start_new_transaction: bool = True) -> bool:
            self.events.append("committed")
            return True

    consumer, asked = Rewinding(fetched("a")), {PLACE: Since(back_ms=1, asked_ms=10)}
    consumer._thread = cast(Any, Places(70, 90))
    consumer.intake.progress.again = lambda: dict(asked)
    consumer.intake.progress.positions = lambda: {PLACE: 90}
    consumer.intake.progress.recorded_ms = lambda _tp: None
    consumer.intake.rewound = lambda _again, _offsets, _times: (asked.clear(), consumer.events.append("rewound"))
    assert ["to 70", "rewound", "committed", "a"] == await consumer.ran()
