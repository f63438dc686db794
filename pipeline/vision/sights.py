"""A sight: one plate cut out of one picture, encoded, as decode sends it to ocr. Both the cutting and the reading are here."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from pipeline.plates.looks import Looks
from pipeline.vision.boxes import Box
from pipeline.vision.interpret import Reading, certainty
from pipeline.vision.pictures import Picture, cut, decode_picture, encode_jpeg
from pipeline.vision.reading import PlateReader, is_settled
from pipeline.vision.vote import Verdict, vote, weighed

_ENOUGH_ALIKE = 2  # sights that agree with confidence; more would cost time and change nothing
_SURE = 0.9
_SECOND_OPINIONS = 2  # sights that are read by both readers
_LARGE, _ENOUGH_PX = (
    120,
    80,
)  # pixels that a plate of one line is high: where it is made smaller, and how high it is then


@dataclass(frozen=True, slots=True)
class Sight:
    """A plate cut out with a margin (JPEG), its box in pixels of the whole picture, and how good the cut is, 0..1."""

    image: bytes
    box: Box
    quality: float


def sight_of(picture: Picture, box: Box) -> Sight:
    """Cut a plate out of a picture. picture: (H, W, 3) BGR, not modified. box: inside the picture."""
    x, y, width, height = box
    margin = _margin(box)
    crop = cut(picture, x - margin, y - margin, x + width + margin, y + height + margin)
    return Sight(image=encode_jpeg(crop), box=box, quality=quality_of(cut(picture, x, y, x + width, y + height)))


def _as_large_as_needed(crop: Picture, box: Box) -> tuple[Picture, Box]:
    """A plate's picture with its margin, made smaller where its lines are far higher than any reader needs them, and its box
    in that. box: in pixels of the whole picture."""
    x, y, width, height = box
    margin = _margin(box)
    inner = min(x, margin), min(y, margin), width, height
    high = min(height, width / 3)
    if high < _LARGE:
        return crop, inner
    share = _ENOUGH_PX / high
    smaller = np.asarray(cv2.resize(crop, None, fx=share, fy=share, interpolation=cv2.INTER_AREA), np.uint8)
    left, top, width, height = (round(share * pixels) for pixels in inner)
    return smaller, (left, top, width, height)


def quality_of(plate: Picture) -> float:
    """Sharpness and size of a plate without margin, 0..1: 40 pixels high and crisp is 1."""
    grey = np.asarray(cv2.cvtColor(plate, cv2.COLOR_BGR2GRAY), np.float32)
    contrast = float(grey.std()) + 1.0
    sharpness = float(np.abs(np.diff(grey, axis=1)).mean()) / contrast if grey.shape[1] > 1 else 0.0
    size = float(plate.shape[0]) / 40.0
    return round(min(1.0, size) * min(1.0, 2.0 * sharpness), 4)


def read_sight(image: bytes, box: Box, reader: PlateReader, *, arbitrate: bool = True) -> list[Reading]:
    """The texts that a sight may show, likeliest first. image, box: see Sight. arbitrate: see PlateReader.read. Raises
    BadRecord when the cut-out cannot be decoded."""
    return reader.read(*_crop_of(image, box), arbitrate=arbitrate)


def looks_in(image: bytes, box: Box, reader: PlateReader) -> Looks:
    """What the plate of a sight looks like beside its text. Raises BadRecord when the cut-out cannot be decoded."""
    return reader.looks(*_crop_of(image, box))


def read_passage(sights: Sequence[tuple[bytes, Box]], reader: PlateReader) -> Verdict | None:
    """Read a passage's sights, best first, until enough of them agree. None when they show no plausible plate.

    Where the own reader leaves doubt, the best few sights are read again with PaddleOCR. Raises BadRecord when a picture
    cannot be decoded.
    """
    read: list[list[Reading]] = []
    for image, box in sights:
        read.append(read_sight(image, box, reader, arbitrate=len(sights) == 1))
        sure = [readings[0].text for readings in read if certainty(readings) >= _SURE]
        if len(sure) >= _ENOUGH_ALIKE and len(set(sure)) == 1:
            return vote(read)
    if len(sights) > 1 and not is_settled(weighed(read)):
        read[:_SECOND_OPINIONS] = [read_sight(image, box, reader) for image, box in sights[:_SECOND_OPINIONS]]
    return vote(read)


@lru_cache(maxsize=1)
def _crop_of(image: bytes, box: Box) -> tuple[Picture, Box]:
    """The decoded picture of a sight, not to be modified, and the plate's box in it. The last one is kept, because its looks
    are often asked for next."""
    return _as_large_as_needed(decode_picture(image), box)


def _margin(box: Box) -> int:
    """The margin around a plate, in pixels: room for another line and the plate's surroundings."""
    return max(4, round(1.3 * min(box[3], box[2] / 3)))
