"""Intake: which reads may enter, and for what."""

from typing import Any

import pytest

from pipeline.errors import Unavailable
from pipeline.reads.admission import (
    DAY_MS,
    FUTURE_BOUND_MS,
    GRACE_MS,
    check_read,
    check_reads,
    may_serve,
    need_cameras,
    trusted_country,
)
from pipeline.reads.versions import Version, Versions
from schemas.reads import Purpose
from schemas.reference import Camera
from tests.builders import KEPT_DAYS, NOON_MS, cameras_of, make_camera, make_read


def reason_of(*, now_ms: int = NOON_MS, **fields: object) -> str | None:
    """The reason for which such a read is refused at this time."""
    refusal = check_read(make_read(**fields), cameras_of(), now_ms, retention_days=KEPT_DAYS)
    return refusal.reason if refusal else None


def test_a_read_of_a_known_camera_of_now_enters() -> None:
    """The plain case."""
    assert reason_of() is None


def test_a_read_of_an_unknown_camera_is_refused() -> None:
    """Nobody answers for it."""
    assert "unknown_camera" == reason_of(camera_id="nobody")


def test_a_read_from_the_future_is_refused_beyond_the_bound_only() -> None:
    """Clocks differ a little; a camera of tomorrow is broken."""
    assert reason_of(captured_at_ms=NOON_MS + FUTURE_BOUND_MS) is None
    assert "captured_in_future" == reason_of(captured_at_ms=NOON_MS + FUTURE_BOUND_MS + 1)


def test_a_read_older_than_retention_is_refused() -> None:
    """A read of last year must not exist any more; one of the last day still may."""
    assert reason_of(captured_at_ms=NOON_MS - KEPT_DAYS * DAY_MS) is None
    assert "older_than_retention" == reason_of(captured_at_ms=NOON_MS - KEPT_DAYS * DAY_MS - 1)


def test_no_format_is_a_reason_to_refuse() -> None:
    """Over 7,000 personalised plates were once invisible for that reason."""
    assert reason_of(plate="X") is None
    assert reason_of(plate="ILOVEANPR1234567") is None


def test_a_read_for_nothing_that_its_camera_may_serve_is_refused() -> None:
    """The camera's purposes bound the read's."""
    cameras = cameras_of(make_camera(purposes=("lez",)))
    refusal = check_read(make_read(purposes=("hotlist",)), cameras, NOON_MS, retention_days=KEPT_DAYS)
    assert refusal is not None
    assert "not_allowed_purpose" == refusal.reason


@pytest.mark.parametrize(
    ("camera_purposes", "read_purposes", "allowed"),
    [
        (("hotlist",), (), True),
        (("hotlist", "lez"), ("hotlist",), True),
        (("hotlist", "lez"), ("lez",), False),
        (("lez",), ("hotlist", "lez"), False),
        ((), (), False),
    ],
)
def test_a_purpose_needs_both_the_camera_and_the_read(
    camera_purposes: tuple[Purpose, ...], read_purposes: tuple[Purpose, ...], allowed: bool
) -> None:
    """A read without purposes takes its camera's."""
    camera = make_camera(purposes=camera_purposes)
    assert allowed == may_serve(make_read(purposes=read_purposes), camera, "hotlist")


def test_a_country_is_trusted_from_one_half_or_when_no_probability_is_stated() -> None:
    """A weak guess contradicts nobody; a camera that states no probability is taken at its word."""
    assert "FR" == trusted_country(make_read(country="FR"))
    assert "FR" == trusted_country(make_read(country="FR", country_confidence=0.5))
    assert trusted_country(make_read(country="FR", country_confidence=0.49)) is None
    assert ["GB", "GR", None] == [trusted_country(make_read(country=code)) for code in ("UK", "EL", "XX")]
    assert trusted_country(make_read()) is None


def test_half_of_the_reference_data_decides_nothing_however_long_it_takes() -> None:
    """Cameras are imported last, but read first: until the look that found them is over, sections and hotlist may be missing."""
    cameras = {"E40-1": make_camera("E40-1")}
    with pytest.raises(Unavailable):
        need_cameras(cameras, False, 10 * GRACE_MS)
    need_cameras(cameras, True, 0)


def test_a_platform_without_any_camera_waits_for_a_while_and_then_says_so_read_by_read() -> None:
    """Nobody is bringing them back."""
    with pytest.raises(Unavailable):
        need_cameras({}, False, GRACE_MS - 1)
    need_cameras({}, False, GRACE_MS)


def test_many_reads_are_refused_as_each_alone() -> None:
    """By their places, for the same reasons."""
    cameras = cameras_of(make_camera(), make_camera("lez", purposes=("lez",)))
    reads = [
        make_read(), make_read(camera_id="nobody"), make_read(captured_at_ms=NOON_MS + FUTURE_BOUND_MS),
        make_read(captured_at_ms=NOON_MS + FUTURE_BOUND_MS + 1), make_read(purposes=("hotlist",)),
        make_read(captured_at_ms=NOON_MS - KEPT_DAYS * DAY_MS),
        make_read(captured_at_ms=NOON_MS - KEPT_DAYS * DAY_MS - 1), make_read(camera_id="lez", purposes=("hotlist",)),
    ]  # fmt: skip
    alone = {at: check_read(read, cameras, NOON_MS, retention_days=KEPT_DAYS) for at, read in enumerate(reads)}
    assert {at: refusal for at, refusal in alone.items() if refusal} == dict(
        check_reads(reads, Versions(cameras), NOON_MS, retention_days=KEPT_DAYS)
    )
    assert [1, 3, 6, 7] == [at for at, _ in check_reads(reads, Versions(cameras), NOON_MS, retention_days=KEPT_DAYS)]


def test_a_read_is_judged_by_its_camera_as_it_was_when_it_was_captured() -> None:
    """A camera that was registered, or lost a purpose, afterwards changes nothing for what it saw before."""
    cameras = Versions[Camera]()
    cameras.put("E40-1", Version(make_camera(), NOON_MS, NOON_MS))
    cameras.put("E40-1", Version(make_camera(purposes=("lez",)), NOON_MS + 100, NOON_MS + 100))
    reads = [make_read(captured_at_ms=NOON_MS + after_ms, purposes=("hotlist",)) for after_ms in (-1, 0, 99, 100)]
    refused = {
        at: refusal.reason for at, refusal in check_reads(reads, cameras, NOON_MS + 200, retention_days=KEPT_DAYS)
    }
    assert {0: "unknown_camera", 3: "not_allowed_purpose"} == refused


def test_a_camera_that_says_afterwards_since_when_it_is_one_is_known_then() -> None:
    """It was imported again after Redis was emptied. One that says nothing was none before it arrived."""
    said, silent = Versions[Camera](), Versions[Camera]()
    said.put("E40-1", Version(make_camera(), NOON_MS - DAY_MS, NOON_MS + 60_000))
    silent.put("E40-1", Version(make_camera(), NOON_MS + 60_000, NOON_MS + 60_000))
    now_ms = NOON_MS + 90_000
    assert [] == list(check_reads([make_read()], said, now_ms, retention_days=KEPT_DAYS))
    ((_, refusal),) = check_reads([make_read()], silent, now_ms, retention_days=KEPT_DAYS)
    assert "holds_from" in refusal.detail


@pytest.mark.parametrize(
    ("network", "serves"),
    [("federal", True), ("local", True), ("vehicle", True), ("lez", False), ("public_transport", False)],
)
def test_a_camera_that_names_no_purposes_serves_what_its_network_is_for(network: Any, serves: bool) -> None:
    """A low-emission zone's camera raises no alert unless somebody says that it may."""
    assert serves == may_serve(make_read(), make_camera(network=network), "hotlist")
    assert may_serve(make_read(), make_camera(network=network, purposes=("hotlist",)), "hotlist")
    assert not may_serve(make_read(), make_camera(network=network, purposes=()), "hotlist")
