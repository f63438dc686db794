"""From what a camera's message says to the read that flows: once it is known which registered camera it was."""

from pipeline.gateway.items import CameraRead
from pipeline.gateway.senders import PROVEN, By
from schemas import ids
from schemas.reads import ClockState, Direction, PlateRead, Purpose

_DIRECTIONS: dict[str, Direction] = {"approaching": "approaching", "receding": "leaving"}


def plate_read_of(
    read: CameraRead,
    camera_id: str,
    *,
    received_at_ms: int,
    maker: str,
    known_by: By | None = None,
    purposes: tuple[Purpose, ...] = (),
) -> PlateRead:
    """The read of a registered camera, without its pictures. received_at_ms: UTC. known_by: how its sender was known; purposes:
    what it may serve at most, () for those of the camera.

    What the message leaves open stays open. Other texts that the camera considered are left out where it does not say how likely
    they are: a likelihood of 0 would say that they are excluded. A time of arrival is no capture time that proves anything.
    """
    return PlateRead(
        read_id=ids.read_id(camera_id, read.captured_at_ms, read.plate),
        camera_id=camera_id,
        captured_at_ms=read.captured_at_ms,
        received_at_ms=received_at_ms,
        plate=read.plate,
        confidence=read.confidence or 0.0,
        confidence_stated=read.confidence is not None,
        alternatives=read.weighed,
        country=read.country,
        country_confidence=read.country_confidence or 0.0,
        lane=read.lane,
        heading_deg=read.heading_deg,
        direction=_DIRECTIONS[read.direction] if read.direction else None,
        position=read.position,
        speed_kmh=read.speed_kmh,
        vehicle_class=read.vehicle_class,
        colour=read.colour,
        make=read.make,
        clock=read.clock if _is_trusted(read) else ClockState(source="none", synced=False),
        reader=maker,
        known_by=None if known_by is None else "password" if known_by in PROVEN else "address",
        proof=None if known_by in ("password", "address") else known_by,
        purposes=purposes,
    )


def _is_trusted(read: CameraRead) -> bool:
    """Whether nothing speaks against the time that the camera gave."""
    return read.clock_synced and read.clock_suspect is None
