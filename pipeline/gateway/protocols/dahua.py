"""Dahua: ITSAPI push, RPC events, and the streams of snapManager and eventManager.

Sources: Dahua ITSAPI (TollgateInfo, KeepAlive, DeviceInfo) and HTTP API (snapManager.cgi, eventManager.cgi). The camera repeats a
pushed event until it reads {"Result": true}. `UTC` in RPC and streams is the wall clock as an epoch unless the camera is set
otherwise; `RealUTC` is right. `TimeZone` is an index of the maker's table. Confidence is of 100 in ITSAPI, and on an unknown scale
(up to 255) elsewhere.
"""

from collections.abc import Iterator, Mapping

from pipeline.gateway import countries
from pipeline.gateway.documents import json_of, text_of
from pipeline.gateway.drafts import Draft, all_of, finished
from pipeline.gateway.items import Ignored, Item, Picture, PictureKind, Rejected
from pipeline.gateway.multipart import Part, parts_of
from pipeline.gateway.node import Node
from pipeline.gateway.pictures import called, shown
from pipeline.gateway.protocols import Answer
from pipeline.gateway.protocols.dahua_events import traffic
from pipeline.gateway.protocols.dahua_lines import events_of_lines
from pipeline.gateway.request import Circumstances, Request
from pipeline.gateway.times import moment_of
from pipeline.gateway.words import class_of, colour_of, lane_of, make_of, share_of, speed_of

NAME = "dahua"
PASSAGE_MS = 600_000
"""The same event came again for five minutes, as a receiver's author measured."""
_PUSHED = "/notificationinfo/"
_CUT = Rejected(reason="incomplete_body", detail="a part after the event ends early")
_BUFFERED = frozenset({"offline", "history", "resend", "retransmission", "buffer", "cache", "record"})


def recognises(request: Request) -> bool:
    """Whether the path is one of its own, or the message has names that only its messages have."""
    return (
        request.path.startswith(_PUSHED)
        or request.says(b'"SnapInfo"', b'"Plate"')
        or request.says(b'"Active"', b"keepAlive")
        or request.says(b"client.notifyEventStream")
        or request.says(b"Events[0].")
        or request.says(b"Code=", b"action=")
        or request.body.strip() == b"Heartbeat"
    )


def parse(request: Request) -> list[Item]:
    """The items of a push, an RPC notification or a piece of a stream."""
    parts = parts_of(request.headers.get("content-type", ""), request.body)
    if parts:
        return list(_of_stream(parts, request.circumstances))
    if request.says(b"Events[0].") or (b"Code=" in request.body and b"action=" in request.body):
        return _of_text(request.body, (), request.circumstances)
    if request.body.strip() == b"Heartbeat":
        return [Ignored(reason="heartbeat")]
    return _of_json(request)


def _of_json(request: Request) -> list[Item]:
    if not request.body.strip():
        node = Node(dict(request.query))
        return [Ignored(reason="heartbeat", camera=_identity(node))]
    return all_of(item for one in json_of(request.body, "gb2312") for item in _of_message(one, request))


def _of_message(node: Node, request: Request) -> list[Item]:
    around = request.circumstances
    if node.at("method").word or node.at("params", "eventList"):
        events = list(node.at("params", "eventList"))
        return [
            traffic("" if one.at("Action").word == "Stop" else one.at("Code").word, one.at("Data"), (), around)
            for one in events
        ] or [Ignored(reason="other_event")]
    if node.at("Picture"):
        return [_pushed(one, around) for one in node.at("Picture")]
    beat = node.at("Active").word.lower() == "keepalive" or request.path.endswith("keepalive")
    return [Ignored(reason="heartbeat" if beat else "other_event", camera=_identity(node))]


def _identity(node: Node) -> Mapping[str, str]:
    device = node.first("DeviceID", "DeviceId", "deviceID").word
    return {"device": device} if device else {}


def _pushed(picture: Node, around: Circumstances) -> Item:
    """The item of a TollgateInfo or ParkingInfo message."""
    plate, vehicle, snap = picture.at("Plate"), picture.at("Vehicle"), picture.first("SnapInfo", "ParkingInfo")
    text = "" if plate.at("IsExist").truth is False else plate.at("PlateNumber").text
    time = snap.first("AccurateTime", "SnapTime")
    moment = moment_of(time.text, "AccurateTime" if snap.at("AccurateTime") else "SnapTime", around)
    draft = Draft(
        plate=text,
        moment=moment,
        buffered=True if snap.at("Source").word.lower() in _BUFFERED else None,
        camera=_identity(snap) or _identity(picture),
        confidence=share_of(plate.at("Confidence").number, 100),
        country=countries.of_any(plate.first("Country", "Region").text),
        lane=lane_of(snap.first("LanNo", "LaneNo", "Lane").integer),
        direction=snap.at("Direction").word,
        speed_kmh=speed_of(snap.first("Speed", "VehicleSpeed").number or vehicle.at("Speed").number),
        vehicle_class=class_of(vehicle.at("VehicleType").text),
        colour=colour_of(vehicle.at("VehicleColor").text),
        make=make_of(vehicle.at("VehicleSign").text),
        event_key=next((name for one in _PICTURES if (name := picture.at(one, "PicName").word)), ""),
        pictures=tuple(_pushed_pictures(picture)),
    )
    return finished(draft, around)


_PICTURES = ("NormalPic", "VehiclePic", "CombinPic", "CutoutPic")
"""The names of pictures, from the one that names the event best. FacePic is a person's and never taken."""


def _pushed_pictures(picture: Node) -> Iterator[Picture]:
    """The pictures in the order of the body. Of two in one text, the second shows the plate."""
    for name in picture.names:
        if name == "CutoutPic":
            yield from called("plate", picture.at(name, "Content").text)
        elif name in ("NormalPic", "CombinPic"):
            yield from called("overview", picture.at(name, "Content").text)
        elif name == "VehiclePic":
            for at, one in enumerate(called("vehicle", picture.at(name, "Content").text)):
                yield one if at == 0 else shown(one.data, "plate")


def _of_stream(parts: list[Part], around: Circumstances) -> Iterator[Item]:
    """The items of a stream: each text part with the pictures that follow it."""
    text: Part | None = None
    pictures: list[Part] = []
    for part in parts:
        if part.is_picture or (part.is_cut and not part.body):
            pictures.append(part)
            continue
        if text is not None:
            yield from _part(text, pictures, around)
        text, pictures = part, []
    if text is not None:
        yield from _part(text, pictures, around)
    elif any(part.is_cut for part in pictures):
        yield _CUT


def _part(text: Part, parts: list[Part], around: Circumstances) -> list[Item]:
    if any(part.is_cut for part in parts):
        return [_CUT]
    pictures = tuple(shown(part.body, _kind(part)) for part in parts if part.body)
    return _of_text(text.body, pictures, around)


def _kind(part: Part) -> PictureKind:
    label = " ".join(part.labels).lower()
    return "vehicle" if "vehicle" in label else "overview"


def _of_text(data: bytes, pictures: tuple[Picture, ...], around: Circumstances) -> list[Item]:
    if data.strip() in (b"Heartbeat", b""):
        return [Ignored(reason="heartbeat")]
    found: list[Item] = []
    for code, value in events_of_lines(text_of(data, "gb2312")):
        if value is None:
            found.append(Rejected(reason="incomplete_body", detail="the event's data ends early"))
            continue
        found.append(traffic(code, Node(value), pictures if not found else (), around))
    return found or [Ignored(reason="other_event")]


def answer(good: bool) -> Answer:
    """Status 200 with "Result": true if good, else 400 with false. The camera sends the same event again until it reads
    true."""
    if good:
        return Answer(status=200, json=b'{"Result":true,"Message":"OK"}')
    return Answer(status=400, json=b'{"Result":false,"Message":"try again"}')
