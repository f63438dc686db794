"""Section control: what proves a violation, and the many things that do not."""

from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.law.book import FOREVER_MS, Book, rule_at
from pipeline.law.kinds import Tolerance
from pipeline.reads.versions import Changed, Version, Versions
from pipeline.sections.doubts import Innocent
from pipeline.sections.history import violations_of
from pipeline.sections.lines import SectionIndex, sightings_of
from pipeline.sections.moment import Reference
from pipeline.sections.rules import Rules
from pipeline.sections.speed import average_speed_kmh
from pipeline.sections.verdict import verdict_on
from pipeline.stream.codec import decode, encode
from schemas import ids
from schemas.outcomes import Violation
from schemas.reads import ClockState, PlateRead
from schemas.reference import Distance, Line, Section
from schemas.topics import VIOLATIONS
from tests.builders import (
    NOON_MS,
    book_of,
    make_certificate,
    make_ends,
    make_read,
    make_section,
    passage_of,
    reference_of,
    section_for,
)

BELGIAN = rule_at(Tolerance, "BE", NOON_MS) or pytest.fail("no Belgian tolerance")


Ends = tuple[PlateRead, PlateRead]


def sharp(**fields: Any) -> dict[str, Any]:
    """A clock that is as good as exact. fields: any other of the read."""
    return {"clock": ClockState(source="gnss", worst_error_ms=0.0001, sync_age_ms=0), **fields}


def off_by(error_ms: float) -> dict[str, Any]:
    """A clock that may be wrong by so much, and has just synchronised."""
    return {"clock": ClockState(source="ntp", worst_error_ms=error_ms, sync_age_ms=0)}


def found(
    ends: Ends, section: Section, *, reference: Reference | None = None, book: Book | None = None
) -> Violation | Innocent:
    """The verdict on one read at either side, decided a second after the exit."""
    entry, exit_ = passage_of("entry", ends[0]), passage_of("exit", ends[1])
    return verdict_on(section.section_id, entry, exit_, reference or reference_of(section),
                      decided_at_ms=ends[1].captured_at_ms + 1_000, book=book)  # fmt: skip


def reason_of(ends: Ends, section: Section, *, reference: Reference | None = None) -> str:
    """Why the two reads prove nothing."""
    verdict = found(ends, section, reference=reference)
    assert isinstance(verdict, Innocent)
    return verdict.reason


@pytest.mark.parametrize(
    ("country", "limit_kmh", "measured_kmh", "corrected_kmh"),
    [
        ("BE", 120, 128, None), ("BE", 120, 129, 121), ("BE", 90, 93, None), ("BE", 90, 97, 91), ("BE", 90, 96, None),
        ("NL", 80, 86, None), ("NL", 80, 87, 84), ("NL", 100, 107, None), ("NL", 100, 108, 104), ("NL", 120, 127, None),
        ("NL", 120, 128, 124), ("FR", 130, 137, None), ("FR", 130, 138, 131), ("DE", 100, 104, None), ("DE", 100, 105, 101),
    ],
)  # fmt: skip
def test_the_border_of_a_violation_is_where_each_country_puts_it(
    country: str, limit_kmh: int, measured_kmh: int, corrected_kmh: int | None
) -> None:
    """Just above is a violation, just below is none; clocks are good to the tenth of a millisecond."""
    section = section_for(measured_kmh + 0.001, country=country, limit_kmh=limit_kmh)
    verdict = found(make_ends(entry=sharp(), exit_=sharp()), section)
    assert corrected_kmh == (verdict.corrected_kmh if isinstance(verdict, Violation) else None)


def test_a_violation_holds_its_whole_evidence() -> None:
    """Both reads, distance, times, speeds, limit, rule, certificate and clocks."""
    section, ends = section_for(150.0), make_ends()
    violation = found(ends, section)
    assert isinstance(violation, Violation)
    assert ids.violation_id("S1", ends[0].read_id, ends[1].read_id) == violation.violation_id
    assert (ends[0], ends[1], 2_500.0, 60_000) == (
        violation.entry, violation.exit, violation.distance_m, violation.travel_ms,
    )  # fmt: skip
    assert (150.0, 141, 120) == (violation.measured_kmh, violation.corrected_kmh, violation.limit_kmh)
    assert (section.certificate, ends[0].clock) == (violation.certificate, violation.entry_clock)
    assert BELGIAN.in_words == violation.tolerance
    assert ("tolerance.BE", BELGIAN.version) == (violation.rule, violation.rule_version)


def test_a_pair_decided_again_gives_the_same_violation_id() -> None:
    """A replay makes no second fine."""
    ends, section = make_ends(), section_for(150.0)
    passages = passage_of("entry", ends[0]), passage_of("exit", ends[1])
    verdicts = [
        verdict_on("S1", *passages, reference_of(section), decided_at_ms=NOON_MS + at) for at in (70_000, 9_000_000)
    ]
    assert 1 == len({verdict.violation_id for verdict in verdicts if isinstance(verdict, Violation)})


def test_a_law_abiding_passage_is_innocent() -> None:
    """And has to be forgotten at once."""
    assert "not_above_limit" == reason_of(make_ends(), section_for(100.0))


@pytest.mark.parametrize(
    "certificate",
    [
        make_certificate(valid_until_ms=NOON_MS),
        make_certificate(valid_until_ms=NOON_MS + 60_000),
        make_certificate(valid_from_ms=NOON_MS + 1),
    ],
)
def test_a_certificate_that_does_not_hold_at_both_ends_proves_nothing(certificate: Any) -> None:
    """Lapsed before the entry, at the exit, or not yet begun."""
    assert "certificate_lapsed" == reason_of(make_ends(), section_for(150.0, certificate=certificate))


@given(
    st.integers(100, 290), st.integers(20_000, 600_000), st.floats(0, 100), st.floats(0, 100),
    st.floats(-1, 1), st.floats(-1, 1),
)  # fmt: skip
def test_no_true_passage_times_within_the_clock_errors_undo_a_violation(
    speed_kmh: int, travel_ms: int, entry_error_ms: float, exit_error_ms: float, entry_off: float, exit_off: float
) -> None:
    """Wherever within their bounds both clocks really were, the driver was above the limit."""
    section = section_for(speed_kmh, travel_ms=travel_ms)
    verdict = found(
        make_ends(travel_ms, entry=off_by(entry_error_ms), exit_=off_by(exit_error_ms)),
        section,
    )
    if isinstance(verdict, Violation):
        true_ms = (
            travel_ms + Fraction(entry_off) * Fraction(entry_error_ms) + Fraction(exit_off) * Fraction(exit_error_ms)
        )
        true_kmh = average_speed_kmh(Fraction(str(section.distances[0].metres)), true_ms)
        assert BELGIAN.corrected_kmh(true_kmh) > section.limit_kmh


@pytest.mark.parametrize("travel_ms", [0, -1, -60_000])
def test_an_exit_before_or_at_the_entry_is_the_wrong_direction(travel_ms: int) -> None:
    """Never a division by zero, never a negative speed."""
    assert "exit_before_entry" == reason_of(make_ends(travel_ms), section_for(150.0))


def test_a_travel_longer_than_plausible_is_a_stop() -> None:
    """Whatever its speed, it is not this passage."""
    assert "travel_too_long" == reason_of(make_ends(60_001), section_for(150.0, max_travel_ms=60_000))


def test_an_impossible_speed_is_a_suspicious_read() -> None:
    """300 km/h may be a driver, more is two vehicles with one plate."""
    assert isinstance(found(make_ends(), section_for(300.0)), Violation)
    assert "implausible_speed" == reason_of(make_ends(), section_for(300.5))


def test_cameras_without_a_certified_distance_prove_nothing() -> None:
    """Each pair of cameras has its own distance."""
    section = section_for(150.0, exits=(Line(camera_id="OUT"), Line(camera_id="OTHER")))
    assert "no_certified_distance" == reason_of(make_ends(exit_={"camera_id": "OTHER"}), section)


def test_a_country_without_a_rule_proves_nothing() -> None:
    """Nobody is fined by a tolerance that nobody wrote down."""
    assert "no_tolerance_rule" == reason_of(make_ends(), section_for(150.0, country="XX"))


def test_a_pair_decided_again_after_a_change_of_law_has_the_outcome_of_then() -> None:
    """The tolerance of the moment of passing: half an hour later a stricter one begins, and nothing changes for the pair."""
    ends, section = make_ends(), section_for(150.0)
    later_ms = ends[1].captured_at_ms + 1_800_000
    stricter = msgspec.structs.replace(BELGIAN, subtract_kmh=0, subtract_percent=0)
    book = book_of((0, later_ms, BELGIAN), (later_ms, FOREVER_MS, stricter))
    assert found(ends, section) == found(ends, section, book=book)
    moved = (
        msgspec.structs.replace(ends[0], captured_at_ms=later_ms),
        msgspec.structs.replace(ends[1], captured_at_ms=later_ms + 60_000),
    )
    after = found(moved, section, book=book)
    assert isinstance(after, Violation)
    assert (150, stricter.version) == (after.corrected_kmh, after.rule_version)


def test_a_change_of_law_between_entry_and_exit_proves_nothing() -> None:
    """Two rules, one passage: doubt counts for the driver."""
    ends, section = make_ends(), section_for(150.0)
    cut_ms = ends[1].captured_at_ms
    book = book_of((0, cut_ms, BELGIAN), (cut_ms, FOREVER_MS, msgspec.structs.replace(BELGIAN, subtract_kmh=0)))
    assert Innocent("law_changed_on_the_way", "BE") == found(ends, section, book=book)


def test_a_dutch_section_below_the_least_length_proves_nothing() -> None:
    """Four hundred metres in ten seconds are 144 km/h, but no Dutch section."""
    assert "section_too_short" == reason_of(
        make_ends(travel_ms=10_000), section_for(144.0, travel_ms=10_000, country="NL")
    )


def test_two_vehicles_with_the_same_characters_prove_nothing() -> None:
    """A Dutch car in and a Luxembourg car out are two drivers; a weak guess does not make them two."""
    entry, exit_ = ({"plate": "XY234Z", "country": country, "country_confidence": 0.9} for country in ("NL", "LU"))
    assert "countries_differ" == reason_of(make_ends(entry=entry, exit_=exit_), section_for(150.0))
    weak = exit_ | {"country_confidence": 0.2}
    assert isinstance(found(make_ends(entry=entry, exit_=weak), section_for(150.0)), Violation)


@pytest.mark.parametrize(
    ("entry_class", "exit_class", "limit_kmh"),
    [("van", "van", 90), ("car", "car", 120), ("van", "car", 120), ("unknown", "van", 120)],
)
def test_a_class_limit_holds_only_where_both_reads_agree(entry_class: str, exit_class: str, limit_kmh: int) -> None:
    """A doubt about the class counts for the driver."""
    section = section_for(150.0, class_limits_kmh={"van": 90})
    verdict = found(make_ends(entry={"vehicle_class": entry_class}, exit_={"vehicle_class": exit_class}), section)
    assert isinstance(verdict, Violation)
    assert limit_kmh == verdict.limit_kmh


@pytest.mark.parametrize(("limits", "guilty"), [({"car": 120}, False), ({"car": 90}, True), ({"unknown": 120}, True)])
@pytest.mark.parametrize("seen", ["unknown", "trailer"])
def test_who_is_of_no_known_class_has_the_highest_limit_of_any(limits: dict[str, int], guilty: bool, seen: str) -> None:
    """110 km/h, 103 corrected, where 90 is allowed, and cars perhaps 120. A limit for the unknown is none."""
    ends = make_ends(entry={"vehicle_class": seen}, exit_={"vehicle_class": seen})
    assert guilty == isinstance(found(ends, section_for(110.0, limit_kmh=90, class_limits_kmh=limits)), Violation)


def test_of_two_distances_between_the_same_cameras_the_shorter_counts() -> None:
    """150 km/h over the longer, 120 over the shorter, whichever stands first; such a section is refused at import."""
    longer, shorter = (Distance(entry_camera_id="IN", exit_camera_id="OUT", metres=m) for m in (2_500.0, 2_000.0))
    for both in ((longer, shorter), (shorter, longer)):
        assert "not_above_limit" == reason_of(make_ends(), make_section(distances=both))


@pytest.mark.parametrize(
    ("road", "entry_class", "exit_class", "limit_kmh"),
    [
        ("motorway", "lorry", "lorry", 90), ("motorway", "bus", "bus", 100), ("motorway", "lorry", "bus", 100),
        ("motorway", "lorry", "unknown", None), ("motorway", "unknown", "unknown", None), ("motorway", "car", "car", None),
        (None, "lorry", "lorry", None), ("main_road", "lorry", "lorry", None),
    ],
)  # fmt: skip
def test_the_laws_limit_of_a_class_holds_on_its_kind_of_road_where_the_class_is_certain(
    road: Any, entry_class: str, exit_class: str, limit_kmh: int | None
) -> None:
    """110 km/h, 103 corrected, under 120 on a Belgian motorway: no car's violation, nor one of a vehicle that may be a car."""
    ends = make_ends(entry={"vehicle_class": entry_class}, exit_={"vehicle_class": exit_class})
    verdict = found(ends, section_for(110.0, road=road))
    assert limit_kmh == (verdict.limit_kmh if isinstance(verdict, Violation) else None)


def test_a_sign_that_shows_less_than_the_laws_limit_of_a_class_counts() -> None:
    """Lorries may drive 90 on a motorway, and 70 where a sign says so."""
    lorry = {"vehicle_class": "lorry"}
    verdict = found(make_ends(entry=lorry, exit_=lorry), section_for(110.0, road="motorway", limit_kmh=70))
    assert isinstance(verdict, Violation)
    assert (70, "lorry") == (verdict.limit_kmh, verdict.vehicle_class)


@given(st.integers(1, 200_000_000), st.integers(1, 3_600_000))
def test_average_speed_is_exact(millimetres: int, travel_ms: int) -> None:
    """Distance is speed times time, to the last digit."""
    metres = Fraction(millimetres, 1000)
    assert metres == average_speed_kmh(metres, travel_ms) * travel_ms / 3_600


def test_a_read_is_seen_on_every_line_of_its_camera_and_lane() -> None:
    """A camera may end one section and begin the next."""
    index = SectionIndex.of([
        make_section("S1", exits=(Line(camera_id="MID"),)),
        make_section("S2", entries=(Line(camera_id="MID", lane=2),)),
    ])  # fmt: skip
    seen = sightings_of(make_read(camera_id="MID", lane=2), index)
    assert [("S1", "exit"), ("S2", "entry")] == [(one.section_id, one.side) for one in seen]
    assert ["S1"] == [one.section_id for one in sightings_of(make_read(camera_id="MID", lane=1), index)]
    assert ["S1"] == [one.section_id for one in sightings_of(make_read(camera_id="MID"), index)]
    assert [] == sightings_of(make_read(camera_id="OTHER"), index)


def test_a_read_is_known_by_what_it_says_and_not_by_the_id_that_its_camera_sends() -> None:
    """A camera numbers its reads anew each day, or gives one read another number when it sends it again."""
    index = SectionIndex.of([make_section("S1")])
    first, again, later = (
        sightings_of(make_read("1ABC234", "IN", NOON_MS + at_ms, read_id=sent), index)[0].read.read_id
        for at_ms, sent in ((0, "r1"), (0, "r77"), (800_000, "r1"))
    )
    assert ids.read_id("IN", NOON_MS, "1ABC234") == first == again
    assert ids.read_id("IN", NOON_MS + 800_000, "1ABC234") == later


def test_a_violation_of_reads_with_ids_of_their_own_crosses_the_wire() -> None:
    """Whoever reads the topic checks each id."""
    section = make_section("S1", metres=5_000.0)
    index = SectionIndex.of([section])
    ends = make_ends(120_000, entry={"read_id": "r1"}, exit_={"read_id": "r2"})
    sightings = [one for read in ends for one in sightings_of(read, index)]
    (violation,) = violations_of([(NOON_MS + 130_000, sightings)], Rules(reference_of(section))).values()
    assert violation == decode(VIOLATIONS, encode(VIOLATIONS, violation))


def test_a_line_that_was_moved_is_remembered_for_reads_from_before() -> None:
    """What is uploaded late was taken on the line of then; a reset forgets all."""
    index = SectionIndex.of([make_section("S1")])
    moved = make_section("S1", entries=(Line(camera_id="NEW"),))
    index.take([Changed("S1", (Version(moved, NOON_MS, NOON_MS),))])
    assert (1, 1) == (len(index.lines_at("IN")), len(index.lines_at("NEW")))
    index.take([Changed("S3", (Version(make_section("S3"), 0, 0),))], reset=True)
    assert ["S3"] == [section_id for section_id, _, _ in index.lines_at("IN")]


def changing(*versions: tuple[int, int, Section | None]) -> Reference:
    """A section's versions: from when each holds and when it arrived (ms after noon), and what it says."""
    sections = [section for _, _, section in versions if section is not None]
    reference = reference_of(*sections)
    known = Versions[Section]()
    for from_ms, arrived_ms, section in versions:
        known.put("S1", Version(section, NOON_MS + from_ms, NOON_MS + arrived_ms))
    return Reference(known, reference.cameras)


FIFTY, NINETY, HIGH = (section_for(110.0, limit_kmh=limit) for limit in (50, 90, 120))
LONG_AGO = -1_000_000


def test_a_limit_lowered_after_the_passage_does_not_count() -> None:
    """110 km/h under a limit of 120, which was 90 when the reads were uploaded."""
    reference = changing((LONG_AGO, LONG_AGO, HIGH), (60_001, 60_001, NINETY))
    assert "not_above_limit" == reason_of(make_ends(), HIGH, reference=reference)


def test_of_two_limits_that_held_while_the_vehicle_was_inside_the_higher_counts() -> None:
    """A matrix sign that changed on the way, in either direction."""
    for first, then in ((FIFTY, NINETY), (NINETY, FIFTY)):
        verdict = found(make_ends(), HIGH, reference=changing((LONG_AGO, LONG_AGO, first), (30_000, 30_000, then)))
        assert isinstance(verdict, Violation)
        assert 90 == verdict.limit_kmh


def test_a_section_that_did_not_hold_all_the_while_proves_nothing() -> None:
    """Not yet there at the entry, or gone before the exit."""
    for versions in (((1, 1, FIFTY),), ((LONG_AGO, LONG_AGO, FIFTY), (30_000, 30_000, None))):
        assert "no_section_then" == reason_of(make_ends(), FIFTY, reference=changing(*versions))


def test_a_version_that_came_too_late_helps_and_never_harms() -> None:
    """The sign showed 120 all the time, as somebody found out afterwards; that it showed 50 proves nothing."""
    helped = changing((LONG_AGO, LONG_AGO, NINETY), (LONG_AGO + 1, 90_000, HIGH))
    assert "not_above_limit" == reason_of(make_ends(), HIGH, reference=helped)
    gone = changing((LONG_AGO, LONG_AGO, NINETY), (LONG_AGO + 1, 90_000, None))
    assert "section_claimed_gone" == reason_of(make_ends(), HIGH, reference=gone)
    harmed = found(make_ends(), HIGH, reference=changing((LONG_AGO, LONG_AGO, NINETY), (LONG_AGO + 1, 90_000, FIFTY)))
    assert isinstance(harmed, Violation)
    assert 90 == harmed.limit_kmh


def test_of_several_cameras_a_gantry_the_slowest_pair_counts() -> None:
    """Two cameras a side, 0.4 s apart: the longest time."""
    both = [
        Distance(entry_camera_id=a, exit_camera_id=b, metres=5_000.0) for a in ("IN", "IN2") for b in ("OUT", "OUT2")
    ]
    section = make_section(
        entries=(Line(camera_id="IN"), Line(camera_id="IN2")),
        exits=(Line(camera_id="OUT"), Line(camera_id="OUT2")),
        distances=tuple(both),
    )
    entry = passage_of("entry", make_read(camera_id="IN"), make_read(camera_id="IN2", captured_at_ms=NOON_MS + 400))
    exit_ = passage_of("exit", make_read(camera_id="OUT", captured_at_ms=NOON_MS + 120_000),
                       make_read(camera_id="OUT2", captured_at_ms=NOON_MS + 120_400))  # fmt: skip
    verdict = verdict_on("S1", entry, exit_, reference_of(section), decided_at_ms=NOON_MS)
    assert isinstance(verdict, Violation)
    assert ("IN", "OUT2", 120_400, 149.5) == (
        verdict.entry.camera_id, verdict.exit.camera_id, verdict.travel_ms, verdict.measured_kmh,
    )  # fmt: skip


def test_another_camera_of_a_gantry_that_measures_nothing_says_nothing_unless_it_saw_the_vehicle_first() -> None:
    """A poor read beside a good one; the earliest entry and the latest exit must be sure, all of them where two came together."""
    poor: list[dict[str, Any]] = [{"clock": None}, {"confidence": 0.3}]
    for after_ms, proves in ((400, True), (0, False), (-400, False)):
        for fields in poor:
            section = make_section(entries=(Line(camera_id="IN"), Line(camera_id="IN2")), distances=tuple(
                Distance(entry_camera_id=name, exit_camera_id="OUT", metres=5_000.0) for name in ("IN", "IN2")))  # fmt: skip
            beside = make_read(camera_id="IN2", captured_at_ms=NOON_MS + after_ms, **fields)
            entry = passage_of(
                "entry", *sorted((make_read(camera_id="IN"), beside), key=lambda read: read.captured_at_ms)
            )
            exit_ = passage_of("exit", make_read(camera_id="OUT", captured_at_ms=NOON_MS + 120_000))
            verdict = verdict_on("S1", entry, exit_, reference_of(section), decided_at_ms=NOON_MS)
            assert proves == isinstance(verdict, Violation), (after_ms, fields)


def test_a_certificate_of_the_pair_goes_before_that_of_the_section() -> None:
    """The section's has lapsed; its only pair has one of its own."""
    lapsed = make_certificate(valid_until_ms=NOON_MS - 1)
    own = Distance(entry_camera_id="IN", exit_camera_id="OUT", metres=2_500.0, certificate=make_certificate())
    verdict = found(make_ends(), make_section(certificate=lapsed, distances=(own,)))
    assert isinstance(verdict, Violation)
    assert make_certificate() == verdict.certificate


def test_a_read_off_the_line_as_it_was_proves_nothing() -> None:
    """The section is of lane 2 alone."""
    section = section_for(150.0, entries=(Line(camera_id="IN", lane=2),))
    assert "no_line_then" == reason_of(make_ends(entry={"lane": 1}), section)
