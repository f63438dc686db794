"""The items of a camera's message: reads, items to ignore, and items to reject."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from schemas.base import Position
from schemas.reads import Alternative, ClockState, VehicleClass

Direction = Literal["approaching", "receding"]
PictureKind = Literal["plate", "vehicle", "overview"]
Relation = Literal["first", "correction", "repeat"]
IgnoredReason = Literal["no_plate", "no_result", "heartbeat", "other_event", "repeat_of_passage", "not_complete_yet"]
RejectedReason = Literal[
    "not_a_plate",
    "clock_not_set",
    "ambiguous_date",
    "incomplete_body",
    "incomplete_file",
    "xml_with_doctype",
    "unreadable",
    "unknown_format",
    "too_large",
    "unknown_camera",
    "not_active",
    "invalid",
]


class Picture(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A picture as the camera sent it."""

    kind: PictureKind
    data: bytes


class CameraRead(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A read as a camera's message states it, in Vigie's units. The registry decides later which registered camera it is
    from."""

    plate: str  # compact form
    plate_as_sent: str
    captured_at_ms: int
    time_from: str  # which field, how taken
    confidence: float | None  # None: not said, or on a scale that nobody knows
    camera: Mapping[str, str]  # every identity in the message
    country: str | None = None
    country_confidence: float | None = None
    lane: int | None = None
    direction: Direction | None = None
    direction_as_sent: str | None = None
    heading_deg: float | None = None  # of the compass; never from degrees in the picture
    speed_kmh: float | None = None
    vehicle_class: VehicleClass = "unknown"
    colour: str | None = None
    make: str | None = None
    position: Position | None = None
    event_key: str | None = None  # what names the passage for the sender
    state: str = ""  # which of several messages on one passage this is
    open_passage: bool = False  # more on the same passage may follow
    pictures: tuple[Picture, ...] = ()
    picture_urls: tuple[str, ...] = ()
    picture_files: tuple[str, ...] = ()
    alternatives: tuple[str, ...] = ()
    weighed: tuple[Alternative, ...] = ()  # those of which the sender says how likely they are
    clock: ClockState | None = None  # as the sender states it; None: it does not
    late: bool = False  # sent from a buffer
    clock_synced: bool = True  # False: dated by arrival, because the clock was never set
    clock_suspect: str | None = None  # why the time may be wrong, for a person
    relation: Relation | None = None
    corrects: str | None = None  # the plate of the read before, of the same passage


class Ignored(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An item without a read, such as a heartbeat. Nothing is wrong with it."""

    reason: IgnoredReason
    camera: Mapping[str, str] = {}
    event_key: str | None = None


class Rejected(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An item that can never become a read. It becomes a dead letter."""

    reason: RejectedReason
    detail: str = ""


Item = CameraRead | Ignored | Rejected


class Refuse(Exception):
    """Raised by a parser to refuse the whole message, or one item of it where the parser itself catches it."""

    def __init__(self, reason: RejectedReason, detail: str = "") -> None:
        super().__init__(reason)
        self.item = Rejected(reason=reason, detail=detail)
