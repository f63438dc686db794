"""What persons asked to watch for: which reads are hits, where, and for how long."""

from typing import Any

import pytest

from pipeline.hotlist.matching import Hit, alert_of
from pipeline.hotlist.watches import Watches, entry_id_of
from pipeline.hotlist.withdrawals import taken_back
from pipeline.reads.versions import Changed, Version, Versions, since_ever
from schemas.reads import PlateRead
from schemas.reference import Priority
from schemas.requests import Watch
from tests.builders import NOON_MS, make_camera, make_read, make_watch, make_zone

CAMERAS = Versions({"E40-1": make_camera(), "E40-9": make_camera("E40-9")})
ZONES = Versions({"ZONE-A": make_zone("ZONE-A", cameras=("E40-1",))})
BLUE_BMW = {"make": "BMW", "colour": "blue"}


def watches_of(*some: Watch) -> Watches:
    """These, which have held since ever."""
    made = Watches()
    made.take([since_ever(one.watch_id, one) for one in some])
    return made


def found(watches: Watches, read: PlateRead) -> list[Hit]:
    """The hits of one read."""
    return [hit for _, hits in watches.matched([read], CAMERAS, ZONES) for hit in hits]


def seen(plate: str = "1XYZ999", camera_id: str = "E40-1", after_ms: int = 0, **fields: Any) -> PlateRead:
    """A read so long after noon."""
    return make_read(plate, camera_id, NOON_MS + after_ms, **fields)


def test_a_part_of_a_plate_is_found_in_its_zone_alone() -> None:
    """A person must look at it; it rings, is shared with nobody and names case and service."""
    watches = watches_of(make_watch("1ADC*"))
    (hit,) = found(watches, seen("1ADC555"))
    alert = alert_of(hit, seen("1ADC555"), make_camera(), decided_at_ms=NOON_MS)
    assert ("pattern", True, True, ()) == (alert.match, alert.confirm, alert.rings, alert.share_with)
    assert ("watch:W-1", "ad_hoc", "2026/77", "zone 5341") == (
        alert.entry_id, alert.hotlist, alert.case_reference, alert.owner
    )  # fmt: skip
    assert [] == found(watches, seen("1ADC555", "E40-9")) == found(watches, seen("1AXC555"))


def test_a_whole_plate_is_found_as_on_a_list() -> None:
    """A sure read needs nobody to look."""
    (hit,) = found(watches_of(make_watch("1ADC555")), seen("1ADC555"))
    assert ("exact", False) == (hit.match, hit.confirm)


@pytest.mark.parametrize(
    ("fields", "is_hit"),
    [(BLUE_BMW, True), ({"make": "B.M.W.", "colour": "dunkelblau"}, True), ({"make": "BMW"}, False), ({"colour": "blue"}, False),
     ({"make": "Audi", "colour": "blue"}, False), ({"make": "BMW", "colour": "red"}, False), ({}, False),
     (BLUE_BMW | {"vehicle_class": "car"}, True), (BLUE_BMW | {"vehicle_class": "lorry"}, False)],
)  # fmt: skip
def test_a_look_is_found_by_make_and_colour_and_silence_proves_nothing(fields: dict[str, Any], is_hit: bool) -> None:
    """Whatever the plate; a person must look, and each plate is an incident of its own."""
    watches = watches_of(make_watch(None, make="bmw", colour="Blau", vehicle_class="car"))
    hits = found(watches, seen(**fields))
    assert is_hit == bool(hits)
    assert all(one.confirm and one.match == "pattern" for one in hits)
    assert [] == found(watches, seen(camera_id="E40-9", **fields))


@pytest.mark.parametrize(("priority", "rings"), [("low", False), ("normal", False), ("high", True), ("urgent", True)])
def test_what_only_looks_so_rings_where_the_request_is_urgent_or_high(priority: Priority, rings: bool) -> None:
    """Many vehicles look alike."""
    (hit,) = found(watches_of(make_watch(None, make="BMW", colour="blue", priority=priority)), read := seen(**BLUE_BMW))
    assert rings == alert_of(hit, read, make_camera(), decided_at_ms=NOON_MS).rings


def test_a_request_holds_from_its_arrival_until_it_ends_or_is_removed() -> None:
    """What was captured before is at most found afterwards, and rings nowhere."""
    for one in (make_watch("1ADC*"), make_watch(None, make="BMW", colour="blue")):
        watches = Watches()
        watches.take([Changed("W-1", (Version(one, NOON_MS + 1_000, NOON_MS + 1_000),))])
        live = {at: [hit for hit in found(watches, seen("1ADC555", after_ms=at, **BLUE_BMW)) if not hit.afterwards]
                for at in (0, 1_000, 86_400_000)}  # fmt: skip
        assert {0: 0, 1_000: 1, 86_400_000: 0} == {at: len(hits) for at, hits in live.items()}
        watches.take([Changed("W-1", (Version(None, NOON_MS + 5_000, NOON_MS + 5_000),))])
        assert [] == found(watches, seen("1ADC555", after_ms=6_000, **BLUE_BMW))
        assert watches.get(entry_id_of("W-1"), NOON_MS + 6_000) is None


def test_a_request_that_becomes_a_look_is_no_plate_any_more() -> None:
    """And back."""
    watches = watches_of(make_watch("1ADC*"))
    look = make_watch(None, make="BMW", colour="blue")
    watches.take([Changed("W-1", (Version(look, NOON_MS, NOON_MS),))])
    assert [] == found(watches, seen("1ADC555", after_ms=1))
    assert found(watches, seen(after_ms=1, **BLUE_BMW))


def test_an_open_alert_of_a_request_is_withdrawn_with_it_and_stands_while_it_holds() -> None:
    """Of a plate as of a look."""
    for one in (make_watch("1ADC*"), make_watch(None, make="BMW", colour="blue")):
        watches, read = watches_of(one), seen("1ADC555", **BLUE_BMW)
        (hit,) = found(watches, read)
        alert = alert_of(hit, read, make_camera(), decided_at_ms=NOON_MS)
        cameras, zones = CAMERAS.as_known(NOON_MS), ZONES.as_known(NOON_MS)
        entry = watches.get(alert.entry_id, NOON_MS + 1)
        assert taken_back(alert, entry, cameras, zones, NOON_MS + 1) is None
        ended = taken_back(alert, entry, cameras, zones, NOON_MS + 86_400_000)
        assert ended is not None
        assert "entry_expired" == ended.reason


@pytest.mark.parametrize(
    ("fields", "about"),
    [({"plate": None}, "name a plate"), ({"plate": None, "make": "BMW"}, "name a plate"),
     ({"case_reference": " "}, "case_reference"),
     ({"valid_until_ms": NOON_MS}, "valid_until_ms"), ({"valid_until_ms": NOON_MS + 40 * 86_400_000}, "31 days")],
)  # fmt: skip
def test_a_request_says_what_why_and_for_how_long(fields: dict[str, Any], about: str) -> None:
    """And ends within a month."""
    with pytest.raises(ValueError, match=about):
        make_watch(**({"plate": "1ADC*"} | fields))
