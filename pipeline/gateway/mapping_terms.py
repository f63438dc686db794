"""What a mapping's file may say: the structure of docs/cameras/mapping.md."""

from typing import Annotated, Literal

import msgspec

from pipeline.gateway.items import PictureKind
from pipeline.gateway.mapped_bodies import Form

Path_ = Annotated[str, msgspec.Meta(min_length=1, max_length=300)]
Paths = Path_ | Annotated[tuple[Path_, ...], msgspec.Meta(min_length=1, max_length=10)]
"""Where a value stands: names with a point between, a number for a place in a list; of several the first that holds something."""


class MappingPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the parts of a mapping. An unknown name in one is an error."""


class TimeField(MappingPart, frozen=True):
    """The field with the capture time. format: `any` of the forms that cameras use, a pattern of strptime, or the unit of a
    number since 1970. and_ (in the file: `and`): the field with the time of day, where the other holds the date alone; a blank
    comes between them."""

    path: Paths
    and_: Paths | None = msgspec.field(name="and", default=None)
    format: str = "any"
    zone: str | None = None  # of a time without an offset; None: the camera's setting, else the site's


class ScaledField(MappingPart, frozen=True):
    """A field with a number, and the number's unit or scale. A text with a unit or a percent sign of its own says it itself."""

    path: Paths
    of: float = 1.0  # confidence: 1, 100, 255 ...
    unit: Literal["km/h", "mph", "m/s", "knots"] = "km/h"  # speed


class WordField(MappingPart, frozen=True):
    """A field with a word, and the meaning of the sender's own words that are not plain English."""

    path: Paths
    words: dict[str, str] = {}
    oval: bool = False  # country: the sender writes oval signs (B is Belgium)


class Place(MappingPart, frozen=True):
    """The fields with a position in degrees."""

    lat: Paths
    lon: Paths


class Only(MappingPart, frozen=True):
    """Tells which messages are passages: the value at `path` must be one of `is_` (in the file: `is`); other messages are
    ignored."""

    path: Paths
    is_: tuple[str, ...] = msgspec.field(name="is")
    heartbeat: tuple[str, ...] = ()


class Replied(MappingPart, frozen=True):
    """The answer by which the sender knows that its message was stored."""

    status: Annotated[int, msgspec.Meta(ge=200, le=299)] = 200
    json: dict[str, str | bool | int] | None = None


class Mapping(MappingPart, frozen=True):
    """The mapping of one sender's messages."""

    name: Annotated[str, msgspec.Meta(pattern=r"\A[a-z][a-z0-9_-]{0,30}\Z")]
    format: Form
    recognise: Annotated[
        tuple[Annotated[str, msgspec.Meta(min_length=3)], ...], msgspec.Meta(min_length=1, max_length=10)
    ]
    plate: Paths
    time: TimeField
    camera: dict[str, Paths]
    each: Paths | None = None  # the list of passages; None: a message is one
    only: Only | None = None
    no_plate: tuple[str, ...] = ()
    confidence: ScaledField | None = None
    country: WordField | None = None
    lane: Paths | WordField | None = None
    direction: WordField | None = None
    speed: ScaledField | None = None
    vehicle_class: WordField | None = None
    colour: WordField | None = None
    make: WordField | None = None
    position: Place | None = None
    event_key: Paths | None = None
    buffered: Paths | None = None  # says true where the message comes from a buffer
    pictures: dict[PictureKind, Paths] = {}
    picture_urls: Paths | None = None
    answer: Replied = Replied()
