"""NGSI AnprFlowObserved: smart cities' brokers (FIWARE), v2 and LD, as values or normalised, with or without an envelope.

Source: https://github.com/smart-data-models/dataModel.Transportation (AnprFlowObserved). The entity's id is the place, not the
passage. GeoJSON has longitude first. `laneId` is a name, a lane only where it is a number.
"""

import re

from pipeline.gateway import countries
from pipeline.gateway.documents import json_of
from pipeline.gateway.drafts import Draft, finished, place
from pipeline.gateway.items import Ignored, Item
from pipeline.gateway.node import Node, Value
from pipeline.gateway.protocols import UNIQUE_KEPT_MS, Answer, plain_answer
from pipeline.gateway.request import Circumstances, Request
from pipeline.gateway.times import moment_of
from pipeline.gateway.words import class_of, colour_of, lane_of, make_of, share_of, speed_of
from schemas.base import Position

NAME = "ngsi"
PASSAGE_MS = UNIQUE_KEPT_MS
_WRAPPED = ("value", "object", "languageMap", "@value")


def recognises(request: Request) -> bool:
    """Whether it has the entity's type, or is a broker's notification."""
    return (
        request.says(b"AnprFlowObserved")
        or "fiware-service" in request.headers
        or request.says(b'"subscriptionId"', b'"data"')
    )


def parse(request: Request) -> list[Item]:
    """One item an entity."""
    node = json_of(request.body)
    batch = next((name for name in ("data", "entities", "@graph") if name in node.names), None)
    entities = node.at(batch) if batch is not None else node
    return [_item(_plain(one), request.circumstances) for one in entities] or [Ignored(reason="no_result")]


def _plain(node: Node, depth: int = 0) -> Node:
    """The entity's values, without the objects in which NGSI wraps them."""
    return Node(_unwrapped(node.value, depth))


def _unwrapped(value: Value, depth: int) -> Value:
    if depth > 12:
        return None
    if isinstance(value, list):
        return [_unwrapped(one, depth + 1) for one in value]
    if not isinstance(value, dict):
        return value
    for name in _WRAPPED:
        if name in value and set(value) <= _AROUND | {name}:
            return _unwrapped(value[name], depth + 1)
    return {name: _unwrapped(one, depth + 1) for name, one in value.items()}


_AROUND = {"type", "@type", "metadata", "observedAt", "unitCode", "datasetId", "createdAt", "modifiedAt", "instanceId"}


def _item(entity: Node, around: Circumstances) -> Item:
    if re.split(r"[/#:]", entity.at("type").word)[-1] not in ("AnprFlowObserved", ""):
        return Ignored(reason="other_event")
    vehicle = entity.at("observedVehicle")
    camera = {"name": entity.at("observedBy").word}
    if entity.at("vehiclePlateNotRead").truth is True:
        return Ignored(reason="no_plate", camera={name: value for name, value in camera.items() if value})
    plate = vehicle.at("licensePlate")
    draft = Draft(
        plate=plate.at("identifier").text if plate.names else plate.text,
        moment=moment_of(entity.at("dateObserved").text, "dateObserved", around, zone="UTC"),
        camera=camera,
        confidence=share_of(plate.at("confidence").number),
        country=countries.of_any(_named(vehicle.at("country"), "code", "name")),
        country_confidence=share_of(vehicle.at("country", "confidence").number),
        lane=lane_of(entity.at("laneId").integer),
        direction=vehicle.at("direction").word,
        speed_kmh=speed_of(vehicle.at("speed").number),
        vehicle_class=class_of(_named(vehicle.first("vehicleType", "type", "category"), "name")),
        colour=colour_of(_named(vehicle.at("color"), "name")),
        make=make_of(_named(vehicle.at("brand"), "name")),
        position=_position(entity.at("location")),
        picture_urls=tuple(url[:500] for one in entity.at("refImages") if (url := _named(one, "url").strip()))[:8],
    )
    return finished(draft, around)


def _named(node: Node, *names: str) -> str:
    return node.first(*names).text if node.names else node.text


def _position(location: Node) -> Position | None:
    """The position in a GeoJSON point, which has longitude first; None: there is none."""
    numbers = [one.number for one in location.at("coordinates")]
    return place(numbers[1], numbers[0]) if len(numbers) >= 2 else None


def answer(good: bool) -> Answer:
    """Status 200 if good, else 400."""
    return plain_answer(good)
