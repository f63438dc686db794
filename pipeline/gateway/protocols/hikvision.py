"""Hikvision ISAPI: ANPR events pushed to an HTTP listener, or read from the camera's alertStream.

Source: Hikvision, Device Network SDK (Traffic) Developer Guide, XML_EventNotificationAlert_ANPR. The XML, or the same as JSON,
comes alone, as a part with its pictures, or as the fields of a query. Push cannot authenticate. `dateTime` has an offset (the
factory's is +08:00) and mostly whole seconds; `absTime` of a picture has milliseconds of the same wall clock.
"""

import re
from collections.abc import Iterator, Mapping

import msgspec

from pipeline.gateway import countries
from pipeline.gateway.documents import json_of, xml_of
from pipeline.gateway.drafts import Draft, finished, identities, place
from pipeline.gateway.items import Ignored, Item, Picture, Rejected
from pipeline.gateway.multipart import Part, form_of, parts_of
from pipeline.gateway.node import Node
from pipeline.gateway.protocols import UNIQUE_KEPT_MS, Answer, plain_answer
from pipeline.gateway.request import Circumstances, Request
from pipeline.gateway.times import Moment, Wall, moment_of_wall, wall_of
from pipeline.gateway.words import class_of, colour_of, lane_of, make_of, said, share_of, speed_of
from schemas.base import Position
from schemas.reads import VehicleClass

NAME = "hikvision"
PASSAGE_MS = UNIQUE_KEPT_MS
ROOT = b"EventNotificationAlert"
_AS_JSON = (b'"eventType"', b'"ANPR"')

_COUNTRIES = {30: "KZ"}
"""Numbers of the maker's own table that a public source confirms; all others are no country."""
_MILLIS = re.compile(r"\d{17}")
_PERSONS = re.compile(r"pilot|face|person|human|driver", re.IGNORECASE)


def recognises(request: Request) -> bool:
    """Whether the body contains an EventNotificationAlert, also without its name in JSON, or the query is an ANPR event."""
    return (
        request.says(ROOT)
        or request.says(*_AS_JSON)
        or ("licensePlate" in request.query and "eventType" in request.query)
    )


def parse(request: Request) -> list[Item]:
    """One item for each event; pictures belong to the event before them."""
    around = request.circumstances
    if not _is_event(request.body):
        return [_of_query(request)]
    found: list[Item] = []
    for event, pictures, whole in _events(request):
        found.append(_item(event, pictures, around) if whole else Rejected(reason="incomplete_body"))
    return found


def _events(request: Request) -> Iterator[tuple[Node, list[Part], bool]]:
    """Each event, the parts with its pictures, and whether the event is complete."""
    parts = parts_of(request.headers.get("content-type", ""), request.body)
    if not parts:
        yield _event(request.body), [], True
        return
    event: Node | None = None
    pictures: list[Part] = []
    whole = True
    for part in parts:
        if part.is_picture:
            pictures.append(part)
            whole = whole and not part.is_cut
        elif _is_event(part.body):
            if event is not None:
                yield event, pictures, whole
            if event is not None or not request.method:
                pictures, whole = [], True  # what comes before an event of a stream is no picture of it
            event = _event(part.body) if part.whole or _has_end(part.body) else Node(None)
            whole = bool(event)
        elif part.is_cut:
            whole = False
    if event is not None or not whole:
        yield event or Node(None), pictures, whole


def _is_event(data: bytes) -> bool:
    return ROOT in data or all(word in data for word in _AS_JSON)


def _has_end(data: bytes) -> bool:
    return b"</" + ROOT in data or data.rstrip().endswith(b"}")


def _event(data: bytes) -> Node:
    if data.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"{":
        node = json_of(data, "gb2312")
        return node.at(ROOT.decode()) or node
    begin = next((at for at in (data.find(b"<?xml"), data.find(b"<" + ROOT)) if at >= 0), 0)
    if (end := data.rfind(ROOT + b">")) > begin:  # what follows the event is none of it
        data = data[: end + len(ROOT) + 1]
    return xml_of(data if b"<!" in data[:begin] else data[begin:])[1]


def _item(event: Node, parts: list[Part], around: Circumstances) -> Item:
    kind = event.at("eventType").word.upper()
    if kind not in ("ANPR", "VEHICLEMATCHRESULT", "VEHICLEDETECTION"):
        beat = kind in ("VIDEOLOSS", "HEARTBEAT") and event.at("eventState").word.lower() == "inactive"
        return Ignored(reason="heartbeat" if beat or kind == "HEARTBEAT" else "other_event", camera=_camera(event))
    anpr = event.at("ANPR")
    draft = Draft(
        plate=anpr.first("licensePlate", "originalLicensePlate").text,
        moment=_moment(event, around),
        buffered=event.first("isDataRetransmission", "dataRetransmission").truth,
        camera=_camera(event),
        confidence=share_of(anpr.at("confidenceLevel").number, 100),
        country=_country(event, anpr),
        lane=lane_of(anpr.first("line", "laneNo", "lane").integer),
        direction=anpr.at("direction").word,
        speed_kmh=speed_of(anpr.at("vehicleInfo").first("speed", "vehicleSpeed").number),
        vehicle_class=_class(anpr),
        colour=colour_of(anpr.at("vehicleInfo", "color").text),
        make=make_of(anpr.at("vehicleInfo").first("vehicleLogo", "vehicleBrand").text),
        position=_position(event.at("DeviceGPSInfo")),
        event_key=event.at("UUID").word,
        pictures=tuple(_pictures(parts)),
    )
    return finished(draft, around)


def _camera(event: Node) -> Mapping[str, str]:
    return identities(
        {
            "ip": event.at("ipAddress").word,
            "mac": event.at("macAddress").word,
            "channel": event.at("channelID").word,
            "name": event.at("channelName").word,
            "device": event.at("deviceID").word,
        }
    )


def _moment(event: Node, around: Circumstances) -> Moment | None:
    """The event's dateTime, if it can be read; with the milliseconds of a picture's absTime if that is in the same second."""
    wall = wall_of(event.at("dateTime").text)
    if wall is None:
        return None
    said_as = "dateTime"
    if not wall.has_fraction:
        for info in event.at("ANPR", "pictureInfoList").at("pictureInfo"):
            text = info.at("absTime").word
            finer = wall_of(text) if _MILLIS.fullmatch(text) else None
            if finer is not None and _is_same_second(finer, wall, around):
                exact = wall.clock.replace(microsecond=finer.clock.microsecond)
                wall, said_as = msgspec.structs.replace(wall, clock=exact), "dateTime, milliseconds from absTime"
                break
    return moment_of_wall(wall, said_as, around)


def _is_same_second(local: Wall, wall: Wall, around: Circumstances) -> bool:
    """Whether the camera's wall clock `local` shows the second that `wall` does, which may be in UTC."""
    if local.clock.replace(microsecond=0) == wall.clock:
        return True
    there = moment_of_wall(local, "", around).ms // 1000
    return wall.offset_min == 0 and there == moment_of_wall(wall, "", around).ms // 1000


def _country(event: Node, anpr: Node) -> str | None:
    """The country of the abbreviation (ISO alpha-3, a name), else of a number that is confirmed, or without one, of a name."""
    for node in (event.at("countryAbbreviation"), anpr.at("countryAbbreviation")):
        if code := countries.of_any(node.text):
            return code
    number = anpr.first("country", "CRIndex").integer
    return _COUNTRIES.get(number) if number is not None else countries.of_name(anpr.at("country").text)


def _class(anpr: Node) -> VehicleClass:
    if anpr.at("twoWheelVehicle").truth:
        return "motorcycle"
    return class_of(anpr.at("vehicleType").text)


def _position(gps: Node) -> Position | None:
    """The position, from degrees, minutes and seconds with the letters of west and south. None: there is none."""
    found = []
    for name, side, minus in (("Latitude", "latitudeType", "S"), ("Longitude", "longitudeType", "W")):
        degree, minute, second = (gps.at(name, part).number for part in ("degree", "minute", "sec"))
        if degree is None:
            return None
        value = degree + (minute or 0) / 60 + (second or 0) / 3600
        found.append(round(-value if gps.at(side).word.upper() == minus else value, 7))
    return place(found[0], found[1])


def _pictures(parts: list[Part]) -> Iterator[Picture]:
    """The event's pictures, without those of drivers and passengers."""
    for part in parts:
        label = " ".join(part.labels) + part.headers.get("content-id", "")
        if not part.body or _PERSONS.search(label):
            continue
        kind = label.lower()
        yield Picture(
            kind="plate" if "plate" in kind else "vehicle" if "vehicle" in kind else "overview", data=part.body
        )


def _of_query(request: Request) -> Item:
    """The item of an event sent as fields of the query. A + in dateTime that was not escaped arrives as a blank."""
    around = request.circumstances
    query = Node(dict(request.query))
    if query.at("eventType").word.upper() != "ANPR":
        return Ignored(reason="other_event", camera=_camera(query))
    wall = wall_of(query.at("dateTime").text)
    pictures = _pictures(
        [part for part in form_of(request.headers.get("content-type", ""), request.body) if part.is_picture]
    )
    number = query.at("country").integer
    draft = Draft(
        plate=query.at("licensePlate").text,
        moment=moment_of_wall(wall, "dateTime", around) if wall is not None else None,
        camera=_camera(query),
        confidence=share_of(query.at("confidenceLevel").number, 100),
        country=_COUNTRIES.get(number) if number is not None else countries.of_any(query.at("country").text),
        lane=lane_of(query.first("lane", "line").integer),
        direction=said(query.at("direction").text) or "",
        vehicle_class=class_of(query.at("vehicleType").text),
        event_key=query.at("UUID").word,
        pictures=tuple(pictures),
    )
    return finished(draft, around)


def answer(good: bool) -> Answer:
    """Status 200 if good, else 400; the camera looks at the status alone."""
    return plain_answer(good)
