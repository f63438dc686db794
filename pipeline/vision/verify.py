"""Judges whether a block of text is a number plate, and whether it is the whole plate, by the picture around the text.

A small network looks at the block with its surroundings: rim, band, ground, what is beside and above. It was trained on
drawn blocks alone (`pipeline/vision/training/train_verifier.py`); the model card beside the weights says what it can and
cannot tell.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.vision.onnx_session import session_of
from pipeline.vision.own import levelled
from pipeline.vision.pictures import at_share
from pipeline.vision.rows import Grey, Row

HIGH, WIDE = 48, 128  # pixels of the network's input
AROUND = 1.4, 1.15  # heights of a character that are seen beside the text, and above and below it
BESIDE = 0.2, 0.7  # heights of a character beside a line where the next one would begin
_EVEN = 60  # of 255: most difference along a column of even ground, where ink differs by some 200
_COVERED = 70  # of 255: least difference of what covers an end of a plate from the plate's ground
_INK, _DASH_BESIDE = 50, (-0.15, 0.75)  # of 255: least difference from the ground; heights of a character beside a text
_SPARE = 4  # pixels of the network's input around a block: farther than it is blurred
_ONE_SHADE, _OTHER_SHADE = 50, 40  # of 255: most difference along a post, least between it and the plate's ground
_RIM = 0.18  # heights of a character between a text and what frames its ground
_POST = 0.25  # heights of a character that a post is wide, at least: wider than a stroke
MODEL = Path(__file__).parent / "models" / "verifier.onnx"


@dataclass(frozen=True, slots=True)
class BlockVerdict:
    """The network's answer about a block of text. plate: log odds that it is on a plate. whole: log odds that it holds all
    of that plate's characters.

    free: there is even ground to the left and right of a single line, as around a short text in the middle of a long plate.
    crossed: something upright, such as a post, stands before a single line and may hide a character, or a dash at one of its
    ends parts it from a character that is hidden.
    """

    plate: float
    whole: float
    free: bool = False
    crossed: bool = False


class Judge(Protocol):
    """Judges whether rows of characters found in a grey picture are on a number plate, and whether they are all its
    characters; answers with log odds (see BlockVerdict)."""

    def look(self, grey: NDArray[np.uint8], rows: Sequence[Row]) -> BlockVerdict: ...


class BlockVerifier:
    """The network on onnxruntime, one thread. Not thread-safe."""

    def __init__(self, model: Path = MODEL) -> None:
        """Load the model: 20 ms, 5 MB. Raises Misconfigured when it is not there."""
        self._session = session_of(model)

    def look(self, grey: Grey, rows: Sequence[Row]) -> BlockVerdict:
        """Judge the text of these rows, top to bottom, each row as long as the text read in it. 0.6 ms.

        grey: (h, w) uint8 of the plate with its surroundings, not modified.
        """
        block = block_of(grey, rows)
        (found,) = self._session.run(["log_odds"], {"blocks": block[None, None].astype(np.float32) / 255.0})
        is_single, length = len(rows) == 1, rows[0].length / rows[0].height
        free = is_single and ends_are_free(block, length)
        crossed = is_single and (is_crossed(block, length) or ends_in_a_dash(block, length))
        return BlockVerdict(float(found[0, 0]), float(found[0, 1]), free, crossed)


def block_of(grey: Grey, rows: Sequence[Row]) -> NDArray[np.uint8]:
    """The rows with AROUND of surroundings, turned upright: (HIGH, WIDE) uint8, its contrast brought to a common range."""
    corners = corners_of(rows)
    flat = np.array([(0, 0), (WIDE, 0), (WIDE, HIGH), (0, HIGH)], np.float32)
    shrunk = float(np.linalg.norm(corners[3] - corners[0])) / HIGH
    grey, corners = _around(grey, corners, round(_SPARE * max(shrunk, 1.0)))
    if shrunk > 2.0:
        grey = np.asarray(cv2.resize(grey, None, fx=2 / shrunk, fy=2 / shrunk, interpolation=cv2.INTER_AREA), np.uint8)
        corners, shrunk = corners * (2 / shrunk), 2.0
    if shrunk > 1.5:
        grey = np.asarray(cv2.GaussianBlur(grey, (0, 0), 0.35 * shrunk), np.uint8)
    turn = cv2.getPerspectiveTransform(corners.astype(np.float32), flat)
    seen = cv2.warpPerspective(grey, turn, (WIDE, HIGH), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return levelled(np.asarray(seen, np.uint8))


def _around(grey: Grey, corners: NDArray[np.float64], spare: int) -> tuple[Grey, NDArray[np.float64]]:
    """The part of a picture that holds four corners, with spare pixels around it, and the corners in that part: what is done
    to it takes a part of a whole picture's time."""
    high, wide = grey.shape
    left, top = np.clip(np.floor(corners.min(axis=0)) - spare, 0, (wide - 1, high - 1)).astype(int).tolist()
    right, bottom = (
        np.clip(np.ceil(corners.max(axis=0)) + spare, (left + 1, top + 1), (wide, high)).astype(int).tolist()
    )
    return grey[top:bottom, left:right], corners - (left, top)


def ends_are_free(block: NDArray[np.uint8], length: float, *, banded: bool = False) -> bool:
    """Whether the ground of a single line goes on evenly to its left and right, where another character would stand; what covers
    a character may be even too, but is of another shade. block: see block_of. length: of the line, in its heights. banded: the
    plate's blue band is close to the text's left, so the shade there does not count."""
    step = WIDE / (length + 2 * AROUND[0])  # columns of a character's height
    first, last = (round(HIGH * (AROUND[1] + share) / (1 + 2 * AROUND[1])) for share in (0.1, 0.9))
    near, far = (round((AROUND[0] - share) * step) for share in BESIDE)
    left, right = (
        block[first:last, side].astype(np.int16) for side in (slice(far, near), slice(WIDE - near, WIDE - far))
    )
    ends = np.hstack([left, right])
    if (ends.max(axis=0) - ends.min(axis=0)).max(initial=0) >= _EVEN:
        return False
    ground = _ground_of(block[:, round(AROUND[0] * step) : round(WIDE - AROUND[0] * step)])
    return bool(np.abs(np.median(right if banded else ends, axis=0) - ground).max(initial=0) < _COVERED)


def _ground_of(text: NDArray[np.uint8]) -> float:
    """The shade of the ground above and below a single line. text: the columns of its block in which it stands."""
    high = HIGH / (1 + 2 * AROUND[1])
    over, under = (round((AROUND[1] + share) * high) for share in (-_RIM, 1 + _RIM))
    return at_share(np.vstack([text[over : over + 2], text[under - 2 : under]]), 0.5)


def is_crossed(block: NDArray[np.uint8], length: float) -> bool:
    """Whether something upright of one shade, another than the ground's, stands before a single line from above the plate to
    below it. block: see block_of. length: of the line, in heights of a character."""
    step = WIDE / (length + 2 * AROUND[0])  # columns of a character's height
    text = block[:, round(AROUND[0] * step) : round(WIDE - AROUND[0] * step)]
    if text.shape[1] < 2:
        return False
    shades = np.sort(cv2.blur(text, (1, 3)), axis=0)
    lowest, middle, highest = (shades[round(share * (HIGH - 1))].astype(np.int16) for share in (0.08, 0.5, 0.92))
    of_one_shade = (highest - lowest < _ONE_SHADE) & (np.abs(middle - _ground_of(text)) > _OTHER_SHADE)
    least = max(2, round(_POST * step))
    return bool(np.any(np.convolve(of_one_shade, np.ones(least), "valid") >= least))


def ends_in_a_dash(block: NDArray[np.uint8], length: float) -> bool:
    """Whether a dash stands beside the first or the last character of a single line. block: see block_of. length: of the line, in
    heights of a character."""
    step, high = WIDE / (length + 2 * AROUND[0]), HIGH / (1 + 2 * AROUND[1])
    ground = _ground_of(block[:, round(AROUND[0] * step) : round(WIDE - AROUND[0] * step)])
    top, bottom = round((AROUND[1] + 0.04) * high), round((AROUND[1] + 0.96) * high)
    ink = (np.abs(block[top:bottom] - ground) > _INK).astype(np.uint8)
    near, far = (round((AROUND[0] - share) * step) for share in _DASH_BESIDE)
    ends = ink[:, far:near], ink[:, WIDE - near : WIDE - far]
    return any(
        _is_dash(box, end, step) for end in ends for box in cv2.connectedComponentsWithStats(end)[2][1:].tolist()
    )


def _is_dash(box: list[int], ink: Grey, step: float) -> bool:
    """Whether a shape (x, y, width, height, pixels) in a line's ink is a dash: flat, full, at half height, alone in its columns."""
    x, y, width, height, pixels = box
    wide, tall, middle = width / step, height / len(ink), (y + height / 2) / len(ink)
    is_flat = max(0.2, 1.5 * tall) <= wide <= 0.6 and 0.08 <= tall <= 0.33 and 0.36 <= middle <= 0.66
    is_alone = 0 < x and x + width < ink.shape[1] and int(ink[:, x : x + width].sum()) <= 1.1 * pixels
    return is_flat and is_alone and pixels >= 0.7 * width * height


def corners_of(rows: Sequence[Row]) -> NDArray[np.float64]:
    """The corners of the block of these rows and AROUND of their surroundings, in pixels of the picture, clockwise from the
    upper left: (4, 2)."""
    first, last = rows[0], rows[-1]
    high = (first.height + last.height) / 2
    left = min(row.ends[0] - _shift(row, first) for row in rows) - AROUND[0] * high
    right = max(row.ends[1] - _shift(row, first) for row in rows) + AROUND[0] * high
    top, bottom = -first.height / 2 - AROUND[1] * high, last.height / 2 + AROUND[1] * high
    return np.array(
        [
            _point(first, left, top),
            _point(first, right, top),
            _point(last, right + _shift(last, first), bottom),
            _point(last, left + _shift(last, first), bottom),
        ]
    )


def _shift(row: Row, first: Row) -> float:
    """How many pixels a row lies to the right because of the strokes' lean, compared with its plate's first row."""
    return first.down * (row.centre_y - first.y_at(row.centre_x)) / (1 - first.down * first.slope)


def _point(row: Row, x: float, down: float) -> tuple[float, float]:
    """The point at x of the row's middle line, moved `down` pixels along the strokes' lean."""
    return x + row.down * down, row.y_at(x) + down


def chance(log_odds: float) -> float:
    """The probability, 0..1, that has these log odds (natural)."""
    return 1.0 / (1.0 + math.exp(-log_odds))
