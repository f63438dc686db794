"""Finds the line above or below a row of characters, also one of two characters or a single one, by the shapes that stand
there."""

from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.vision.rows import Grey, Row, straighten, to_line

_NEAR, _FAR = 0.6, 3.1  # heights of a character from the row's middle line: what is looked at
_PX = 26.0  # pixels that one of the row's characters is high there
_BESIDE = 1.6  # heights of a character that are looked at beyond the row's ends
_HIGH = 0.6, 1.5  # heights of the row's characters that one of the other line has
_WIDE = 0.08, 1.25  # of its own height
_INKED = 0.15  # of its box, at least
_BLOCK, _DARKER = 31, 9  # pixels and shades of the window that parts dark from light
_LEVEL, _ALIKE = 0.14, 0.2  # most difference between two of one line: of their middles, and of their heights
_APART = 2.6  # heights between the middles of neighbours of one line, at most


def lines_beside(grey: Grey, row: Row) -> Iterator[tuple[int, Row]]:
    """The line above (-1) and the one below (1) a row, where shapes of a character's size stand there in a line: those with
    more of them first. 0.3 ms. grey: (H, W) uint8, not modified."""
    found = [(side, line) for side in (-1, 1) if (line := _line_at(grey, row, side)) is not None]
    yield from sorted(found, key=lambda one: -one[1].characters)


def _line_at(grey: Grey, row: Row, side: int) -> Row | None:
    height = (_FAR - _NEAR) * row.height / 1.5  # straighten shows one and a half of it
    down = side * (_NEAR + _FAR) / 2 * row.height
    area = replace(
        row,
        centre_x=row.centre_x + row.down * down,
        centre_y=row.centre_y + down,
        length=row.length + 2 * _BESIDE * row.height,
        height=height,
    )
    strip = straighten(grey, area, round((_FAR - _NEAR) * _PX))
    inks = (strip, np.asarray(255 - strip, np.uint8))
    best = max((_largest_line(_shapes(ink)) for ink in inks), key=_worth)
    return _placed(best, strip, area, row) if len(best) else None


def _shapes(strip: Grey) -> NDArray[np.float64]:
    """Shapes of a character's size that end within the strip: rows of x, y, width, height."""
    dark = cv2.adaptiveThreshold(strip, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, _BLOCK, _DARKER)
    _, _, stats, _ = cv2.connectedComponentsWithStats(dark, connectivity=4, ltype=cv2.CV_16U)
    x, y, w, h, area = stats[1:].T
    kept = (h >= _HIGH[0] * _PX) & (h <= _HIGH[1] * _PX) & (w >= _WIDE[0] * h) & (w <= _WIDE[1] * h)
    kept &= (area >= _INKED * w * h) & (y > 0) & (y + h < strip.shape[0]) & (x > 0) & (x + w < strip.shape[1])
    return np.asarray(stats[1:][kept, :4], np.float64)


def _largest_line(shapes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Most shapes of one height that stand on one line beside each other; of as many those of the highest."""
    best = shapes[:0]
    middles, heights = shapes[:, 1] + shapes[:, 3] / 2, shapes[:, 3]
    for middle, height in zip(middles, heights, strict=True):
        alike = (np.abs(middles - middle) < _LEVEL * height) & (np.abs(heights - height) < _ALIKE * height)
        line = shapes[alike]
        line = line[np.argsort(line[:, 0])]
        apart = np.diff(line[:, 0] + line[:, 2] / 2)
        runs = np.split(line, np.flatnonzero(apart > _APART * height) + 1)
        best = max(best, *runs, key=_worth)
    return best


def _worth(line: NDArray[np.float64]) -> tuple[int, float]:
    """The sort key of a line of shapes: more shapes are better; of as many the higher ones, which are no holes of others."""
    return len(line), float(line[:, 3].max(initial=0.0))


def _placed(shapes: NDArray[np.float64], strip: Grey, area: Row, row: Row) -> Row:
    """The shapes of a strip as a row of the picture."""
    high, wide = strip.shape
    back = cv2.invertAffineTransform(to_line(area, wide, high))
    left, right = shapes[:, 0].min(), (shapes[:, 0] + shapes[:, 2]).max()
    middle = float(np.median(shapes[:, 1] + shapes[:, 3] / 2))
    x, y = back @ np.array([(left + right) / 2, middle, 1.0])
    step = area.height * 1.5 / high
    return replace(
        row,
        centre_x=float(x),
        centre_y=float(y),
        length=max(float(right - left) * step, 1.0),
        height=float(np.median(shapes[:, 3])) * step,
        characters=len(shapes),
    )
