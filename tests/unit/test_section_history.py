"""The life of a plate on a section: settled, decided once, taken back where what comes late helps, and forgotten."""

from collections.abc import Sequence
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.sections.clusters import clusters_of
from pipeline.sections.crowds import MOST_IN_ALL, MOST_PASSAGES, crowded
from pipeline.sections.history import Histories, violations_of
from pipeline.sections.lines import Side, Sighting
from pipeline.sections.outcomes import ProvesNothing, Withdrawn
from pipeline.sections.passages import End
from pipeline.sections.rules import SETTLE_MS, Rules
from pipeline.sections.vehicle import PROVEN_KEEP_MS
from schemas.outcomes import Violation
from tests.builders import NOON_MS, make_read, make_section, reference_of

SECTION = make_section(metres=5_000.0)  # 120 km/h: 150 s; a violation from 139.5 s down
RULES = Rules(reference_of(SECTION))
CAMERAS: dict[Side, str] = {"entry": "IN", "exit": "OUT"}
HOUR_MS = 3_600_000


def seen(side: Side, at_ms: int, plate: str = "1ABC234", **fields: object) -> Sighting:
    """A sighting so long after noon."""
    return Sighting("S1", side, make_read(plate, CAMERAS[side], NOON_MS + at_ms, **fields))  # type: ignore[arg-type]  # any field of a read


def times(violations: Sequence[Violation]) -> list[tuple[int, int]]:
    """Entry and exit of each violation, ms after noon, sorted."""
    return sorted((one.entry.captured_at_ms - NOON_MS, one.exit.captured_at_ms - NOON_MS) for one in violations)


def together(*sightings: Sighting) -> list[tuple[int, int]]:
    """The violations of sightings that settle together."""
    return times(list(violations_of([(NOON_MS, sightings)], RULES).values()))


def in_turn(*arrivals: tuple[int, Sighting]) -> list[tuple[int, int]]:
    """The violations that stand after a history of arrivals, ms after noon."""
    return times(list(violations_of([(NOON_MS + at_ms, [one]) for at_ms, one in arrivals], RULES).values()))


def test_a_fast_passage_is_a_violation_and_a_slow_one_is_forgotten() -> None:
    """120 s are 150 km/h, 160 s are 112."""
    assert [(0, 120_000)] == together(seen("entry", 0), seen("exit", 120_000))
    memory = Histories(RULES)
    memory.take([seen("entry", 0), seen("exit", 160_000)], NOON_MS)
    assert [ProvesNothing("S1", "not_above_limit")] == memory.settle(NOON_MS + SETTLE_MS + 1)
    assert {} == memory.vehicles


def test_nothing_is_decided_before_it_has_settled() -> None:
    """Ten seconds after the last read that could belong to it, by the broker's clock."""
    memory = Histories(RULES)
    memory.take([seen("entry", 0)], NOON_MS)
    memory.take([seen("exit", 120_000)], NOON_MS + 9_000)
    assert [] == memory.settle(NOON_MS + 9_000 + SETTLE_MS)
    assert 1 == len(memory.settle(NOON_MS + 9_000 + SETTLE_MS + 1))


def test_two_reads_of_one_exit_passage_count_at_the_later_in_any_order() -> None:
    """The first alone would be a violation; together they are none."""
    entry, first, second = seen("entry", 0), seen("exit", 139_000), seen("exit", 140_500)
    assert [(0, 139_000)] == together(entry, first)
    for order in ([entry, first, second], [second, entry, first], [first, second, entry]):
        assert [] == in_turn(*((at * 5_000, one) for at, one in enumerate(order)))


def test_a_copied_plate_that_drove_well_twice_is_not_fined() -> None:
    """Entries at 0 and 80 s, exits at 200 and 280 s: the exit at 200 belongs to either."""
    ends = [seen("entry", 0), seen("entry", 80_000), seen("exit", 200_000), seen("exit", 280_000)]
    assert [] == together(*ends)
    assert [] == in_turn(*((one.read.captured_at_ms - NOON_MS, one) for one in ends))


def test_two_passages_of_an_hour_are_two_violations() -> None:
    """The pairs are certain: whoever entered first left first."""
    ends = [seen("entry", 0), seen("exit", 120_000), seen("entry", 600_000), seen("exit", 720_000)]
    assert [(0, 120_000), (600_000, 720_000)] == together(*ends)


def test_a_look_alike_in_between_is_not_fined_nor_makes_a_fine() -> None:
    """Two vehicles whose plates readers cannot tell apart: nobody knows which exit is whose."""
    mine, other = "1AOC555", "1A0C555"
    assert [] == together(seen("entry", 0, mine), seen("entry", 60_000, other), seen("exit", 180_000, other))


def test_an_end_waits_for_a_partner_that_is_uploaded_late() -> None:
    """For the longest travel time and the bound for late uploads; not longer."""
    entry, exit_ = seen("entry", 0), seen("exit", 120_000)
    assert [(0, 120_000)] == in_turn((0, entry), (2 * HOUR_MS, exit_))
    assert [] == in_turn((0, entry), (2 * HOUR_MS + 1, exit_))
    assert [(0, 120_000)] == in_turn((0, exit_), (HOUR_MS, entry))


def test_a_late_read_takes_a_violation_back_or_corrects_it() -> None:
    """A second exit read a second later corrects; another entry before, which drove well, takes back."""
    memory = Histories(RULES)
    memory.take([seen("entry", 0), seen("exit", 120_000)], NOON_MS)
    (violation,) = memory.settle(NOON_MS + 20_000)
    assert isinstance(violation, Violation)
    memory.take([seen("exit", 121_000)], NOON_MS + 30_000)
    corrected, withdrawn = memory.settle(NOON_MS + 50_000)
    assert isinstance(corrected, Violation)
    assert isinstance(withdrawn, Withdrawn)
    assert (violation.violation_id, 121_000) == (corrected.corrects, corrected.travel_ms)
    assert (violation, "corrected") == (withdrawn.violation, withdrawn.reason)
    memory.take([seen("entry", -60_000)], NOON_MS + 60_000)
    taken_back = memory.settle(NOON_MS + 80_000)
    assert Withdrawn(corrected, "contradicted_by_late_reads") in taken_back
    assert not [one for one in taken_back if isinstance(one, Violation)]


def test_a_late_read_never_makes_a_violation_worse() -> None:
    """A later entry would make the vehicle faster; it is another vehicle's, or nobody's."""
    slow, fast = seen("entry", 0), seen("entry", 30_000)
    assert [(0, 135_000)] == in_turn((0, slow), (0, seen("exit", 135_000)), (20_000, fast))


def test_repeats_change_nothing_while_they_settle_and_afterwards() -> None:
    """The same read ids again and again."""
    entry, exit_ = seen("entry", 0), seen("exit", 120_000)
    arrivals = [(0, entry), (1_000, exit_), (2_000, entry), (30_000, exit_), (60_000, entry)]
    memory, found = Histories(RULES), list[object]()
    for at_ms, one in arrivals:
        found += memory.settle(NOON_MS + at_ms)
        memory.take([one], NOON_MS + at_ms)
    found += memory.settle(NOON_MS + 90_000)
    assert 1 == len(found)


def test_a_part_of_an_innocent_passage_that_comes_again_proves_nothing() -> None:
    """The second exit read made it innocent; a gateway sends the entry and the first exit read once more."""
    entry, first, second = seen("entry", 0), seen("exit", 139_000), seen("exit", 140_500)
    memory = Histories(RULES)
    memory.take([entry, first, second], NOON_MS)
    memory.settle(NOON_MS + 20_000)
    memory.take([entry, first], NOON_MS + 60_000)
    assert ([], {}) == (memory.settle(NOON_MS + 80_000), memory.vehicles)


def test_what_is_uploaded_later_than_anything_is_awaited_proves_nothing() -> None:
    """Two hours: what could have helped the driver is forgotten by then."""
    ends = [seen("entry", 0), seen("exit", 120_000)]
    for late_ms, expected in ((2 * HOUR_MS, [(0, 120_000)]), (2 * HOUR_MS + 1, [])):
        assert expected == times(list(violations_of([(NOON_MS + late_ms, ends)], RULES).values()))


def test_what_is_not_remembered_whole_proves_nothing() -> None:
    """After a loss, reads that are gone could have shown another entry."""
    whole_since_ms = NOON_MS - HOUR_MS
    for since_ms, expected in ((whole_since_ms - 5_000, [(0, 120_000)]), (whole_since_ms - 4_999, [])):
        rules = Rules(RULES.reference, whole_since_ms=since_ms)
        history = [(NOON_MS, [seen("entry", 0), seen("exit", 120_000)])]
        assert expected == times(list(violations_of(history, rules).values()))


def test_a_plate_that_is_everywhere_proves_nothing_and_is_forgotten() -> None:
    """More passages than one vehicle makes. The latest are kept for as long as an end waits, to be counted with what follows."""
    memory = Histories(RULES)
    memory.take([seen("entry", at * 60_000) for at in range(MOST_PASSAGES + 1)], NOON_MS)
    memory.take([seen("exit", 120_000)], NOON_MS)
    assert [ProvesNothing("S1", "too_many_passages")] == memory.settle(NOON_MS + SETTLE_MS + 1)
    assert 2 * MOST_PASSAGES > sum(len(one.kept) for one in memory.vehicles.values())
    memory.settle(NOON_MS + 2 * HOUR_MS + 1)
    assert {} == memory.vehicles


def laps(count: int, every_ms: int = 200_000) -> list[tuple[Sighting, Sighting]]:
    """So many passages at 150 km/h, one after the other."""
    return [(seen("entry", at * every_ms), seen("exit", at * every_ms + 120_000)) for at in range(count)]


def after(driven: Sequence[tuple[Sighting, Sighting]], memory: Histories) -> dict[str, Violation]:
    """The violations that stand after these passages, each decided before the next."""
    standing: dict[str, Violation] = {}
    for entry, exit_ in driven:
        at_ms = exit_.read.captured_at_ms
        memory.take([entry, exit_], at_ms)
        for one in memory.settle(at_ms + SETTLE_MS + 1):
            if isinstance(one, Violation):
                standing[one.violation_id] = one
            elif isinstance(one, Withdrawn):
                assert "too_many_passages" == one.reason
                del standing[one.violation.violation_id]
    return standing


def test_violations_of_a_plate_that_is_everywhere_are_withdrawn_whenever_they_are_decided() -> None:
    """A copied plate, or no plate: one by one or all together, and those that follow; little of it is remembered."""
    for count, expected in ((MOST_PASSAGES, MOST_PASSAGES), (MOST_PASSAGES + 1, 0), (MOST_PASSAGES + 3, 0)):
        driven, memory = laps(count), Histories(RULES)
        assert expected == len(after(driven, memory))
        assert expected == len(together(*(one for pair in driven for one in pair)))
        assert all(len(vehicle.kept) <= 2 * (MOST_PASSAGES + 1) for vehicle in memory.vehicles.values())


def test_passages_that_can_only_belong_together_are_counted_too() -> None:
    """Two and a half minutes at most from one side to the other, so that each pair is for itself."""
    section = make_section(metres=5_000.0, max_travel_ms=150_000, max_late_ms=2 * HOUR_MS)
    for count, expected in ((MOST_PASSAGES, MOST_PASSAGES), (MOST_PASSAGES + 1, 0), (MOST_PASSAGES + 3, 0)):
        memory = Histories(Rules(reference_of(section)))
        assert expected == len(after(laps(count, every_ms=150_100), memory))


def test_many_violations_of_days_are_no_crowd_until_no_vehicle_makes_so_many() -> None:
    """A commuter's stand; those of a text that many vehicles show do not."""
    ends = [
        End(one.side, one.read, one.read.captured_at_ms)
        for pair in laps(MOST_IN_ALL + 1, every_ms=1_800_000)
        for one in pair
    ]
    clusters = clusters_of(ends, lambda _entered_ms: 600_000)
    everybody = frozenset(range(MOST_IN_ALL + 1))
    assert frozenset() == crowded(clusters[1:], 2 * HOUR_MS, PROVEN_KEEP_MS).found
    crowd = crowded(clusters, 2 * HOUR_MS, PROVEN_KEEP_MS)
    assert everybody == crowd.found == crowd.latest


def test_nothing_is_remembered_for_ever() -> None:
    """An end without partner for two hours, a violation for a day."""
    memory = Histories(RULES)
    memory.take([seen("entry", 0), seen("exit", 120_000), seen("entry", 0, "2XYZ999")], NOON_MS)
    memory.settle(NOON_MS + SETTLE_MS + 1)
    assert NOON_MS + 2 * HOUR_MS == memory.next_ms()
    memory.settle(NOON_MS + 2 * HOUR_MS + 1)
    assert NOON_MS + PROVEN_KEEP_MS == memory.next_ms()
    memory.settle(NOON_MS + PROVEN_KEEP_MS + 1)
    assert ({}, None) == (memory.vehicles, memory.next_ms())


ENDS = st.lists(
    st.tuples(st.sampled_from(("entry", "exit")), st.integers(0, 40), st.sampled_from((0.6, 0.99))),
    min_size=1,
    max_size=12,
)


def history_of(ends: Sequence[tuple[Side, int, float]]) -> list[Sighting]:
    """A dozen reads of one plate, up to ten minutes long; some are 700 ms apart."""
    return [
        seen(side, at // 2 * 30_000 + at % 2 * 700, confidence=confidence)
        for side, at, confidence in ends
    ]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(ends=ENDS, seed=st.integers(0, 2**32))
def test_any_order_cut_and_repeats_within_the_settling_time_give_the_same_violations(
    ends: list[tuple[Side, int, float]], seed: int
) -> None:
    """With the same ids."""
    dice, sightings = Random(seed), history_of(ends)
    expected = violations_of([(NOON_MS, sightings)], RULES)
    shuffled = dice.sample(sightings, len(sightings)) + dice.choices(sightings, k=3)
    at_ms, history = 0, []
    while shuffled:
        count = dice.randint(1, len(shuffled))
        history.append((NOON_MS + at_ms, shuffled[:count]))
        shuffled, at_ms = shuffled[count:], at_ms + dice.randint(0, SETTLE_MS)
    assert {*expected} == {*violations_of(history, RULES)}


@settings(max_examples=60, deadline=None)
@given(ends=ENDS, late=ENDS, seed=st.integers(0, 2**32))
def test_what_arrives_late_for_a_decided_passage_only_takes_away_or_lessens(
    ends: list[tuple[Side, int, float]], late: list[tuple[Side, int, float]], seed: int
) -> None:
    """A violation that comes later rests on an end that had no partner, or is a lesser one in place of another."""
    memory = Histories(RULES)
    memory.take(history_of(ends), NOON_MS)
    before = {one.violation_id: one for one in memory.settle(NOON_MS + SETTLE_MS + 1) if isinstance(one, Violation)}
    waiting = {end.read.read_id for vehicle in memory.vehicles.values() for end in vehicle.kept}
    arriving = history_of(late[: seed % 3 + 1])
    memory.take(arriving, NOON_MS + 60_000)
    fresh = {one.read.read_id for one in arriving}
    for one in memory.settle(NOON_MS + 60_000 + SETTLE_MS + 1):
        if isinstance(one, Violation):
            assert {one.entry.read_id, one.exit.read_id} <= waiting | fresh
            if one.corrects:
                old = before[one.corrects]
                assert one.measured_kmh <= old.measured_kmh


@settings(max_examples=40, deadline=None)
@given(ends=ENDS, cuts=st.lists(st.integers(0, 60_000), max_size=12), seed=st.integers(0, 2**32))
def test_deciding_often_or_seldom_comes_to_the_same(
    ends: list[tuple[Side, int, float]], cuts: list[int], seed: int
) -> None:
    """Neither the time of deciding nor a pause of the worker changes anything: the broker's times say what settled together."""
    dice, sightings = Random(seed), history_of(ends)
    arrivals = sorted((NOON_MS + dice.randint(0, 60_000), index) for index in range(len(sightings)))
    results = []
    for moments in ([NOON_MS + cut for cut in sorted(cuts)], []):
        memory, outcomes = Histories(RULES), list[object]()
        left = list(arrivals)
        for moment in [*moments, NOON_MS + 600_000]:
            while left and left[0][0] < moment:
                at_ms, index = left.pop(0)
                memory.take([sightings[index]], at_ms)
            outcomes += memory.settle(moment, decided_at_ms=NOON_MS)
        results.append(outcomes)
    assert results[0] == results[1]


@pytest.mark.parametrize("late_ms", [0, 20_000])
def test_a_second_exit_before_the_first_passage_is_complete_loses_neither(late_ms: int) -> None:
    """The exit camera uploads its second passage before its first."""
    arrivals = [(0, seen("entry", 0)), (300_000, seen("entry", 300_000)), (420_000, seen("exit", 420_000)),
                (420_000 + late_ms, seen("exit", 120_000))]  # fmt: skip
    expected = [(0, 120_000), (300_000, 420_000)] if late_ms == 0 else [(0, 120_000)]
    assert expected == in_turn(*arrivals)
