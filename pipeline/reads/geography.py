"""Computes where a read was taken: position and heading, the zones it lies in, and its direction through a border zone."""

from collections.abc import Mapping, Sequence
from math import asin, cos, radians, sin, sqrt
from typing import Literal

from schemas.base import Position
from schemas.reads import PlateRead
from schemas.reference import Camera, Zone

Direction = Literal["outbound", "inbound"]
EARTH_M = 6_371_000.0
QUARTER_TURN_DEG = 90.0  # a heading nearer to the way out than this goes out; all others come in


def contains(polygon: Sequence[Position], position: Position) -> bool:
    """Whether the position lies in the polygon. polygon: its corners in order; the last is joined to the first. Degrees are
    taken as a plane.

    Right for zones of up to some hundred kilometres away from the poles and the 180th meridian. A polygon of fewer than
    three corners contains nothing; overlapping parts of a polygon that crosses itself cancel out (even-odd rule).
    """
    inside = False
    x, y = position.lon, position.lat
    for here, before in zip(polygon, [*polygon[-1:], *polygon[:-1]], strict=True):
        if (here.lat > y) != (before.lat > y):
            crossing_lon = here.lon + (y - here.lat) * (before.lon - here.lon) / (before.lat - here.lat)
            if x < crossing_lon:
                inside = not inside
    return inside


def position_of(read: PlateRead, camera: Camera | None) -> Position | None:
    """The position at which the read was taken: the read's own (of a moving camera), else the camera's; None: unknown."""
    return read.position or (camera.position if camera else None)


def heading_of(read: PlateRead, camera: Camera | None) -> float | None:
    """The vehicle's heading in degrees clockwise from north: the read's own, else that of the traffic that the camera sees;
    None: unknown."""
    if read.heading_deg is not None:
        return read.heading_deg
    return camera.heading_deg if camera else None


def in_zone(read: PlateRead, zone: Zone, cameras: Mapping[str, Camera]) -> bool:
    """Whether the zone names the read's camera, or its polygon contains the read's position (its own, else its camera's)."""
    if read.camera_id in zone.cameras:
        return True
    if not zone.polygon:
        return False
    position = position_of(read, cameras.get(read.camera_id))
    return position is not None and contains(zone.polygon, position)


def in_any_zone(
    read: PlateRead, zone_ids: Sequence[str], cameras: Mapping[str, Camera], zones: Mapping[str, Zone]
) -> bool:
    """Whether the read lies in one of the named zones. An unknown zone contains nothing."""
    return any(zone_id in zones and in_zone(read, zones[zone_id], cameras) for zone_id in zone_ids)


def angle_between_deg(one_deg: float, other_deg: float) -> float:
    """The smaller angle between two headings, 0..180 degrees.

    >>> angle_between_deg(350.0, 20.0)
    30.0
    """
    return abs((one_deg - other_deg + 180.0) % 360.0 - 180.0)


def direction_through(zone: Zone, heading_deg: float | None) -> Direction | None:
    """Outbound when the heading is within 90 degrees of the zone's way out, else inbound; None when either is unknown."""
    if heading_deg is None or zone.outbound_heading_deg is None:
        return None
    return "outbound" if angle_between_deg(heading_deg, zone.outbound_heading_deg) <= QUARTER_TURN_DEG else "inbound"


def beeline_m(one: Position, other: Position) -> float:
    """The distance between two positions in metres, along a great circle of a sphere: within 0.5 % of the true one.

    >>> round(beeline_m(Position(lat=50.85, lon=4.35), Position(lat=51.22, lon=4.40)), -3)
    41000.0
    """
    lat, other_lat = radians(one.lat), radians(other.lat)
    half = sin((other_lat - lat) / 2) ** 2
    half += cos(lat) * cos(other_lat) * sin(radians(other.lon - one.lon) / 2) ** 2
    return 2 * EARTH_M * asin(sqrt(min(1.0, half)))
