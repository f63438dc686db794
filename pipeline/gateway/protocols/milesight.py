"""Milesight: what its LPR cameras post as JSON.

Source: https://support.milesight.com/support/solutions/articles/69000880498. All values are texts; `time` is the camera's wall
clock without a zone; the device's name is its only identity ("Network Camera" unless somebody changed it); `roi_id` is a drawn
region, no lane. Counting, list, attribute and violation events come to the same URL.
"""

from pipeline.gateway import countries
from pipeline.gateway.documents import json_of
from pipeline.gateway.drafts import Draft, finished
from pipeline.gateway.items import Ignored, Item
from pipeline.gateway.node import Node
from pipeline.gateway.pictures import called
from pipeline.gateway.protocols import UNIQUE_KEPT_MS, Answer, plain_answer
from pipeline.gateway.request import Circumstances, Request
from pipeline.gateway.times import moment_of
from pipeline.gateway.words import class_of, colour_of, make_of, share_of, speed_in

NAME = "milesight"
PASSAGE_MS = UNIQUE_KEPT_MS
_BRANDS = {
    "MERCEDESBENZ": "Mercedes-Benz", "LANDROVER": "Land Rover", "ALFAROMEO": "Alfa Romeo", "ROLLSROYCE": "Rolls-Royce",
    "ASTONMARTIN": "Aston Martin", "BMW": "BMW", "GMC": "GMC", "MINI": "MINI", "DS": "DS", "MG": "MG",
}  # fmt: skip


def recognises(request: Request) -> bool:
    """Whether the message has a device and a time, and a field that only its messages have."""
    return request.says(b'"device"', b'"time"') and any(
        name in request.words
        for name in (b'"roi_id"', b'"plate_color"', b'"vehicle_brand"', b'"resolution_width"', b'"region_name"', b'"event"',
                     b'"snapshot"', b'"plate_image"')
    )  # fmt: skip


def parse(request: Request) -> list[Item]:
    """One item, or one for each member of a list."""
    return [_item(one, request.circumstances) for one in json_of(request.body)]


def _item(event: Node, around: Circumstances) -> Item:
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
        pictures=called("plate", event.at("plate_image").text) + called("overview", event.at("full_image").text),
    )
    return finished(draft, around)


def answer(good: bool) -> Answer:
    """Status 200 if good, else 400."""
    return plain_answer(good)
