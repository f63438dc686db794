"""Plate reads: what every decision is made from."""

import re
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec

from schemas.base import (
    COUNTRY,
    IDENTIFIER,
    PLATE,
    Degrees,
    EpochMs,
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

# As Identifier, Plate and Country, but it is `fault_in` that matches the pattern, for many reads at once. msgspec does it one by
# one, which took longer than all the rest of decoding a read.
CheckedIdentifier = Annotated[str, msgspec.Meta(max_length=64, extra_json_schema={"pattern": rf"\A{IDENTIFIER}\Z"})]
CheckedPlate = Annotated[str, msgspec.Meta(max_length=16, extra_json_schema={"pattern": rf"\A{PLATE}\Z"})]
CheckedCountry = Annotated[str, msgspec.Meta(extra_json_schema={"pattern": rf"\A{COUNTRY}\Z"})]


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
    camera_id: CheckedIdentifier
    captured_at_ms: EpochMs  # camera clock, UTC
    received_at_ms: EpochMs  # platform clock, UTC
    plate: CheckedPlate
    confidence: (
        Probability  # that the characters are these; O and 0, I and 1, which many typefaces draw alike, count as one
    )
    alternatives: tuple[Alternative, ...] = ()
    raw: CheckedPlate | None = None  # what the picture alone says, where the forms of plates spoke for another text
    country: CheckedCountry | None = None
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


def fault_in(reads: Sequence[PlateRead]) -> str | None:
    """The first camera_id, plate, raw text or country that does not fit its pattern, as msgspec would say it; None when all do.

    Whoever decodes reads from outside asks this, too: `pipeline.stream.codec` does.
    """
    if len(reads) == 1:  # what looks at many at once costs more for one
        return _fault_of(reads[0], 0)
    if (
        _all_fit(_IDENTIFIERS, [read.camera_id for read in reads])
        and _all_fit(_PLATES, [read.plate for read in reads])
        and _all_fit(_PLATES, [read.raw for read in reads if read.raw is not None])
        and all(country is None or _COUNTRY.fullmatch(country) for country in {read.country for read in reads})
    ):
        return None
    return next((fault for at, read in enumerate(reads) if (fault := _fault_of(read, at))), None)


def _all_fit(lines: re.Pattern[str], names: list[str]) -> bool:
    text = "\n".join(names)
    return not names or (lines.fullmatch(text) is not None and text.count("\n") == len(names) - 1)


def _fault_of(read: PlateRead, at: int) -> str | None:
    for field, text, pattern in (
        ("camera_id", read.camera_id, _IDENTIFIER), ("plate", read.plate, _PLATE), ("raw", read.raw, _PLATE),
        ("country", read.country, _COUNTRY),
    ):  # fmt: skip
        if text is not None and pattern.fullmatch(text) is None:
            return f"Expected `str` matching regex '{pattern.pattern}' - at `$.reads[{at}].{field}`"
    return None


_IDENTIFIER, _PLATE = re.compile(IDENTIFIER), re.compile(PLATE)
_IDENTIFIERS = re.compile(rf"{IDENTIFIER}(?:\n{IDENTIFIER})*+")
_PLATES = re.compile(rf"{PLATE}(?:\n{PLATE})*+")
_COUNTRY = re.compile(COUNTRY)
