"""Finds the pictures in messages: decodes base64, splits several JPEGs in one text, and tells by its size what a picture
shows."""

import base64
import binascii
import re
from collections.abc import Iterator

from pipeline.gateway.items import Picture, PictureKind

JPEG = b"\xff\xd8\xff"
PNG = b"\x89PNG\r\n\x1a\n"
END = b"\xff\xd9"
MAX_PICTURES = 8
MOST_SEGMENTS = 4_096
"""The most segments of a JPEG's head that are looked at, fill bytes counted one by one: a camera's has some thirty."""
FEW = 4_096
"""A message of at most so many bytes is taken to hold no pictures."""
_DATA_PREFIX = re.compile(r"^data:[a-z/+.-]{0,40};base64,", re.IGNORECASE)
_SIZED = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
_BARE = frozenset({0x01, *range(0xD0, 0xD9)})


def of_base64(text: str) -> list[bytes]:
    """The pictures in a base64 text: none, one, or several JPEGs one after the other. Other content is left out."""
    plain = re.sub(r"\s+", "", _DATA_PREFIX.sub("", text.strip()))
    plain = plain.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        data = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return []
    return list(joined(data))


def joined(data: bytes) -> Iterator[bytes]:
    """The pictures in these bytes: a PNG, or JPEGs that follow each other. At most MAX_PICTURES."""
    if data.startswith(PNG):
        yield data
        return
    for _ in range(MAX_PICTURES):
        if not data.startswith(JPEG):
            return
        end = end_of_jpeg(data)
        yield data[:end]
        data = data[end:]


def end_of_jpeg(data: bytes) -> int:
    """The index after the end of the first JPEG in the data. It goes from segment to segment, because a thumbnail inside has
    an end mark of its own."""
    at = 2
    for _ in range(MOST_SEGMENTS):
        if at + 4 > len(data) or data[at] != 0xFF:
            break
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
        elif marker in _BARE:
            at += 2
        elif marker == 0xD9:
            return at + 2
        elif marker == 0xDA:
            return _end_of_scan(data, at + 2)
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4])
    found = data.find(END, min(at, len(data)))
    return found + 2 if found >= 0 else len(data)


def _end_of_scan(data: bytes, at: int) -> int:
    """The index after the JPEG whose first scan begins at `at`: after the first end mark that the end of the data, another JPEG, or
    64 bytes of zeros and line ends follow; else after the last end mark; without one the end of the data."""
    for found in re.finditer(rb"\xff\xd9", data[at:]):
        after = at + found.end()
        if after == len(data) or data[after : after + 3] == JPEG or not data[after : after + 64].strip(b"\x00\r\n "):
            return after
    last = data.find(END, at)
    return last + 2 if last >= 0 else len(data)


def is_whole(data: bytes) -> bool:
    """Whether the JPEG or PNG is complete; zeros and line ends may follow it. Data of another format counts as complete."""
    if data.startswith(PNG):
        return b"IEND" in data[-64:]
    return not data.startswith(JPEG) or data.rstrip(b"\x00\r\n ").endswith(END)


def size_of(data: bytes) -> tuple[int, int] | None:
    """Width and height in pixels of a JPEG or PNG; None where its head does not say."""
    if data.startswith(PNG):
        return int.from_bytes(data[16:20]), int.from_bytes(data[20:24])
    at = 2
    for _ in range(MOST_SEGMENTS):
        if at + 9 > len(data) or data[at] != 0xFF:
            break
        marker = data[at + 1]
        if marker in _SIZED:
            return int.from_bytes(data[at + 7 : at + 9]), int.from_bytes(data[at + 5 : at + 7])
        at += 1 if marker == 0xFF else 2 if marker in _BARE else 2 + int.from_bytes(data[at + 2 : at + 4])
    return None


def looks_like_a_plate(data: bytes) -> bool:
    """Whether the picture has the proportions of a plate: at least 2.4 times as wide as high, and at most 800 pixels wide."""
    size = size_of(data)
    return size is not None and size[1] > 0 and size[0] <= 800 and size[0] >= 2.4 * size[1]


def shown(data: bytes, otherwise: PictureKind = "overview") -> Picture:
    """The picture, with its kind judged by its size, for senders that do not state the kind or state it wrongly."""
    return Picture(kind="plate" if looks_like_a_plate(data) else otherwise, data=data)


def called(kind: PictureKind, text: str) -> tuple[Picture, ...]:
    """The pictures in a base64 text, all of this kind, because the field that held it says so."""
    return tuple(Picture(kind=kind, data=data) for data in of_base64(text)[:MAX_PICTURES])


def without_pictures(body: bytes) -> bytes:
    """The message without its JPEGs: those in the parts of a form, up to where the next part begins, and those as base64, up to the
    quotation mark or tag that ends their text. One without such an end stays. To look for words in what is left takes a
    hundredth of the time."""
    for begins, ends in ((JPEG, (b"\n--",)), (b"/9j", (b'"', b"<"))):
        kept, at, found = list[bytes](), 0, dict.fromkeys(ends, -1)
        while (begin := body.find(begins, at)) >= 0:
            for one, place in found.items():
                if place < begin:  # what was found before is not looked for again
                    place = body.find(one, begin)
                    found[one] = place if place >= 0 else len(body)
            end = min(found.values())
            if end == len(body):
                break
            kept.append(body[at:begin])
            at = end
        body = b"".join([*kept, body[at:]]) if kept else body
    return body
