"""A plate that is seen too often is not one vehicle: what is remembered of it proves nothing with what follows."""

from collections.abc import Sequence
from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.sections.clusters import Cluster, clusters_of
from pipeline.sections.crowds import MOST_IN_ALL, MOST_PASSAGES, crowded
from pipeline.sections.history import Histories
from pipeline.sections.lines import Side, Sighting
from pipeline.sections.outcomes import ProvesNothing
from pipeline.sections.passages import End
from pipeline.sections.rules import SETTLE_MS, Rules
from pipeline.sections.vehicle import PROVEN_KEEP_MS
from schemas.outcomes import Violation
from tests.builders import NOON_MS, make_read, make_section, reference_of

RULES = Rules(reference_of(make_section(metres=50_000.0)))  # 120 km/h: 1,500 s
HOUR_MS = 3_600_000


def seen(side: Side, at_ms: int) -> Sighting:
    """A sighting of one plate so long after noon."""
    return Sighting("S1", side, make_read("1ABC234", "IN" if side == "entry" else "OUT", NOON_MS + at_ms))


@pytest.mark.parametrize(("count", "expected"), [(MOST_PASSAGES + 1, 0), (MOST_PASSAGES + 9, 0), (MOST_PASSAGES, 1)])
@pytest.mark.parametrize("at_once", [False, True])
def test_an_exit_after_a_crowd_of_entries_proves_nothing_however_they_settled(
    count: int, expected: int, at_once: bool
) -> None:
    """Each entry would be above the limit with it: 144 to 200 km/h."""
    memory = Histories(RULES)
    for number in range(count):
        at_ms = NOON_MS + (0 if at_once else number * 2 * SETTLE_MS)
        memory.take([seen("entry", number * 8_000)], at_ms)
        memory.settle(at_ms + (0 if at_once else SETTLE_MS + 1))
    memory.settle(NOON_MS + HOUR_MS)
    memory.take([seen("exit", 1_250_000)], NOON_MS + HOUR_MS)
    outcomes = memory.settle(NOON_MS + HOUR_MS + SETTLE_MS + 1)
    assert expected == sum(isinstance(one, Violation) for one in outcomes)
    assert expected or ProvesNothing("S1", "too_many_passages") in outcomes


def is_crowd(clusters: Sequence[Cluster]) -> bool:
    """Whether there are too many passages in one cluster or in all."""
    return any(one.size > MOST_PASSAGES for one in clusters) or bool(
        crowded(clusters, 2 * HOUR_MS, PROVEN_KEEP_MS).found
    )


@given(
    st.lists(st.tuples(st.sampled_from(["entry", "exit", "exit"]), st.integers(3, 400)), min_size=40, max_size=110),
    st.sets(st.integers(0, 109), max_size=6),
    st.sampled_from([5_000.0, 50_000.0]),
)
def test_what_is_left_of_a_crowd_is_still_one(
    driven: list[tuple[Side, int]], settled_after: set[int], metres: float
) -> None:
    """However entries and exits follow one another, and whichever of them settle together."""
    section = make_section(metres=metres, max_travel_ms=600_000)
    rules, at_ms, waiting = Rules(reference_of(section)), 0, list[Sighting]()
    memory = Histories(rules)
    for number, (side, gap_s) in enumerate(driven):
        at_ms += gap_s * 1_000
        waiting.append(seen(side, at_ms))
        if number in settled_after or number == len(driven) - 1:
            memory.take(waiting, NOON_MS + at_ms)
            found, waiting = memory.settle(NOON_MS + at_ms + SETTLE_MS + 1), []
            kept = [end for vehicle in memory.vehicles.values() for end in vehicle.kept]
            kept.sort(key=lambda end: end.read.captured_at_ms)
            left = clusters_of(kept, lambda entered_ms: rules.reference.longest_travel_ms("S1", entered_ms))
            told = ProvesNothing("S1", "too_many_passages") in found
            assert told <= is_crowd(left)


def test_of_too_many_in_six_days_as_many_are_left_as_are_too_many() -> None:
    """One each half hour; the first of one more than too many is not needed."""
    ends = [
        End(one.side, one.read, one.read.captured_at_ms)
        for at in range(MOST_IN_ALL + 2)
        for one in (seen("entry", at * HOUR_MS // 2), seen("exit", at * HOUR_MS // 2 + 120_000))
    ]
    crowd = crowded(clusters_of(ends, lambda _entered_ms: 600_000), 2 * HOUR_MS, PROVEN_KEEP_MS)
    assert frozenset(range(MOST_IN_ALL + 2)) == crowd.found
    assert frozenset(range(1, MOST_IN_ALL + 2)) == crowd.latest == crowd.lasting


def test_what_drives_after_a_crowd_of_six_days_proves_nothing_as_long_as_the_crowd_counts() -> None:
    """A text that many vehicles show, above the limit each half hour: withdrawn, it stays a crowd while so many lie in six days."""
    section = make_section(metres=5_000.0, max_travel_ms=600_000, max_late_ms=6 * HOUR_MS)
    memory = Histories(Rules(reference_of(section)))

    def drives(memory: Histories, *at_ms: int) -> None:
        """Uploaded together, after the last."""
        pairs = [(seen("entry", one), seen("exit", one + 120_000)) for one in at_ms]
        memory.take([one for pair in pairs for one in pair], NOON_MS + at_ms[-1] + 120_000)

    for first in range(0, MOST_IN_ALL, 8):
        drives(memory, *(at * HOUR_MS // 2 for at in range(first, first + 8)))
    drives(memory, MOST_IN_ALL * HOUR_MS // 2)
    memory.settle(NOON_MS + MOST_IN_ALL * HOUR_MS // 2 + 200_000)
    for later_h, expected in ((3, 0), (15, 0), (100, 1)):
        after, at_ms = deepcopy(memory), MOST_IN_ALL * HOUR_MS // 2 + later_h * HOUR_MS
        drives(after, at_ms)
        found = after.settle(NOON_MS + at_ms + 200_000)
        assert expected == sum(isinstance(one, Violation) for one in found), later_h
