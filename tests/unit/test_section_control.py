"""Section control: what proves a violation, and the many things that do not."""

from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.law.book import FOREVER_MS, rule_at
from pipeline.law.kinds import Tolerance
from pipeline.reads.versions import Changed, Version, Versions, since_ever
from pipeline.sections.verdict import (
    Innocent,
    SectionIndex,
    SectionPair,
    average_speed_kmh,
    sightings_of,
    verdict_at_the_time,
    violation_of,
)
from schemas import ids
from schemas.outcomes import Violation
from schemas.reads import ClockState
from schemas.reference import Line, Section
from tests.builders import NOON_MS, book_of, make_certificate, make_pair, make_read, make_section, section_for

BELGIAN = rule_at(Tolerance, "BE", NOON_MS) or pytest.fail("no Belgian tolerance")


def verdict_on(pair: SectionPair, section: Section) -> Violation | Innocent:
    """The verdict, decided a second after the exit."""
    return violation_of(pair, section, decided_at_ms=pair.exit.captured_at_ms + 1_000)


def reason_of(pair: SectionPair, section: Section) -> str:
    """Why the pair proves nothing."""
    verdict = verdict_on(pair, section)
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
    sharp = {"clock": ClockState(source="gnss", worst_error_ms=0.0)}
    section = section_for(measured_kmh, country=country, limit_kmh=limit_kmh)
    verdict = verdict_on(make_pair(entry=sharp, exit_=sharp), section)
    assert corrected_kmh == (verdict.corrected_kmh if isinstance(verdict, Violation) else None)


def test_a_violation_holds_its_whole_evidence() -> None:
    """Both reads, distance, times, speeds, limit, rule, certificate and clocks."""
    section, pair = section_for(150.0), make_pair()
    violation = verdict_on(pair, section)
    assert isinstance(violation, Violation)
    assert ids.violation_id("S1", pair.entry.read_id, pair.exit.read_id) == violation.violation_id
    assert (pair.entry, pair.exit, 2_500.0, 60_000) == (
        violation.entry, violation.exit, violation.distance_m, violation.travel_ms,
    )  # fmt: skip
    assert (150.0, 141, 120) == (violation.measured_kmh, violation.corrected_kmh, violation.limit_kmh)
    assert (section.certificate, pair.entry.clock) == (violation.certificate, violation.entry_clock)
    assert BELGIAN.in_words == violation.tolerance
    assert ("tolerance.BE", BELGIAN.version) == (violation.rule, violation.rule_version)


def test_a_pair_decided_again_gives_the_same_violation_id() -> None:
    """A replay makes no second fine."""
    pair, section = make_pair(), section_for(150.0)
    verdicts = [violation_of(pair, section, decided_at_ms=NOON_MS + at) for at in (70_000, 9_000_000)]
    assert 1 == len({verdict.violation_id for verdict in verdicts if isinstance(verdict, Violation)})


def test_a_law_abiding_passage_is_innocent() -> None:
    """And has to be forgotten at once."""
    assert "not_above_limit" == reason_of(make_pair(), section_for(100.0))


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
    assert "certificate_lapsed" == reason_of(make_pair(), section_for(150.0, certificate=certificate))


@pytest.mark.parametrize("side", ["entry", "exit_"])
@pytest.mark.parametrize(
    ("clock", "reason"),
    [
        (None, "clock_not_synced"),
        (ClockState(source="ntp", synced=False), "clock_not_synced"),
        (ClockState(source="none"), "clock_not_synced"),
        (ClockState(source="ntp", worst_error_ms=100.1), "clock_error_above_bound"),
        (ClockState(source="ntp", worst_error_ms=float("nan")), "clock_error_above_bound"),
    ],
)
def test_a_clock_that_cannot_be_trusted_proves_nothing(side: Any, clock: ClockState | None, reason: str) -> None:
    """At either end; a read that says nothing of its clock counts as not in sync."""
    assert reason == reason_of(make_pair(**{side: {"clock": clock}}), section_for(150.0))


def test_clock_errors_that_could_tip_the_verdict_prove_nothing() -> None:
    """129 km/h on 60 s is 121 after correction; 470 ms more and it is 128, which passes."""
    section = section_for(129.0, max_clock_error_ms=500.0)
    for error_ms, expected in ((0.0, None), (1.0, "clock_error_could_tip_verdict")):
        clock = {"clock": ClockState(source="ntp", worst_error_ms=error_ms)}
        verdict = verdict_on(make_pair(entry=clock, exit_=clock), section)
        assert expected == (verdict.reason if isinstance(verdict, Innocent) else None)


@given(
    st.integers(100, 290), st.integers(20_000, 600_000), st.floats(0, 100), st.floats(0, 100),
    st.floats(-1, 1), st.floats(-1, 1),
)  # fmt: skip
def test_no_true_passage_times_within_the_clock_errors_undo_a_violation(
    speed_kmh: int, travel_ms: int, entry_error_ms: float, exit_error_ms: float, entry_off: float, exit_off: float
) -> None:
    """Wherever within their bounds both clocks really were, the driver was above the limit."""
    section = section_for(speed_kmh, travel_ms=travel_ms)
    verdict = verdict_on(
        make_pair(
            travel_ms,
            entry={"clock": ClockState(source="ntp", worst_error_ms=entry_error_ms)},
            exit_={"clock": ClockState(source="ntp", worst_error_ms=exit_error_ms)},
        ),
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
    assert "exit_before_entry" == reason_of(make_pair(travel_ms), section_for(150.0))


def test_a_travel_longer_than_plausible_is_a_stop() -> None:
    """Whatever its speed, it is not this passage."""
    assert "travel_too_long" == reason_of(make_pair(60_001), section_for(150.0, max_travel_ms=60_000))


def test_an_impossible_speed_is_a_suspicious_read() -> None:
    """300 km/h may be a driver, more is two vehicles with one plate."""
    assert isinstance(verdict_on(make_pair(), section_for(300.0)), Violation)
    assert "implausible_speed" == reason_of(make_pair(), section_for(300.5))


def test_cameras_without_a_certified_distance_prove_nothing() -> None:
    """Each pair of cameras has its own distance."""
    assert "no_certified_distance" == reason_of(make_pair(exit_={"camera_id": "ELSEWHERE"}), section_for(150.0))


@pytest.mark.parametrize("metres", [0.0, -2_500.0, float("inf"), float("nan")])
def test_a_distance_that_is_none_proves_nothing(metres: float) -> None:
    """Tables refuse it; the decision does not depend on that."""
    assert "no_certified_distance" == reason_of(make_pair(), make_section(metres=metres))


def test_a_country_without_a_rule_proves_nothing() -> None:
    """Nobody is fined by a tolerance that nobody wrote down."""
    assert "no_tolerance_rule" == reason_of(make_pair(), section_for(150.0, country="XX"))


def test_a_pair_decided_again_after_a_change_of_law_has_the_outcome_of_then() -> None:
    """The tolerance of the moment of passing: half an hour later a stricter one begins, and nothing changes for the pair."""
    pair, section = make_pair(), section_for(150.0)
    later_ms = pair.exit.captured_at_ms + 1_800_000
    stricter = msgspec.structs.replace(BELGIAN, subtract_kmh=0, subtract_percent=0)
    book = book_of((0, later_ms, BELGIAN), (later_ms, FOREVER_MS, stricter))
    before = violation_of(pair, section, decided_at_ms=later_ms - 1)
    assert before == violation_of(pair, section, decided_at_ms=later_ms - 1, book=book)
    moved = (
        msgspec.structs.replace(pair.entry, captured_at_ms=later_ms),
        msgspec.structs.replace(pair.exit, captured_at_ms=later_ms + 60_000),
    )
    after = violation_of(SectionPair("S1", *moved), section, decided_at_ms=later_ms, book=book)
    assert isinstance(after, Violation)
    assert (150, stricter.version) == (after.corrected_kmh, after.rule_version)


def test_a_change_of_law_between_entry_and_exit_proves_nothing() -> None:
    """Two rules, one passage: doubt counts for the driver."""
    pair, section = make_pair(), section_for(150.0)
    cut_ms = pair.exit.captured_at_ms
    book = book_of((0, cut_ms, BELGIAN), (cut_ms, FOREVER_MS, msgspec.structs.replace(BELGIAN, subtract_kmh=0)))
    assert Innocent("law_changed_on_the_way", "BE") == violation_of(pair, section, decided_at_ms=cut_ms, book=book)


def test_a_dutch_section_below_the_least_length_proves_nothing() -> None:
    """Four hundred metres in ten seconds are 144 km/h, but no Dutch section."""
    assert "section_too_short" == reason_of(
        make_pair(travel_ms=10_000), section_for(144.0, travel_ms=10_000, country="NL")
    )


def test_two_vehicles_with_the_same_characters_prove_nothing() -> None:
    """A Dutch car in and a Luxembourg car out are two drivers; a weak guess does not make them two."""
    entry, exit_ = {"country": "NL", "country_confidence": 0.9}, {"country": "LU", "country_confidence": 0.9}
    assert "countries_differ" == reason_of(make_pair(entry=entry, exit_=exit_), section_for(150.0))
    weak = exit_ | {"country_confidence": 0.2}
    assert isinstance(verdict_on(make_pair(entry=entry, exit_=weak), section_for(150.0)), Violation)


@pytest.mark.parametrize(
    ("entry_class", "exit_class", "limit_kmh"),
    [("lorry", "lorry", 90), ("car", "car", 120), ("lorry", "car", 120), ("unknown", "lorry", 120)],
)
def test_a_class_limit_holds_only_where_both_reads_agree(entry_class: str, exit_class: str, limit_kmh: int) -> None:
    """A doubt about the class counts for the driver."""
    section = section_for(150.0, class_limits_kmh={"lorry": 90})
    verdict = verdict_on(make_pair(entry={"vehicle_class": entry_class}, exit_={"vehicle_class": exit_class}), section)
    assert isinstance(verdict, Violation)
    assert limit_kmh == verdict.limit_kmh


@given(st.integers(1, 200_000_000), st.integers(1, 3_600_000))
def test_average_speed_is_exact(millimetres: int, travel_ms: int) -> None:
    """Distance is speed times time, to the last digit."""
    metres = Fraction(millimetres, 1000)
    assert metres == average_speed_kmh(metres, travel_ms) * travel_ms / 3_600


def test_a_read_is_seen_on_every_line_of_its_camera_and_lane() -> None:
    """A camera may end one section and begin the next."""
    index = SectionIndex()
    index.take([
        since_ever("S1", make_section("S1", exits=(Line(camera_id="MID"),))),
        since_ever("S2", make_section("S2", entries=(Line(camera_id="MID", lane=2),))),
    ])  # fmt: skip
    seen = sightings_of(make_read(camera_id="MID", lane=2), index)
    assert [("S1", "exit"), ("S2", "entry")] == [(one.section_id, one.side) for one in seen]
    assert ["S1"] == [one.section_id for one in sightings_of(make_read(camera_id="MID", lane=1), index)]
    assert ["S1"] == [one.section_id for one in sightings_of(make_read(camera_id="MID"), index)]
    assert [] == sightings_of(make_read(camera_id="OTHER"), index)


def test_a_read_is_seen_on_the_lines_that_there_were_when_it_was_captured() -> None:
    """A line that was moved or removed afterwards was one until then; a reset forgets all."""
    index = SectionIndex()
    index.take([since_ever("S1", make_section("S1")), since_ever("S2", make_section("S2"))])
    moved = make_section("S1", entries=(Line(camera_id="NEW"),))
    index.take([Changed("S1", (Version(moved, NOON_MS, NOON_MS),)), Changed("S2", (Version(None, NOON_MS, NOON_MS),))])
    for camera_id, before, after in (("IN", ["S1", "S2"], []), ("NEW", [], ["S1"])):
        seen = [
            [one.section_id for one in sightings_of(make_read(camera_id=camera_id, captured_at_ms=at_ms), index)]
            for at_ms in (NOON_MS - 1, NOON_MS)
        ]
        assert [before, after] == seen
    index.take([since_ever("S3", make_section("S3"))], reset=True)
    assert ["S3"] == list(index.versions.current())


def test_a_verdict_uses_the_limit_that_held_while_the_vehicle_was_inside() -> None:
    """A limit lowered afterwards fines nobody; where it changed meanwhile the higher one counts; no section proves nothing."""
    pair = make_pair(60_000)
    entered_ms, left_ms = pair.entry.captured_at_ms, pair.exit.captured_at_ms
    lenient, strict = section_for(150.0, limit_kmh=145), section_for(150.0, limit_kmh=120)
    for changed_at_ms, expected in (
        (left_ms + 1, "not_above_limit"), (left_ms, "not_above_limit"), (entered_ms + 1, "not_above_limit"),
        (entered_ms, 120),
    ):  # fmt: skip
        sections = Versions({"S1": lenient})
        sections.put("S1", Version(strict, changed_at_ms, changed_at_ms))
        verdict = verdict_at_the_time(pair, sections, decided_at_ms=left_ms + 1_000)
        assert expected == (verdict.reason if isinstance(verdict, Innocent) else verdict.limit_kmh)
    late = Versions[Section]()
    late.put("S1", Version(strict, entered_ms, left_ms))
    assert Innocent("section_removed", "S1") == verdict_at_the_time(pair, late, decided_at_ms=left_ms + 1_000)


def test_a_sighting_bears_the_reads_own_id_whatever_was_sent() -> None:
    """The violation's id rests on it."""
    index = SectionIndex()
    index.take([since_ever("S1", make_section())])
    (seen,) = sightings_of(make_read(camera_id="IN", read_id="r-1"), index)
    assert make_read(camera_id="IN").read_id == seen.read.read_id
