"""Copied plates of vehicles on no list: which sights are a pair, and whose fault explains one."""

from typing import Any

import pytest

from pipeline.hotlist.copied_plates import (
    KEPT_MS,
    LATE_MS,
    MOST_PLATES,
    SLICE_MS,
    Copied,
    Pair,
    Sight,
    alerts_of,
    believed,
    due_ms,
    is_of_copied_plate,
    is_of_one_country,
    pairs_of,
    sight_of,
    unpacked,
)
from pipeline.stream import codec
from schemas.base import Position
from schemas.outcomes import RecordPlace
from schemas.reads import ClockState
from schemas.topics import ALERTS
from tests.builders import NOON_MS, make_camera, make_exclusion, make_read

PLATE, OTHER = b"12345678", b"87654321"
AT = RecordPlace(partition=1, offset=2)


def seen(
    after_s: float = 0.0,
    east_km: float = 0.0,
    *,
    camera: dict[str, Any] | None = None,
    late_ms: int = 200,
    **fields: Any,
) -> Sight | None:
    """Where a vehicle was seen so long after noon, so far east of Brussels; None: the read takes no part. fields: of the read."""
    at_ms = NOON_MS + round(after_s * 1_000)
    camera_id = fields.pop("camera_id", f"CAM-{east_km}")
    where = {"position": Position(lat=50.85, lon=4.35 + east_km / 70.3)} | (camera or {})
    read = make_read(camera_id=camera_id, captured_at_ms=at_ms, **({"confidence": 0.99} | fields))
    return sight_of(read, make_camera(camera_id, **where), at_ms + late_ms, AT)


def sight(after_s: float = 0.0, east_km: float = 0.0, **fields: Any) -> Sight:
    """The same of a read that takes part."""
    found = seen(after_s, east_km, **fields)
    assert found is not None
    return found


def test_two_sights_that_no_vehicle_could_both_have_been_are_a_pair_in_either_order() -> None:
    """A hundred kilometres in ten minutes."""
    here, there = sight(), sight(600, 100)
    assert [Pair(PLATE, here, there)] == list(pairs_of(PLATE, there, [here])) == list(pairs_of(PLATE, here, [there]))


@pytest.mark.parametrize(
    ("after_s", "east_km"),
    [(0, 0.9), (600, 40), (1_441, 100), (1_801, 200)],
    ids=["one place", "a fast vehicle", "just in time", "too long ago"],
)
def test_what_one_vehicle_could_have_driven_is_no_pair(after_s: float, east_km: float) -> None:
    """At 250 km/h, and at most half an hour apart."""
    assert not list(pairs_of(PLATE, sight(after_s, east_km), [sight()]))


def test_the_doubt_of_both_clocks_counts_for_the_vehicle() -> None:
    """Five kilometres in a minute are too far, unless the clocks may be wrong by some seconds."""
    doubtful = ClockState(source="ntp", worst_error_ms=5_000.0, sync_age_ms=0)
    assert list(pairs_of(PLATE, sight(52, 5), [sight()]))
    assert not list(pairs_of(PLATE, sight(52, 5, clock=doubtful), [sight(clock=doubtful)]))


@pytest.mark.parametrize(
    "fields",
    [
        {"confidence": 0.94},
        {"confidence": 0.0, "confidence_stated": False},
        {"alternatives": {"1ABD234": 0.02}},
        {"clock": None},
        {"clock": ClockState(source="gnss", worst_error_ms=1.0)},
        {"clock": ClockState(source="none", worst_error_ms=1.0, sync_age_ms=1)},
        {"camera": {"position": None}},
        {"camera": {"network": "lez"}},
        {"camera": {"state": "suspended"}},
        {"purposes": ("section_control",)},
        {"late_ms": LATE_MS + 1},
        {"late_ms": -5_001},
    ],
    ids=str,
)
def test_a_doubtful_read_or_one_that_may_not_serve_takes_no_part(fields: dict[str, Any]) -> None:
    """Silence is no proof: neither of the text nor of the time nor of the place."""
    assert seen(**fields) is None
    assert seen() is not None


def test_a_sight_is_the_same_after_it_was_kept() -> None:
    """Packed one after the other."""
    sights = [sight(1, 2, country="BE", country_confidence=0.9), sight(3, -4)]
    assert sights == list(unpacked(b"".join(one.packed() for one in sights)))


@pytest.mark.parametrize(
    ("text", "one", "other", "is_one"),
    [
        ("1ABC234", "BE", "BE", True),
        ("1ABC234", None, "BE", True),  # of Belgium's form alone
        ("1ABC234", None, None, True),
        ("1ABC234", "BE", "FR", False),
        ("AB123CD", None, None, False),  # French and Italian vehicles bear it
        ("AB123CD", "FR", None, False),
        ("AB123CD", "FR", "FR", True),
        ("BMW555", "DE", "DE", False),  # B-MW 555 and BM-W 555
    ],
)
def test_both_must_be_of_the_one_country_whose_plate_it_is(
    text: str, one: str | None, other: str | None, is_one: bool
) -> None:
    """Two countries' vehicles with one text bear no copy."""
    here, there = (sight(country=name, country_confidence=0.9 if name else 0.0) for name in (one, other))
    assert is_one is is_of_one_country(text, here, there)


def test_a_camera_that_contradicts_many_plates_is_not_believed_about_any() -> None:
    """Its place, its clock or its reading is wrong, and no vehicle's plate is copied for that."""
    wrong = [Pair(bytes([n]) * 8, sight(n), sight(n + 1, 100)) for n in range(MOST_PLATES + 1)]
    other = Pair(OTHER, sight(9, -30), sight(10, 200))
    assert [other] == believed([*wrong, other], [*wrong, other])
    assert wrong[1:] == believed(wrong[1:], wrong[1:])
    assert not believed(wrong[1:], wrong)


def test_a_pair_is_decided_when_all_that_was_captured_by_then_has_come() -> None:
    """After the end of its slice of time, so all orders of arrival decide the same."""
    pair = Pair(PLATE, sight(), sight(60, 100))
    assert NOON_MS + SLICE_MS + 2 * LATE_MS == due_ms(pair)
    assert due_ms(pair) - pair.second.at_ms > LATE_MS
    assert pair.second.at_ms - pair.first.at_ms <= KEPT_MS


def test_both_reads_become_quiet_alerts_of_one_incident_with_their_pictures() -> None:
    """They ring nowhere, cross no border, and a person must confirm them."""
    reads = [
        make_read(camera_id=f"C{n}", captured_at_ms=NOON_MS + n, crop=f"2026-01-01/{n:02x}.jpg", confidence=0.99)
        for n in (1, 2)
    ]
    copied = Copied(((reads[0], make_camera("C1")), (reads[1], make_camera("C2"))))
    first, second = alerts_of(copied, None, NOON_MS + SLICE_MS)
    assert reads == [first.read, second.read]
    assert [first, second] == [codec.decode(ALERTS, codec.encode(ALERTS, one)) for one in (first, second)]
    assert is_of_copied_plate(first)
    assert first.incident_id == second.incident_id
    assert first.alert_id != second.alert_id
    for one in (first, second):
        assert (one.rings, one.silent, one.confirm, one.share_with, one.match) == (False, True, True, (), "exact")
    assert [first, second] == alerts_of(copied, None, NOON_MS + SLICE_MS)


def test_an_exclusion_of_the_plate_is_named_with_its_reason() -> None:
    """So whoever looks knows at once which vehicle is the innocent one's."""
    reads = make_read(captured_at_ms=NOON_MS), make_read(captured_at_ms=NOON_MS + 1)
    copied = Copied(((reads[0], make_camera()), (reads[1], make_camera())))
    known = make_exclusion("1ABC234", entry_id="copied_plates", reason="the owner's is the blue one: file 12")
    for one in alerts_of(copied, known, NOON_MS):
        assert known.exclusion_id == one.excluded
        assert "the owner's is the blue one: file 12" in one.notes[-1]
