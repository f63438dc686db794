"""What section control decides of any short history is what the brute-force reading of the rules says.

Three sections with two cameras a side, a dozen reads of few plates, in any order of arrival within the settling time, in any cuts,
with repeats. The second opinion (tests/oracles) was written from the rules alone.
"""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from random import Random

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.reads.versions import Version
from pipeline.sections.history import violations_of
from pipeline.sections.lines import SectionIndex, Sighting, sightings_of
from pipeline.sections.moment import Reference
from pipeline.sections.rules import SETTLE_MS, Rules
from schemas.base import Position
from schemas.reads import ClockState, PlateRead
from schemas.reference import Camera, ClockStatement, Distance, Line, Section
from tests.builders import NOON_MS, make_camera, make_read, make_section, reference_of
from tests.oracles.section_rules import Road, Seen, proven

ROADS = (
    Road("S1", ("A", "A2"), ("B", "B2"), Fraction(5_000), 120, longest_ms=400_000),
    Road("S2", ("B", "B2"), ("C",), Fraction(3_000), 90, longest_ms=300_000, class_limits_kmh={"lorry": 80}),
    Road("S3", ("D",), ("A", "C"), Fraction(4_000), 50, class_limits_kmh={"motorcycle": 60}),
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


def decided(arrivals: Sequence[tuple[int, Sequence[Seen]]], rules: Rules = RULES) -> Told:
    """What the pipeline's own decision says of a history: batches of reads, each with its arrival in ms after noon."""
    history: list[tuple[int, list[Sighting]]] = [
        (NOON_MS + at_ms, [sighting for one in batch for sighting in sightings_of(read_of(one), INDEX)])
        for at_ms, batch in arrivals
    ]
    return {
        (one.section_id, one.entry.captured_at_ms - NOON_MS, one.exit.captured_at_ms - NOON_MS, one.corrected_kmh)
        for one in violations_of(history, rules).values()
    }


def expected(seen: Sequence[Seen], roads: Sequence[Road] = ROADS) -> Told:
    """What the second opinion says of the same reads."""
    return {(one.section_id, one.entered_ms, one.left_ms, one.corrected_kmh) for one in proven(seen, roads)}


PLATES = st.sampled_from(["1ABC234", "1ABC234", "2XYZ777", "AB234CD", "BOB77"])
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


def drive(road: Road, start_ms: int, percent: int, seen: Seen) -> list[Seen]:
    """Two reads of one vehicle, by the first camera of each side, at so many per cent of the limit."""
    left_ms = start_ms + int(road.distance_m * 360_000 / (road.limit_kmh * percent))
    return [
        replace(seen, camera_id=road.entries[0], at_ms=start_ms),
        replace(seen, camera_id=road.exits[0], at_ms=left_ms),
    ]


DRIVES = st.builds(
    drive, st.sampled_from(ROADS), st.integers(0, 40).map(lambda step: step * 5_000), st.integers(90, 180), SEEN
)
HISTORIES = st.lists(st.one_of(DRIVES, DRIVES, SEEN.map(lambda one: [one])), max_size=8).map(
    lambda parts: one_each([one for part in parts for one in part][:12])
)
"""A dozen reads at most: drives near the limit, some of one plate and at one time, and single reads between them."""


@settings(max_examples=400, deadline=None)
@given(HISTORIES, st.integers(0, 2**32))
def test_any_history_is_decided_as_the_rules_say(seen: list[Seen], seed: int) -> None:
    """Whatever the order, the cuts and the repeats within the settling time."""
    assert agrees(decided(arrivals_of(seen, Random(seed))), expected(seen))


def agrees(told: Told, stands: Told) -> bool:
    """Whether what is told stands, and what stands is told, but for another pair of an end that is told of: the second opinion
    names every pair that stands, and of those that share an end one alone happened."""
    return told <= stands and all(
        any(one[0] == other[0] and (one[1] == other[1] or one[2] == other[2]) for other in told) for one in stands
    )


def arrivals_of(seen: Sequence[Seen], dice: Random) -> list[tuple[int, list[Seen]]]:
    """The reads in any order and cuts, a third of them twice, all within the settling time."""
    arriving = [*seen, *dice.sample(seen, len(seen) // 3)]
    dice.shuffle(arriving)
    begin, arrivals = 500_000, list[tuple[int, list[Seen]]]()
    while arriving:
        size = dice.randint(1, 5)
        begin += dice.randint(0, (SETTLE_MS - 1) // 13)
        arrivals.append((begin, arriving[:size]))
        arriving = arriving[size:]
    return arrivals


CHANGED_MS = st.sampled_from([0, 60_000, 100_000, 130_000, 200_000])
LIMITS = st.dictionaries(
    st.sampled_from(["S1", "S2", "S3"]),
    st.dictionaries(CHANGED_MS, st.sampled_from([50, 70, 90, 110, 130, 150]), min_size=1, max_size=2),
    min_size=1,
)
CLOCKS = st.dictionaries(
    st.sampled_from([*CAMERAS]), st.dictionaries(CHANGED_MS, st.sampled_from([None, 10, 90, 100, 101]), max_size=2)
)


@settings(max_examples=200, deadline=None)
@given(HISTORIES, LIMITS, CLOCKS, st.integers(0, 2**32))
def test_any_history_is_decided_as_the_rules_say_while_limits_and_certified_clocks_change(
    seen: list[Seen], limits: dict[str, dict[int, int]], clocks: dict[str, dict[int, int | None]], seed: int
) -> None:
    """Each read's clock is what was certified of its camera at that moment; of limits that changed on the way the higher counts."""
    roads = [replace(road, changes=tuple(sorted(limits.get(road.section_id, {}).items()))) for road in ROADS]
    known = [replace(one, clock_error_ms=certified_ms(clocks.get(one.camera_id, {}), one.at_ms)) for one in seen]
    silent = [replace(one, clock_error_ms=None) for one in seen]
    found = decided(arrivals_of(silent, Random(seed)), Rules(changing(roads, clocks)))
    assert agrees(found, expected(known, roads))


def certified_ms(changes: dict[int, int | None], at_ms: int) -> Fraction | None:
    """The clock error that was certified then: at first 10 ms, later as changed; None: none was."""
    held: list[int | None] = [10, *(error for from_ms, error in sorted(changes.items()) if from_ms <= at_ms)]
    return None if held[-1] is None else Fraction(held[-1])


def changing(roads: Sequence[Road], clocks: dict[str, dict[int, int | None]]) -> Reference:
    """The sections with limits that change, and cameras whose certified clock errors change."""
    cameras = {name: with_clock(camera, 10) for name, camera in CAMERAS.items()}
    reference = reference_of(*map(section_of, roads), cameras=cameras)
    for road in roads:
        for at_ms, limit_kmh in road.changes:
            later = section_of(replace(road, limit_kmh=limit_kmh))
            reference.sections.put(road.section_id, Version(later, NOON_MS + at_ms, NOON_MS + at_ms))
    for name, changes in clocks.items():
        for at_ms, error_ms in sorted(changes.items()):
            version = Version(with_clock(CAMERAS[name], error_ms), NOON_MS + at_ms, NOON_MS + at_ms)
            reference.cameras.put(name, version)
    return reference


def with_clock(camera: Camera, error_ms: int | None) -> Camera:
    """The camera with this error certified of its clock; None: nothing is."""
    if error_ms is None:
        return msgspec.structs.replace(camera, clock_statement=None)
    statement = ClockStatement(
        number="C-1", source="gnss", worst_error_ms=error_ms, most_sync_age_ms=0, valid_from_ms=0, valid_until_ms=2**50
    )
    return msgspec.structs.replace(camera, clock_statement=statement)


@settings(max_examples=200, deadline=None)
@given(HISTORIES.filter(lambda seen: len(seen) > 1), st.data())
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


@settings(max_examples=200, deadline=None)
@given(HISTORIES.filter(bool), st.data())
def test_a_doubt_more_proves_nothing_more(seen: list[Seen], data: st.DataObject) -> None:
    """Whichever read is less certain, or has a worse clock or one that nobody knows: nothing new stands, and nothing worse."""
    at = data.draw(st.integers(0, len(seen) - 1))
    worse = data.draw(st.sampled_from([{"certain": False}, {"clock_error_ms": None}, {"clock_error_ms": Fraction(99)}]))
    doubtful = [*seen[:at], replace(seen[at], **worse), *seen[at + 1 :]]  # type: ignore[arg-type]  # each is a field of its own type
    if seen[at].clock_error_ms is None or seen[at].clock_error_ms > 99:
        doubtful[at] = replace(doubtful[at], clock_error_ms=seen[at].clock_error_ms)
    before, after = decided([(500_000, seen)]), decided([(500_000, doubtful)])
    assert len(after) <= len(before)
    for section_id, _, _, kmh in after:
        assert any(section_id == old[0] and kmh <= old[3] for old in before)
