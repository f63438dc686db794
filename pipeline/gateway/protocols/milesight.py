"""Milesight: what its LPR cameras post as JSON, or as a form.

Source: https://support.milesight.com/support/solutions/articles/69000880498. All values are texts; `time` is the camera's wall
clock without a zone; the device's name is its only identity ("Network Camera" unless somebody changed it); `roi_id` is a drawn
region, no lane. Counting, list, attribute and violation events come to the same URL.
"""

from collections.abc import Sequence
from urllib.parse import parse_qsl

from pipeline.gateway import countries
from pipeline.gateway.documents import json_of, text_of
from pipeline.gateway.drafts import Draft, finished
from pipeline.gateway.items import Ignored, Item, Picture
from pipeline.gateway.multipart import Part, form_of
from pipeline.gateway.node import Node, Value
from pipeline.gateway.pictures import called
from pipeline.gateway.protocols import UNIQUE_KEPT_MS, Answer, plain_answer
from pipeline.gateway.request import Circumstances, Request
from pipeline.gateway.times import moment_of
from pipeline.gateway.words import class_of, colour_of, make_of, share_of, speed_in

NAME = "milesight"
PASSAGE_MS = UNIQUE_KEPT_MS
_FIELDS = "application/x-www-form-urlencoded"
_OWN = b"roi_id plate_color vehicle_brand resolution_width region_name event snapshot plate_image".split()
_BRANDS = {
    "MERCEDESBENZ": "Mercedes-Benz", "LANDROVER": "Land Rover", "ALFAROMEO": "Alfa Romeo", "ROLLSROYCE": "Rolls-Royce",
    "ASTONMARTIN": "Aston Martin", "BMW": "BMW", "GMC": "GMC", "MINI": "MINI", "DS": "DS", "MG": "MG",
}  # fmt: skip


def recognises(request: Request) -> bool:
    """Whether the message has a device and a time, and a field that only its messages have."""
    if request.says(b'"device"', b'"time"'):
        return any(b'"%s"' % name in request.words for name in _OWN)
    return (
        request.content_type == _FIELDS
        and request.says(b"device=", b"time=")
        and any(b"%s=" % name in request.words for name in _OWN)
    )


def parse(request: Request) -> list[Item]:
    """One item, or one for each member of a list. A form's fields, or the JSON in one of its parts, are the same as JSON alone."""
    parts = form_of(request.headers.get("content-type", ""), request.body)
    pictures = tuple(
        Picture(kind="plate" if "plate" in " ".join(part.labels).lower() else "overview", data=part.body)
        for part in parts
        if part.is_picture and part.body
    )
    return [_item(one, pictures, request.circumstances) for one in _events(request, parts)]


def _events(request: Request, parts: Sequence[Part]) -> Node:
    if parts:
        fields: dict[str, Value] = {
            part.labels[0]: text_of(part.body) for part in parts if not part.is_picture and not part.is_json
        }
        return Node(fields) if "device" in fields else json_of(b"".join(part.body for part in parts if part.is_json))
    if request.content_type == _FIELDS and request.body.lstrip()[:1] not in (b"{", b"["):
        return Node(dict[str, Value](parse_qsl(text_of(request.body), max_num_fields=100)))
    return json_of(request.body)


def _item(event: Node, pictures: tuple[Picture, ...], around: Circumstances) -> Item:
    camera = {"name": event.at("device").word}
    if "plate" not in event.names:
        return Ignored(reason="other_event", camera={name: value for name, value in camera.items() if value})
    sent = event.at("vehicle_brand").word
    brand = sent.upper().removeprefix("TRA_BRAND_")
    draft = Draft(
        plate=event.at("plate").text,
        moment=moment_of(event.at("time").text, "time", around),
        camera=camera,
        confidence=share_of(event.at("confidence").number, 100),
        country=countries.of_any(event.at("region").text),
        direction=event.at("direction").word,
        speed_kmh=speed_in(event.at("speed").text),
        vehicle_class=class_of(event.at("vehicle_type").text),
        colour=colour_of(event.at("vehicle_color").text),
        make=make_of(sent if brand == sent.upper() else _BRANDS.get(brand, brand.capitalize())),
        pictures=called("plate", event.at("plate_image").text)
        + called("overview", event.at("full_image").text)
        + pictures,
    )
    return finished(draft, around)


def answer(good: bool) -> Answer:
    """Status 200 if good, else 400."""
    return plain_answer(good)
