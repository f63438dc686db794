"""Builds messages for tests. Each builder fills in what does not matter, so that a test shows only what does."""

from math import inf
from typing import Any

from pipeline.hotlist.matching import Hotlist
from pipeline.law.book import Book, Period
from pipeline.law.kinds import Tolerance
from pipeline.sections.lines import Side
from pipeline.sections.moment import Reference
from pipeline.sections.passages import End, Passage
from schemas import ids
from schemas.base import Position
from schemas.outcomes import Alert
from schemas.reads import Alternative, ClockState, PlateRead, Purpose
from schemas.reference import Camera, Certificate, Distance, HotlistEntry, Line, Policy, Section, WantedList, Zone
from schemas.requests import Exclusion, Watch

NOON_MS = 1_767_268_800_000
"""2026-01-01 12:00 UTC, the time at which things happen unless a test says otherwise."""
KEPT_DAYS = 30
"""How long reads are kept where a test does not ask about the law."""
YEAR_MS = 365 * 86_400_000
METRES_A_DEGREE = 111_195.0  # of latitude
GNSS = ClockState(source="gnss", worst_error_ms=1.0, sync_age_ms=1_000)
BRUSSELS = Position(lat=50.85, lon=4.35)


def make_read(
    plate: str = "1ABC234",
    camera_id: str = "E40-1",
    captured_at_ms: int = NOON_MS,
    *,
    confidence: float = 0.95,
    alternatives: dict[str, float] | None = None,
    clock: ClockState | None = GNSS,
    **fields: Any,
) -> PlateRead:
    """A read, received 200 ms after its capture. alternatives: text -> probability. fields: any other fields of PlateRead."""
    return PlateRead(
        read_id=fields.pop("read_id", None) or ids.read_id(camera_id, captured_at_ms, plate),
        camera_id=camera_id,
        captured_at_ms=captured_at_ms,
        received_at_ms=fields.pop("received_at_ms", captured_at_ms + 200),
        plate=plate,
        confidence=confidence,
        alternatives=tuple(Alternative(text=text, probability=p) for text, p in (alternatives or {}).items()),
        clock=clock,
        **fields,
    )


def make_camera(camera_id: str = "E40-1", *, purposes: tuple[Purpose, ...] | None = None, **fields: Any) -> Camera:
    """A fixed federal camera in Brussels. purposes None: it names none, so that those of its network hold."""
    given: dict[str, Any] = {} if purposes is None else {"purposes": purposes}
    defaults = {"name": f"camera {camera_id}", "network": "federal", "position": BRUSSELS}
    return Camera(camera_id=camera_id, **(defaults | given | fields))


def cameras_of(*cameras: Camera) -> dict[str, Camera]:
    """The cameras by id; one at E40-1 when none is given."""
    return {camera.camera_id: camera for camera in cameras or (make_camera(),)}


def make_zone(zone_id: str = "Z1", **fields: Any) -> Zone:
    """A watch zone; without cameras and polygon it holds nothing."""
    return Zone(zone_id=zone_id, **({"name": f"zone {zone_id}", "kind": "watch"} | fields))


def zones_of(*zones: Zone) -> dict[str, Zone]:
    """The zones by id."""
    return {zone.zone_id: zone for zone in zones}


def make_entry(plate: str = "1ABC234", entry_id: str | None = None, **fields: Any) -> HotlistEntry:
    """A stolen vehicle, of urgent priority, valid always and everywhere."""
    defaults = {
        "hotlist": "stolen", "category": "theft", "priority": "urgent", "action": "stop", "owner": "zone 5341",
        "legal_basis": "police function act",
    }  # fmt: skip
    return HotlistEntry(entry_id=entry_id or "e-" + plate.replace("?", "_").replace("*", "-"), plate=plate,
                        **(defaults | fields))  # fmt: skip


def hotlist_of(*entries: HotlistEntry | str) -> Hotlist:
    """A hotlist of these entries, or of entries for these plates."""
    return Hotlist(make_entry(entry) if isinstance(entry, str) else entry for entry in entries)


def make_section(section_id: str = "S1", *, metres: float = 2_000.0, **fields: Any) -> Section:
    """A Belgian section from camera IN to camera OUT, limit 120 km/h, certified for a year before and after noon."""
    defaults: dict[str, Any] = {
        "name": f"section {section_id}",
        "country": "BE",
        "entries": (Line(camera_id="IN"),),
        "exits": (Line(camera_id="OUT"),),
        "distances": (Distance(entry_camera_id="IN", exit_camera_id="OUT", metres=metres),),
        "limit_kmh": 120,
        "certificate": make_certificate(),
    }
    return Section(section_id=section_id, **(defaults | fields))


def make_certificate(valid_from_ms: int = NOON_MS - YEAR_MS, valid_until_ms: int = NOON_MS + YEAR_MS) -> Certificate:
    """A certificate that is valid from and until (excluded) these times, ms UTC: without them, for a year before and after
    noon."""
    return Certificate(number="P 1.1-234", valid_from_ms=valid_from_ms, valid_until_ms=valid_until_ms)


def make_ends(
    travel_ms: int = 60_000, *, entry: dict[str, Any] | None = None, exit_: dict[str, Any] | None = None
) -> tuple[PlateRead, PlateRead]:
    """The two reads of a vehicle that was at camera IN at noon and at camera OUT travel_ms later. entry, exit_: fields of
    the two reads."""
    return (
        make_read(**({"camera_id": "IN"} | (entry or {}))),
        make_read(**({"camera_id": "OUT", "captured_at_ms": NOON_MS + travel_ms} | (exit_ or {}))),
    )


def passage_of(side: Side, *reads: PlateRead) -> Passage:
    """A passage with these reads; each arrived when it was received."""
    return Passage(side, tuple(End(side, read, read.received_at_ms) for read in reads))


def cameras_along(*sections: Section, **fields: Any) -> dict[str, Camera]:
    """The cameras of these sections, by id. Each is as far north of Brussels as the shortest certified distance to it.
    fields: given to all cameras."""
    north_m: dict[str, float] = {}
    for section in sections:
        for one in section.distances:
            start_m = north_m.setdefault(one.entry_camera_id, 0.0)
            north_m[one.exit_camera_id] = min(north_m.get(one.exit_camera_id, inf), start_m + one.metres)
    return {
        camera_id: make_camera(
            camera_id,
            **({"position": Position(lat=BRUSSELS.lat + metres / METRES_A_DEGREE, lon=BRUSSELS.lon)} | fields),
        )
        for camera_id, metres in north_m.items()
    }


def reference_of(*sections: Section, cameras: dict[str, Camera] | None = None) -> Reference:
    """These sections and their cameras, valid since the beginning of time."""
    known = cameras_along(*sections) | (cameras or {})
    return Reference.of({section.section_id: section for section in sections}, known)


def section_for(speed_kmh: float, *, travel_ms: int = 60_000, **fields: Any) -> Section:
    """A section of such a length that a vehicle with this travel time drives exactly speed_kmh."""
    return make_section(metres=speed_kmh * travel_ms / 3_600, **fields)


def make_alert(entry: HotlistEntry | None = None, read: PlateRead | None = None, **fields: Any) -> Alert:
    """The alert of an exact, certain, live hit on the entry."""
    entry, read = entry or make_entry(share_with=("NL",)), read or make_read()
    alert_id = ids.alert_id(read.read_id, entry.entry_id)
    defaults: dict[str, Any] = {
        "alert_id": alert_id, "incident_id": alert_id, "rings": True, "live": True, "entry_id": entry.entry_id,
        "hotlist": entry.hotlist, "category": entry.category, "priority": entry.priority, "action": entry.action,
        "owner": entry.owner, "legal_basis": entry.legal_basis, "match": "exact", "score": read.confidence, "confirm": False,
        "covert": entry.covert, "wanted_plate": entry.plate, "share_with": entry.share_with,
        "case_reference": entry.case_reference, "read": read, "decided_at_ms": read.captured_at_ms + 300,
    }  # fmt: skip
    return Alert(**(defaults | fields))


def make_exclusion(plate: str = "1ADC555", **fields: Any) -> Exclusion:
    """An innocent vehicle that looks like the entry T-1. fields: of the exclusion."""
    given = {"exclusion_id": f"X-{plate}", "reason": "its owner was stopped", "owner": "zone 5343",
             "valid_until_ms": NOON_MS + 86_400_000}  # fmt: skip
    named = {} if "list_id" in fields else {"entry_id": "T-1"}
    return Exclusion(**(given | named | {"plate": plate} | fields))


def make_watch(plate: str | None = "1ADC*", **fields: Any) -> Watch:
    """A request to watch in ZONE-A for a day from noon. fields: of the request."""
    given = {"watch_id": "W-1", "zone": "ZONE-A", "reason": "seen at the robbery", "case_reference": "2026/77",
             "legal_basis": "art. 44/1", "service": "zone 5341", "requested_by": "an.peeters", "valid_from_ms": NOON_MS,
             "valid_until_ms": NOON_MS + 86_400_000}  # fmt: skip
    return Watch(**(given | {"plate": plate} | fields))


def make_policy(country: str = "NL", policy_id: str | None = None, **fields: Any) -> Policy:
    """A policy that forwards stolen vehicles to the country for an hour, wherever they are seen."""
    defaults = {"lists": ("stolen",), "legal_basis": f"treaty on police cooperation with {country}, art. 13",
                "purpose": "pursuit", "everywhere": not fields.get("zones"),
                "contact": "desk@example.org"}  # fmt: skip
    return Policy(policy_id=policy_id or f"{country}-1", country=country, **(defaults | fields))


def make_list(list_id: str, **fields: Any) -> WantedList:
    """A list of stolen vehicles."""
    defaults = {"name": list_id, "hotlist": "stolen", "owner": "desk", "authority": "court", "legal_basis": "law"}
    return WantedList(list_id=list_id, **(defaults | fields))


def book_of(*periods: tuple[int, int, Tolerance]) -> Book:
    """A rule book with these tolerances for Belgium alone: (in force from, until, rule), times in ms UTC, until excluded."""
    filed = tuple(Period(from_ms, until_ms, rule, "") for from_ms, until_ms, rule in periods)
    return Book({(Tolerance, "BE", ""): filed})
