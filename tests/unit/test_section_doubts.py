"""What speaks against a pair beside its speed: clocks, certainty, contradictions, spot speeds, cameras."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pipeline.gateway.makers import BY_NAME
from pipeline.reads.versions import Version
from pipeline.sections.certainty import LEAST_JOINT_CERTAINTY, could_drive, folded, plate_of
from pipeline.sections.clocks import Timing, timing_of
from pipeline.sections.doubts import Innocent
from pipeline.sections.moment import Reference
from pipeline.sections.verdict import verdict_on
from pipeline.vision import own, paddle
from schemas.base import Position
from schemas.outcomes import Violation
from schemas.reads import ClockState
from schemas.reference import Camera, ClockStatement, PicturePoint, ReadingStatement, Section
from tests.builders import (
    NOON_MS,
    YEAR_MS,
    cameras_along,
    make_camera,
    make_ends,
    make_read,
    passage_of,
    reference_of,
    section_for,
)

FAST = section_for(150.0)
MADE_KNOWN = ClockStatement(
    number="C 7", source="ntp", worst_error_ms=5.0, most_sync_age_ms=60_000, valid_from_ms=NOON_MS - YEAR_MS,
    valid_until_ms=NOON_MS + YEAR_MS,
)  # fmt: skip


def verdict(
    section: Section = FAST,
    *,
    entry: dict[str, Any] | None = None,
    exit_: dict[str, Any] | None = None,
    cameras: dict[str, Camera] | None = None,
) -> Violation | Innocent:
    """The verdict on a passage at 150 km/h where 120 is allowed. entry, exit_: fields of the reads."""
    ends = make_ends(entry=entry, exit_=exit_)
    reference = reference_of(section, cameras=cameras)
    passages = passage_of("entry", ends[0]), passage_of("exit", ends[1])
    return verdict_on("S1", *passages, reference, decided_at_ms=NOON_MS + 90_000)


def reason(section: Section = FAST, **fields: Any) -> str | None:
    """Why it proves nothing; None: it proves a violation."""
    found = verdict(section, **fields)
    return found.reason if isinstance(found, Innocent) else None


@pytest.mark.parametrize("side", ["entry", "exit_"])
@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        (None, "clock_not_stated"),
        (ClockState(source="ntp"), "clock_not_stated"),
        (ClockState(source="ntp", worst_error_ms=1.0), "clock_not_stated"),
        (ClockState(source="ntp", sync_age_ms=1_000), "clock_not_stated"),
        (ClockState(source="ntp", synced=False, worst_error_ms=1.0, sync_age_ms=1_000), "clock_not_synced"),
        (ClockState(source="none", worst_error_ms=1.0, sync_age_ms=1_000), "clock_not_synced"),
        (ClockState(source="ntp", worst_error_ms=100.1, sync_age_ms=0), "clock_error_above_bound"),
        (ClockState(source="ntp", worst_error_ms=1.0, sync_age_ms=2_000_000), "clock_error_above_bound"),
        (ClockState(source="ntp", worst_error_ms=float("nan"), sync_age_ms=0), "clock_not_stated"),
        (ClockState(source="ntp", worst_error_ms=1.0, sync_age_ms=64_000), None),
    ],
)
def test_nothing_that_is_left_unsaid_speaks_for_a_clock(
    side: str, clock: ClockState | None, expected: str | None
) -> None:
    """Source, error and age of the last synchronisation, at either end; 50 us a second are added for the age."""
    assert expected == reason(**{side: {"clock": clock}})


def test_a_cameras_certificate_says_what_its_reads_leave_out() -> None:
    """Only while it holds, and where both speak the worse counts."""
    camera = make_camera("IN", clock_statement=MADE_KNOWN)
    silent = timing_of(make_read(clock=None), camera)
    assert isinstance(silent, Timing)
    assert (8.0, "ntp", 60_000) == (float(silent.doubt_ms), silent.clock.source, silent.clock.sync_age_ms)
    worse = timing_of(make_read(clock=ClockState(source="gnss", worst_error_ms=20.0)), camera)
    assert isinstance(worse, Timing)
    assert 23.0 == float(worse.doubt_ms)
    assert "clock_not_stated" == timing_of(make_read(clock=None, captured_at_ms=NOON_MS + YEAR_MS), camera)
    assert "clock_not_synced" == timing_of(make_read(clock=ClockState(source="ntp", synced=False)), camera)


LINE = (PicturePoint(x=0.0, y=0.5), PicturePoint(x=1.0, y=0.5))


def at_the_exit(**fields: Any) -> dict[str, Camera]:
    """The exit's camera, with these fields."""
    return {"OUT": replace(cameras_along(FAST)["OUT"], **fields)}


def test_an_interpolated_time_adds_its_doubt() -> None:
    """150 km/h are 141 in 60 s; 10 s of doubt are too many."""
    assert reason(exit_={"timing": "line", "time_doubt_ms": 50.0}, cameras=at_the_exit(line=LINE)) is None
    late = {"timing": "line", "time_doubt_ms": 10_000.0}
    assert "clock_error_above_bound" == reason(exit_=late, cameras=at_the_exit(line=LINE))


@pytest.mark.parametrize(
    ("read", "camera"),
    [
        ({"timing": "picture", "time_doubt_ms": 20.0}, {"line": LINE}),
        ({"timing": "line", "time_doubt_ms": 20.0}, {}),
        ({"timing": "line"}, {"line": LINE}),
        ({"heading_deg": 190.0}, {"heading_deg": 10.0}),
        ({"direction": "leaving"}, {"sees": "front"}),
        ({"direction": "approaching"}, {"sees": "rear"}),
        ({"reader": own.NAME}, {"line": LINE}),
        ({"reader": paddle.version()}, {"line": LINE}),
        ({"position": Position(lat=50.0, lon=4.0)}, {}),
        ({}, {"network": "vehicle"}),
        ({}, {"position": None}),
    ],
)
def test_a_read_whose_place_or_moment_is_not_sure_proves_nothing(read: dict[str, Any], camera: dict[str, Any]) -> None:
    """No line in the picture, no doubt stated, the other way, a silent read of a picture, another place, a camera that moves."""
    assert "camera_unfit" == reason(exit_=read, cameras=at_the_exit(**camera))


@pytest.mark.parametrize("maker", [*BY_NAME, "vigie-town"])
def test_a_maker_s_camera_measures_the_time_itself(maker: str) -> None:
    """Whatever language it speaks, ours too: a read that a gateway takes is no read of a picture of ours."""
    assert reason(exit_={"reader": maker}) is None


def test_what_a_camera_is_said_afterwards_to_have_been_may_only_help() -> None:
    """Its clock was worse, or it stood elsewhere: found out later, and no proof any more. A better clock changes nothing."""
    held = cameras_along(FAST)["OUT"]
    silent = {"clock": None}

    def told_later(camera: Camera, before: Camera = held, **fields: Any) -> str | None:
        reference = reference_of(FAST)
        reference.cameras.replace("OUT", [Version(before, 0, 0), Version(camera, NOON_MS, NOON_MS + 80_000)])
        ends = make_ends(**fields)
        passages = passage_of("entry", ends[0]), passage_of("exit", ends[1])
        found = verdict_on("S1", *passages, reference, decided_at_ms=NOON_MS + 90_000)
        return found.reason if isinstance(found, Innocent) else None

    assert told_later(held) is None
    assert "camera_unfit" == told_later(replace(held, position=None))
    poor = msgspec.structs.replace(MADE_KNOWN, worst_error_ms=101.0)
    assert "clock_error_above_bound" == told_later(replace(held, clock_statement=poor))
    assert "clock_not_stated" == told_later(replace(held, clock_statement=MADE_KNOWN), exit_=silent)


@pytest.mark.parametrize("confidence", [0.01, 0.34, 0.8, 0.89])
def test_two_reads_that_are_not_sure_together_prove_nothing(confidence: float) -> None:
    """The product counts."""
    assert "too_uncertain" == reason(entry={"confidence": confidence}, exit_={"confidence": confidence})


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (None, "too_uncertain"),
        (
            ReadingStatement(number="R1", least_confidence=0.97, valid_from_ms=0, valid_until_ms=NOON_MS),
            "too_uncertain",
        ),
        (
            ReadingStatement(number="R1", least_confidence=0.5, valid_from_ms=0, valid_until_ms=NOON_MS + YEAR_MS),
            "too_uncertain",
        ),
        (ReadingStatement(number="R1", least_confidence=0.97, valid_from_ms=0, valid_until_ms=NOON_MS + YEAR_MS), None),
    ],
)
def test_a_read_that_does_not_say_how_sure_it_is_proves_only_what_its_camera_is_certified_for(
    statement: ReadingStatement | None, expected: str | None
) -> None:
    """While the certificate holds, and as sure as it says; a confidence that stands beside counts for nothing."""
    unsaid = {"confidence": 1.0, "confidence_stated": False}
    assert expected == reason(exit_=unsaid, cameras=at_the_exit(reading_statement=statement))
    assert reason(exit_={"confidence": 0.97}, cameras=at_the_exit(reading_statement=statement)) is None


def test_good_reads_are_sure_enough() -> None:
    """What cameras usually give."""
    assert LEAST_JOINT_CERTAINTY <= 0.95
    assert reason(entry={"confidence": 0.93}, exit_={"confidence": 0.95}) is None


@pytest.mark.parametrize(
    ("entry_class", "exit_class", "expected"),
    [
        ("motorcycle", "lorry", "classes_differ"), ("car", "lorry", "classes_differ"), ("car", "van", None),
        ("bus", "lorry", None), ("car", "unknown", None), ("car", "trailer", None),
    ],
)  # fmt: skip
def test_another_group_of_classes_is_another_vehicle(entry_class: str, exit_class: str, expected: str | None) -> None:
    """A motorcycle in, a lorry out."""
    assert expected == reason(entry={"vehicle_class": entry_class}, exit_={"vehicle_class": exit_class})


def test_colour_and_make_are_for_the_officer_to_look_at() -> None:
    """They do not void the pair."""
    found = verdict(entry={"colour": "red", "make": "BMW"}, exit_={"colour": "white", "make": "bmw"})
    assert isinstance(found, Violation)
    assert ("colour: red at the entry, white at the exit",) == found.notes


@pytest.mark.parametrize(
    ("entry", "exit_", "plate"),
    [
        ("1AOC555", "1AOC555", "1AOC555"), ("1A0C555", "1AOC555", "1AOC555"), ("1ABC231", "1ABC23I", "1ABC231"),
        ("B0B77", "BOB77", None), ("MX0123", "MXO123", None), ("1AOCI11", "1A0C111", None),
    ],
)  # fmt: skip
def test_one_twin_of_o_or_i_is_told_by_what_is_issued(entry: str, exit_: str, plate: str | None) -> None:
    """Where both are plates of somewhere, or more than one character differs, nobody knows whose it is."""
    assert plate == plate_of([make_read(entry), make_read(exit_)])
    assert folded(entry) == folded(exit_)


def test_a_pair_across_a_twin_is_of_the_plate_that_is_issued() -> None:
    """And the officer is told."""
    found = verdict(entry={"plate": "1A0C555"}, exit_={"plate": "1AOC555"})
    assert isinstance(found, Violation)
    assert ("1AOC555", ("plate: 1A0C555 at the entry, 1AOC555 at the exit",)) == (found.plate, found.notes)
    assert "plate_ambiguous" == reason(entry={"plate": "MX0123"}, exit_={"plate": "MXO123"})


def test_who_brakes_at_both_gantries_and_races_in_between_is_whom_this_is_for() -> None:
    """50 km/h at both ends of 2.5 km in 60 s is driven; 6 km/h at both ends of 300 m in 4 s is not."""
    assert reason(entry={"speed_kmh": 50.0}, exit_={"speed_kmh": 50.0}) is None
    assert could_drive(2_500.0, 60_000.0, 60_000.0, 0.0, 0.0)
    assert not could_drive(300.0, 4_000.0, 4_000.0, 6.0, 6.0)
    assert not could_drive(300.0, 4_000.0, 4_000.0, 6.0, None)
    assert could_drive(300.0, 4_000.0, 4_000.0, None, None)


def test_who_was_far_faster_at_both_ends_cannot_have_needed_so_long() -> None:
    """400 km/h at both ends of 500 m is over in five seconds, not in twelve; from 60 km/h one may stop in between."""
    assert not could_drive(500.0, 12_000.0, 12_000.0, 400.0, 400.0)
    assert not could_drive(500.0, 12_000.0, 12_000.0, 400.0, None)
    assert not could_drive(500.0, 12_000.0, 12_000.0, None, 400.0)
    assert could_drive(500.0, 600_000.0, 600_000.0, 60.0, 60.0)


@given(st.floats(0, 250), st.floats(0, 250), st.integers(10, 600))
def test_whoever_drives_evenly_from_one_speed_to_another_can_do_so(
    entry_kmh: float, exit_kmh: float, travel_s: int
) -> None:
    """An even change over ten seconds or more is within what tyres do."""
    distance_m = (entry_kmh + exit_kmh) / 2 / 3.6 * travel_s
    for metres in (distance_m * 0.999, distance_m * 1.001):
        assert could_drive(metres, travel_s * 1_000.0 - 100, travel_s * 1_000.0 + 100, entry_kmh, exit_kmh)


def test_a_read_of_a_picture_needs_a_line_to_be_an_end() -> None:
    """Nobody knows where its best crop was taken."""
    assert "camera_unfit" == reason(entry={"timing": "picture"})
    at_the_entry = {"IN": replace(cameras_along(FAST)["IN"], line=LINE)}
    assert reason(entry={"timing": "line", "time_doubt_ms": 20.0}, cameras=at_the_entry) is None


@pytest.mark.parametrize(
    ("direction", "sees", "expected"),
    [
        ("leaving", None, None), (None, "rear", None), ("leaving", "both", None), (None, None, "not_seen_from_behind"),
        (None, "both", "not_seen_from_behind"), ("approaching", "rear", "not_seen_from_behind"),
    ],
)  # fmt: skip
def test_a_section_may_ask_for_both_ends_from_behind(
    direction: str | None, sees: str | None, expected: str | None
) -> None:
    """The read says that the vehicle left, or the camera that it sees nothing else."""
    section = section_for(150.0, rear_only=True)
    cameras = cameras_along(section, sees=sees)
    fields = {"direction": direction}
    assert expected == reason(section, entry=fields, exit_=fields, cameras=cameras)


def test_a_camera_that_moves_or_was_not_registered_then_is_no_end() -> None:
    """Whatever the section says."""
    assert "camera_unfit" == reason(cameras={"IN": make_camera("IN", position=None)})
    ends = make_ends()
    nobody = Reference.of({"S1": FAST}, {})
    found = verdict_on("S1", passage_of("entry", ends[0]), passage_of("exit", ends[1]), nobody, decided_at_ms=0)
    assert isinstance(found, Innocent)
    assert "camera_unfit" == found.reason


@pytest.mark.parametrize(
    ("plate", "other", "probability", "expected"),
    [
        ("B0B77", "BOB77", 0.064, "plate_ambiguous"), ("B0B77", "BOB77", 0.009, "plate_ambiguous"),
        ("B0B77", "B8B77", 0.064, "plate_ambiguous"), ("1AOC555", "1A0C555", 0.4, None),
    ],
)  # fmt: skip
def test_a_look_alike_that_a_reader_offers_is_not_fined_if_a_vehicle_may_carry_it(
    plate: str, other: str, probability: float, expected: str | None
) -> None:
    """Both ends read the same; one reader offers another text, and the other reader's silence excludes nothing."""
    offering = {"plate": plate, "alternatives": {other: probability}}
    for fields in ({"entry": offering, "exit_": {"plate": plate}}, {"entry": {"plate": plate}, "exit_": offering}):
        assert expected == reason(**fields)


@pytest.mark.parametrize(
    ("plate", "country", "alternatives", "expected"),
    [
        ("B0B77", "BE", None, "plate_ambiguous"), ("B0B77", None, None, "plate_ambiguous"),
        ("B0B77", "BE", {"B8B77": 0.04}, None), ("B0B77", "BE", {"BOB77": 0.009}, None),
        ("B0B77", "BE", {"BOB77": 0.01}, "plate_ambiguous"), ("1ABC234", "BE", None, None), ("1ABC234", None, None, None),
        ("1AOC555", "BE", None, None), ("BMW555", "DE", None, "plate_ambiguous"), ("BMW555", None, None, "plate_ambiguous"),
        ("BMW555", "DE", {"BHW555": 0.04}, "plate_ambiguous"), ("MA223", "DE", None, None),
    ],
)  # fmt: skip
def test_a_plate_that_another_vehicle_may_carry_is_fined_only_where_both_pictures_exclude_that(
    plate: str, country: str | None, alternatives: dict[str, float] | None, expected: str | None
) -> None:
    """Digits and letters have their places in Belgium's series, not in what one may choose; no picture tells B-MW from BM-W."""
    fields = {"plate": plate, "country": country, "alternatives": alternatives}
    assert expected == reason(entry=fields, exit_=fields)


@pytest.mark.parametrize(
    ("entry", "exit_", "expected"),
    [
        ("1ABC23A", "1ABC23A", "too_uncertain"), ("1ABC23A", None, None), ("1ABC23A", "1A8C234", None),
        ("1ABC234", "1ABC234", None), ("IABC234", "IABC234", None),
    ],
)  # fmt: skip
def test_ends_whose_pictures_alone_say_the_same_other_text_are_no_two_witnesses(
    entry: str, exit_: str | None, expected: str | None
) -> None:
    """Where the forms of plates spoke for the text that was taken."""
    assert expected == reason(entry={"raw": entry}, exit_={"raw": exit_})


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ({"1ABC284": 0.06}, {"1ABC284": 0.07}, "too_uncertain"),
        ({"1ABC284": 0.06}, {"1ABC284": 0.04}, None),
        ({"1ABC284": 0.06}, {"1A8C234": 0.06}, None),
        ({"1ABC284": 0.06, "1A8C234": 0.05}, {"1A8C234": 0.05}, "too_uncertain"),
        ({"1ABC284": 0.09}, {}, None),
        ({"1AOC234": 0.06}, {"1A0C234": 0.06}, "too_uncertain"),
        ({"1AOC234": 0.03, "1A0C234": 0.03}, {"1AOC234": 0.06}, "too_uncertain"),
        ({"1AOC234": 0.02, "1A0C234": 0.02}, {"1AOC234": 0.06}, None),
    ],
    ids=str,
)
def test_ends_that_doubt_the_same_way_are_no_two_witnesses(
    first: dict[str, float], second: dict[str, float], expected: str | None
) -> None:
    """The same dirt on the plate misleads both readers; each is sure enough alone, and the product too."""
    assert expected == reason(entry={"alternatives": first}, exit_={"alternatives": second})
