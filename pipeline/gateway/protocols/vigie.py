"""Vigie's own JSON, for gateways and programs that speak to it: one read, a list, or a form of reads and pictures.

Format: docs/cameras/vigie.md. A read has `camera_id`, `plate`, and `captured_at_ms` or `captured_at` (ISO 8601 with its
offset); all else is optional, and what is left out is unknown. What the sender states of its clock, and how likely other texts
are, is taken. In a form the part `reads` is the JSON; a picture's part is named by what it shows (plate, vehicle, overview),
after the read's index and a point where there are several reads: `1.plate`.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from pipeline.gateway import countries
from pipeline.gateway.documents import json_of
from pipeline.gateway.drafts import Draft, finished, place
from pipeline.gateway.items import CameraRead, Item, Picture, PictureKind, Refuse
from pipeline.gateway.multipart import Part, parts_of
from pipeline.gateway.node import Node
from pipeline.gateway.protocols import UNIQUE_KEPT_MS, Answer
from pipeline.gateway.request import Circumstances, Request
from pipeline.gateway.times import epoch, moment_of
from pipeline.gateway.words import class_of, colour_of, lane_of, make_of, share_of, speed_of
from schemas.reads import MAX_ALTERNATIVES, Alternative, ClockState

NAME = "vigie"
PASSAGE_MS = UNIQUE_KEPT_MS
_LABEL = re.compile(r"(?:(\d{1,3})\.)?(plate|vehicle|overview)")
_Weighed = Annotated[tuple[Alternative, ...], msgspec.Meta(max_length=MAX_ALTERNATIVES)]
_KINDS: Mapping[str, PictureKind] = {"plate": "plate", "vehicle": "vehicle", "overview": "overview"}


def recognises(request: Request) -> bool:
    """Whether the message has the names of the three required fields."""
    return request.says(b'"camera_id"', b'"plate"', b'"captured_at')


def parse(request: Request) -> list[Item]:
    """One item a read."""
    parts = parts_of(request.headers.get("content-type", ""), request.body)
    text = next((part.body for part in parts if not part.is_picture and part.body.lstrip()[:1] in (b"{", b"[")), None)
    node = json_of(text if text is not None else request.body)
    reads = node.at("reads") if node.at("reads") else node
    return [_guarded(one, _of(parts, at), request.circumstances) for at, one in enumerate(reads)]


def _of(parts: list[Part], at: int) -> tuple[Picture, ...]:
    """The pictures of the read at this index."""
    found = ((_LABEL.fullmatch(part.labels[0]), part.body) for part in parts if part.is_picture and part.body)
    return tuple(
        Picture(kind=_KINDS[label[2]], data=data) for label, data in found if label and int(label[1] or 0) == at
    )


def _guarded(read: Node, pictures: tuple[Picture, ...], around: Circumstances) -> Item:
    try:
        return _item(read, pictures, around)
    except Refuse as refused:
        return refused.item


def _item(read: Node, pictures: tuple[Picture, ...], around: Circumstances) -> Item:
    moment = epoch(read.at("captured_at_ms").integer, 1000, "captured_at_ms") or moment_of(
        read.at("captured_at").text, "captured_at", around
    )
    if moment is not None and read.at("buffered").truth is True:
        moment = msgspec.structs.replace(moment, buffered=True)
    position = read.at("position")
    draft = Draft(
        plate=read.at("plate").text,
        moment=moment,
        camera={"id": read.at("camera_id").word},
        confidence=share_of(read.at("confidence").number),
        country=countries.of_code(read.at("country").text),
        country_confidence=share_of(read.at("country_confidence").number),
        lane=lane_of(read.at("lane").integer),
        direction=read.at("direction").word,
        speed_kmh=speed_of(read.at("speed_kmh").number),
        vehicle_class=class_of(read.at("vehicle_class").text),
        colour=colour_of(read.at("colour").text),
        make=make_of(read.at("make").text),
        position=place(position.at("lat").number, position.at("lon").number),
        event_key=read.at("event_key").word,
        pictures=pictures,
        alternatives=tuple(one.at("text").text if one.names else one.text for one in read.at("alternatives")),
    )
    item = finished(draft, around)
    if not isinstance(item, CameraRead):
        return item
    return msgspec.structs.replace(
        item,
        heading_deg=read.at("heading_deg").number,
        clock=_as(ClockState | None, read.at("clock"), "clock"),
        weighed=_as(_Weighed, Node([one.value for one in read.at("alternatives") if one.names]), "alternatives"),
    )


def _as(kind: Any, node: Node, field: str) -> Any:
    """The value as this type. Raises Refuse where it is none."""
    try:
        return msgspec.convert(node.value, kind)
    except msgspec.ValidationError as error:
        raise Refuse("invalid", f"{field}: {error}") from error


def answer(good: bool) -> Answer:
    """Status 200 with {"kept": true} if good, else 400 with false."""
    return Answer(status=200 if good else 400, json={"kept": good})
