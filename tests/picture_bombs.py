"""Makes pictures and videos that are small to send and costly to decode or to search."""

import io
import struct
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
from PIL import Image

from pipeline.vision.pictures import MAX_PIXELS
from schemas.pictures import MAX_PICTURE_BYTES

SIDE = int(MAX_PIXELS**0.5)
"""Of the largest square picture that is taken."""


def saved(picture: Image.Image, form: str, **options: object) -> bytes:
    """The encoded picture."""
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def scans(width: int, height: int, count: int) -> bytes:
    """A progressive JPEG in which the last scan comes again and again."""
    data = saved(Image.new("RGB", (width, height), "grey"), "JPEG", progressive=True)
    last = data[data.rfind(b"\xff\xda") : -2]
    return data[:-2] + last * (count - data.count(b"\xff\xda")) + data[-2:]


def noise(width: int, height: int, block: int = 1) -> Image.Image:
    """Random grey blocks of so many pixels."""
    small = np.random.default_rng(1).integers(0, 256, (height // block, width // block), np.uint8)
    return Image.fromarray(np.kron(small, np.ones((block, block), np.uint8)))


def strokes(side: int) -> Image.Image:
    """As many areas that look like rows of letters as a picture has room for."""
    tile = np.full((24, 64), 230, np.uint8)
    tile[5:19, 4:60:6] = 20
    tile[5:19, 5:60:6] = 20
    return Image.fromarray(np.tile(tile, (side // 24 + 1, side // 64 + 1))[:side, :side])


def png_chunk(kind: bytes, data: bytes = b"") -> bytes:
    """A chunk of a PNG, with its checksum."""
    return struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data))


def png(*between: bytes, size: tuple[int, int] = (64, 64)) -> bytes:
    """A small PNG with these chunks after its head. size: what its head claims."""
    data = saved(Image.new("L", (64, 64)), "PNG")
    head = png_chunk(b"IHDR", struct.pack("!II5B", *size, 8, 0, 0, 0, 0))
    return data[:8] + head + b"".join(between) + data[33:]


def jpeg_with(between: bytes) -> bytes:
    """A small JPEG with these segments after its first two bytes."""
    data = saved(Image.new("L", (64, 64)), "JPEG")
    return data[:2] + between + data[2:]


def segments(kind: int, content: bytes, size: int = MAX_PICTURE_BYTES) -> bytes:
    """A JPEG's segment of this kind again and again, up to so many bytes."""
    one = bytes([0xFF, kind]) + (len(content) + 2).to_bytes(2) + content
    return one * ((size - 4_000) // len(one))


def exif(entries: int) -> bytes:
    """A JPEG whose EXIF directory points to itself, with so many entries of the orientation."""
    entry = struct.pack("<HHII", 0x0112, 3, 1, 6)
    table = b"Exif\0\0II*\0" + struct.pack("<IH", 8, entries) + entry * entries + struct.pack("<I", 8)
    return jpeg_with(b"\xff\xe1" + (len(table) + 2).to_bytes(2) + table)


def mpo(count: int) -> bytes:
    """A JPEG that says that it holds so many pictures."""
    one = struct.pack("<HHII", 0xB001, 4, 1, count)
    table = (
        b"MPF\0II*\0" + struct.pack("<IH", 8, 2) + one + struct.pack("<HHII", 0xB002, 7, 16 * count & 0xFFFFFFFF, 50)
    )
    table += bytes(60_000)
    return jpeg_with(b"\xff\xe2" + (len(table) + 2).to_bytes(2) + table)


def moving(form: str, count: int, side: int) -> bytes:
    """A picture of so many frames."""
    frames = [Image.new("P" if form == "GIF" else "RGB", (side, side), one % 2) for one in range(count)]
    return saved(frames[0], form, save_all=True, append_images=frames[1:], duration=40)


def webp_claiming(width: int, height: int) -> bytes:
    """A WebP whose head claims another size."""
    data = bytearray(saved(Image.new("RGB", (64, 64)), "WEBP", lossless=True))
    at = data.index(b"VP8L") + 9
    data[at : at + 4] = (((height - 1) << 14 | (width - 1)) & 0xFFFFFFFF).to_bytes(4, "little")
    return bytes(data)


PICTURES: dict[str, Callable[[], bytes]] = {
    "scans": lambda: scans(1_280, 720, 20_000),
    "as many scans as are taken": lambda: scans(1_500, 1_500, 64),
    "a few scans of a large picture": lambda: scans(6_000, 6_000, 10),
    "progressive and large": lambda: saved(Image.new("L", (6_200, 6_200)), "JPEG", progressive=True),
    "progressive, as large as is taken": lambda: saved(noise(4_000, 4_000, 8), "JPEG", progressive=True, quality=60),
    "sixteen bits": lambda: saved(Image.fromarray(np.zeros((6_200, 6_200), np.uint16)), "PNG"),
    "sixteen bits, as large as is taken": lambda: saved(Image.fromarray(np.zeros((3_500, 3_500), np.uint16)), "PNG"),
    "transparency": lambda: saved(Image.new("RGBA", (6_200, 6_200)), "PNG"),
    "transparency, as large as is taken": lambda: saved(Image.new("RGBA", (3_500, 3_500)), "PNG"),
    "a transparent colour": lambda: saved(Image.new("P", (6_200, 6_200)), "PNG", transparency=0),
    "one bit": lambda: saved(Image.new("1", (SIDE, SIDE)), "PNG"),
    "a palette": lambda: saved(Image.new("P", (SIDE, SIDE)), "PNG"),
    "grey": lambda: saved(Image.new("L", (SIDE, SIDE)), "PNG"),
    "colour": lambda: saved(Image.new("RGB", (SIDE, SIDE)), "PNG"),
    "colour, JPEG": lambda: saved(Image.new("RGB", (SIDE, SIDE)), "JPEG"),
    "four channels, JPEG": lambda: saved(Image.new("CMYK", (SIDE, SIDE)), "JPEG"),
    "colour, WebP": lambda: saved(Image.new("RGB", (SIDE, SIDE)), "WEBP"),
    "without loss, WebP": lambda: saved(Image.new("RGB", (SIDE, SIDE)), "WEBP", lossless=True),
    "interlaced": lambda: saved(noise(2_000, 2_000, 4), "PNG"),
    "a head that claims four billion pixels": lambda: png(size=(65_000, 65_000)),
    "a head that claims one long line": lambda: png(size=(2_000_000_000, 8)),
    "a head that claims more than there is": lambda: png(size=(SIDE, SIDE)),
    "a WebP that claims more than there is": lambda: webp_claiming(16_000, 2_000),
    "empty chunks": lambda: png(png_chunk(b"IDAT") * (MAX_PICTURE_BYTES // 12 - 50)),
    "unknown chunks": lambda: png(png_chunk(b"abCd") * (MAX_PICTURE_BYTES // 12 - 50)),
    "packed texts": lambda: png(png_chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(1_000_000))) * 5_000),
    "plain texts": lambda: png(png_chunk(b"tEXt", b"k\0x") * (MAX_PICTURE_BYTES // 15 - 50)),
    "a packed profile": lambda: png(png_chunk(b"iCCP", b"p\0\0" + zlib.compress(bytes(500_000_000), 9))),
    "comments": lambda: jpeg_with(segments(0xFE, b"")),
    "tables": lambda: jpeg_with(segments(0xDB, b"\0" + bytes(range(1, 65)))),
    "profile parts": lambda: jpeg_with(segments(0xE2, b"ICC_PROFILE\0\1\1")),
    "Photoshop's blocks": lambda: jpeg_with(segments(0xED, b"Photoshop 3.0\0" + b"8BIM\4\4\0\0\0\0\0\0" * 5_000)),
    "fill bytes": lambda: jpeg_with(b"\xff" * (MAX_PICTURE_BYTES - 4_000)),
    "a directory of itself": lambda: exif(5_000),
    "four billion pictures in one": lambda: mpo(2**32 - 1),
    "as many pictures as it can name": lambda: mpo(3_700),
    "animated WebP": lambda: moving("WEBP", 400, 200),
    "animated PNG": lambda: moving("PNG", 400, 200),
    "GIF": lambda: moving("GIF", 400, 200),
    "TIFF": lambda: saved(Image.new("1", (30_000, 30_000)), "TIFF", compression="group4"),
    "noise to search": lambda: saved(noise(5_600, 5_600, 4), "JPEG", quality=20),
    "strokes to search": lambda: saved(strokes(SIDE), "JPEG", quality=30),
    "strokes to search, PNG": lambda: saved(strokes(SIDE), "PNG"),
}  # fmt: skip


def coded(codec: str, form: str, side: int, count: int) -> bytes:
    """A video of so many black pictures."""
    out = io.BytesIO()
    with av.open(out, "w", format=form) as container:
        stream = container.add_stream(
            codec, rate=25, options={"preset": "ultrafast"} if codec.startswith("libx") else {}
        )
        stream.width = stream.height = side
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.zeros((side * 3 // 2, side), np.uint8), format="yuv420p")
        for number in range(count):
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return out.getvalue()


def avi_claiming(width: int, height: int) -> bytes:
    """An AVI of JPEGs whose head claims another size."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "v.avi"
        writer = cv2.VideoWriter(str(file), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
        for _ in range(3):
            writer.write(np.zeros((48, 64, 3), np.uint8))
        writer.release()
        data = file.read_bytes()
    return data.replace(struct.pack("<II", 64, 48), struct.pack("<II", width, height))


def jpegs_of_growing_size() -> bytes:
    """A small JPEG, so that the size asked for is small, and then large ones."""
    small = saved(Image.new("RGB", (64, 64)), "JPEG")
    return small * 3 + saved(Image.new("RGB", (14_000, 14_000)), "JPEG") * 3 + small


VIDEOS: dict[str, Callable[[], bytes]] = {
    "a TIFF named .avi": lambda: saved(Image.new("1", (30_000, 30_000)), "TIFF", compression="group4"),
    "an AVI that claims much": lambda: avi_claiming(60_000, 60_000),
    "an AVI that claims as much as is taken": lambda: avi_claiming(4_096, 2_160),
    "JPEGs that grow": jpegs_of_growing_size,
    "a JPEG of scans": lambda: scans(1_280, 720, 20_000) * 2,
    "JPEGs in Matroska, large": lambda: coded("mjpeg", "matroska", 5_600, 3),
    "MPEG-4 in AVI, large": lambda: coded("mpeg4", "avi", 2_976, 3),
    "H.264 in MP4, large": lambda: coded("libx264", "mp4", 2_976, 3),
    "H.265 in MP4, large": lambda: coded("libx265", "mp4", 2_048, 3),
    "an animated WebP named .avi": lambda: moving("WEBP", 400, 200),
    "a long comment of nothing": lambda: b"\x00\x00\x00\x01" + bytes(30_000_000),
    "a Matroska without end": lambda: b"\x1a\x45\xdf\xa3" + b"\xec\x81\x00" * 3_000_000,
    "an MP4 of empty boxes": lambda: b"\0\0\0\x0cftypisom" + b"\0\0\0\x08free" * 3_000_000,
    "an MP4 of nested boxes": lambda: b"".join(
        struct.pack("!I4s", (2_000_000 - at) * 8, b"moov") for at in range(2_000_000)
    ),
}  # fmt: skip
