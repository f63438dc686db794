"""A version of a section or a camera that says what held before it arrived withdraws or lessens violations, and never proves."""

from collections.abc import Sequence
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import BadRecord
from pipeline.law.book import the_book
from pipeline.law.kinds import Tolerance
from pipeline.reads.versions import Version
from pipeline.sections.history import Histories
from pipeline.sections.lines import Side, Sighting
from pipeline.sections.moment import Reference
from pipeline.sections.outcomes import LATE_REFERENCE, Outcome, Withdrawn
from pipeline.sections.rules import SETTLE_MS, Rules
from pipeline.sections.speed import badness
from pipeline.sections.vehicle import PROVEN_KEEP_MS
from pipeline.stream import codec
from schemas.base import Position
from schemas.outcomes import Violation
from schemas.reference import Camera, Distance, Line, Section
from schemas.topics import VIOLATIONS
from tests.builders import NOON_MS, book_of, make_certificate, make_read, make_section, reference_of

SECTION = make_section(metres=5_000.0)  # 120 km/h: 150 s
CAMERAS: dict[Side, str] = {"entry": "IN", "exit": "OUT"}
DECIDED_MS, LATE_MS = NOON_MS + 200_000, NOON_MS + 900_000


def seen(side: Side, at_ms: int) -> Sighting:
    """A sighting so long after noon."""
    return Sighting("S1", side, make_read("1ABC234", CAMERAS[side], NOON_MS + at_ms))


def fresh() -> Reference:
    """The section and its cameras, which have held since ever."""
    return reference_of(SECTION)


def changed(**fields: object) -> Section:
    """The section with other fields."""
    return msgspec.structs.replace(SECTION, **fields)


def late(item: Section | None, *, from_ms: int = NOON_MS - 1_000) -> Version[Section]:
    """A version that arrives late, and names the time before the drive."""
    return Version(item, from_ms, LATE_MS)


def standing(outcomes: Sequence[Outcome]) -> dict[str, Violation]:
    """The violations that stand after these outcomes, by id."""
    found: dict[str, Violation] = {}
    for one in outcomes:
        if isinstance(one, Violation):
            found[one.violation_id] = one
        elif isinstance(one, Withdrawn):
            del found[one.violation.violation_id]
    return found


def drive(reference: Reference, travel_ms: int = 120_000) -> tuple[Histories, list[Outcome]]:
    """A memory in which one passage was decided: 150 km/h."""
    memory = Histories(Rules(reference))
    memory.take([seen("entry", 0), seen("exit", travel_ms)], NOON_MS + travel_ms)
    return memory, memory.settle(DECIDED_MS)


@pytest.mark.parametrize(
    "item",
    [
        None,
        changed(limit_kmh=145),
        changed(certificate=make_certificate(NOON_MS - 10_000, NOON_MS - 5_000)),
        changed(rear_only=True),
        changed(distances=(Distance(entry_camera_id="IN", exit_camera_id="ELSE", metres=5_000.0),)),
        changed(max_travel_ms=60_000),
        changed(max_clock_error_ms=0.5),
    ],
)
def test_a_late_version_of_the_section_under_which_nothing_is_proven_withdraws(item: Section | None) -> None:
    """Void, removed, without certificate, with a higher limit, ... at the time of driving."""
    reference = fresh()
    memory, (violation,) = drive(reference)
    reference.sections.put("S1", late(item))
    memory.review()
    assert isinstance(violation, Violation)
    withdrawn, *_ = memory.settle(LATE_MS)
    assert Withdrawn(violation, LATE_REFERENCE) == withdrawn
    assert {} == memory.vehicles


def test_a_late_higher_limit_corrects_to_the_lesser_violation() -> None:
    """Excess 21 becomes 11; once more it changes nothing, and once more lessened it goes on from there."""
    reference = fresh()
    memory, outcomes = drive(reference)
    reference.sections.put("S1", late(changed(limit_kmh=130)))
    memory.review()
    corrected, withdrawn = memory.settle(LATE_MS)
    (violation,) = outcomes
    assert isinstance(violation, Violation)
    assert isinstance(corrected, Violation)
    assert (violation.violation_id, 130, 141) == (corrected.corrects, corrected.limit_kmh, corrected.corrected_kmh)
    assert Withdrawn(violation, "corrected") == withdrawn
    memory.review()
    assert [] == memory.settle(LATE_MS + 1)
    reference.sections.put("S1", Version(changed(limit_kmh=135), NOON_MS - 1_000, LATE_MS + 1_000))
    memory.review()
    again, gone = memory.settle(LATE_MS + 2_000)
    assert isinstance(again, Violation)
    assert (corrected.violation_id, 135) == (again.corrects, again.limit_kmh)
    assert Withdrawn(corrected, "corrected") == gone


@pytest.mark.parametrize("item", [changed(limit_kmh=70), changed(name="renamed"), SECTION])
def test_a_late_version_that_does_not_help_the_driver_changes_nothing(item: Section) -> None:
    """A lower limit never makes a violation worse."""
    reference = fresh()
    memory, _ = drive(reference)
    reference.sections.put("S1", late(item))
    memory.review()
    assert [] == memory.settle(LATE_MS)


def test_a_late_version_proves_nothing_of_who_was_innocent() -> None:
    """At 112 km/h under 120; then 70 is said to have held."""
    reference = fresh()
    memory, _ = drive(reference, travel_ms=160_000)
    reference.sections.put("S1", late(changed(limit_kmh=70)))
    memory.review()
    memory.take([seen("entry", 0), seen("exit", 160_000)], LATE_MS)
    assert [] == [one for one in memory.settle(LATE_MS + SETTLE_MS + 1) if isinstance(one, Violation)]


def camera(**fields: object) -> Camera:
    """The entry camera with other fields."""
    return msgspec.structs.replace(fresh().cameras.current()["IN"], **fields)


@pytest.mark.parametrize(
    "item",
    [
        None,
        camera(position=None),
        camera(network="vehicle"),
        camera(position=Position(lat=50.0, lon=4.0)),
        camera(purposes=("hotlist",)),
        camera(heading_deg=90.0),
    ],
)
def test_a_late_version_of_a_camera_that_was_unfit_withdraws(item: Camera | None) -> None:
    """It was elsewhere, moved, looked the other way, was not there, or might not serve."""
    reference = reference_of(
        SECTION, cameras={"OUT": msgspec.structs.replace(fresh().cameras.current()["OUT"], heading_deg=270.0)}
    )
    memory, outcomes = drive(reference)
    assert 1 == len(standing(outcomes))
    reference.cameras.put("IN", Version(item, NOON_MS - 1_000, LATE_MS))
    memory.review()
    outcomes += memory.settle(LATE_MS)
    assert {} == standing(outcomes)


def test_a_law_that_is_installed_later_and_takes_off_more_corrects_or_withdraws() -> None:
    """Whoever starts with another book looks at all that stands."""
    reference = fresh()
    memory, outcomes = drive(reference)
    (violation,) = standing(outcomes).values()
    rule = memory.rules.book
    assert rule is None
    for percent, expected in ((10, [135]), (40, [])):
        lenient = tolerance(percent)
        again = Histories(Rules(reference, book=book_of((0, 2**50, lenient))), dict(memory.vehicles))
        again.review()
        found = list(standing([violation, *again.settle(LATE_MS)]).values())
        assert expected == [one.corrected_kmh for one in found]


def tolerance(percent: int) -> Tolerance:
    """A Belgian tolerance that takes off so many per cent above 100 km/h."""
    rule = the_book().rule_at(Tolerance, "BE", NOON_MS)
    assert rule is not None
    return msgspec.structs.replace(rule, subtract_percent=percent)


def test_after_the_reads_are_gone_nothing_is_decided_about_them() -> None:
    """They are kept for days, not for ever."""
    reference = fresh()
    memory, _ = drive(reference)
    memory.settle(NOON_MS + PROVEN_KEEP_MS + 200_000)
    assert {} == memory.vehicles
    reference.sections.put("S1", Version(None, 0, NOON_MS + PROVEN_KEEP_MS + 300_000))
    memory.review()
    assert [] == memory.settle(NOON_MS + PROVEN_KEEP_MS + 400_000)


LIMITS = st.sampled_from([50, 70, 90, 120, 130, 140, 150])
TOLD_LATE = st.lists(
    st.tuples(st.one_of(st.none(), LIMITS), st.integers(-100_000, 130_000), st.integers(1, 5)), min_size=1, max_size=4
)


@settings(max_examples=150, deadline=None)
@given(limit_kmh=LIMITS, speed_kmh=st.integers(60, 220), versions=TOLD_LATE, decided_at=st.integers(0, 5))
def test_deciding_before_or_after_a_late_version_comes_to_the_same_and_never_worse(
    limit_kmh: int, speed_kmh: int, versions: list[tuple[int | None, int, int]], decided_at: int
) -> None:
    """The same violations stand, under the same ids; each late version lessens, or leaves as it is."""
    travel_ms = 18_000_000 // speed_kmh
    ends = [seen("entry", 0), seen("exit", travel_ms)]
    results = []
    for decided_before in (0, decided_at, 6):
        reference = reference_of(changed(limit_kmh=limit_kmh))
        memory, outcomes, steps = Histories(Rules(reference)), list[Outcome](), []
        memory.take(ends, NOON_MS + 400_000)
        for step in range(7):
            for limit, from_ms, at in versions:
                if at == step:
                    item = None if limit is None else changed(limit_kmh=limit)
                    reference.sections.put("S1", Version(item, NOON_MS + from_ms, LATE_MS + step * 1_000))
            memory.review()
            if step >= decided_before:
                outcomes += memory.settle(LATE_MS + step * 1_000)
                steps.append([badness(one) for one in standing(outcomes).values()])
        results.append({key: (one.limit_kmh, one.corrected_kmh) for key, one in standing(outcomes).items()})
        assert all(len(one) <= len(other) and one <= other for other, one in pairwise(steps)), (
            "a late version made it worse"
        )
    assert results[0] == results[1] == results[2]


TWO_A_SIDE = changed(
    entries=(Line(camera_id="IN"), Line(camera_id="IN2")),
    exits=(Line(camera_id="OUT"), Line(camera_id="OUT2")),
    distances=tuple(
        Distance(entry_camera_id=entry, exit_camera_id=exit_, metres=metres)
        for entry, exit_, metres in (
            ("IN", "OUT", 5_000.0), ("IN2", "OUT", 4_800.0), ("IN", "OUT2", 5_000.0), ("IN2", "OUT2", 4_800.0),
        )
    ),
)  # fmt: skip


def taken(camera_id: str, at_ms: int) -> Sighting:
    """A sighting by one of the two cameras a side, so long after noon."""
    side: Side = "entry" if camera_id.startswith("IN") else "exit"
    return Sighting("S1", side, make_read("1ABC234", camera_id, NOON_MS + at_ms))


def decided_before_and_after(
    sightings: Sequence[Sighting], late_ones: Sequence[tuple[str, Version[Camera]]]
) -> tuple[dict[str, Violation], dict[str, Violation]]:
    """The violations that stand where cameras' late versions came after the decision, and where they came before."""
    results = []
    for decided_first in (True, False):
        reference, outcomes = reference_of(TWO_A_SIDE), list[Outcome]()
        memory = Histories(Rules(reference))
        memory.take(sightings, NOON_MS + 400_000)
        if decided_first:
            outcomes += memory.settle(LATE_MS)
        for camera_id, version in late_ones:
            reference.cameras.put(camera_id, version)
        memory.review()
        outcomes += memory.settle(LATE_MS + 1)
        results.append(standing(outcomes))
    return results[0], results[1]


GONE: Version[Camera] = Version(None, NOON_MS - 1_000, LATE_MS)


def test_a_violation_falls_with_the_worse_one_beside_it_without_which_it_would_not_stand() -> None:
    """Two entries for one exit: the slower pair stands because whoever left drove too fast. Then the other entry's camera is said
    not to have been there: perhaps that one left, and nothing is proven of it."""
    rivals = [taken("IN", 0), taken("IN2", 10_000), taken("OUT", 130_000)]
    before, _ = decided_before_and_after(rivals, [])
    assert [130_000] == [one.travel_ms for one in before.values()]
    assert ({}, {}) == decided_before_and_after(rivals, [("IN2", GONE)])


def test_a_late_version_that_voids_the_slower_pair_of_a_gantry_does_not_make_the_faster_one_count() -> None:
    """From IN 132 km/h are held against the driver, from IN2 126; then IN2 is said not to have been there."""
    gantry = [taken("IN", 0), taken("IN2", 400), taken("OUT", 127_600)]
    before, _ = decided_before_and_after(gantry, [])
    assert [126] == [one.corrected_kmh for one in before.values()]
    assert ({}, {}) == decided_before_and_after(gantry, [("IN2", GONE)])


ENTERED = st.tuples(st.sampled_from(["IN", "IN2"]), st.sampled_from([0, 400, 5_000, 10_000, 15_000]))
LEFT = st.tuples(st.sampled_from(["OUT", "OUT2"]), st.sampled_from([127_600, 128_000, 133_000, 138_000, 150_000]))
DRIVEN = st.tuples(
    st.lists(ENTERED, min_size=1, max_size=3, unique=True), st.lists(LEFT, min_size=1, max_size=3, unique=True)
)
VOIDED = st.dictionaries(
    st.sampled_from(["IN", "IN2", "OUT", "OUT2"]), st.sampled_from([-1_000, 200, 7_000, 130_000]), max_size=2
)


@settings(max_examples=300, deadline=None)
@given(driven=DRIVEN, voided=VOIDED)
def test_what_is_said_late_of_a_camera_lets_nothing_stand_that_it_would_not_have_let_pass(
    driven: tuple[list[tuple[str, int]], list[tuple[str, int]]], voided: dict[str, int]
) -> None:
    """What stands after it is what would stand had it been known when it was decided, or less; and no worse than before it."""
    sightings = [taken(*one) for side in driven for one in side]
    late_ones = [(name, Version[Camera](None, NOON_MS + from_ms, LATE_MS)) for name, from_ms in voided.items()]
    without, _ = decided_before_and_after(sightings, [])
    after, fresh = decided_before_and_after(sightings, late_ones)
    assert after.keys() <= fresh.keys()
    for found in (after, fresh):
        assert all(any(badness(one) <= badness(old) for old in without.values()) for one in found.values())


def test_a_review_after_a_partial_loss_withdraws_nothing() -> None:
    """What stands was decided when everything was remembered."""
    reference = fresh()
    memory, _ = drive(reference)
    again = Histories(Rules(reference, whole_since_ms=LATE_MS), dict(memory.vehicles))
    again.review()
    assert [] == again.settle(LATE_MS + 1)


def test_a_lesser_violation_crosses_the_wire() -> None:
    """Its id is made of its reads and of what counts, and is believed for that."""
    reference = fresh()
    memory, _ = drive(reference)
    reference.sections.put("S1", late(changed(limit_kmh=130)))
    memory.review()
    corrected = next(one for one in memory.settle(LATE_MS) if isinstance(one, Violation))
    assert corrected == codec.decode(VIOLATIONS, codec.encode(VIOLATIONS, corrected))
    forged = msgspec.structs.replace(corrected, corrected_kmh=corrected.corrected_kmh + 1)
    with pytest.raises(BadRecord, match="violation_id"):
        codec.decode(VIOLATIONS, codec.encode(VIOLATIONS, forged))


LATER = st.lists(
    st.tuples(
        st.sampled_from([None, 60, 120, 150]),  # the limit, km/h; None: removed
        st.sampled_from([150_000, 400_000, 7_200_000]),  # the longest travel
        st.sampled_from([60_000, 3_600_000, 20_000_000]),  # the longest delay of an upload
        st.sampled_from([160_000, 600_000, 3_000_000]),  # from when it holds
    ),
    min_size=1, max_size=3,
)  # fmt: skip
OVER_AN_HOUR = st.lists(
    st.tuples(st.sampled_from(["IN", "OUT"]), st.sampled_from([-4_000_000, -300_000, -130_000, 0, 7_000, 125_000, 150_000])),
    min_size=2, max_size=6, unique=True,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(
    seen_by=OVER_AN_HOUR, later=LATER, late_ms=st.sampled_from([0, 3_700_000, 7_500_000]), decided_first=st.booleans()
)
def test_what_begins_to_hold_after_a_drive_changes_nothing_of_it(
    seen_by: list[tuple[str, int]], later: list[tuple[int | None, int, int, int]], late_ms: int, decided_first: bool
) -> None:
    """Nor which ends may belong together, nor how late they may be uploaded: whether it is decided before or after, or looked at
    again."""
    arrived_ms, found = NOON_MS + 160_000 + late_ms, []
    for with_later in (False, True):
        reference, outcomes = fresh(), list[Outcome]()
        memory = Histories(Rules(reference))
        memory.take([taken(*one) for one in seen_by], arrived_ms)
        if decided_first:
            outcomes += memory.settle(arrived_ms + SETTLE_MS + 1)
        for limit_kmh, travel_ms, upload_ms, from_ms in later if with_later else ():
            item = changed(limit_kmh=limit_kmh, max_travel_ms=travel_ms, max_late_ms=upload_ms) if limit_kmh else None
            reference.sections.put("S1", Version(item, NOON_MS + from_ms, NOON_MS + from_ms))
        memory.review()
        outcomes += memory.settle(arrived_ms + SETTLE_MS + 2)
        found.append({key: (one.limit_kmh, one.corrected_kmh) for key, one in standing(outcomes).items()})
    assert found[0] == found[1]
