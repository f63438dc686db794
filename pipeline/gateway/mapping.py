"""Makes reads of an unknown sender's messages by a TOML file, which names the place of each field in JSON, XML, a table or a form.
See docs/cameras/mapping.md."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from pipeline.errors import Misconfigured
from pipeline.gateway import countries
from pipeline.gateway.drafts import Draft, finished, place
from pipeline.gateway.items import Ignored, Item, Picture, PictureKind, Refuse
from pipeline.gateway.mapped_bodies import Form, parts_in, picture_in, trees_in
from pipeline.gateway.multipart import Part
from pipeline.gateway.node import Node
from pipeline.gateway.passages import UNIQUE_KEPT_MS
from pipeline.gateway.pictures import called
from pipeline.gateway.request import Answer, Circumstances, Request
from pipeline.gateway.times import Moment, Wall, epoch, moment_of, moment_of_wall
from pipeline.gateway.words import class_of, colour_of, lane_of, make_of, share_of, speed_of
from pipeline.runtime.private import WRITABLE, read_trusted
from schemas.base import UNREADABLE, Position

Path_ = Annotated[str, msgspec.Meta(min_length=1, max_length=300)]
Paths = Path_ | Annotated[tuple[Path_, ...], msgspec.Meta(min_length=1, max_length=10)]
"""Where a value stands: names with a point between, a number for a place in a list; of several the first that holds something."""
TOP = "^"
"""A path that begins so leads from the top of the message, where `each` names a list in it."""
PART = "part:"
"""A picture's path that begins so names a part of a form, by a piece of its name or of its file's."""
_PER_SECOND = {"seconds": 1, "milliseconds": 1000, "microseconds": 1_000_000}
_TO_KMH = {"km/h": 1.0, "mph": 1.609344, "m/s": 3.6, "knots": 1.852}


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the parts of a mapping. An unknown name in one is an error."""


class TimeField(_Part, frozen=True):
    """The field with the capture time. format: `any` of the forms that cameras use, a pattern of strptime, or the unit of a
    number since 1970. and_ (in the file: `and`): the field with the time of day, where the other holds the date alone; a blank
    comes between them."""

    path: Paths
    and_: Paths | None = msgspec.field(name="and", default=None)
    format: str = "any"
    zone: str | None = None  # of a time without an offset; None: the camera's setting, else the site's


class ScaledField(_Part, frozen=True):
    """A field with a number, and the number's unit or scale."""

    path: Paths
    of: float = 1.0  # confidence: 1, 100, 255 ...
    unit: Literal["km/h", "mph", "m/s", "knots"] = "km/h"  # speed


class WordField(_Part, frozen=True):
    """A field with a word, and the meaning of the sender's own words that are not plain English."""

    path: Paths
    words: dict[str, str] = {}
    oval: bool = False  # country: the sender writes oval signs (B is Belgium)


class Only(_Part, frozen=True):
    """Tells which messages are passages: the value at `path` must be one of `is_` (in the file: `is`); other messages are
    ignored."""

    path: Paths
    is_: tuple[str, ...] = msgspec.field(name="is")
    heartbeat: tuple[str, ...] = ()


class Place(_Part, frozen=True):
    """The fields with a position in degrees."""

    lat: Paths
    lon: Paths


class Replied(_Part, frozen=True):
    """The answer by which the sender knows that its message was stored."""

    status: Annotated[int, msgspec.Meta(ge=200, le=299)] = 200
    json: dict[str, str | bool | int] | None = None


class Mapping(_Part, frozen=True):
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
    lane: Paths | None = None
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


def value_at(node: Node, paths: Paths | None) -> Node:
    """The value at the first of these paths that is not empty; an empty node where there is none.

    >>> value_at(Node({"a": [{"b": 1}, {"b": 2}]}), ("x", "a.1.b")).text
    '2'
    """
    for path in (paths,) if isinstance(paths, str) else paths or ():
        here = node
        for step in path[1:].split("/") if path.startswith("/") else path.split("."):
            index = isinstance(here.value, list) and step.isdigit()
            here = next((one for at, one in enumerate(here) if at == int(step)), Node(None)) if index else here.at(step)
        if here:
            return here
    return Node(None)


class MappedMaker:
    """A maker whose messages are read by a mapping."""

    PASSAGE_MS = UNIQUE_KEPT_MS

    def __init__(self, mapping: Mapping) -> None:
        self.NAME = mapping.name
        self._mapping = mapping
        self._marks = [text.encode() for text in mapping.recognise]

    def recognises(self, request: Request) -> bool:
        """Whether all texts of `recognise` occur in the body or in the path with its query."""
        return all(mark in request.words or mark.decode() in request.target for mark in self._marks)

    def parse(self, request: Request) -> list[Item]:
        """One item for each passage; one Ignored where the message has none. Raises Refuse for a body that cannot be read."""
        parts = parts_in(request)
        trees = trees_in(request, parts, self._mapping.format)
        if self._mapping.each:
            trees = [_within(one, tree) for tree in trees for one in value_at(tree, self._mapping.each)]
        shown = parts if len(trees) == 1 else []  # of several passages nothing says which a part's picture shows
        return [self._guarded(one, shown, request.circumstances) for one in trees] or [Ignored(reason="no_result")]

    def answer(self, good: bool) -> Answer:
        """The mapping's answer when the message could be read; otherwise status 400."""
        replied = self._mapping.answer
        body = b"" if replied.json is None else msgspec.json.encode(replied.json)
        return Answer(status=replied.status, json=body) if good else Answer(status=400)

    def _guarded(self, passage: Node, parts: Sequence[Part], around: Circumstances) -> Item:
        try:
            return self._item(passage, parts, around)
        except Refuse as refused:
            return refused.item

    def _item(self, passage: Node, parts: Sequence[Part], around: Circumstances) -> Item:
        mapping = self._mapping
        camera = {name: value_at(passage, paths).word for name, paths in mapping.camera.items()}
        if mapping.only is not None:
            kind = value_at(passage, mapping.only.path).word
            if kind in mapping.only.heartbeat:
                return Ignored(reason="heartbeat", camera={name: text for name, text in camera.items() if text})
            if kind not in mapping.only.is_:
                return Ignored(reason="other_event", camera={name: text for name, text in camera.items() if text})
        draft = Draft(
            plate=value_at(passage, mapping.plate).text,
            moment=self._moment(passage, around),
            time_as_sent=self._time(passage).word,
            buffered=value_at(passage, mapping.buffered).truth,
            camera=camera,
            confidence=_scaled(passage, mapping.confidence),
            country=_country(passage, mapping.country),
            lane=lane_of(value_at(passage, mapping.lane).integer),
            direction=_word(passage, mapping.direction),
            speed_kmh=_speed(passage, mapping.speed),
            vehicle_class=class_of(_word(passage, mapping.vehicle_class)),
            colour=colour_of(_word(passage, mapping.colour)),
            make=make_of(_word(passage, mapping.make)),
            position=_position(passage, mapping.position),
            event_key=value_at(passage, mapping.event_key).word,
            pictures=self._pictures(passage, parts),
            picture_urls=tuple(one.word[:500] for one in value_at(passage, mapping.picture_urls) if one.word)[:8],
        )
        return finished(draft, around, frozenset(word.lower() for word in mapping.no_plate))

    def _moment(self, passage: Node, around: Circumstances) -> Moment | None:
        field, node = self._mapping.time, self._time(passage)
        if field.format in _PER_SECOND:
            number = node.integer if node.integer is not None else node.number
            return epoch(number, _PER_SECOND[field.format], "the mapped time")
        if field.format == "any":
            return moment_of(node.text, "the mapped time", around, zone=field.zone)
        return _in_format(node.word, field, around)

    def _time(self, passage: Node) -> Node:
        field = self._mapping.time
        node = value_at(passage, field.path)
        return node if field.and_ is None else Node(f"{node.word} {value_at(passage, field.and_).word}".strip())

    def _pictures(self, passage: Node, parts: Sequence[Part]) -> tuple[Picture, ...]:
        found = (self._shown(kind, paths, passage, parts) for kind, paths in self._mapping.pictures.items())
        return tuple(picture for pictures in found for picture in pictures)

    @staticmethod
    def _shown(kind: PictureKind, paths: Paths, passage: Node, parts: Sequence[Part]) -> Sequence[Picture]:
        """The pictures of one kind, where the first of these paths that leads to some says."""
        for path in (paths,) if isinstance(paths, str) else paths:
            if not path.startswith(PART):
                pictures = called(kind, value_at(passage, path).text)
                if pictures:
                    return pictures
            elif (data := picture_in(parts, path.removeprefix(PART))) is not None:
                return [Picture(kind=kind, data=data)]
        return ()


def _within(passage: Node, message: Node) -> Node:
    """The passage, with the whole message under the name TOP."""
    return Node({**passage.value, TOP: message.value}) if isinstance(passage.value, dict) else passage


def _in_format(text: str, field: TimeField, around: Circumstances) -> Moment | None:
    try:
        at = datetime.strptime(text, field.format)  # noqa: DTZ007 (a wall clock, unless the format has %z)
    except ValueError:
        return None
    offset = at.utcoffset()
    wall = Wall(
        at.replace(tzinfo=None), None if offset is None else int(offset.total_seconds() // 60), "%f" in field.format
    )
    return moment_of_wall(wall, "the mapped time", around, zone=field.zone)


def _scaled(passage: Node, field: ScaledField | None) -> float | None:
    return share_of(value_at(passage, field.path).number, field.of) if field else None


def _speed(passage: Node, field: ScaledField | None) -> float | None:
    return speed_of(value_at(passage, field.path).number, _TO_KMH[field.unit]) if field else None


def _word(passage: Node, field: WordField | None) -> str:
    if field is None:
        return ""
    word = value_at(passage, field.path).word
    return field.words.get(word, word)


def _country(passage: Node, field: WordField | None) -> str | None:
    if field is None:
        return None
    word = _word(passage, field)
    return countries.of_oval_or_any(word) if field.oval else countries.of_any(word)


def _position(passage: Node, field: Place | None) -> Position | None:
    return place(value_at(passage, field.lat).number, value_at(passage, field.lon).number) if field else None


def mapping_in(path: Path) -> MappedMaker:
    """The mapping in a file. Raises Misconfigured naming the file and the fault, also where others may change it: what a camera's
    message says is what this file makes of it."""
    try:
        data = read_trusted("--mapping", path, modes=WRITABLE)[:1_000_000]
    except OSError as error:
        raise Misconfigured(
            "--mapping", found=str(path), allowed=f"a file that can be read ({error.strerror})"
        ) from error
    try:
        return MappedMaker(msgspec.toml.decode(data, type=Mapping))
    except (*UNREADABLE, ValueError, TypeError) as error:
        raise Misconfigured(str(path), found="not understood", allowed=str(error)) from error
