"""Plate reads: what every decision is made from."""

from typing import Annotated, Literal

import msgspec

from schemas.base import (
    Country,
    Degrees,
    EpochMs,
    Identifier,
    Message,
    Plate,
    Position,
    Probability,
    SpeedKmh,
    Text,
)

Network = Literal["federal", "local", "lez", "public_transport", "vehicle"]
"""Who runs the camera."""
Purpose = Literal["hotlist", "section_control", "investigation", "lez", "cross_border"]
"""What the law lets a read be used for."""
VehicleClass = Literal["car", "van", "lorry", "bus", "motorcycle", "trailer", "unknown"]
MAX_BATCH = 100


class ClockState(Message, frozen=True, kw_only=True):
    """How far the camera's clock can be trusted."""

    source: Literal["gnss", "ptp", "ntp", "none"]
    synced: bool = True
    offset_ms: float = 0.0  # camera minus reference, already corrected for
    worst_error_ms: Annotated[float, msgspec.Meta(ge=0.0)] = 0.0  # the true time lies within +- this


class Alternative(Message, frozen=True, kw_only=True):
    """Another text that the picture may show."""

    text: Plate
    probability: Probability


class PlateRead(Message, frozen=True, kw_only=True):
    """One vehicle's passage at one camera. Topic vigie.reads (in batches), partition of camera_id.

    Written by ocr and camera gateways; read by hotlist, section_control and the archive.
    """

    read_id: str  # ids.read_id(camera_id, captured_at_ms, plate)
    camera_id: Identifier
    captured_at_ms: EpochMs  # camera clock, UTC
    received_at_ms: EpochMs  # platform clock, UTC
    plate: Plate
    confidence: Probability  # that the characters are these; O and 0, I and 1, which many typefaces draw alike, count as one
    alternatives: tuple[Alternative, ...] = ()
    raw: Plate | None = None  # what the picture alone says, where the forms of plates spoke for another text
    country: Country | None = None
    country_confidence: Probability = 0.0
    lane: Annotated[int, msgspec.Meta(ge=0, le=32)] | None = None
    heading_deg: Degrees | None = None
    position: Position | None = None  # where the camera moves
    speed_kmh: SpeedKmh | None = None  # as the camera measured it
    vehicle_class: VehicleClass = "unknown"
    colour: Text | None = None
    make: Text | None = None
    network: Network | None = None
    purposes: tuple[Purpose, ...] = ()  # empty: those of the camera
    clock: ClockState | None = None
    crop: str | None = None  # evidence store path, e.g. 2026-03-01/ab12...ef.jpg
    overview: str | None = None
    reader: Text | None = None  # name/version of what read the plate


class ReadBatch(Message, frozen=True, kw_only=True):
    """1..100 reads of cameras of one partition. Topic vigie.reads."""

    reads: Annotated[tuple[PlateRead, ...], msgspec.Meta(min_length=1, max_length=MAX_BATCH)]
