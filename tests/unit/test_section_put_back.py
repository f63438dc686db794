"""After the memory of section control was lost, what was sent still stands, and whatever helps the driver still takes it back."""

from collections.abc import Sequence
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.law.book import the_book
from pipeline.law.kinds import Tolerance
from pipeline.reads.versions import Version
from pipeline.sections.history import Histories
from pipeline.sections.lines import Side, Sighting, sightings_of
from pipeline.sections.moment import Reference
from pipeline.sections.outcomes import Outcome, Withdrawn
from pipeline.sections.rules import SETTLE_MS, Rules
from pipeline.sections.vehicle import PROVEN_KEEP_MS, Vehicle
from schemas.outcomes import Violation
from schemas.reads import VehicleClass
from schemas.reference import Section
from tests.builders import NOON_MS, book_of, make_read, make_section, reference_of
from tests.oracles.section_rules import Seen
from tests.unit.test_section_second_opinion import INDEX, ROADS, RULES, SEEN, drive, one_each, read_of

SECTION = make_section(metres=5_000.0)
CAMERAS: dict[Side, str] = {"entry": "IN", "exit": "OUT"}
HOUR_MS = 3_600_000


def seen(side: Side, at_ms: int, vehicle_class: VehicleClass = "car") -> Sighting:
    """A sighting so long after noon."""
    return Sighting("S1", side, make_read("1ABC234", CAMERAS[side], NOON_MS + at_ms, vehicle_class=vehicle_class))


def standing(outcomes: Sequence[Outcome]) -> dict[str, Violation]:
    """What stands for a reader of these outcomes, who drops copies: by id, what was sent and never withdrawn."""
    gone = {one.violation.violation_id for one in outcomes if isinstance(one, Withdrawn)}
    return {one.violation_id: one for one in outcomes if isinstance(one, Violation) and one.violation_id not in gone}


def driven(rules: Rules) -> tuple[Histories, list[Outcome]]:
    """A memory in which 150 km/h were proven, and the outcomes."""
    memory = Histories(rules)
    memory.take([seen("entry", 0), seen("exit", 120_000)], NOON_MS + 120_000)
    return memory, memory.settle(NOON_MS + 200_000)


def test_a_violation_that_the_law_lessened_before_the_loss_is_withdrawn_under_the_id_that_it_has_since() -> None:
    """Read again, its reads alone would give it the id that it had before the law was corrected, which is withdrawn."""
    old = the_book().rule_at(Tolerance, "BE", NOON_MS)
    assert old is not None
    lenient = msgspec.structs.replace(old, subtract_percent=10)
    corrected = Rules(reference_of(SECTION), book=book_of((0, 2**50, lenient)))
    before, outcomes = driven(Rules(reference_of(SECTION)))
    memory = Histories(corrected, dict(before.vehicles))
    memory.review()
    outcomes += memory.settle(NOON_MS + 300_000)
    (lesser,) = standing(outcomes)
    memory = Histories(corrected)
    memory.put_back(standing(outcomes).values(), NOON_MS + 400_000)
    memory.take([seen("entry", 0), seen("exit", 120_000)], NOON_MS + 120_000)
    outcomes += memory.settle(NOON_MS + 410_001)
    assert [lesser] == list(standing(outcomes))
    memory.take([seen("exit", 120_900, vehicle_class="motorcycle")], NOON_MS + 500_000)
    outcomes += memory.settle(NOON_MS + 600_000)
    assert {} == standing(outcomes)


@pytest.mark.parametrize(("limit_kmh", "expected"), [(145, []), (130, [130]), (110, [120])])
def test_a_section_corrected_days_after_the_loss_withdraws_or_lessens_what_was_put_back(
    limit_kmh: int, expected: list[int]
) -> None:
    """Its reads are read again no more, so long ago are they; a lower limit makes it no worse."""
    reference = reference_of(SECTION)
    _, outcomes = driven(Rules(reference))
    lost_ms = NOON_MS + 48 * HOUR_MS
    memory = Histories(Rules(reference, whole_since_ms=lost_ms - 3 * HOUR_MS))
    memory.put_back(standing(outcomes).values(), lost_ms)
    outcomes += memory.settle(lost_ms + SETTLE_MS + 1)
    assert 1 == len(standing(outcomes))
    changed: Section = msgspec.structs.replace(SECTION, limit_kmh=limit_kmh)
    reference.sections.put("S1", Version(changed, NOON_MS - 1_000, lost_ms + HOUR_MS))
    memory.review()
    outcomes += memory.settle(lost_ms + 2 * HOUR_MS)
    assert expected == [one.limit_kmh for one in standing(outcomes).values()]


@pytest.mark.parametrize(("vehicle_class", "expected"), [("car", 1), ("lorry", 0)])
def test_a_copy_that_comes_long_after_the_loss_changes_nothing_and_one_that_says_otherwise_does(
    vehicle_class: VehicleClass, expected: int
) -> None:
    """Cameras send again what they buffered; it was received anew, and is the same read all the same."""
    rules = Rules(reference_of(SECTION))
    _, outcomes = driven(rules)
    lost_ms = NOON_MS + 48 * HOUR_MS
    memory = Histories(Rules(rules.reference, whole_since_ms=lost_ms))
    memory.put_back(standing(outcomes).values(), lost_ms)
    for at_ms, side in ((1, "entry"), (2, "exit")):
        again = seen(side, 0 if side == "entry" else 120_000, vehicle_class)  # type: ignore[arg-type]  # both are sides
        received = msgspec.structs.replace(again.read, received_at_ms=lost_ms + HOUR_MS)
        memory.take([Sighting("S1", again.side, received)], lost_ms + at_ms * HOUR_MS)
        outcomes += memory.settle(lost_ms + at_ms * HOUR_MS + SETTLE_MS + 1)
    assert expected == len(standing(outcomes))


def test_where_it_is_lost_what_the_section_was_what_was_put_back_stands_untouched_and_is_forgotten_in_time() -> None:
    """An import after the loss holds from then on: that says nothing of the time when the vehicle drove."""
    _, outcomes = driven(Rules(reference_of(SECTION)))
    lost_ms = NOON_MS + 48 * HOUR_MS
    imported = Reference()
    imported.sections.put("S1", Version(SECTION, lost_ms, lost_ms))
    memory = Histories(Rules(imported, whole_since_ms=lost_ms))
    memory.put_back(standing(outcomes).values(), lost_ms)
    outcomes += memory.settle(lost_ms + HOUR_MS)
    memory.review()
    outcomes += memory.settle(lost_ms + 2 * HOUR_MS)
    assert 1 == len(standing(outcomes))
    memory.settle(lost_ms + PROVEN_KEEP_MS + 1)
    assert {} == memory.vehicles


def test_what_is_remembered_anyway_is_not_put_back_twice() -> None:
    """As where another worker has put it back, or nothing was lost."""
    memory, outcomes = driven(Rules(reference_of(SECTION)))
    vehicles = dict(memory.vehicles)
    memory.put_back(standing(outcomes).values(), NOON_MS + 300_000)
    assert vehicles == memory.vehicles
    assert [] == memory.settle(NOON_MS + 400_000)


@settings(deadline=None, max_examples=60)
@given(
    fast=st.lists(st.tuples(st.sampled_from(ROADS), st.integers(0, 150_000), st.integers(100, 160), SEEN), max_size=2),
    others=st.lists(SEEN, max_size=5),
    arrivals=st.lists(st.integers(0, 60_000), min_size=20, max_size=20),
    lost_after=st.integers(0, 12),
    again=st.booleans(),
)
def test_a_loss_at_any_moment_changes_nothing_of_what_stands_in_the_end(
    fast: list[tuple[object, int, int, Seen]], others: list[Seen], arrivals: list[int], lost_after: int, again: bool
) -> None:
    """All reads are read again, after what stands was put back; later reads come on. Where those from before the loss cannot be
    read again, nothing stands that would not have stood."""
    every = one_each([one for args in fast for one in drive(*args)] + others)  # type: ignore[arg-type]  # roads
    history = [
        (NOON_MS + 600_000 + at_ms, sightings_of(read_of(one), INDEX))
        for at_ms, one in zip(sorted(arrivals), every, strict=False)
    ]
    end_ms = NOON_MS + 800_000
    expected = Histories(RULES)
    undisturbed = decided_from(expected, history, end_ms)
    early, late = history[:lost_after], history[lost_after:]
    memory = Histories(RULES)
    lost_ms = late[0][0] if late else end_ms - 100_000
    outcomes = decided_from(memory, early, lost_ms)
    memory = Histories(RULES if again else replace(RULES, whole_since_ms=lost_ms))
    memory.put_back(standing(outcomes).values(), lost_ms)
    outcomes += decided_from(memory, history if again else late, end_ms)
    if again:
        assert standing(undisturbed).keys() == standing(outcomes).keys()
        assert settled_in(expected) == settled_in(memory)
    else:
        assert standing(undisturbed).keys() >= standing(outcomes).keys()


def decided_from(memory: Histories, history: Sequence[tuple[int, Sequence[Sighting]]], until_ms: int) -> list[Outcome]:
    """The outcomes of this history: the arrival of each read, UTC ms, and its sightings."""
    outcomes: list[Outcome] = []
    for arrived_ms, sightings in history:
        outcomes += memory.settle(arrived_ms)
        memory.take(sightings, arrived_ms)
    return outcomes + memory.settle(until_ms)


def settled_in(memory: Histories) -> dict[tuple[str, str], set[str]]:
    """The ids of what is remembered as proven, by section and plate."""

    def ids_of(vehicle: Vehicle) -> set[str]:
        assert () == vehicle.put_back
        return {one.violation_id for one in vehicle.proven}

    return {key: ids for key, vehicle in memory.vehicles.items() if (ids := ids_of(vehicle))}
