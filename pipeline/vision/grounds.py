"""Finds the even grounds that plates are written on: light ones on darker bodywork, and dark ones on lighter.

Where a picture is too coarse to part the characters of a plate from each other or from its rim, its ground still stands out: a
straight band of one height, broken by strokes. The row of characters is taken to fill the usual part of it.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.vision.pictures import at_share
from pipeline.vision.rows import MAX_SLOPE, Grey, Row

_LEAST, _MOST = 9, 44  # pixels that a ground is high, at its scale
_ASPECTS = 2.2, 7.0  # width / height; with the blue band or without it
_STROKE = 9, 3  # pixels: dark strokes up to this size are no end of a ground
_TRIM = 9, 7  # light strips that are thinner are no part of one
_CORNERS = 4
_RECTANGULAR = 0.66  # of the smallest rectangle around a ground, which it fills; a sheared one does not fill all
_STEADY = 0.12  # of its height: most deviation of its edges from two parallel lines, in most columns
_MOSTLY = 0.7
_INK = 0.08, 0.55  # share of it that strokes take
_STROKES = 4, 16  # that are crossed along its middle
_MIDDLE = (0.4, 0.5, 0.6)  # of its height, where strokes are counted
_FILLED = 0.68  # of a ground's height: that of its characters
_MARGIN = 0.15  # heights of a ground before the first character and after the last
_BASE, _EACH = 2.4, 0.15  # a row's score, and more for each stroke: less than for characters that were told apart


def ground_rows(ground: Grey) -> list[Row]:
    """The rows of characters on those areas of a binarised picture that are like a plate's ground.

    ground: (h, w), 255 where the picture has a ground's brightness, not modified.
    """
    filled = cv2.morphologyEx(ground, cv2.MORPH_CLOSE, np.ones(_STROKE[::-1], np.uint8))
    filled = cv2.morphologyEx(filled, cv2.MORPH_OPEN, np.ones(_TRIM[::-1], np.uint8))
    outlines, _ = cv2.findContours(filled, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    rows = []
    for outline in outlines:
        if len(outline) < _CORNERS or not _is_band(outline):
            continue
        x, y, width, height = cv2.boundingRect(outline)
        area = np.zeros((height, width), np.uint8)
        cv2.drawContours(area, [outline], -1, 255, cv2.FILLED, offset=(-x, -y))
        part = ground[y : y + height, x : x + width]
        ink = 1.0 - cv2.countNonZero(cv2.bitwise_and(area, part)) / cv2.countNonZero(area)
        row = _row_on(area > 0, part > 0) if _INK[0] <= ink <= _INK[1] else None
        if row is not None:
            rows.append(row.placed(1.0, x, y))
    return rows


def _is_band(outline: NDArray[np.int32]) -> bool:
    """Whether an outline fills most of a rectangle, however turned, of a ground's proportions."""
    _, (one, other), _ = cv2.minAreaRect(outline)
    long, short = max(one, other), min(one, other)
    if not (0.8 * _LEAST <= short <= _MOST and 0.8 * _ASPECTS[0] * short <= long <= 1.2 * _ASPECTS[1] * short):
        return False
    return bool(cv2.contourArea(outline) >= _RECTANGULAR * long * short)


def _row_on(area: NDArray[np.bool_], ground: NDArray[np.bool_]) -> Row | None:
    """The row on an area if it is a straight band of one height that strokes break, else None. area, ground: (h, w)."""
    height, width = area.shape
    top, bottom = area.argmax(axis=0), height - area[::-1].argmax(axis=0)
    high = at_share(bottom - top, 0.5)
    if not (_LEAST <= high <= _MOST and _ASPECTS[0] * high <= width <= _ASPECTS[1] * high):
        return None
    along, middles, third = np.arange(width) - width / 2, (top + bottom) / 2, width // 3
    slope = (at_share(middles[-third:], 0.5) - at_share(middles[:third], 0.5)) / (width - third)
    level = middles - slope * along
    centre = at_share(level, 0.5)
    off = np.maximum(np.abs(level - centre), np.abs(bottom - top - high) / 2)
    if abs(slope) > MAX_SLOPE or at_share(off, _MOSTLY) > _STEADY * high:
        return None
    strokes = max(_crossed(ground, centre + (share - 0.5) * high + slope * along) for share in _MIDDLE)
    if not _STROKES[0] <= strokes <= _STROKES[1]:
        return None
    return Row(
        centre_x=width / 2,
        centre_y=centre,
        length=(width - 2 * _MARGIN * high) * float(np.hypot(1.0, slope)),
        height=_FILLED * high,
        slope=slope,
        characters=strokes,
        score=_BASE + _EACH * min(strokes, 10),
    )


def _crossed(ground: NDArray[np.bool_], at: NDArray[np.float64]) -> int:
    """How many strokes break the ground along a line. at: its row in each column."""
    height, width = ground.shape
    seen = ground[np.clip(np.rint(at).astype(np.intp), 0, height - 1), np.arange(width)]
    return int(np.count_nonzero(seen[:-1] & ~seen[1:]))
