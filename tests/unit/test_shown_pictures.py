"""A camera's picture that is dear to decode, or whose tags are wrong, costs neither the desks nor a log much."""

import io
import struct
import subprocess
import sys
import zlib

import pytest
from PIL import Image

from pipeline.desks.watermark import watermarked
from pipeline.errors import BadRecord
from tests.picture_bombs import png_chunk


def png(width: int, height: int, *chunks: bytes) -> bytes:
    """A black PNG with these chunks before its pixels."""
    pack = zlib.compressobj(9)
    pixels = b"".join(pack.compress(bytes(1 + 3 * width)) for _ in range(height)) + pack.flush()
    head = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks) + png_chunk(b"IDAT", pixels) + png_chunk(b"IEND", b"")


def jpeg(*segments: bytes) -> bytes:
    """A black JPEG with these APP1 segments first."""
    out = io.BytesIO()
    Image.new("RGB", (64, 48)).save(out, "JPEG")
    first = b"".join(b"\xff\xe1" + struct.pack(">H", len(one) + 2) + one for one in segments)
    return out.getvalue()[:2] + first + out.getvalue()[2:]


def test_a_picture_that_costs_too_much_is_not_shown() -> None:
    """Half a megabyte that becomes a hundred and more, and pictures of parts that Python would look at one by one."""
    junk = png_chunk(b"vpAg", b"")
    dear = (png(7_000, 5_000, png_chunk(b"vpAg", bytes(300_000))), png(64, 48, *[junk] * 5_000), jpeg(*[b""] * 5_000))
    for picture in dear:
        with pytest.raises(BadRecord, match="picture_too"):
            watermarked(picture, "an.peeters")
    assert watermarked(png(64, 48), "an.peeters")


def test_wrong_tags_of_a_picture_fill_no_log() -> None:
    """Python would print a line for each of them."""
    tags = 5_000
    exif = b"II*\0" + struct.pack("<IH", 8, tags)
    exif += b"".join(struct.pack("<HHII", tag, 1, 1 << 24, 8) for tag in range(tags)) + bytes(4)
    look = "import sys; from pipeline.vision.pictures import upright_size; upright_size(sys.stdin.buffer.read())"
    picture = jpeg(b"Exif\0\0" + exif)
    done = subprocess.run([sys.executable, "-c", look], input=picture, capture_output=True, check=True)
    assert b"" == done.stderr
