"""Uniview LAPI: structured events that a camera posts to whoever subscribed.

Source: LAPI V1.0, System/Event/Notification/Structure. `PassTime` (17 digits) is the wall clock; `TimeStamp` (seconds, UTC) is when
the event was sent. Several vehicles share pictures by index. Types and colours are numbers of the maker's own table. Control
characters stand within texts. Faces and persons may come along; they are not taken.
"""

from pipeline.gateway import countries
from pipeline.gateway.documents import json_of
from pipeline.gateway.drafts import Draft, all_of, finished
from pipeline.gateway.items import Ignored, Item, Picture, PictureKind
from pipeline.gateway.node import Node
from pipeline.gateway.pictures import called
from pipeline.gateway.protocols import UNIQUE_KEPT_MS, Answer, plain_answer
from pipeline.gateway.request import Circumstances, Request
from pipeline.gateway.times import epoch, moment_of
from pipeline.gateway.words import class_of, colour_of, lane_of, make_of, share_of, speed_of

NAME = "uniview"
PASSAGE_MS = UNIQUE_KEPT_MS


def recognises(request: Request) -> bool:
    """Whether the path or the structure is its own."""
    return request.path.startswith("/lapi/") or request.says(b'"StructureInfo"') or request.says(b'"VehicleInfoList"')


def parse(request: Request) -> list[Item]:
    """One item a vehicle; of a message without vehicles one Ignored."""
    if not request.body.strip(b"\x00 \r\n"):
        return [Ignored(reason="heartbeat")]
    return all_of(item for one in json_of(request.body, "gb18030") for item in _items(one, request))


def _items(event: Node, request: Request) -> list[Item]:
    info = event.first("StructureInfo", "StructureDataInfo")
    if not info:
        beat = "heartbeat" in request.path or "keepalive" in request.path
        return [Ignored(reason="heartbeat" if beat else "other_event", camera=_camera(event))]
    vehicles = list(info.at("ObjInfo").at("VehicleInfoList"))
    return [_vehicle(event, info, one, request.circumstances) for one in vehicles] or [
        Ignored(reason="other_event", camera=_camera(event))
    ]


def _camera(event: Node) -> dict[str, str]:
    source = event.first("SrcID", "DeviceID", "DeviceCode").word
    return {"source": source} if source else {}


def _vehicle(event: Node, info: Node, vehicle: Node, around: Circumstances) -> Item:
    about, plate = vehicle.at("VehicleAttributeInfo"), vehicle.at("PlateAttributeInfo")
    key = f"{event.at('Seq').word}/{vehicle.at('ID').word}" if event.at("Seq") else ""
    confidence = plate.at("Confidence").number or vehicle.at("Confidence").number
    draft = Draft(
        plate=plate.first("PlateNo", "PlateNumber").text,
        moment=moment_of(vehicle.at("PassTime").word, "PassTime", around)
        or epoch(event.at("TimeStamp").integer, 1, "TimeStamp, because PassTime is empty"),
        camera=_camera(event),
        confidence=share_of(confidence, 100) if confidence else None,
        country=countries.of_any(plate.at("Country").text) if not plate.at("Country").word.isdigit() else None,
        lane=lane_of(vehicle.first("LaneID", "LaneNo").integer),
        speed_kmh=speed_of(vehicle.first("Speed").number) or speed_of(about.first("Speed", "SpeedValue").number),
        vehicle_class=class_of(about.at("Type").text),
        colour=colour_of(about.at("Color").text),
        make=make_of(about.at("VehicleBrand").text),
        event_key=key,
        pictures=_picture(info, vehicle.at("LargePicAttachIndex").integer, "overview")
        + _picture(info, vehicle.at("SmallPicAttachIndex").integer, "plate"),
    )
    return finished(draft, around)


def _picture(info: Node, index: int | None, kind: PictureKind) -> tuple[Picture, ...]:
    if not index:
        return ()
    found = next((one for one in info.at("ImageInfoList") if one.at("Index").integer == index), Node(None))
    return called(kind, found.at("Data").text)


def answer(good: bool) -> Answer:
    """Status 200 if good, else 400."""
    return plain_answer(good)
