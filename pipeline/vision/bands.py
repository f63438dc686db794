"""The blue bands at the ends of a plate's line, whose small letters (country, region) are no part of its text."""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.vision.pictures import Picture, at_share

_BLUE = 96.0, 129.0  # hues, as OpenCV counts them: 0..179
_LETTERS = 4  # columns without blue, at most, where a band's letters and stars are
_STROKE = 8  # columns: a blue character's stroke is no wider, a band seen whole is


def bands_of(line: Picture) -> tuple[tuple[int, int], tuple[int, int]]:
    """Where the blue bands at the left and at the right end of a line begin and end, in pixel columns from that end; (0, 0):
    there is none."""
    width = line.shape[1]
    side = width // 4
    hue, saturation, _ = (
        at_share(plane, 0.5) for plane in cv2.split(cv2.cvtColor(line[::4, side:-side:2], cv2.COLOR_BGR2HSV))
    )
    is_bluish = _BLUE[0] <= hue <= _BLUE[1]  # the whole picture is: a band is bluer than its ground
    least = 91.0 if not is_bluish or saturation < 30.0 else saturation + 61.0
    left, right = (_blue_columns(part, least) for part in (line[:, :side], line[:, width - side :]))
    return _band(left), _band(right[::-1])


def _blue_columns(part: Picture, least: float) -> NDArray[np.bool_]:
    """Which columns are blue in more than half of their pixels. least: the least saturation that counts as blue, 0..255."""
    hsv = cv2.cvtColor(part, cv2.COLOR_BGR2HSV)
    blue = cv2.inRange(hsv, np.array([_BLUE[0], least, 41.0]), np.array([_BLUE[1], 255.0, 255.0]))
    return np.asarray(np.count_nonzero(blue, axis=0) > 0.5 * part.shape[0])


def _band(columns: NDArray[np.bool_]) -> tuple[int, int]:
    """Where a band begins and ends, in columns from the end of the line inwards. What lies outside it is no part of the
    plate. (0, 0): there is none. Blue characters are no part of a band: a stroke is narrower, and stands apart from it."""
    blue = np.flatnonzero(columns)
    if not len(blue):
        return 0, 0
    first, *others = np.split(blue, np.flatnonzero(np.diff(blue) > _LETTERS + 1) + 1)
    parts = [first] if first[0] == 0 or _breadth(first) > _STROKE else []
    for other in others:
        if _breadth(other) <= _STROKE:
            break
        parts.append(other)
    begin, end = (int(parts[0][0]), int(parts[-1][-1]) + 1) if parts else (0, 0)
    if end - begin < 3 or columns[begin:end].mean() < 0.7:
        return 0, 0
    return begin, end


def _breadth(run: NDArray[np.intp]) -> int:
    return int(run[-1] - run[0]) + 1
