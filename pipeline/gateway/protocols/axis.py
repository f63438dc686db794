"""Axis License Plate Verifier, and FF Group's readers that it is made of: HTTP push, JSON over TCP, VAPIX metadata.

Source: https://developer.axis.com/vapix/applications/license-plate-verifier-api/. NEW, UPDATE and LOST of one vehicle share
`carID`, which starts again with the camera; LOST repeats NEW's time with the last text. `capture_timestamp` is UTC
milliseconds; `datetime` is local without a zone. The picture is what its size shows, whatever imageType says.
"""

from collections.abc import Iterator, Mapping

from pipeline.gateway import countries
from pipeline.gateway.documents import HALF_CHARACTER, is_text, json_objects, json_of, text_of, xml_of
from pipeline.gateway.drafts import Draft, finished, place
from pipeline.gateway.items import Ignored, Item, Rejected
from pipeline.gateway.literals import value_of
from pipeline.gateway.multipart import Part, form_of
from pipeline.gateway.node import Node, Value
from pipeline.gateway.passages import KEPT_MS
from pipeline.gateway.pictures import of_base64, shown
from pipeline.gateway.protocols import Answer, plain_answer
from pipeline.gateway.request import Circumstances, Request
from pipeline.gateway.times import Moment, epoch, moment_of
from pipeline.gateway.words import class_of, colour_of, make_of, share_of

NAME = "axis"
PASSAGE_MS = KEPT_MS


def recognises(request: Request) -> bool:
    """Whether it is a packet with state and car, one of its application's events in an ONVIF envelope, or a heartbeat."""
    return (
        request.says(b'"carState"')
        or request.says(b'"plateUTF8"')
        or request.says(b"CameraApplicationPlatform")
        or request.says(b"carState", b"SimpleItem")
        or request.says(b"ALPV", b"identify")
        or request.says(b'"packetCounter"')
    )


def parse(request: Request) -> list[Item]:
    """One item a packet."""
    around = request.circumstances
    if b"SimpleItem" in request.body:
        return list(_of_metadata(request.body, around))
    parts = form_of(request.headers.get("content-type", ""), request.body)
    if parts:
        return _of_parts(parts, around)
    packets, rest = json_objects(text_of(request.body))
    found = [
        _item(one, (), around) if is_text(one) else Rejected(reason="unreadable", detail=HALF_CHARACTER)
        for packet in packets
        for one in packet
    ]
    if rest.strip("\x00 \r\n") and packets:
        found.append(Rejected(reason="incomplete_body"))
    return found or [_item(_quoted(request.body), (), around)]


def _quoted(body: bytes) -> Node:
    """A heartbeat as the maker's document writes it, in single quotes. Raises Refuse for what is no JSON either."""
    try:
        return Node(value_of(text_of(body)))
    except ValueError:
        return json_of(body)


def _of_parts(parts: list[Part], around: Circumstances) -> list[Item]:
    pictures = [part for part in parts if part.is_picture]
    events = [part for part in parts if not part.is_picture and part.is_json]
    bodies = tuple(part.body for part in pictures if part.body)
    return [_item(one, bodies, around) for part in events for one in json_of(part.body)]


def _item(packet: Node, pictures: tuple[bytes, ...], around: Circumstances) -> Item:
    info = packet.at("camera_info")
    camera = {
        "serial": info.at("SerialNumber").word,
        "mac": info.first("MACAddress").word or packet.at("MACAddress").word,
        "ip": info.at("IPAddress").word,
        "provider": packet.at("sensorProviderID").word,
    }
    if not packet.at("carState") and not packet.at("plateUTF8") and not packet.at("plateText"):
        identify = packet.at("identify")
        if identify:
            provider = packet.at("ALPV").first("device_ID", "device_id").word
            camera |= {"mac": identify.at("macAddress").word, "ip": identify.at("ipAddress").word, "provider": provider}
        known = {name: value for name, value in camera.items() if value}
        return Ignored(reason="heartbeat" if identify or packet.at("ALPV") else "other_event", camera=known)
    state = packet.at("carState").word.lower()
    if around.camera_settings.take and state and state != around.camera_settings.take.lower():
        return Ignored(reason="other_event", camera={name: value for name, value in camera.items() if value})
    about = packet.at("vehicle_info")
    draft = Draft(
        plate=packet.first("plateUTF8", "plateUnicode", "plateText", "plateASCII").text,
        moment=_moment(packet, around),
        camera=camera,
        confidence=share_of(packet.at("plateConfidence").number),
        country=countries.of_any(packet.at("plateCountry").text),
        direction=packet.at("carMoveDirection").word,
        vehicle_class=class_of(about.at("type").text),
        colour=colour_of(about.at("color").text),
        make=make_of(about.first("make", "brand").text),
        position=place(packet.at("geotag", "lat").number, packet.at("geotag", "lon").number),
        event_key=_key(camera, packet.at("carID").word),
        state=state,
        open_passage=True,
        pictures=tuple(shown(one) for one in (*pictures, *_inside(packet))),
    )
    return finished(draft, around)


def _inside(packet: Node) -> Iterator[bytes]:
    """The pictures inside a packet of JSON over TCP."""
    for one in packet.first("ImageArray", "imageArray"):
        yield from of_base64(one.first("BinaryImage", "binaryImage").text)


def _key(camera: Mapping[str, str], car: str) -> str:
    return f"{camera.get('serial') or camera.get('mac') or camera.get('provider', '')}:{car}" if car else ""


def _moment(packet: Node, around: Circumstances) -> Moment | None:
    return epoch(packet.at("capture_timestamp").integer, 1000, "capture_timestamp") or moment_of(
        packet.at("datetime").text, "datetime", around
    )


def _of_metadata(data: bytes, around: Circumstances) -> Iterator[Item]:
    """The items of the application's events in a metadata stream, one per NotificationMessage."""
    root, tree = xml_of(data)
    if root == "Envelope":
        tree = tree.at("Body")
    messages = list(tree.at("Event").at("NotificationMessage")) or list(tree.at("NotificationMessage"))
    for message in messages or [tree]:
        inner = message.at("Message").at("Message") or message.at("Message")
        fields: dict[str, Value] = {
            item.at("@Name").word: item.at("@Value").text
            for part in ("Source", "Data")
            for item in inner.at(part).at("SimpleItem")
        }
        yield _notified(Node(fields), inner, around)


def _notified(fields: Node, inner: Node, around: Circumstances) -> Item:
    """The item of an event; what a subscription repeats of before (Initialized) is no passage."""
    camera = {"mac": fields.at("MACAddress").word}
    is_before = inner.at("@PropertyOperation").word.lower() in ("initialized", "deleted")
    if is_before or not (fields.at("text") or fields.at("carState")):
        return Ignored(reason="other_event", camera={name: value for name, value in camera.items() if value})
    moment = epoch(fields.at("capture_timestamp").integer, 1000, "capture_timestamp")
    draft = Draft(
        plate=fields.at("text").text,
        moment=moment or moment_of(inner.at("@UtcTime").text, "UtcTime", around, zone="UTC"),
        camera=camera,
        country=countries.of_any(fields.at("country").text),
        direction=fields.at("carMoveDirection").word,
        vehicle_class=class_of(fields.at("vehicleType").text),
        colour=colour_of(fields.at("vehicleColor").text),
        event_key=_key(camera, fields.at("carID").word),
        state=fields.at("carState").word.lower(),
        open_passage=True,
        pictures=tuple(shown(one) for one in of_base64(fields.at("lpImage").text)),
    )
    return finished(draft, around)


def answer(good: bool) -> Answer:
    """The answer to a packet: status 200 if it could be read (good), else 400, upon which a camera with use_event_buffer
    sends it again."""
    return plain_answer(good)
