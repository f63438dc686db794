"""The section memory on a real Valkey."""

import random
import secrets
from collections.abc import Sequence
from itertools import pairwise

import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from pipeline.sections.verdict import SectionPair, Side, Sighting
from pipeline.state.section_memory import MOST_PASSAGES, SectionMemory
from tests.conftest import OpenAs
from tests.integration.state_builders import NOON_MS, make_read

KEEP_MS = 600_000


def sighting(side: Side, after_ms: int, camera: str = "", plate: str = "1ABC234", keep_ms: int = KEEP_MS) -> Sighting:
    """A sighting so long after noon, at the side's own camera unless another is named."""
    return Sighting("E40-S", side, make_read(camera or f"CAM-{side}", NOON_MS + after_ms, plate), keep_ms)


def times(pairs: Sequence[SectionPair]) -> list[tuple[int, int]]:
    """Entry and exit of each pair, ms after noon, sorted."""
    return sorted((pair.entry.captured_at_ms - NOON_MS, pair.exit.captured_at_ms - NOON_MS) for pair in pairs)


@pytest_asyncio.fixture
async def memory(redis_as: OpenAs) -> SectionMemory:
    """A section memory of this test's own, with the rights of the agent."""
    namespace = f"t{secrets.token_hex(6)}"
    return SectionMemory(await redis_as("section_control", namespace), namespace)


async def test_an_exit_after_an_entry_makes_a_pair(memory: SectionMemory) -> None:
    """The pair holds both reads, whole."""
    entry, exit_ = sighting("entry", 0), sighting("exit", 100_000)
    assert [] == await memory.pair([entry])
    assert [SectionPair("E40-S", entry.read, exit_.read)] == await memory.pair([exit_])


async def test_an_exit_that_arrives_first_makes_the_same_pair(memory: SectionMemory) -> None:
    """The order of arrival does not matter."""
    entry, exit_ = sighting("entry", 0), sighting("exit", 100_000)
    assert [] == await memory.pair([exit_])
    assert [SectionPair("E40-S", entry.read, exit_.read)] == await memory.pair([entry])


async def test_an_exit_pairs_with_the_latest_entry_before_it(memory: SectionMemory) -> None:
    """An earlier, unfinished passage is not taken for the entry."""
    assert [] == await memory.pair([sighting("entry", 0), sighting("entry", 60_000)])
    assert [(60_000, 160_000)] == times(await memory.pair([sighting("exit", 160_000)]))


async def test_repeated_reads_of_one_passage_count_for_the_driver(memory: SectionMemory) -> None:
    """The earliest entry and the latest exit stand for the passage."""
    seen = [sighting("entry", at) for at in (900, 0, 2_500)] + [sighting("exit", at) for at in (100_000, 101_500)]
    assert [(0, 101_500)] == times(await memory.pair(seen))


async def test_a_repeated_read_after_the_pair_makes_no_second_one(memory: SectionMemory) -> None:
    """One passage is reported once, whatever the camera adds later."""
    assert [(0, 100_000)] == times(await memory.pair([sighting("entry", 0), sighting("exit", 100_000)]))
    assert [] == await memory.pair([sighting("exit", 100_700)])
    assert [] == await memory.pair([sighting("entry", 800)])


async def test_a_second_exit_camera_makes_no_second_pair(memory: SectionMemory) -> None:
    """An entry that has found its exit is not used again."""
    await memory.pair([sighting("entry", 0), sighting("exit", 100_000)])
    assert [] == await memory.pair([sighting("exit", 103_000, camera="CAM-other")])


async def test_a_later_passage_makes_its_own_pair(memory: SectionMemory) -> None:
    """The same vehicle may drive through again."""
    assert [(0, 100_000)] == times(await memory.pair([sighting("entry", 0), sighting("exit", 100_000)]))
    assert [(300_000, 400_000)] == times(await memory.pair([sighting("entry", 300_000), sighting("exit", 400_000)]))


async def test_a_replayed_sighting_gives_its_pair_again(memory: SectionMemory) -> None:
    """A crash between pairing and acknowledgement loses no violation."""
    entry, exit_ = sighting("entry", 0), sighting("exit", 100_000)
    first = await memory.pair([entry, exit_])
    assert first == await memory.pair([exit_])
    assert first == await memory.pair([entry])
    assert first == await memory.pair([exit_, entry])


async def test_a_passage_longer_than_the_longest_travel_makes_no_pair(memory: SectionMemory) -> None:
    """Beyond it a passage is a stop, not a speed."""
    assert [] == await memory.pair([sighting("entry", 0), sighting("exit", KEEP_MS + 1)])
    assert [(0, KEEP_MS)] == times(
        await memory.pair([sighting("entry", 0, plate="2B"), sighting("exit", KEEP_MS, plate="2B")])
    )


async def test_two_vehicles_and_two_sections_never_mix(memory: SectionMemory) -> None:
    """A pair is of one plate on one section."""
    other = Sighting("E19-S", "exit", make_read("CAM-exit", NOON_MS + 90_000), KEEP_MS)
    assert [] == await memory.pair([sighting("entry", 0), sighting("exit", 90_000, plate="2XYZ999"), other])


async def test_a_forgotten_pair_leaves_nothing_behind(memory: SectionMemory, redis: Redis) -> None:
    """What proved no violation is deleted at once, the key with it."""
    pairs = await memory.pair([sighting("entry", 0), sighting("exit", 100_000)])
    await memory.forget(pairs)
    assert [] == [key async for key in redis.scan_iter(match=f"{{{memory._namespace}:section:*")]
    assert [] == await memory.pair([sighting("exit", 100_000)])


async def test_forgetting_one_pair_keeps_the_others(memory: SectionMemory) -> None:
    """Only the pair named is deleted."""
    first = await memory.pair([sighting("entry", 0), sighting("exit", 100_000)])
    await memory.pair([sighting("entry", 300_000)])
    await memory.forget(first)
    assert [(300_000, 400_000)] == times(await memory.pair([sighting("exit", 400_000)]))


async def test_an_unpaired_read_expires(memory: SectionMemory, redis: Redis) -> None:
    """Nobody is remembered longer than the longest travel time."""
    await memory.pair([sighting("entry", 0, keep_ms=5_000)])
    (key,) = [key async for key in redis.scan_iter(match=f"{{{memory._namespace}:section:*")]
    assert 0 < await redis.pttl(key) <= 5_000


async def test_one_vehicle_cannot_fill_the_memory(memory: SectionMemory, redis: Redis) -> None:
    """However often it passes, a bounded number of passages is kept."""
    await memory.pair([sighting("entry", at * 10_000) for at in range(400)])
    (key,) = [key async for key in redis.scan_iter(match=f"{{{memory._namespace}:section:*")]
    assert await redis.strlen(key) < MOST_PASSAGES * 600


Passage = tuple[list[int], list[int]]


@st.composite
def histories(draw: st.DrawFn) -> list[Passage]:
    """A vehicle's passages: the reads of each at the entry and at the exit (ms after noon); either end may be missed."""
    passages, at = [], 0
    for _ in range(draw(st.integers(1, 4))):
        offsets = st.lists(st.integers(0, 1_900), max_size=3, unique=True).map(sorted)
        entries, exits = draw(offsets), draw(offsets)
        travel = draw(st.integers(10_000, 100_000))
        passages.append(([at + offset for offset in entries], [at + travel + offset for offset in exits]))
        at += travel + draw(st.integers(10_000, 100_000))
    return passages


def expected(passages: Sequence[Passage]) -> list[tuple[int, int]]:
    """Where an exit's last read before it is an entry, within the longest travel: earliest entry, latest exit."""
    ends = [end for entries, exits in passages for end in (("entry", entries), ("exit", exits)) if end[1]]
    return [
        (first[0], last[-1])
        for (side, first), (next_side, last) in pairwise(ends)
        if (side, next_side) == ("entry", "exit") and last[-1] - first[0] <= KEEP_MS
    ]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(passages=histories(), seed=st.integers(0, 2**32))
async def test_one_batch_in_any_order_gives_every_passage_once(
    redis: Redis, passages: list[Passage], seed: int
) -> None:
    """The pairs of a batch do not depend on its order, and a replay in any order gives no others."""
    memory = SectionMemory(redis, f"t{secrets.token_hex(6)}")
    seen = [sighting("entry", at) for entries, _ in passages for at in entries]
    seen += [sighting("exit", at) for _, exits in passages for at in exits]
    dice = random.Random(seed)
    dice.shuffle(seen)
    assert expected(passages) == times(await memory.pair(seen))
    dice.shuffle(seen)
    again = [pair for one in seen for pair in await memory.pair([one])]
    assert set(expected(passages)) == set(times(again))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(passages=histories(), seed=st.integers(0, 2**32))
async def test_any_interleaving_of_the_two_cameras_gives_every_passage_once(
    redis: Redis, passages: list[Passage], seed: int
) -> None:
    """Each camera's reads come in order, however late to the other's, with crashes that replay: one pair a passage."""
    memory, dice = SectionMemory(redis, f"t{secrets.token_hex(6)}"), random.Random(seed)
    complete = [passage for passage in passages if passage[0] and passage[1]]
    queues = [
        [[sighting("entry", at) for at in entries] for entries, _ in complete],
        [[sighting("exit", at) for at in exits] for _, exits in complete],
    ]
    found: set[tuple[int, int]] = set()
    history: list[list[Sighting]] = []
    while any(queues):
        batch = dice.choice([queue for queue in queues if queue]).pop(0)
        history.append(batch)
        found.update(times(await memory.pair(batch)))
        if dice.random() < 0.4:
            found.update(times(await memory.pair(dice.choice(history))))
    assert set(expected(complete)) == found
