"""Builds invented messages of cameras. A test names only what matters to it."""

from collections.abc import Mapping
from datetime import UTC, datetime

from pipeline.gateway.items import CameraRead, Item
from pipeline.gateway.passages import PassageMemory
from pipeline.gateway.reading import MessageReading, received
from pipeline.gateway.request import CameraSettings, Circumstances


def at_ms(text: str) -> int:
    """The moment of a time in ISO form, UTC ms."""
    return round(datetime.fromisoformat(text).astimezone(UTC).timestamp() * 1000)


def jpeg(width: int = 1280, height: int = 720, filling: bytes = b"") -> bytes:
    """The smallest bytes that count as a JPEG: a head with its size, a comment, and the end mark."""
    comment = b"\xff\xfe" + (len(filling) + 2).to_bytes(2) + filling
    size = b"\xff\xc0" + (11).to_bytes(2) + b"\x08" + height.to_bytes(2) + width.to_bytes(2) + b"\x01\x01\x11\x00"
    return b"\xff\xd8" + comment + size + b"\xff\xd9"


PLATE, SCENE = jpeg(120, 28, b"plate"), jpeg(1280, 720, b"scene")


def around(received_at: str = "2026-05-04T10:00:01+00:00", **more: object) -> Circumstances:
    """What the gateway knows besides the bytes. more: settings of the camera (CameraSettings) or other fields of
    Circumstances."""
    settings = {name: more.pop(name) for name in CameraSettings.__struct_fields__ if name in more}
    return Circumstances(received_at_ms=at_ms(received_at), camera_settings=CameraSettings(**settings), **more)  # type: ignore[arg-type]  # names as the struct has them


def got(
    body: bytes,
    given: Circumstances | None = None,
    *,
    target: str = "/",
    headers: Mapping[str, str] | None = None,
    memory: PassageMemory | None = None,
) -> MessageReading:
    """What the gateway reads from this body, posted to `target`. given: see around; memory: of passages, an empty one by
    default."""
    given = given or around()
    memory = memory or PassageMemory()
    return received(body, given, memory, method="POST", target=target, headers=headers or {})


def the_read(reading: MessageReading) -> CameraRead:
    """The only read of a message."""
    reads = [item for item in reading.items if isinstance(item, CameraRead)]
    assert 1 == len(reads), reading.items
    return reads[0]


def reasons(reading: MessageReading) -> list[str]:
    """For each item, "read" or why it is none."""
    return [reason(item) for item in reading.items]


def reason(item: Item) -> str:
    """ "read", or why the item is none."""
    return "read" if isinstance(item, CameraRead) else item.reason


def form(*parts: tuple[str, bytes], boundary: str = "x7") -> tuple[bytes, dict[str, str]]:
    """A multipart body of these parts (head, body), and its headers."""
    body = b"".join(f"--{boundary}\r\n{head}\r\n\r\n".encode() + data + b"\r\n" for head, data in parts)
    return body + f"--{boundary}--\r\n".encode(), {"content-type": f"multipart/form-data; boundary={boundary}"}
