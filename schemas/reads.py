"""Plate reads: what every decision is made from."""

import re
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec

from schemas import ids
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
Timing = Literal["camera", "picture", "line"]
"""What a read's capture time is the time of: the camera's own trigger, its best picture, or crossing the line in its picture."""
KnownBy = Literal["password", "address"]
"""How a gateway knew the sender of a read: by its password or another proof of its own; or by where the read came from: to an
address with a secret in it, which stands in logs and histories, or by a way on which it proved nothing. `proof` says which."""
Direction = Literal["approaching", "leaving"]
VehicleClass = Literal["car", "van", "lorry", "bus", "motorcycle", "trailer", "unknown"]
MAX_BATCH = 100

MAX_ALTERNATIVES = 16
EVIDENCE_PATH = r"[0-9]{4}-[0-9]{2}-[0-9]{2}/[0-9a-f]{2,64}\.(?:jpg|png)"

# As Identifier, Plate and Country, but it is `fault_in` that matches the pattern, for many reads at once. msgspec does it one by
# one, which took longer than all the rest of decoding a read.
CheckedIdentifier = Annotated[str, msgspec.Meta(max_length=64, extra_json_schema={"pattern": rf"\A{IDENTIFIER}\Z"})]
CheckedPlate = Annotated[str, msgspec.Meta(max_length=16, extra_json_schema={"pattern": rf"\A{PLATE}\Z"})]
CheckedCountry = Annotated[str, msgspec.Meta(max_length=2, extra_json_schema={"pattern": rf"\A{COUNTRY}\Z"})]
CheckedEvidencePath = Annotated[
    str, msgspec.Meta(max_length=80, extra_json_schema={"pattern": rf"\A{EVIDENCE_PATH}\Z"})
]
"""Day and digest of a picture in the evidence store, and nothing that could lead out of it."""


class ClockState(Message, frozen=True, kw_only=True):
    """How far the camera's clock can be trusted, as far as it is stated; what is not stated proves nothing."""

    source: Literal["gnss", "ptp", "ntp", "none"]
    synced: bool = True
    offset_ms: float = 0.0  # camera minus reference, already corrected for
    worst_error_ms: Annotated[float, msgspec.Meta(ge=0.0)] = (
        0.0  # right after synchronising, the true time lay within +- this; 0, which no clock reaches: not stated
    )
    sync_age_ms: Annotated[int, msgspec.Meta(ge=0, le=4_102_444_800_000)] | None = (
        None  # how long before the capture it last synchronised; None: not stated
    )


class Alternative(Message, frozen=True, kw_only=True):
    """Another text that the picture may show."""

    text: Plate
    probability: Probability


class PlateRead(Message, frozen=True, kw_only=True):
    """One vehicle's passage at one camera. Topic vigie.reads (in batches), partition of camera_id.

    Written by ocr, cameras, gateways, the simulation, and once more by look-backs and `vigie dead-letters`; read by hotlist,
    section_control, health, desks and look-backs.
    """

    read_id: Annotated[str, msgspec.Meta(max_length=64)]  # ids.read_id(camera_id, captured_at_ms, plate); see `named`
    camera_id: CheckedIdentifier
    captured_at_ms: EpochMs  # camera clock, UTC
    received_at_ms: EpochMs  # platform clock, UTC
    timing: Timing | None = None  # None: the camera's own, as cameras that read plates themselves send it
    time_doubt_ms: Annotated[float, msgspec.Meta(ge=0.0)] = 0.0  # of an interpolated capture time: true within +- this
    plate: CheckedPlate
    confidence: (
        Probability  # that the characters are these; O and 0, I and 1, which many typefaces draw alike, count as one
    )
    confidence_stated: bool = (
        True  # False: the camera does not say how sure it is; confidence is 0 then and means nothing
    )
    alternatives: Annotated[tuple[Alternative, ...], msgspec.Meta(max_length=MAX_ALTERNATIVES)] = ()
    raw: CheckedPlate | None = None  # what the picture alone says, where the forms of plates spoke for another text
    country: CheckedCountry | None = None
    country_confidence: Probability = 0.0
    lane: Annotated[int, msgspec.Meta(ge=0, le=32)] | None = None
    heading_deg: Degrees | None = None
    direction: Direction | None = None  # whether the vehicle comes towards the camera, showing its front, or leaves it
    position: Position | None = None  # where the camera moves
    speed_kmh: SpeedKmh | None = None  # as the camera measured it
    vehicle_class: VehicleClass = "unknown"
    colour: Text | None = None
    make: Text | None = None
    network: Network | None = None
    purposes: Annotated[tuple[Purpose, ...], msgspec.Meta(max_length=8)] = ()  # empty: those of the camera
    clock: ClockState | None = None
    crop: CheckedEvidencePath | None = None  # e.g. 2026-03-01/ab12...ef.jpg
    overview: CheckedEvidencePath | None = None
    reader: Text | None = None  # name/version of what read the plate
    known_by: KnownBy | None = None  # None: its writer has an account of its own on Kafka
    proof: Text | None = (
        None  # digest, certificate: in place of a password; port, folder, fetched: of an address with a secret
    )


class ReadBatch(Message, frozen=True, kw_only=True):
    """1..100 reads of cameras of one partition. Topic vigie.reads."""

    reads: Annotated[tuple[PlateRead, ...], msgspec.Meta(min_length=1, max_length=MAX_BATCH)]


def named(read: PlateRead) -> PlateRead:
    """The read with the id that its camera, time and plate give, whatever id was sent with it.

    Computing an id takes half as long as all other work on a read, so it is done only where the id is used: for a hit, or
    for a sighting on a section.
    """
    own = ids.read_id(read.camera_id, read.captured_at_ms, read.plate)
    return read if read.read_id == own else msgspec.structs.replace(read, read_id=own)


def stated_confidence(read: PlateRead) -> float | None:
    """The probability, 0..1, that the characters are these; None where the camera does not say."""
    return read.confidence if read.confidence_stated else None


def fault_in(reads: Sequence[PlateRead]) -> str | None:
    """In words as msgspec's, the first camera_id, plate, raw text, country or picture's path that does not fit its pattern;
    None when all do.

    The types of these fields do not check their patterns, so every program that decodes reads from outside must call this:
    `pipeline.stream.codec` does.
    """
    if len(reads) == 1:  # what looks at many at once costs more for one
        return _fault_of(reads[0], 0)
    if (
        _all_fit(_IDENTIFIERS, [read.camera_id for read in reads])
        and _all_fit(_PLATES, [read.plate for read in reads])
        and _all_fit(_PLATES, [read.raw for read in reads if read.raw is not None])
        and all(country is None or _COUNTRY.fullmatch(country) for country in {read.country for read in reads})
        and _all_fit(
            _EVIDENCE_PATHS, [path for read in reads for path in (read.crop, read.overview) if path is not None]
        )
    ):
        return None
    return next((fault for at, read in enumerate(reads) if (fault := _fault_of(read, at))), None)


def _all_fit(lines: re.Pattern[str], names: list[str]) -> bool:
    text = "\n".join(names)
    return not names or (lines.fullmatch(text) is not None and text.count("\n") == len(names) - 1)


def _fault_of(read: PlateRead, at: int) -> str | None:
    if (
        _IDENTIFIER.fullmatch(read.camera_id)
        and _PLATE.fullmatch(read.plate)
        and (read.country is None or _COUNTRY.fullmatch(read.country))
        and read.raw is None
        and read.crop is None
        and read.overview is None
    ):  # as most reads: what follows takes five times as long
        return None
    for field, text, pattern in (
        ("camera_id", read.camera_id, _IDENTIFIER), ("plate", read.plate, _PLATE), ("raw", read.raw, _PLATE),
        ("country", read.country, _COUNTRY), ("crop", read.crop, _EVIDENCE_PATH),
        ("overview", read.overview, _EVIDENCE_PATH),
    ):  # fmt: skip
        if text is not None and pattern.fullmatch(text) is None:
            return f"Expected `str` matching regex '{pattern.pattern}' - at `$.reads[{at}].{field}`"
    return None


_IDENTIFIER, _PLATE = re.compile(IDENTIFIER), re.compile(PLATE)
_IDENTIFIERS = re.compile(rf"{IDENTIFIER}(?:\n{IDENTIFIER})*+")
_PLATES = re.compile(rf"{PLATE}(?:\n{PLATE})*+")
_COUNTRY, _EVIDENCE_PATH = re.compile(COUNTRY), re.compile(EVIDENCE_PATH)
_EVIDENCE_PATHS = re.compile(rf"{EVIDENCE_PATH}(?:\n{EVIDENCE_PATH})*+")
