"""Refuses pictures and videos that would cost too much to decode, by their first bytes, before anything is decoded.

A progressive JPEG of 350 kB can hold thousands of scans, each of which goes over the whole picture; a PNG of 165 kB can hold
forty megapixels of sixteen bits with transparency. What would take more than about half a second or a few hundred megabytes
is refused.
"""

from pathlib import Path

from PIL import Image

from pipeline.errors import BadRecord

MAX_SCANS = 64
"""Encoders write 3 to 12; each thumbnail in the head counts, too."""
MAX_SCANNED_PIXELS = 160_000_000
"""Pixels times scans, at 2 to 5 ns each: forty megapixels in four scans, sixteen in ten."""
MAX_PROGRESSIVE_PIXELS = 16_500_000
"""A progressive JPEG is held as coefficients as well, of two bytes: this is 200 MB in all."""
MAX_DEEP_PIXELS = 12_500_000
"""With transparency or sixteen bits a pixel passes through several forms, of up to 16 bytes together: this is 200 MB."""
_SCAN = b"\xff\xda"
_HEAD_BYTES = 12


def check_cost(header: Image.Image, image: bytes) -> None:
    """Raise BadRecord picture_too_costly unless the picture may be decoded. header: the opened picture, not loaded."""
    pixels = header.size[0] * header.size[1]
    if header.format in ("JPEG", "MPO"):  # of several pictures, the first is decoded
        scans = max(1, image.count(_SCAN))
        if scans > MAX_SCANS or scans * pixels > MAX_SCANNED_PIXELS:
            raise _too_costly(header, f"{scans} scans")
        if header.info.get("progressive") and pixels > MAX_PROGRESSIVE_PIXELS:
            raise _too_costly(header, "progressive")
    elif pixels > MAX_DEEP_PIXELS and _is_deep(header):
        raise _too_costly(header, f"of mode {header.mode}, with transparency or 16 bits")


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
        or (head[:1] == b"\x47" and len(head) == _HEAD_BYTES)  # MPEG transport stream
        or head.startswith(b"\xff\xd8\xff")  # JPEGs after each other
    )
