"""The section memory on a real Valkey: it keeps and hands over, each record once, and notices what it has lost."""

import secrets
from collections.abc import Sequence
from itertools import pairwise
from random import Random

import msgspec
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from pipeline.reads.versions import Version
from pipeline.sections.history import Histories, key_of
from pipeline.sections.lines import SectionIndex, Side, Sighting, sightings_of
from pipeline.sections.moment import Reference
from pipeline.sections.outcomes import Withdrawn
from pipeline.sections.passages import End
from pipeline.sections.rules import SETTLE_MS, Rules
from pipeline.state.section_decider import SectionDecider
from pipeline.state.section_memory import SectionMemory
from pipeline.state.section_put_back import PuttingBack
from pipeline.state.section_records import MOST_READS, SHARDS, Afterwards, Arrival, Covered, Decided, Unsent
from schemas.outcomes import Violation, Withdrawal
from schemas.reference import Distance, Line
from tests.builders import NOON_MS, make_read, make_section, reference_of
from tests.conftest import OpenAs

SECTION = make_section(metres=5_000.0)
REFERENCE = reference_of(SECTION)
CAMERAS: dict[Side, str] = {"entry": "IN", "exit": "OUT"}
ALL = range(SHARDS)


def arrival(
    side: Side, at_ms: int, *, arrived_ms: int = 0, offset: int = 0, partition: int = 0, plate: str = "1ABC234"
) -> Arrival:
    """A read so long after noon, in a record that the broker took then."""
    sighting = Sighting("S1", side, make_read(plate, CAMERAS[side], NOON_MS + at_ms))
    arrived_ms += NOON_MS
    return Arrival(key_of(sighting), End(side, sighting.read, arrived_ms), partition, offset, arrived_ms + SETTLE_MS)


@pytest_asyncio.fixture
async def memory(redis_as: OpenAs) -> SectionMemory:
    """A section memory of this test's own, with the rights of the agent."""
    namespace = f"t{secrets.token_hex(6)}"
    return await whole(SectionMemory(await redis_as("section_control", namespace), namespace))


async def whole(memory: SectionMemory) -> SectionMemory:
    """The memory, of which nothing is missing."""
    putting_back = PuttingBack.of(memory)
    assert await putting_back.note_whole(await putting_back.begin())
    return memory


async def settled(
    memory: SectionMemory, until_ms: int, *, acknowledge: bool = True, reference: Reference = REFERENCE
) -> list[Unsent]:
    """What is decided and sent of a topic with one partition, which was read until then (ms after noon)."""
    decider = SectionDecider(memory, reference, SETTLE_MS)
    found = await decider.settle({0: NOON_MS + until_ms}, 1, ALL, decided_at_ms=NOON_MS + until_ms)
    if acknowledge:
        await memory.sent(found.unsent)
    return list(found.unsent)


def violations(unsent: Sequence[Unsent]) -> list[tuple[int, int]]:
    """Entry and exit of each violation, ms after noon."""
    found = [one.message for one in unsent if isinstance(one.message, Violation)]
    return sorted((one.entry.captured_at_ms - NOON_MS, one.exit.captured_at_ms - NOON_MS) for one in found)


async def keys_of(memory: SectionMemory, redis: Redis) -> list[str]:
    """What the memory holds of vehicles."""
    return [key async for key in redis.scan_iter(match=f"{memory._tag}:vehicle:*")]


async def test_two_ends_in_two_batches_are_one_violation_and_a_slow_passage_leaves_nothing(
    memory: SectionMemory, redis: Redis
) -> None:
    """The innocent are forgotten at once, the key with them."""
    await memory.put([Covered(0, 0, 1)], [arrival("entry", 0)])
    await memory.put(
        [Covered(0, 1, 3)], [arrival("exit", 120_000, offset=1), arrival("entry", 0, offset=2, plate="2XYZ999")]
    )
    await memory.put([Covered(0, 3, 4)], [arrival("exit", 300_000, offset=3, plate="2XYZ999")])
    assert [] == violations(await settled(memory, SETTLE_MS))
    assert [(0, 120_000)] == violations(await settled(memory, SETTLE_MS + 1))
    assert 1 == len(await keys_of(memory, redis))
    assert [] == await settled(memory, 60_000)


@pytest.mark.parametrize("at_once", [False, True])
async def test_of_several_sections_in_a_row_the_worst_alone_stands(memory: SectionMemory, at_once: bool) -> None:
    """Whether they are decided one after the other or in one look: then what was decided on an older state is left for the next."""
    sections = [
        make_section(
            f"S{number}", metres=5_000.0, country="NL", entries=(Line(camera_id=one),), exits=(Line(camera_id=other),),
            distances=(Distance(entry_camera_id=one, exit_camera_id=other, metres=5_000.0),),
        )
        for number, (one, other) in enumerate(pairwise("ABC"), 1)
    ]  # fmt: skip
    index, decider = SectionIndex.of(sections), SectionDecider(memory, reference_of(*sections), SETTLE_MS)
    sent: dict[str, Unsent] = {}
    for offset, (at_ms, camera_id) in enumerate([(0, "A"), (130_000, "B"), (250_000, "C")]):
        read = make_read("12ABC3", camera_id, NOON_MS + at_ms)
        arrived_ms = NOON_MS + (300_000 if at_once else at_ms)
        arrivals = [
            Arrival(key_of(one), End(one.side, one.read, arrived_ms), 0, offset, arrived_ms + SETTLE_MS)
            for one in sightings_of(read, index)
        ]
        await memory.put([Covered(0, offset, offset + 1)], arrivals)
        until_ms = arrived_ms + SETTLE_MS + 1
        for _ in range(2 if not at_once or camera_id == "C" else 0):
            unsent = (await decider.settle({0: until_ms}, 1, ALL, decided_at_ms=until_ms)).unsent
            await memory.sent(unsent)
            sent |= {one.number: one for one in unsent}
    gone = {one.message.id: one.section_id for one in sent.values() if isinstance(one.message, Withdrawal)}
    found = [one.message for one in sent.values() if isinstance(one.message, Violation)]
    assert ["S2"] == [one.section_id for one in found if one.violation_id not in gone]
    assert all(section_id == "S1" for section_id in gone.values())
    kept = await memory.remembered([(f"S{number}", "12ABC3") for number in (1, 2)])
    assert ["S2"] == [one.section_id for vehicle in kept for one in vehicle.vehicle.proven]


async def test_a_record_that_is_read_again_changes_nothing(memory: SectionMemory, redis: Redis) -> None:
    """Even when all that it brought was decided and forgotten: an exit that comes alone then could meet another entry."""
    await memory.put([Covered(0, 0, 2)], [arrival("entry", 0), arrival("exit", 300_000, offset=1)])
    await settled(memory, 20_000)
    assert {} == await memory.put([Covered(0, 1, 2)], [arrival("exit", 300_000, offset=1)])
    assert [] == await keys_of(memory, redis)
    assert {} == await memory.put([Covered(0, 1, 3)], [arrival("exit", 1, offset=1), arrival("entry", 9, offset=2)])
    assert 1 == len(await keys_of(memory, redis))


async def test_a_copy_of_a_forgotten_read_is_known_by_its_digest_alone(memory: SectionMemory, redis: Redis) -> None:
    """In a later record, and with nothing of the vehicle left."""
    await memory.put([Covered(0, 0, 2)], [arrival("entry", 0), arrival("exit", 300_000, offset=1)])
    await settled(memory, 20_000)
    await memory.put([Covered(0, 2, 3)], [arrival("exit", 300_000, offset=2, arrived_ms=60_000)])
    assert [] == await keys_of(memory, redis)
    held = [await redis.smembers(key) async for key in redis.scan_iter(match=f"{memory._tag}:forgotten:*")]
    assert [2] == [len(digests) for digests in held]
    assert not [one for digests in held for one in digests if b"1ABC234" in one]


@pytest.mark.parametrize(("late_h", "known"), [(1, False), (9, True), (47, True)])
async def test_a_copy_is_known_for_as_long_as_it_could_prove_something(
    memory: SectionMemory, redis: Redis, late_h: int, known: bool
) -> None:
    """Ten minutes before a section's longest wait ends, whatever it is; four hours later where it is over in two."""
    wait_ms = (1 + late_h) * 3_600_000
    reference = reference_of(make_section(metres=5_000.0, max_late_ms=late_h * 3_600_000))
    await memory.put([Covered(0, 0, 2)], [arrival("entry", 0), arrival("exit", 300_000, offset=1)])
    await settled(memory, 20_000, reference=reference)
    again_ms = wait_ms - 600_000 if known else wait_ms + 4 * 3_600_000
    await memory.put([Covered(0, 2, 3)], [arrival("exit", 300_000, offset=2, arrived_ms=again_ms)])
    assert known == ([] == await keys_of(memory, redis))


async def test_records_that_are_missing_are_asked_for(memory: SectionMemory, redis: Redis) -> None:
    """What was lost is told, nothing is remembered until it is there, and what cannot come any more proves nothing for a while."""
    assert {0: None} == await memory.put([Covered(0, 7, 8)], [arrival("entry", 0, offset=7)])
    await memory.put([Covered(0, 0, 5)], [])
    assert {0: 5} == await memory.put([Covered(0, 7, 8), Covered(1, 0, 9)], [arrival("entry", 0, offset=7)])
    assert [] == await keys_of(memory, redis)
    assert {} == await memory.put([Covered(0, 5, 8)], [arrival("entry", 0, offset=7)])
    assert 0 == (await memory.look({0: 1, 1: 1}, 2, ALL)).whole_since_ms
    assert {} == await memory.put([Covered(1, 9, 12, whole_since_ms=NOON_MS)], [])
    assert {} == await memory.put([Covered(2, 9, 12, whole_since_ms=NOON_MS + 5)], [])
    assert NOON_MS + 5 == (await memory.look({}, 2, ALL)).whole_since_ms


async def test_nothing_is_decided_before_every_partition_was_read_so_far(memory: SectionMemory) -> None:
    """The exit's partition may be behind."""
    await memory.put([Covered(0, 0, 2)], [arrival("entry", 0), arrival("exit", 120_000, offset=1)])
    decider = SectionDecider(memory, REFERENCE, SETTLE_MS)
    for times, expected in (({0: 20_000}, 0), ({1: SETTLE_MS}, 0), ({1: SETTLE_MS + 1}, 1)):
        found = await decider.settle({one: NOON_MS + at for one, at in times.items()}, 2, ALL, decided_at_ms=NOON_MS)
        assert expected == len(found.unsent)


async def test_what_was_decided_is_sent_again_until_the_broker_has_it(memory: SectionMemory) -> None:
    """With the same content, whatever arrives meanwhile; then a late read takes it back."""
    await memory.put([Covered(0, 0, 2)], [arrival("entry", 0), arrival("exit", 120_000, offset=1)])
    first = await settled(memory, 20_000, acknowledge=False)
    await memory.put([Covered(0, 2, 3)], [arrival("entry", -60_000, offset=2, arrived_ms=21_000)])
    assert first == await settled(memory, 25_000, acknowledge=False)
    again, withdrawal = await settled(memory, 40_000)
    assert first == [again]
    assert isinstance(again.message, Violation)
    assert isinstance(withdrawal.message, Withdrawal)
    assert again.message.violation_id == withdrawal.message.id
    assert [] == await settled(memory, 60_000)


async def test_a_correction_is_sent_before_the_withdrawal_of_what_it_corrects(memory: SectionMemory) -> None:
    """Also when it waited in the outbox."""
    await memory.put([Covered(0, 0, 2)], [arrival("entry", 0), arrival("exit", 120_000, offset=1)])
    await settled(memory, 20_000)
    await memory.put([Covered(0, 2, 3)], [arrival("exit", 121_000, offset=2, arrived_ms=21_000)])
    await settled(memory, 40_000, acknowledge=False)
    correction, withdrawal = await settled(memory, 41_000)
    assert isinstance(correction.message, Violation)
    assert isinstance(withdrawal.message, Withdrawal)
    assert correction.message.corrects == withdrawal.message.id


async def test_two_workers_that_decide_the_same_vehicle_decide_it_once(memory: SectionMemory) -> None:
    """The second finds it changed."""
    await memory.put([Covered(0, 0, 2)], [arrival("entry", 0), arrival("exit", 120_000, offset=1)])
    look = await memory.look({0: NOON_MS + 20_000}, 1, ALL)
    (mine,), (other,) = await memory.remembered(look.due), await memory.remembered(look.due)
    assert mine == other
    decider = SectionDecider(memory, REFERENCE, SETTLE_MS)
    await decider.settle({0: NOON_MS + 20_000}, 1, ALL, decided_at_ms=NOON_MS)
    assert [False] == await memory.decided([Decided(other, Afterwards(other.vehicle, None))], NOON_MS)


async def test_one_vehicle_cannot_fill_the_memory(memory: SectionMemory, redis: Redis) -> None:
    """A parked car before a camera: a bounded number of reads is kept, and they prove nothing."""
    many = [arrival("entry", at * 1_000, offset=at) for at in range(MOST_READS + 50)]
    await memory.put([Covered(0, 0, len(many))], many)
    (key,) = await keys_of(memory, redis)
    assert MOST_READS == await redis.llen(key)
    await memory.put([Covered(0, len(many), len(many) + 1)], [arrival("exit", 690_000, offset=len(many))])
    assert [] == await settled(memory, 20_000)
    assert [] == await keys_of(memory, redis)


async def test_what_was_proven_of_a_vehicle_that_fills_the_memory_is_withdrawn(memory: SectionMemory) -> None:
    """Its reads are forgotten, so nothing could take the violation back later."""
    await memory.put([Covered(0, 0, 2)], [arrival("entry", 0), arrival("exit", 120_000, offset=1)])
    (violation,) = [one.message for one in await settled(memory, 20_000)]
    assert isinstance(violation, Violation)
    many = [arrival("entry", at * 1_000, offset=2 + at, arrived_ms=30_000) for at in range(MOST_READS + 50)]
    await memory.put([Covered(0, 2, 2 + len(many))], many)
    (withdrawal,) = [one.message for one in await settled(memory, 60_000)]
    assert isinstance(withdrawal, Withdrawal)
    assert violation.violation_id == withdrawal.id


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
async def test_whatever_dies_and_is_read_again_it_comes_to_what_the_pure_decision_says(redis: Redis, seed: int) -> None:
    """A dozen reads of two plates in two partitions; batches that come again, decisions that were not told to be sent, pauses."""
    dice, memory = Random(seed), await whole(SectionMemory(redis, f"t{secrets.token_hex(6)}"))
    reads = [
        (dice.choice(("entry", "exit")), dice.randrange(21) * 30_000, dice.choice(("1ABC234", "2XYZ999")))
        for _ in range(12)
    ]
    arrived_ms = sorted(dice.randint(0, 60_000) for _ in reads)
    arrivals, offsets = [], {0: 0, 1: 0}
    for (side, at_ms, plate), moment in zip(reads, arrived_ms, strict=True):
        partition = 0 if side == "entry" else 1
        arrivals.append(
            arrival(side, at_ms, arrived_ms=moment, offset=offsets[partition], partition=partition, plate=plate)
        )
        offsets[partition] += 1
    pure = Histories(Rules(REFERENCE))
    for one in arrivals:
        pure.take([Sighting("S1", one.end.side, one.end.read)], one.end.arrived_ms)
    outcomes = pure.settle(NOON_MS + 100_000)
    expected = (
        {one.violation_id for one in outcomes if isinstance(one, Violation)},
        {one.violation.violation_id for one in outcomes if isinstance(one, Withdrawn)},
    )
    for partition in (0, 1):  # the one is read to its end before the other begins
        mine = [one for one in arrivals if one.partition == partition]
        at = 0
        while at < len(mine):
            count = dice.randint(1, len(mine) - at)
            first = max(0, at - dice.randint(0, 2))
            batch = mine[first : at + count]
            await memory.put([Covered(partition, batch[0].offset, batch[-1].offset + 1)], batch)
            at += count
            if dice.random() < 0.5:
                await SectionDecider(memory, REFERENCE, SETTLE_MS).settle(
                    {partition: batch[-1].end.arrived_ms}, 2, ALL, decided_at_ms=NOON_MS
                )
    found = await SectionDecider(memory, REFERENCE, SETTLE_MS).settle(
        {0: NOON_MS + 100_000, 1: NOON_MS + 100_000}, 2, ALL, decided_at_ms=NOON_MS
    )
    messages = [one.message for one in found.unsent]
    told = {one.violation_id for one in messages if isinstance(one, Violation)}
    assert expected == (told, {one.id for one in messages if isinstance(one, Withdrawal)})


async def test_a_late_version_of_the_section_takes_back_what_was_decided(memory: SectionMemory, redis: Redis) -> None:
    """Of its section alone, and only once it is asked for; then nothing is left of it."""
    await memory.put([Covered(0, 0, 2)], [arrival("entry", 0), arrival("exit", 120_000, offset=1)])
    assert 1 == len(await settled(memory, 20_000))
    reference = reference_of(SECTION)
    reference.sections.put("S1", Version(None, NOON_MS - 1, NOON_MS + 30_000))
    decider = SectionDecider(memory, reference, SETTLE_MS)
    found = []
    for asked in ([], ["S2"], ["S1"]):
        if asked:
            await memory.review(asked)
        found.append((await decider.settle({0: NOON_MS + 40_000}, 1, ALL, decided_at_ms=NOON_MS + 40_000)).unsent)
    assert [0, 0, 1] == [len(unsent) for unsent in found]
    assert isinstance(found[-1][0].message, Withdrawal)
    assert [] == await keys_of(memory, redis)
    assert [] == [key async for key in redis.scan_iter(match=f"{memory._tag}:proven:*")]


async def test_violations_that_were_stored_before_they_were_noted_are_found_by_the_first_review(
    memory: SectionMemory, redis: Redis
) -> None:
    """An older version stored them beside nothing; what waits without a violation is not decided for it."""
    await memory.put([Covered(0, 0, 2)], [arrival("entry", 0), arrival("exit", 120_000, offset=1)])
    await memory.put([Covered(0, 2, 3)], [arrival("entry", 0, offset=2, plate="2XYZ999")])
    assert 1 == len(await settled(memory, 20_000))
    await redis.delete(*[key async for key in redis.scan_iter(match=f"{memory._tag}:proven:*")])
    await memory.review()
    assert [("S1", "1ABC234")] == list((await memory.look({0: NOON_MS + 20_000}, 1, ALL)).due)


async def test_what_stands_is_put_back_before_anything_is_decided_and_taken_back_by_what_comes_late(
    memory: SectionMemory, redis: Redis
) -> None:
    """Once, whoever else does it; its reads, which are read again, give it no other id."""
    both = [arrival("entry", 0), arrival("exit", 120_000, offset=1)]
    await memory.put([Covered(0, 0, 2)], both)
    (sent,) = [one.message for one in await settled(memory, 20_000) if isinstance(one.message, Violation)]
    stands = msgspec.structs.replace(sent, violation_id="v-c0")
    await redis.delete(*[key async for key in redis.scan_iter(match=f"{memory._tag}:*")])
    assert {0: None} == await memory.put([Covered(0, 2, 3)], [arrival("entry", 0, offset=2, plate="2XYZ999")])
    await memory.put([Covered(0, 0, 3, whole_since_ms=0)], both)
    putting_back = PuttingBack.of(memory)
    assert not await putting_back.is_whole()
    assert [] == await settled(memory, 40_000)
    first, second = await putting_back.begin(), await putting_back.begin()
    for begun in (first, second):
        await putting_back.put_back([stands], begun, NOON_MS + 25_000, SETTLE_MS)
    assert await putting_back.note_whole(first)
    assert await putting_back.note_whole(second)
    await putting_back.put_back([msgspec.structs.replace(sent, violation_id="v-1a7e")], second, NOON_MS, SETTLE_MS)
    assert [] == await settled(memory, 40_000)
    late = arrival("exit", 121_000, arrived_ms=50_000, offset=3)
    slow = arrival("exit", 150_000 + 1_000, arrived_ms=50_000, offset=4)
    between = [arrival("exit", at_ms, arrived_ms=50_000, offset=5 + at_ms) for at_ms in range(122_000, 151_000, 1_000)]
    await memory.put([Covered(0, 3, 200_000)], [late, slow, *between])
    (withdrawal,) = [one.message for one in await settled(memory, 70_000)]
    assert isinstance(withdrawal, Withdrawal)
    assert "v-c0" == withdrawal.id


async def test_a_loss_in_the_middle_of_putting_back_begins_it_anew(memory: SectionMemory, redis: Redis) -> None:
    """What was noted before it counts no more."""
    putting_back = PuttingBack.of(memory)
    begun = await putting_back.begin()
    await redis.delete(*[key async for key in redis.scan_iter(match=f"{memory._tag}:*")])
    assert not await putting_back.note_whole(begun)
    assert not await putting_back.is_whole()


async def test_what_is_gone_when_it_is_asked_for_is_due_no_more(memory: SectionMemory, redis: Redis) -> None:
    """In the same step, so that what comes at that moment stays due."""
    await memory.put([Covered(0, 0, 1)], [arrival("entry", 0)])
    await redis.delete(*await keys_of(memory, redis))
    (key,) = (await memory.look({0: NOON_MS + 20_000}, 1, ALL)).due
    assert [] == await memory.remembered([key])
    assert () == (await memory.look({0: NOON_MS + 20_000}, 1, ALL)).due
