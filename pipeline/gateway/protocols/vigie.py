"""Vigie's own JSON, for gateways and programs that speak to it: one read, a list, or a form of reads and pictures.

Format: docs/cameras/vigie.md. A read has `camera_id`, `plate`, and `captured_at_ms` or `captured_at` (ISO 8601 with its
offset); all else is optional, and what is left out is unknown. What the sender states of its clock, and how likely other texts
are, is taken. In a form the part `reads` is the JSON; a picture's part is named by what it shows (plate, vehicle, overview),
after the read's index and a point where there are several reads: `1.plate`.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from pipeline.gateway import countries
from pipeline.gateway.documents import json_of
from pipeline.gateway.drafts import Draft, finished, place
from pipeline.gateway.items import Item, Picture, PictureKind, Refuse
from pipeline.gateway.multipart import Part, form_of
from pipeline.gateway.node import Node
from pipeline.gateway.protocols import UNIQUE_KEPT_MS, Answer
from pipeline.gateway.request import Circumstances, Request
from pipeline.gateway.times import epoch, moment_of
from pipeline.gateway.words import class_of, colour_of, lane_of, make_of, share_of, speed_of
from schemas.base import Position
from schemas.reads import MAX_ALTERNATIVES, Alternative, ClockState

NAME = "vigie"
PASSAGE_MS = UNIQUE_KEPT_MS
_LABEL = re.compile(r"(?:(\d{1,3})\.)?(plate|vehicle|overview)")
_KINDS: Mapping[str, PictureKind] = {"plate": "plate", "vehicle": "vehicle", "overview": "overview"}


def recognises(request: Request) -> bool:
    """Whether the message has the names of the three required fields."""
    return request.says(b'"camera_id"', b'"plate"', b'"captured_at')


def parse(request: Request) -> list[Item]:
    """One item a read."""
    said = _plainly(request.body)
    if said is not None:
        return [_guarded(said, (), request.circumstances)]
    content_type = request.headers.get("content-type", "")
    parts = form_of(content_type, request.body) if "multipart" in content_type.lower() or _is_form(request) else []
    texts = [part for part in parts if not part.is_picture and part.is_json]
    text = next((part.body for part in sorted(texts, key=lambda part: part.labels[0] != "reads")), None)
    node = json_of(text if text is not None else request.body)
    reads = node.at("reads") if node.at("reads") else node
    return [_guarded(one, _of(parts, at) if parts else (), request.circumstances) for at, one in enumerate(reads)]


def _is_form(request: Request) -> bool:
    """Whether it begins as a form does, whatever its head says."""
    return request.body[:400].lstrip().startswith(b"--")


def _of(parts: list[Part], at: int) -> tuple[Picture, ...]:
    """The pictures of the read at this index."""
    found = ((_LABEL.fullmatch(part.labels[0]), part.body) for part in parts if part.is_picture and part.body)
    return tuple(
        Picture(kind=_KINDS[label[2]], data=data) for label, data in found if label and int(label[1] or 0) == at
    )


def _guarded(read: "Node | _Said", pictures: tuple[Picture, ...], around: Circumstances) -> Item:
    try:
        return _item(read, pictures, around)
    except Refuse as refused:
        return refused.item


class _Said(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a read says, with the types of docs/cameras/vigie.md."""

    camera_id: str
    plate: str
    captured_at_ms: int | None = None
    captured_at: str = ""
    buffered: bool = False
    confidence: float | None = None
    country: str = ""
    country_confidence: float | None = None
    lane: int | None = None
    direction: str = ""
    heading_deg: float | None = None
    speed_kmh: float | None = None
    vehicle_class: str = ""
    colour: str = ""
    make: str = ""
    position: Position | None = None
    event_key: str = ""
    alternatives: tuple[Alternative | str, ...] = ()
    clock: ClockState | None = None
    reads: Any = None  # none has any: it is a list of reads


_PLAIN = msgspec.json.Decoder(_Said)


def _plainly(body: bytes) -> _Said | None:
    """What a message says that is one read, with the documented types; None for any other, which is looked at value by value."""
    try:
        said = _PLAIN.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):  # also for halves of characters
        return None
    return said if said.reads is None else None


def _said(read: Node) -> _Said:
    """What a read says, also in other types that leave no doubt. Raises Refuse for a clock or alternatives that are none."""
    try:
        return msgspec.convert(read.value, _Said)
    except msgspec.ValidationError:
        lat, lon = (read.at("position", name).number for name in ("lat", "lon"))
        others = list(read.at("alternatives"))
        return _Said(
            camera_id=read.at("camera_id").word,
            plate=read.at("plate").text,
            captured_at_ms=read.at("captured_at_ms").integer,
            captured_at=read.at("captured_at").text,
            buffered=read.at("buffered").truth is True,
            confidence=read.at("confidence").number,
            country=read.at("country").text,
            country_confidence=read.at("country_confidence").number,
            lane=read.at("lane").integer,
            direction=read.at("direction").word,
            heading_deg=read.at("heading_deg").number,
            speed_kmh=read.at("speed_kmh").number,
            vehicle_class=read.at("vehicle_class").text,
            colour=read.at("colour").text,
            make=read.at("make").text,
            position=place(lat, lon),
            event_key=read.at("event_key").word,
            alternatives=tuple(
                _as(Alternative, one, "alternatives") if "probability" in one.names else one.at("text").text if one.names
                else one.text for one in others
            ),
            clock=_as(ClockState | None, read.at("clock"), "clock"),
        )  # fmt: skip


def _item(read: Node | _Said, pictures: tuple[Picture, ...], around: Circumstances) -> Item:
    said = read if isinstance(read, _Said) else _said(read)
    moment = epoch(said.captured_at_ms, 1000, "captured_at_ms") or moment_of(said.captured_at, "captured_at", around)
    draft = Draft(
        plate=said.plate,
        moment=moment,
        buffered=said.buffered or None,
        camera={"id": said.camera_id},
        confidence=share_of(said.confidence),
        country=countries.of_code(said.country),
        country_confidence=share_of(said.country_confidence),
        lane=lane_of(said.lane),
        direction=said.direction,
        speed_kmh=speed_of(said.speed_kmh),
        vehicle_class=class_of(said.vehicle_class),
        colour=colour_of(said.colour),
        make=make_of(said.make),
        position=place(said.position.lat, said.position.lon) if said.position else None,
        event_key=said.event_key.strip(),
        pictures=pictures,
        alternatives=tuple([one if isinstance(one, str) else one.text for one in said.alternatives]),
        weighed=tuple([one for one in said.alternatives if isinstance(one, Alternative)])[:MAX_ALTERNATIVES],
        heading_deg=said.heading_deg,
        clock=said.clock,
    )
    return finished(draft, around)


def _as(kind: Any, node: Node, field: str) -> Any:
    """The value as this type. Raises Refuse where it is none."""
    try:
        return msgspec.convert(node.value, kind)
    except msgspec.ValidationError as error:
        raise Refuse("invalid", f"{field}: {error}") from error


def answer(good: bool) -> Answer:
    """Status 200 with {"kept": true} if good, else 400 with false."""
    return Answer(status=200 if good else 400, json=b'{"kept":true}' if good else b'{"kept":false}')
