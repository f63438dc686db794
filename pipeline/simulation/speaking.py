"""Says reads as makers' cameras say them: for the demo, for loads, for benchmarks. What a maker's form has no field for is lost, as
it is with its cameras.

Each function gives one message: where it is sent, its headers, its body. The forms are those that the gateway's makers document;
nothing here is shared with the gateway, which must understand them from the bytes.
"""

import base64
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec

from schemas.reads import PlateRead

ZONE = ZoneInfo("Europe/Brussels")
"""The time zone of the wall clocks of simulated cameras."""
BOUNDARY = "vigie7MA4YWxk"
_AWAY = "leaving"


class Spoken(msgspec.Struct, frozen=True, kw_only=True):
    """One message. target: path and query; headers: those beside Host, Content-Length and who sends."""

    target: str
    headers: Mapping[str, str]
    body: bytes


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """The pictures of a passage, as JPEG."""

    plate: bytes
    overview: bytes


Voice = Callable[[PlateRead, Shown | None], Spoken]
_JSON = {"Content-Type": "application/json"}
_OWN = msgspec.json.Encoder()


def vigie(read: PlateRead, shown: Shown | None = None) -> Spoken:
    """Vigie's own JSON; with pictures as a form."""
    said = {"camera_id": read.camera_id, "plate": read.plate, "captured_at_ms": read.captured_at_ms,
            "confidence": read.confidence, "country": read.country, "country_confidence": read.country_confidence,
            "lane": read.lane, "direction": read.direction, "heading_deg": read.heading_deg, "speed_kmh": read.speed_kmh,
            "vehicle_class": read.vehicle_class, "colour": read.colour, "make": read.make, "clock": read.clock,
            "position": read.position, "alternatives": read.alternatives}  # fmt: skip
    body = _OWN.encode({name: value for name, value in said.items() if value is not None and value != ()})
    if shown is None:
        return Spoken(target="/", headers=_JSON, body=body)
    return _form("/", ("reads", "application/json", body), ("plate", "image/jpeg", shown.plate),
                 ("overview", "image/jpeg", shown.overview))  # fmt: skip


def hikvision(read: PlateRead, shown: Shown | None = None) -> Spoken:
    """ISAPI's XML, alone or as a form with its pictures."""
    direction = "" if read.direction is None else ("reverse" if read.direction == _AWAY else "forward")
    kinds = {"lorry": "truck", "van": "van", "bus": "largeBus", "motorcycle": "twoWheelVehicle"}
    event = {"channelName": read.camera_id, "channelID": "1", "dateTime": _local(read).isoformat(timespec="milliseconds"),
             "eventType": "ANPR", "eventState": "active", "UUID": read.read_id, "isDataRetransmission": "false",
             "countryAbbreviation": read.country or ""}  # fmt: skip
    anpr = {"licensePlate": read.plate, "line": str(read.lane or ""), "direction": direction,
            "confidenceLevel": f"{read.confidence * 100:.10g}",
            "vehicleType": kinds.get(read.vehicle_class, "vehicle")}  # fmt: skip
    inner = (
        _elements(anpr)
        + f"<vehicleInfo>{_elements({'color': read.colour or '', 'speed': _plain(read.speed_kmh)})}</vehicleInfo>"
    )
    body = (
        '<?xml version="1.0" encoding="UTF-8"?><EventNotificationAlert xmlns="http://www.isapi.org/ver20/XMLSchema">'
        f"{_elements(event)}<ANPR>{inner}</ANPR></EventNotificationAlert>"
    ).encode()
    if shown is None:
        return Spoken(target="/", headers={"Content-Type": "application/xml"}, body=body)
    return _form("/", ("anpr.xml", "text/xml", body), ("licensePlatePicture.jpg", "image/jpeg", shown.plate),
                 ("detectionPicture.jpg", "image/jpeg", shown.overview))  # fmt: skip


def dahua(read: PlateRead, shown: Shown | None = None) -> Spoken:
    """ITSAPI's TollgateInfo, its pictures as base64."""
    at = _local(read)
    picture: dict[str, object] = {
        "Plate": {"PlateNumber": read.plate, "IsExist": True, "Confidence": round(read.confidence * 100, 10),
                  "Country": read.country},
        "Vehicle": {"VehicleColor": read.colour or "Unknown", "VehicleType": read.vehicle_class},
        "SnapInfo": {"DeviceID": read.camera_id, "AccurateTime": f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03}",
                     "LanNo": read.lane, "Speed": read.speed_kmh,
                     "Direction": "Leave" if read.direction == _AWAY else "Obverse"},
    }  # fmt: skip
    if shown is not None:
        picture |= {"NormalPic": {"PicName": f"{read.read_id}.jpg", "Content": _base64(shown.overview)},
                    "CutoutPic": {"PicName": f"{read.read_id}-1.jpg", "Content": _base64(shown.plate)}}  # fmt: skip
    return Spoken(target="/NotificationInfo/TollgateInfo", headers=_JSON, body=_json({"Picture": picture}))


def axis(read: PlateRead, shown: Shown | None = None) -> Spoken:
    """License Plate Verifier's packet; with pictures as a form, which holds the plate's picture alone."""
    packet = {"carState": "new", "carID": str(int(read.read_id[-8:], 16)), "plateUTF8": read.plate,
              "plateCountry": read.country or "",
              "plateConfidence": f"{read.confidence:.10g}", "capture_timestamp": str(read.captured_at_ms),
              "carMoveDirection": "" if read.direction is None else ("out" if read.direction == _AWAY else "in"),
              "sensorProviderID": read.camera_id,
              "vehicle_info": {"type": read.vehicle_class, "color": read.colour or ""}}  # fmt: skip
    body = _json(packet)
    if shown is None:
        return Spoken(target="/", headers=_JSON, body=body)
    return _form("/", ("event", "application/json", body), ("image", "image/jpeg", shown.plate))


def rekor(read: PlateRead, shown: Shown | None = None) -> Spoken:
    """Rekor Scout's group."""
    group: dict[str, object] = {
        "data_type": "alpr_group", "agent_uid": read.camera_id, "camera_id": 1, "epoch_start": read.captured_at_ms,
        "is_preview": False, "uuids": [read.read_id], "best_plate_number": read.plate,
        "best_confidence": round(read.confidence * 100, 10), "best_region": (read.country or "").lower(),
        "vehicle": {"color": [{"name": read.colour or "", "confidence": 90}],
                    "body_type": [{"name": read.vehicle_class, "confidence": 90}]},
    }  # fmt: skip
    if shown is not None:
        group |= {"best_plate": {"plate": read.plate, "plate_crop_jpeg": _base64(shown.plate)},
                  "vehicle_crop_jpeg": _base64(shown.overview)}  # fmt: skip
    return Spoken(target="/", headers=_JSON, body=_json(group))


def genetec(read: PlateRead, shown: Shown | None = None) -> Spoken:
    """SharpV's HTTP extension."""
    at = datetime.fromtimestamp(read.captured_at_ms / 1000, UTC)
    about = {"Confidence Score": f"{read.confidence * 100:.10g}", "State Name": read.country or "", "Lane": str(read.lane or ""),
             "Vehicle Type": read.vehicle_class, "Vehicle Color": read.colour or "", "Speed": _plain(read.speed_kmh),
             "Relative Motion": "Moving away" if read.direction == _AWAY else "Getting closer"}  # fmt: skip
    sharp: dict[str, object] = {
        "Id": read.read_id, "LprCameraName": read.camera_id, "PlateRead": read.plate,
        "Timestamp": f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}0000",
        "PlateAnalytics": [{"Key": name, "Score": 1, "Value": value} for name, value in about.items()],
    }  # fmt: skip
    if shown is not None:
        sharp |= {"PlateImage": _base64(shown.plate), "ContextImage": _base64(shown.overview)}
    return Spoken(target="/", headers=_JSON, body=_json(sharp))


def tattile(read: PlateRead, shown: Shown | None = None) -> Spoken:
    """XML over TCP: the body alone is sent, and never answered."""
    at = _local(read)
    fields = {"PLATE_STRING": read.plate, "DATE": f"{at:%Y-%m-%d}", "TIME": f"{at:%H-%M-%S}-{at.microsecond // 1000:03}",
              "DEVICE_SN": read.camera_id, "OCRSCORE": str(round(read.confidence * 100)),
              "PLATE_COUNTRY_CODE": read.country or "", "LANE_ID": str(read.lane or ""), "SPEED": _plain(read.speed_kmh),
              "DIRECTION": "GOAWAY" if read.direction == _AWAY else "APPROACH", "VEHICLE_COLOR": read.colour or "",
              "VEHICLE_TYPE": read.vehicle_class}  # fmt: skip
    if shown is not None:
        fields |= {"IMAGE_OCR": _base64(shown.plate), "IMAGE_CTX": _base64(shown.overview)}
    return Spoken(target="", headers={}, body=f"<root>{_elements(fields)}</root>".encode())


VOICES: Mapping[str, Voice] = {
    "vigie": vigie, "hikvision": hikvision, "dahua": dahua, "axis": axis, "rekor": rekor, "genetec": genetec,
}  # fmt: skip
"""Makers whose cameras push over HTTP, by the gateway's names."""
IDENTITY: Mapping[str, str] = {
    "vigie": "id", "hikvision": "name", "dahua": "device", "axis": "provider", "rekor": "agent", "genetec": "name",
    "tattile": "serial",
}  # fmt: skip
"""The field by which each maker's message names its camera, as `vigie gateway try` calls it."""


def _local(read: PlateRead) -> datetime:
    return datetime.fromtimestamp(read.captured_at_ms / 1000, ZONE)


def _plain(number: float | None) -> str:
    return "" if number is None else f"{number:.10g}"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _elements(fields: Mapping[str, str]) -> str:
    return "".join(f"<{name}>{value}</{name}>" for name, value in fields.items() if value)


def _form(target: str, *parts: tuple[str, str, bytes]) -> Spoken:
    """A multipart form of these parts: name, media type, content."""
    body = b"".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}"\r\nContent-Type: {kind}\r\n'
        f"Content-Length: {len(data)}\r\n\r\n".encode()
        + data
        + b"\r\n"
        for name, kind, data in parts
    )
    content_type = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    return Spoken(target=target, headers=content_type, body=body + f"--{BOUNDARY}--\r\n".encode())
