"""A message from a sender, and what the gateway knows besides."""

from collections.abc import Mapping, Sequence
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

import msgspec

from pipeline.gateway.pictures import FEW, without_pictures

MAX_BODY = 16 * 1024 * 1024
"""Bytes of the largest body: two pictures of a 12-megapixel camera as base64 are 8 MB. An own choice."""

LARGE = 256 * 1024
"""Bytes from which on a body is parsed in a thread, so that nobody else waits for it."""

DateOrder = Literal["day_first", "month_first"]


class CameraSettings(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What an operator has set for one camera, because its messages are wrong in these points."""

    zone: str | None = None  # of its wall clock, e.g. Europe/Brussels or UTC; None: the site's
    utc_is_local: bool = False  # its epoch is the wall clock read as if it were UTC (Dahua)
    offset_is_wrong: bool = False  # the offset in its times is the factory's; the wall clock is right (Hikvision)
    date_order: DateOrder | None = None  # of 06/07/2026; None: ask the date itself, refuse what is both
    take: str | None = None  # which of its kinds of events is the read, where it sends several of one passage


class Besides(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What a way other than HTTP tells of a message besides its bytes. file_age_s: since the file last grew."""

    topic: str | None = None  # MQTT
    folder: str | None = None  # of a watched folder
    file_name: str | None = None
    file_age_s: float | None = None


class Circumstances(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the gateway knows besides the bytes. Times are milliseconds since 1970, UTC."""

    received_at_ms: int
    site_zone: str = "Europe/Brussels"
    camera_settings: CameraSettings = CameraSettings()
    topic: str | None = None  # these four as in Besides
    folder: str | None = None
    file_name: str | None = None
    file_age_s: float | None = None
    video_source: str = "VideoSource_1"  # ONVIF's frames do not name it: the one that the stream was opened for

    @property
    def zone(self) -> str:
        """The zone of the camera's wall clock."""
        return self.camera_settings.zone or self.site_zone


class Request(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One message: over HTTP with the request's head, over any other way with an empty one."""

    body: bytes
    circumstances: Circumstances
    method: str = ""
    target: str = ""  # path and query as sent
    headers: Mapping[str, str] = {}  # names in lower case
    short_by: int = 0  # bytes that the sender promised and did not send
    words: bytes = b""  # the body without its pictures, where words are looked for

    def __post_init__(self) -> None:
        """Find the words."""
        body = self.body
        msgspec.structs.force_setattr(self, "words", without_pictures(body) if len(body) > FEW else body)

    @property
    def path(self) -> str:
        """The path without its query, in lower case."""
        return urlsplit(self.target).path.lower() if self.target else ""

    @property
    def query(self) -> Mapping[str, str]:
        """The fields of the query, of a repeated field the last value; none where there are more than 100."""
        try:
            return dict(parse_qsl(urlsplit(self.target).query, max_num_fields=100))
        except ValueError:
            return {}

    @property
    def content_type(self) -> str:
        """The media type alone, in lower case."""
        return self.headers.get("content-type", "").split(";")[0].strip().lower()

    def says(self, *words: bytes) -> bool:
        """Whether the body contains all of these words, outside of pictures."""
        text = self.words
        for word in words:  # noqa: SIM110 (asked forty times a message: a generator takes longer than the search)
            if word not in text:
                return False
        return True


class Answer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The HTTP answer for the sender. json: its body; empty: it has none."""

    status: int
    json: bytes = b""

    @property
    def good(self) -> bool:
        """Whether the sender takes the answer as stored, and does not send again."""
        return self.status < 300


def headers_of(lines: Sequence[str]) -> dict[str, str]:
    """The headers in the first 100 of these lines, names in lower case, of a repeated name the last value. Lines without a colon
    are ignored."""
    pairs = (line.split(":", 1) for line in lines[:100] if ":" in line)
    return {name.strip().lower(): value.strip() for name, value in pairs}
