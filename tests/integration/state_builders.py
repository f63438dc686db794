"""Small builders for the state's tests."""

from typing import Any

from schemas import ids
from schemas.outcomes import Alert, Match
from schemas.reads import PlateRead
from schemas.reference import Camera, HotlistEntry

NOON_MS = 1_772_366_400_000


def make_read(camera_id: str = "E40-01", at_ms: int = NOON_MS, plate: str = "1ABC234") -> PlateRead:
    """A read of one plate at one camera."""
    return PlateRead(
        read_id=ids.read_id(camera_id, at_ms, plate),
        camera_id=camera_id,
        captured_at_ms=at_ms,
        received_at_ms=at_ms + 40,
        plate=plate,
        confidence=0.98,
    )


def make_entry(number: int = 1, plate: str = "1ABC234", **fields: Any) -> HotlistEntry:
    """A hotlist entry with a number of its own."""
    return HotlistEntry(
        entry_id=f"SIS-{number}",
        plate=plate,
        hotlist="sis",
        category="theft",
        owner="federal police",
        legal_basis="SIS art. 38",
        **fields,
    )


def make_camera(number: int = 1, name: str = "Estaimpuis") -> Camera:
    """A camera whose id contains the number."""
    return Camera(camera_id=f"CAM-{number}", name=name, network="federal")


def make_alert(read: PlateRead, entry: HotlistEntry, match: Match = "exact") -> Alert:
    """A hit of one read on one entry, its incident still unknown."""
    alert_id = ids.alert_id(read.read_id, entry.entry_id)
    return Alert(
        alert_id=alert_id,
        incident_id=alert_id,
        rings=False,
        live=True,
        entry_id=entry.entry_id,
        hotlist=entry.hotlist,
        category=entry.category,
        priority=entry.priority,
        action=entry.action,
        owner=entry.owner,
        legal_basis=entry.legal_basis,
        match=match,
        score=1.0,
        confirm=False,
        wanted_plate=entry.plate,
        read=read,
        decided_at_ms=read.captured_at_ms + 100,
    )
