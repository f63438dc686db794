"""Decodes and encodes pictures safely: a bad picture raises BadRecord with a reason; it never crashes the process or gives a
grey area.

The dimensions are taken from the header before anything is decoded, so a decompression bomb costs nothing. Agents, who decode what
strangers send, have it done in a child process with bounds of its own: see bounded_decoder.
"""

import io
import warnings
from dataclasses import dataclass
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from pipeline.errors import BadRecord
from pipeline.vision.costs import MAX_PIXELS, check_cost, check_parts

Picture = NDArray[np.uint8]
"""(height, width, 3) uint8, blue-green-red."""

LARGE_PIXELS = 2_500_000
"""Most of the hard scenes with more show a plate that is surely read in a quarter of their pixels."""
MIN_SIDE = 8
OVERVIEW_SIDE = 1280
MOST_MISSING = 0.15
"""Share of a picture's rows that may be missing at its end."""
_JPEGS = ("JPEG", "MPO")  # what Pillow calls a JPEG of one picture, of several
_FORMATS = ("JPEG", "PNG", "WEBP")
_END_OF_JPEG = b"\xff\xd9"
_TAIL_BYTES = 4096  # where a JPEG ends; some cameras append data of their own
_FLAT = 0.5  # of 255: standard deviation of a row, or a picture, that holds nothing
_BLOCK_ROWS = 16  # rows that JPEG codes together, at most
_AT_ONCE_PIXELS = 12_500_000  # a larger picture is converted in strips, so that it stands in memory in fewer forms
_STRIP_ROWS = 256
_ORIENTATION = 0x0112  # the EXIF tag
_SHRUNK = {1: cv2.IMREAD_COLOR, 2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4}
_TURNED = (5, 6, 7, 8)  # its values for pictures that lie on their side
warnings.filterwarnings("ignore", module=r"PIL\.")  # a line for each wrong tag: a stranger's picture would fill the log


@dataclass(frozen=True, slots=True)
class Decoded:
    """A picture, (height, width, 3) uint8 BGR, and how many rows at its end were cut off in transfer."""

    picture: Picture
    rows_missing: int = 0


class Decoder(Protocol):
    """Decodes pictures, in this process or in a child. Both methods raise BadRecord."""

    def decode(self, image: bytes) -> Decoded:
        """See pictures.decode."""

    def decode_shrunk(self, image: bytes, factor: int) -> Picture:
        """See pictures.decode_shrunk."""


_elsewhere: Decoder | None = None


def decode_elsewhere(decoder: Decoder | None) -> None:
    """Have this decoder decode all pictures of this process from now on; None: the process decodes them itself again."""
    global _elsewhere
    _elsewhere = decoder


def decode_picture(image: bytes) -> Picture:
    """Decode one JPEG, PNG or WebP, turned upright by its EXIF tag. Raises BadRecord.

    A JPEG may lack rows at its end (see decode): the others are returned.
    """
    return decode(image).picture


def decode(image: bytes) -> Decoded:
    """Decode one JPEG (also of several pictures: the first), PNG or WebP, turned upright by its EXIF tag.

    16-bit, grey, palette, CMYK and transparent pictures are converted, transparency on white; an alpha of 0 all over a picture that
    shows something, as some grabbers send, counts for none. Of a JPEG that lacks at most MOST_MISSING of its rows at the end, the
    others are returned.
    Raises BadRecord: not_a_picture, truncated_picture, picture_too_small, picture_too_large, picture_too_costly.
    """
    if _elsewhere is not None:
        return _elsewhere.decode(image)
    header = _checked(image)
    height = header.size[1]
    quickly = _decoded_quickly(header, image)
    if quickly is not None:
        return Decoded(quickly)
    try:
        header.load()
    except (OSError, SyntaxError, ValueError, EOFError) as error:  # whatever Pillow's decoders raise on broken data
        begun = _begun(image) if header.format in _JPEGS and not header.info.get("progressive") else None
        if begun is None:
            size = f"{header.size[0]}x{height}"
            raise BadRecord("truncated_picture", f"{size} {header.format}, {len(image)} bytes: {error}") from error
        return Decoded(_to_bgr(begun), height - begun.size[1])
    return Decoded(_to_bgr(header))


def decode_shrunk(image: bytes, factor: int) -> Picture:
    """Decode a picture at a half or a quarter of its width and height, or whole, in a fraction of the time; turned upright.

    factor: 1, 2 or 4. Raises BadRecord as decode does, and truncated_picture for one that lacks any rows.
    """
    if _elsewhere is not None:
        return _elsewhere.decode_shrunk(image, factor)
    header = _checked(image)
    picture = cv2.imdecode(np.frombuffer(image, np.uint8), _SHRUNK[factor])
    if picture is None:
        raise BadRecord("truncated_picture", f"{header.size[0]}x{header.size[1]} {header.format}, {len(image)} bytes")
    return np.asarray(picture, np.uint8)


def _checked(image: bytes) -> Image.Image:
    """The picture, opened and not decoded. Raises BadRecord where it is none, or its head says that it may not be decoded."""
    header = _open(image)
    width, height = header.size
    check_cost(header, image)
    if min(width, height) < MIN_SIDE:
        raise BadRecord("picture_too_small", f"{width}x{height} pixels, each side must have at least {MIN_SIDE}")
    return header


def _decoded_quickly(header: Image.Image, image: bytes) -> Picture | None:
    """The picture of a whole, upright JPEG in grey or colour, decoded by OpenCV: the same pixels as Pillow's in a third of the
    time. None for any other, and where OpenCV fails."""
    is_usual = header.format in _JPEGS and header.mode in ("L", "RGB") and image.endswith(_END_OF_JPEG)
    if not is_usual or header.getexif().get(_ORIENTATION, 1) != 1:
        return None
    picture = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if picture is None or picture.shape[:2] != header.size[::-1]:
        return None
    return np.asarray(picture, np.uint8)


def _begun(image: bytes) -> Image.Image | None:
    """The rows that a JPEG with a missing end still holds; None where they are too few."""
    whole = _open(image + _END_OF_JPEG)
    try:
        whole.load()
    except (OSError, SyntaxError, ValueError, EOFError):
        return None
    width, height = whole.size
    rows = np.asarray(whole.crop((max(0, width - _BLOCK_ROWS), 0, width, height)).convert("L"), np.float32)
    flat = rows.std(axis=1) < _FLAT  # where it ended the decoder goes on with one shade, to the right end first
    missing = int(np.argmin(flat[::-1])) if not flat.all() else height
    if missing > MOST_MISSING * height:
        return None
    whole_blocks = (height - missing) // _BLOCK_ROWS - 1  # the last ones are there in part
    return whole.crop((0, 0, width, whole_blocks * _BLOCK_ROWS)) if missing else whole


def one_thread() -> None:
    """Have OpenCV use one thread: one process per core scales better than threads."""
    cv2.setNumThreads(1)


def warm_up() -> None:
    """Do now what Pillow and OpenCV do at their first use, so that it does not delay the first picture: 0.13 s, 8 MB.

    It may be called in any thread while others decode pictures.
    """
    picture = decode_picture(encode_jpeg(np.zeros((MIN_SIDE, MIN_SIDE, 3), np.uint8)))
    cv2.cvtColor(picture.astype(np.float32), cv2.COLOR_BGR2Lab)


def encode_jpeg(picture: Picture, *, quality: int = 95) -> bytes:
    """Encode (height, width, 3) uint8 BGR as JPEG."""
    _, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return encoded.tobytes()


def upright_size(image: bytes) -> tuple[int, int]:
    """Width and height in pixels of an encoded picture, turned upright as `decode` does. Raises BadRecord."""
    header = _open(image)
    width, height = header.size
    return (height, width) if header.getexif().get(_ORIENTATION, 1) in _TURNED else (width, height)


def first_look(image: bytes) -> int:
    """The factor, 1 or 2, by which a picture is made smaller (see decode_shrunk) for a first, quick look. 2 for whole JPEGs of
    LARGE_PIXELS and more. Raises BadRecord where it is no picture."""
    header = _open(image)
    is_whole = _END_OF_JPEG in image[-_TAIL_BYTES:]
    large = header.format in _JPEGS and header.size[0] * header.size[1] >= LARGE_PIXELS
    return 2 if large and is_whole else 1


def overview_of(image: bytes) -> bytes:
    """An encoded picture as an upright JPEG whose longest side has at most OVERVIEW_SIDE pixels; one that is that already is
    returned as it is, not decoded. Raises BadRecord."""
    header = _open(image)
    if header.format in _JPEGS and max(header.size) <= OVERVIEW_SIDE and header.getexif().get(_ORIENTATION, 1) == 1:
        return image
    picture = decode_picture(image)
    scale = OVERVIEW_SIDE / max(picture.shape[:2])
    if scale < 1.0:
        picture = np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    return encode_jpeg(picture, quality=85)


def cut(picture: Picture, x0: int, y0: int, x1: int, y1: int) -> Picture:
    """A copy of the part from (x0, y0) up to and without (x1, y1), clipped to the picture; never empty."""
    height, width = picture.shape[:2]
    left, top = min(max(x0, 0), width - 1), min(max(y0, 0), height - 1)
    return picture[top : max(y1, top + 1), left : max(x1, left + 1)].copy()


def at_share(values: NDArray[Any], share: float) -> float:
    """The quantile: of the sorted values the one at index share * (count - 1), rounded down; share: 0..1. Ten times as quick as
    np.percentile.
    values: at least one."""
    at = int(share * (values.size - 1))
    return float(np.partition(values, at, axis=None)[at])


def _open(image: bytes) -> Image.Image:
    check_parts(image)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limit here is stricter, and an error
        try:
            return Image.open(io.BytesIO(image), formats=_FORMATS)
        except Image.DecompressionBombError as error:
            most = f"far more than the {MAX_PIXELS // 1_000_000} megapixels that are taken"
            raise BadRecord("picture_too_large", most) from error
        except (OSError, SyntaxError, ValueError, EOFError) as error:
            raise BadRecord("not_a_picture", _why(image, error)) from error


def _why(image: bytes, error: Exception) -> str:
    if not image:
        return "it is empty"
    said = "neither JPEG, PNG nor WebP" if isinstance(error, UnidentifiedImageError) else str(error)
    return f"{len(image)} bytes that begin with {image[:8]!r}: {said}"


def _to_bgr(picture: Image.Image) -> Picture:
    if picture.getexif().get(_ORIENTATION, 1) != 1:
        picture = ImageOps.exif_transpose(picture)
    if picture.mode.startswith("I"):  # 16-bit grey: keep the upper byte
        grey = (np.asarray(picture) >> 8).clip(0, 255).astype(np.uint8)
        return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        rgba = picture.convert("RGBA")
        pixels = np.asarray(rgba, np.uint8)
        if not pixels[:, :, 3].any() and _spread(pixels) > _FLAT:
            return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGBA2BGR), np.uint8)
        white = Image.new("RGBA", rgba.size, "white")
        picture = Image.alpha_composite(white, rgba)
    width, height = picture.size
    if width * height <= _AT_ONCE_PIXELS:
        return _rgb_to_bgr(picture)
    found = np.empty((height, width, 3), np.uint8)
    for top in range(0, height, _STRIP_ROWS):
        found[top : top + _STRIP_ROWS] = _rgb_to_bgr(picture.crop((0, top, width, min(top + _STRIP_ROWS, height))))
    return found


def _spread(pixels: NDArray[np.uint8]) -> float:
    """The largest standard deviation of a channel but the alpha, computed without a copy of eight times the size."""
    _, deviations = cv2.meanStdDev(pixels)
    return float(np.asarray(deviations)[:3].max())


def _rgb_to_bgr(picture: Image.Image) -> Picture:
    rgb = picture if picture.mode == "RGB" else picture.convert("RGB")
    return np.asarray(cv2.cvtColor(np.asarray(rgb, np.uint8), cv2.COLOR_RGB2BGR), np.uint8)
