"""What section control decides of any short history is what the brute-force reading of the rules says.

Three sections with two cameras a side, a dozen reads of few plates, in any order of arrival within the settling time, in any cuts,
with repeats. The second opinion (tests/oracles) was written from the rules alone.
"""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.sections.history import violations_of
from pipeline.sections.lines import SectionIndex, Sighting, sightings_of
from pipeline.sections.rules import SETTLE_MS, Rules
from schemas.base import Position
from schemas.reads import ClockState, PlateRead
from schemas.reference import Distance, Line, Section
from tests.builders import NOON_MS, make_camera, make_read, make_section, reference_of
from tests.oracles.section_rules import Road, Seen, proven

ROADS = (
    Road("S1", ("A", "A2"), ("B", "B2"), Fraction(5_000), 120, longest_ms=400_000),
    Road("S2", ("B", "B2"), ("C",), Fraction(3_000), 90, longest_ms=300_000, class_limits_kmh={"lorry": 80}),
    Road("S3", ("D",), ("A", "C"), Fraction(4_000), 50),
)
TOO_LATE_MS = 3 * 3_600_000  # longest travel and the bound for late uploads are over
Told = set[tuple[str, int, int, int]]


def section_of(road: Road) -> Section:
    """The road as reference data."""
    pairs = [(entry, exit_) for entry in road.entries for exit_ in road.exits]
    return make_section(
        road.section_id,
        metres=float(road.distance_m),
        entries=tuple(Line(camera_id=one) for one in road.entries),
        exits=tuple(Line(camera_id=one) for one in road.exits),
        distances=tuple(
            Distance(entry_camera_id=entry, exit_camera_id=exit_, metres=float(road.distance_m))
            for entry, exit_ in pairs
        ),
        limit_kmh=road.limit_kmh,
        class_limits_kmh=road.class_limits_kmh,
        max_travel_ms=road.longest_ms,
        max_clock_error_ms=float(road.worst_clock_ms),
    )


SECTIONS = [section_of(road) for road in ROADS]
NORTH_KM = {"A": 0.0, "A2": 0.0, "B": 4.5, "B2": 4.5, "C": 7.3, "D": 3.65}
CAMERAS = {
    name: make_camera(name, position=Position(lat=50.0 + km / 111.2, lon=4.5), position_error_m=1.0)
    for name, km in NORTH_KM.items()
}
RULES = Rules(reference_of(*SECTIONS, cameras=CAMERAS))
INDEX = SectionIndex.of(SECTIONS)


def read_of(seen: Seen) -> PlateRead:
    """The read that says the same. A known clock synchronised at the moment of the capture, so that its age adds nothing."""
    clock = None
    if seen.clock_error_ms is not None:
        clock = ClockState(source="gnss", worst_error_ms=float(seen.clock_error_ms), sync_age_ms=0)
    return make_read(
        seen.plate, seen.camera_id, NOON_MS + seen.at_ms, confidence=0.99 if seen.certain else 0.4, clock=clock,
        vehicle_class=seen.vehicle_class, country=seen.country, country_confidence=0.99 if seen.country else 0.0,
    )  # fmt: skip


def decided(arrivals: Sequence[tuple[int, Sequence[Seen]]]) -> Told:
    """What the pipeline's own decision says of a history: batches of reads, each with its arrival in ms after noon."""
    history: list[tuple[int, list[Sighting]]] = [
        (NOON_MS + at_ms, [sighting for one in batch for sighting in sightings_of(read_of(one), INDEX)])
        for at_ms, batch in arrivals
    ]
    return {
        (one.section_id, one.entry.captured_at_ms - NOON_MS, one.exit.captured_at_ms - NOON_MS, one.corrected_kmh)
        for one in violations_of(history, RULES).values()
    }


def expected(seen: Sequence[Seen]) -> Told:
    """What the second opinion says of the same reads."""
    return {(one.section_id, one.entered_ms, one.left_ms, one.corrected_kmh) for one in proven(seen, ROADS)}


PLATES = st.sampled_from(["1ABC234", "1ABC234", "2XYZ777", "AA123BC"])
MOMENTS = st.one_of(
    st.integers(0, 400).map(lambda second: second * 1_000), st.integers(0, 60).map(lambda step: step * 7_001),
    st.sampled_from([0, 500, 2_000, 2_001, 100_000, 101_500, 120_000, 139_000, 140_000, 200_000, 280_000]),
)  # fmt: skip
SEEN = st.builds(
    Seen,
    camera_id=st.sampled_from(["A", "A", "A2", "B", "B", "B2", "C", "D"]),
    plate=PLATES,
    at_ms=MOMENTS,
    clock_error_ms=st.sampled_from([Fraction(10)] * 8 + [Fraction(90), Fraction(101), None]),
    vehicle_class=st.sampled_from(["car"] * 8 + ["lorry", "motorcycle", "unknown"]),
    country=st.sampled_from(["BE"] * 8 + ["NL", None]),
)


def one_each(seen: Sequence[Seen]) -> list[Seen]:
    """At most one read of a plate at a camera and moment: a second one would be another version of the same read."""
    return list({(one.camera_id, one.plate, one.at_ms): one for one in seen}.values())


@settings(max_examples=400, deadline=None)
@given(st.lists(SEEN, max_size=12).map(one_each), st.integers(0, 2**32))
def test_any_history_is_decided_as_the_rules_say(seen: list[Seen], seed: int) -> None:
    """Whatever the order, the cuts and the repeats within the settling time."""
    dice = Random(seed)
    arriving = [*seen, *dice.sample(seen, len(seen) // 3)]
    dice.shuffle(arriving)
    begin, arrivals = 500_000, list[tuple[int, list[Seen]]]()
    while arriving:
        size = dice.randint(1, 5)
        begin += dice.randint(0, (SETTLE_MS - 1) // 13)
        arrivals.append((begin, arriving[:size]))
        arriving = arriving[size:]
    assert expected(seen) == decided(arrivals)


@settings(max_examples=200, deadline=None)
@given(st.lists(SEEN, min_size=2, max_size=12).map(one_each), st.data())
def test_what_arrives_too_late_proves_nothing_and_never_makes_worse(seen: list[Seen], data: st.DataObject) -> None:
    """What stands in the end stood before, or is a lesser form of it; and no worse than all the reads together prove."""
    late_count = data.draw(st.integers(1, len(seen)))
    early, late = seen[late_count:], seen[:late_count]
    before = expected(early)
    whole = {(section_id, left): kmh for section_id, _, left, kmh in expected(seen)}
    for section_id, _, left, kmh in decided([(500_000, early), (500_000 + TOO_LATE_MS, late)]):
        assert any(one[0] == section_id and one[3] >= kmh for one in before), "what came too late proved something"
        assert kmh <= whole.get((section_id, left), kmh), "held to more than all reads together prove"


def test_the_generator_makes_violations() -> None:
    """Else the properties above would say nothing: a fair share of random histories proves something."""
    dice = Random(1)
    guilty = 0
    for _ in range(300):
        start, speed = dice.randrange(0, 100_000), dice.randint(80, 200)
        entry = Seen("A", "1ABC234", start)
        seen = [entry, replace(entry, camera_id="B", at_ms=start + 18_000_000 // speed)]
        assert expected(seen) == decided([(500_000, seen)])
        guilty += bool(expected(seen))
    assert 100 < guilty < 290
