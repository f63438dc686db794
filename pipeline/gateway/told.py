"""The result of a message as one JSON object: for scripts, for the waiting room, for the camera manager."""

import hashlib
from datetime import UTC, datetime

import msgspec

from pipeline.gateway.items import CameraRead, Ignored, Item, Rejected
from pipeline.gateway.node import Value
from pipeline.gateway.reading import MessageReading


def told(reading: MessageReading, *, with_answer: bool) -> dict[str, Value]:
    """Items, answer and maker of a message. with_answer: False for ways without an answer (files, streams that the gateway
    opened, MQTT)."""
    answer: dict[str, Value] | None = None
    if with_answer:
        answer = {"status": reading.answer.status}
        if reading.answer.json:
            answer["json_contains"] = msgspec.json.decode(reading.answer.json)
    found: dict[str, Value] = {
        "maker": reading.maker,
        "items": [_item(item) for item in reading.items],
        "answer": answer,
    }
    if reading.dropped:
        found["dropped"] = dict(reading.dropped)
    return found


def _item(item: Item) -> dict[str, Value]:
    if isinstance(item, Ignored):
        known: dict[str, Value] = {"ignored": item.reason}
        if item.camera:
            known["camera"] = dict(item.camera)
        return known | ({"event_key": item.event_key} if item.event_key else {})
    if isinstance(item, Rejected):
        return {"rejected": item.reason, **({"detail": item.detail} if item.detail else {})}
    return {"read": read_told(item)}


def read_told(read: CameraRead) -> dict[str, Value]:
    """One read, its pictures as their sizes and digests."""
    at = datetime.fromtimestamp(read.captured_at_ms / 1000, UTC)
    found: dict[str, Value] = {
        "plate": read.plate,
        "plate_as_sent": read.plate_as_sent,
        "captured_at_ms": read.captured_at_ms,
        "captured_at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "time_from": read.time_from,
        "confidence": read.confidence,
        "country": read.country,
        "camera": dict(read.camera),
        "lane": read.lane,
        "direction": read.direction,
        "direction_as_sent": read.direction_as_sent,
        "heading_deg": read.heading_deg,
        "speed_kmh": read.speed_kmh,
        "vehicle_class": read.vehicle_class,
        "colour": read.colour,
        "make": read.make,
        "position": {"lat": read.position.lat, "lon": read.position.lon} if read.position else None,
        "event_key": read.event_key,
        "pictures": [
            {"kind": one.kind, "bytes": len(one.data), "sha256": hashlib.sha256(one.data).hexdigest()}
            for one in read.pictures
        ],
        "alternatives": list(read.alternatives),
    }
    return found | _where_it_applies(read)


def _where_it_applies(read: CameraRead) -> dict[str, Value]:
    corrects: Value = {"plate": read.corrects, "event_key": read.event_key} if read.corrects else None
    said: dict[str, Value] = {
        "country_confidence": read.country_confidence,
        "picture_urls": list(read.picture_urls) or None,
        "picture_files": list(read.picture_files) or None,
        "relation": read.relation,
        "corrects": corrects,
        "late": read.late or None,
        "clock": None if read.clock_synced else {"synced": False},
        "clock_suspect": read.clock_suspect,
    }
    return {name: value for name, value in said.items() if value is not None}
