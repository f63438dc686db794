"""Several sections in a row: where the law says so, one journey is one violation, the worst."""

from collections.abc import Sequence
from itertools import pairwise
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.reads.versions import Changed, Version
from pipeline.sections.history import Histories, violations_of
from pipeline.sections.lines import SectionIndex, Sighting, sightings_of
from pipeline.sections.outcomes import ProvesNothing, Withdrawn
from pipeline.sections.rules import SETTLE_MS, Rules
from schemas.outcomes import Violation
from schemas.reference import Distance, Line, Section
from tests.builders import NOON_MS, cameras_along, make_camera, make_read, make_section, reference_of

GANTRIES = "ABCD"
HOUR_MS = 3_600_000


def row(country: str = "NL") -> list[Section]:
    """Three sections of 5,000 m, each left where the next is entered; 180 s are 100 km/h, the limit."""
    return [
        make_section(
            f"S{number}", metres=5_000.0, country=country, limit_kmh=100, entries=(Line(camera_id=one),), max_travel_ms=HOUR_MS,
            exits=(Line(camera_id=other),), distances=(Distance(entry_camera_id=one, exit_camera_id=other, metres=5_000.0),),
        )
        for number, (one, other) in enumerate(pairwise(GANTRIES), 1)
    ]  # fmt: skip


def journey(*travels_s: int, start_s: int = 0, plate: str = "12ABC3") -> list[tuple[int, str]]:
    """When (ms after noon) and by which camera a vehicle was seen that took so long over each section."""
    times = [start_s]
    for travel_s in travels_s:
        times.append(times[-1] + travel_s)
    return [(at_s * 1_000, camera_id) for at_s, camera_id in zip(times, GANTRIES, strict=False)]


def standing(seen: Sequence[tuple[int, str]], sections: Sequence[Section], *, shuffled: int | None = None) -> list[str]:
    """The sections whose violations stand in the end. shuffled: all arrives within the settling time, in an order by this seed."""
    index, rules = SectionIndex.of(sections), Rules(reference_of(*sections))
    arrivals: list[tuple[int, list[Sighting]]] = []
    for at_ms, camera_id in seen:
        read = make_read("12ABC3", camera_id, NOON_MS + at_ms, country="NL")
        arrivals.append((NOON_MS + at_ms, sightings_of(read, index)))
    if shuffled is not None:
        late_ms, dice = max(at_ms for at_ms, _ in arrivals), Random(shuffled)
        arrivals = [(late_ms + dice.randrange(SETTLE_MS // 2), sightings) for _, sightings in arrivals]
    return sorted(one.section_id for one in violations_of(arrivals, rules).values())


@pytest.mark.parametrize(
    ("travels_s", "expected"),
    [
        ((150, 120, 160), ["S2"]), ((120, 150, 160), ["S1"]), ((150, 200, 120), ["S3"]), ((120, 200, 150), ["S1"]),
        ((150, 150, 150), ["S1"]), ((200, 150, 200), ["S2"]), ((200, 200, 200), []),
    ],
)  # fmt: skip
def test_one_journey_over_several_sections_is_one_violation_the_worst(
    travels_s: tuple[int, ...], expected: list[str]
) -> None:
    """Also where one in between was driven well; of equal ones the first."""
    assert expected == standing(journey(*travels_s), row())


def test_without_a_rule_each_section_stands_for_itself() -> None:
    """Nothing of the kind was found in Belgium's law."""
    assert ["S1", "S2", "S3"] == standing(journey(150, 120, 150), row("BE"))


def test_another_journey_is_another_violation() -> None:
    """The first section twice; or the third, long after what the second can have taken."""
    assert ["S1", "S1"] == standing([*journey(120, 200), *journey(130, 200, start_s=1_000)], row())
    gone_home = [(0, "A"), (120_000, "B"), (HOUR_MS * 3, "C"), (HOUR_MS * 3 + 130_000, "D")]
    assert ["S1", "S3"] == standing(gone_home, row())


def test_sections_that_are_not_in_a_row_stand_for_themselves() -> None:
    """The way from one to the other is not under control."""
    sections = [one for one in row() if one.section_id != "S2"]
    assert ["S1", "S3"] == standing(journey(120, 200, 130), sections)


def test_two_gantries_at_one_place_make_a_row_as_one_does() -> None:
    """One camera ends a section, another, ten metres on, begins the next."""
    first, second = row()[:2]
    beside = make_section(
        "S2", metres=5_000.0, country="NL", limit_kmh=100, entries=(Line(camera_id="B2"),), exits=second.exits,
        distances=(Distance(entry_camera_id="B2", exit_camera_id="C", metres=5_000.0),),
    )  # fmt: skip
    cameras = cameras_along(first, second)
    cameras["B2"] = make_camera("B2", position=cameras["B"].position)
    index, rules = SectionIndex.of([first, beside]), Rules(reference_of(first, beside, cameras=cameras))
    seen = [(0, "A"), (120_000, "B"), (120_500, "B2"), (270_500, "C")]
    arrivals = [
        (NOON_MS + at_ms, sightings_of(make_read("12ABC3", name, NOON_MS + at_ms, country="NL"), index))
        for at_ms, name in seen
    ]
    assert ["S1"] == [one.section_id for one in violations_of(arrivals, rules).values()]


def test_the_lesser_is_taken_back_by_name_and_what_is_left_out_is_said() -> None:
    """The worse one names it; the third section's is never sent."""
    sections = row()
    index, memory = SectionIndex.of(sections), Histories(Rules(reference_of(*sections)))
    told = []
    for at_ms, camera_id in journey(150, 120, 160):
        memory.take(sightings_of(make_read("12ABC3", camera_id, NOON_MS + at_ms, country="NL"), index), NOON_MS + at_ms)
        told += memory.settle(NOON_MS + at_ms + SETTLE_MS + 1)
    first, second, gone, left_out = told
    assert isinstance(first, Violation)
    assert isinstance(second, Violation)
    assert first.violation_id == second.corrects
    assert Withdrawn(first, "lesser_of_several") == gone
    assert ProvesNothing("S3", "lesser_of_several", f"than {second.violation_id}") == left_out


def test_what_was_withdrawn_as_the_lesser_is_not_withdrawn_again_nor_comes_back() -> None:
    """A limit that is said late to have been higher on the first section corrects nothing: its violation is gone."""
    sections = row()
    reference = reference_of(*sections)
    index, memory = SectionIndex.of(sections), Histories(Rules(reference))
    for at_ms, camera_id in journey(150, 120, 200):
        memory.take(sightings_of(make_read("12ABC3", camera_id, NOON_MS + at_ms, country="NL"), index), NOON_MS + at_ms)
        memory.settle(NOON_MS + at_ms + SETTLE_MS + 1)
    assert ["S2"] == [one.section_id for vehicle in memory.vehicles.values() for one in vehicle.proven]
    higher = msgspec.structs.replace(sections[0], limit_kmh=110)
    reference.sections.take([Changed("S1", (Version(higher, NOON_MS - 1_000, NOON_MS + HOUR_MS),))])
    memory.review()
    assert [] == memory.settle(NOON_MS + HOUR_MS)


def test_the_row_is_that_of_the_day_of_driving() -> None:
    """A section that was removed since was one then."""
    sections = row()
    reference = reference_of(*sections)
    for one in sections:
        removal: Version[Section] = Version(None, NOON_MS + 700_000, NOON_MS + 700_000)
        reference.sections.take([Changed(one.section_id, (removal,))])
    index = SectionIndex.of(sections)
    reads = [make_read("12ABC3", name, NOON_MS + at_ms, country="NL") for at_ms, name in journey(150, 120, 160)]
    late = [(NOON_MS + 800_000, [sighting for read in reads for sighting in sightings_of(read, index)])]
    assert ["S2"] == [one.section_id for one in violations_of(late, Rules(reference)).values()]


@given(st.lists(st.integers(100, 200), min_size=3, max_size=3), st.integers(0, 2**32))
def test_whatever_the_order_of_arrival_the_worst_stands(travels_s: list[int], seed: int) -> None:
    """One and the same, and none where nobody drove too fast."""
    expected = standing(journey(*travels_s), row())
    assert expected == standing(journey(*travels_s), row(), shuffled=seed)
    assert len(expected) == (1 if min(travels_s) < 167 else 0)
