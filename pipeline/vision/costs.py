"""Refuses pictures and videos that would cost too much to decode, by their first bytes, before anything is decoded.

A progressive JPEG of 350 kB can hold thousands of scans, each of which goes over the whole picture; a PNG of 165 kB can hold
forty megapixels of sixteen bits with transparency. What would take more than about half a second or a few hundred megabytes
is refused.
"""

import re
from pathlib import Path

from PIL import Image

from pipeline.errors import BadRecord

MAX_PIXELS = 33_200_000
"""8K, above every plate camera on the market (up to 32 megapixels); decoded this is 100 MB."""
MAX_VIDEO_PIXELS = 8_900_000
"""Of a video's frame: 4K. A decoder holds up to seventeen frames at once."""
MAX_SCANS = 64
"""Encoders write 3 to 12; each thumbnail in the head counts, too."""
MAX_SCANNED_PIXELS = 160_000_000
"""Pixels times scans, at 2 to 5 ns each: thirty-three megapixels in five scans, sixteen in ten."""
MAX_PROGRESSIVE_PIXELS = 16_500_000
"""A progressive JPEG is held as coefficients as well, of two bytes: this is 200 MB in all."""
MAX_DEEP_PIXELS = 12_500_000
"""With transparency or sixteen bits a pixel passes through several forms, of up to 16 bytes together: this is 200 MB."""
MAX_FLAT_PIXELS, FLAT = 12_500_000, 150
"""A large picture with more pixels a byte than this shows nothing: an overexposed or black one of a camera has up to a hundred."""
MAX_PARTS = 4_096
"""Chunks of a PNG, segments of a JPEG's head: a PNG of eight megabytes has some 2,000, a JPEG with a large colour profile 260. Each
is looked at by Python."""
MAX_BLOCKS = 1_000
"""Of Photoshop's in a JPEG."""
_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8"
_BARE = frozenset({0x01, 0xFF, *range(0xD0, 0xD9)})  # markers without a length, and fill bytes
_SCAN = b"\xff\xda"
_JPEG_PARTS, _LONGEST_PART = re.compile(rb"(?s:\xff\xd8\xff|\xff\xda|\xff[\xc0-\xc2]..\x08(..)(..))"), 8
_HEAD_BYTES = 256
_SYNC = b"\x47"  # the first byte of each packet of a transport stream
_SYNCS = (
    (0, 188),
    (0, 204),
    (4, 196),
)  # where the first two stand: without anything added, with 16 bytes of correction, on discs
_BLOCK = 1 << 20


def check_cost(header: Image.Image, image: bytes) -> None:
    """Raise BadRecord picture_too_large or picture_too_costly unless the picture may be decoded. header: the opened picture, not
    loaded."""
    width, height = header.size
    pixels = width * height
    if pixels > MAX_PIXELS:
        raise BadRecord("picture_too_large", f"{width}x{height} pixels, at most {MAX_PIXELS // 1_000_000} megapixels")
    if pixels > MAX_FLAT_PIXELS and pixels > FLAT * len(image):
        raise _too_costly(header, f"in {len(image)} bytes")
    if header.format in ("JPEG", "MPO"):  # of several pictures, the first is decoded
        scans = max(1, image.count(_SCAN))
        if scans > MAX_SCANS or scans * pixels > MAX_SCANNED_PIXELS:
            raise _too_costly(header, f"{scans} scans")
        if header.info.get("progressive") and pixels > MAX_PROGRESSIVE_PIXELS:
            raise _too_costly(header, "progressive")
    elif pixels > MAX_DEEP_PIXELS and _is_deep(header):
        raise _too_costly(header, f"of mode {header.mode}, with transparency or 16 bits")


def check_parts(image: bytes) -> None:
    """Raise BadRecord picture_too_costly for a PNG or JPEG of so many parts that to open it would take long."""
    if image.startswith(_PNG):
        parts = _chunks(image)
    elif image.startswith(_JPEG):
        parts = max(_segments(image), image.count(b"8BIM") * MAX_PARTS // MAX_BLOCKS)
    else:
        return
    if parts >= MAX_PARTS:
        raise BadRecord("picture_too_costly", f"{len(image)} bytes in more parts than any camera makes")


def _chunks(image: bytes) -> int:
    """How many chunks a PNG has, counted up to MAX_PARTS."""
    at, found = len(_PNG), 0
    while at + 8 <= len(image) and found < MAX_PARTS:
        at += 12 + int.from_bytes(image[at : at + 4])
        found += 1
    return found


def _segments(image: bytes) -> int:
    """How many segments a JPEG has before its first scan, fill bytes counted one by one, up to MAX_PARTS."""
    at, found = len(_JPEG), 0
    while at + 4 <= len(image) and image[at] == 0xFF and image[at + 1] != 0xDA and found < MAX_PARTS:
        bare = image[at + 1] in _BARE
        at += (1 if image[at + 1] == 0xFF else 2) if bare else 2 + int.from_bytes(image[at + 2 : at + 4])
        found += 1
    return found


def _is_deep(header: Image.Image) -> bool:
    return header.mode not in ("1", "L", "P", "RGB") or "transparency" in header.info


def _too_costly(header: Image.Image, why: str) -> BadRecord:
    width, height = header.size
    return BadRecord(
        "picture_too_costly", f"{width}x{height} {header.format}, {why}: it would take too long or too much memory"
    )


def is_video(file: Path) -> bool:
    """Whether the file begins like one of the containers that cameras and recorders write. Raises OSError.

    False for a picture in another form that only has a video's name: it would be decoded without a bound.
    """
    with file.open("rb") as content:
        head = content.read(_HEAD_BYTES)
    return (
        (head[:4] == b"RIFF" and head[8:12] == b"AVI ")
        or head[4:8] in (b"ftyp", b"moov", b"mdat", b"free", b"wide", b"skip")  # MP4 and QuickTime
        or head.startswith((b"\x1a\x45\xdf\xa3", b"FLV", b"\x30\x26\xb2\x75", b"OggS"))  # Matroska, Flash, ASF, Ogg
        or head.startswith(
            (b"\x00\x00\x01\xba", b"\x00\x00\x01\xb3", b"\x00\x00\x00\x01", b"\x00\x00\x01")
        )  # MPEG, H.26x
        or any(
            head[one : one + 1] == head[other : other + 1] == _SYNC for one, other in _SYNCS
        )  # MPEG transport stream
        or head.startswith(b"\xff\xd8\xff")  # JPEGs after each other
    )


def has_costly_jpeg(file: Path) -> bool:
    """Whether a file of JPEGs, bare or in a container, holds one of more than MAX_SCANS scans or MAX_VIDEO_PIXELS pixels.
    Raises OSError."""
    scans, before = 0, b""
    with file.open("rb") as content:
        while block := content.read(_BLOCK):
            for found in _JPEG_PARTS.finditer(before + block):
                if found.end() <= len(before):
                    continue  # it was looked at with the block before
                height, width = (int.from_bytes(side or b"") for side in found.groups())
                scans = 0 if found[0].startswith(_JPEG) else scans + (found[0] == _SCAN)
                if scans > MAX_SCANS or width * height > MAX_VIDEO_PIXELS:
                    return True
            before = block[-_LONGEST_PART:]
    return False
