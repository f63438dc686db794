"""Tries payloads in files: what they would become, in order, without a server.

Beside PAYLOAD may stand STEM.http (request line and headers as sent, or the head of an answer that the gateway asked for)
and STEM.given.json (what is known besides the bytes: site_zone, received_at, camera_settings, topic, folder, file_age_s,
video_source).
"""

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from pipeline.errors import Misconfigured
from pipeline.gateway.http_bodies import head_of, unpacked
from pipeline.gateway.mapping import MappedMaker
from pipeline.gateway.mapping_notes import notes_on
from pipeline.gateway.passages import PassageMemory
from pipeline.gateway.protocols import Maker
from pipeline.gateway.reading import MessageReading, received
from pipeline.gateway.request import MAX_BODY, CameraSettings, Circumstances, Request
from schemas.base import UNREADABLE


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about a payload beside its bytes, from the file of its name with the ending .given.json. Every field may be
    left out; unknown ones are ignored."""

    site_zone: str = "Europe/Brussels"
    received_at: datetime | None = None
    camera_settings: CameraSettings = CameraSettings()
    topic: str | None = None
    folder: str | None = None
    file_age_s: float | None = None
    video_source: str | None = None


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one file. is_answered: whether such a message is answered at all. notes: what of the mapping that was tried
    came to nothing in it, in words."""

    path: Path
    reading: MessageReading
    is_answered: bool
    notes: tuple[str, ...] = ()


def tried(paths: Sequence[Path], zone: str | None = None, maker: Maker | None = None) -> Iterator[Tried]:
    """Yields the results of these files, one after the other, as messages of one camera or network. zone: the site's; None:
    as the file beside each says. maker: of all messages; None: each is recognised.

    Raises Misconfigured for a file that cannot be read, or a file beside it that cannot be understood.
    """
    memory = PassageMemory()
    for path in paths:
        body = _bytes_of(path)
        head = _beside(path, ".http")
        given = _given(path)
        method, target, headers = head_of(head.decode("latin-1")) if head is not None else ("", "", {})
        around = _circumstances(given, path, zone)
        reading = received(body, around, memory, method=method, target=target, headers=headers, maker=maker)
        notes: list[str] = []
        if isinstance(maker, MappedMaker) and reading.is_searched:
            plain = unpacked(body, headers)[0]
            request = Request(body=plain, circumstances=around, method=method, target=target, headers=headers)
            notes = notes_on(maker, request, reading.items)
        yield Tried(path=path, reading=reading, is_answered=bool(method), notes=tuple(notes))


def _bytes_of(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_BODY + 1)
    except OSError as error:
        raise Misconfigured(
            "PAYLOAD", found=str(path), allowed=f"a file that can be read ({error.strerror})"
        ) from error


def _beside(path: Path, ending: str) -> bytes | None:
    """The content of the file with the same name and another ending; None: there is none."""
    other = path.with_name(path.stem + ending)
    return _bytes_of(other) if other.is_file() and other != path else None


def _given(path: Path) -> Given:
    data = _beside(path, ".given.json")
    try:
        return msgspec.json.decode(data, type=Given) if data is not None else Given()
    except UNREADABLE as error:
        raise Misconfigured(f"{path.stem}.given.json", found="not understood", allowed=str(error)) from error


def _circumstances(given: Given, path: Path, zone: str | None) -> Circumstances:
    """What is known of a file besides its bytes. A received_at without a zone is UTC."""
    at = given.received_at
    now_ms = int(time.time() * 1000) if at is None else round(_aware(at).timestamp() * 1000)
    return Circumstances(
        received_at_ms=now_ms,
        site_zone=zone or given.site_zone,
        camera_settings=given.camera_settings,
        topic=given.topic,
        folder=given.folder if given.folder is not None else path.parent.name,
        file_name=path.name,
        file_age_s=given.file_age_s,
        **({"video_source": given.video_source} if given.video_source else {}),
    )


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
