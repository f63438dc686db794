"""The blue bands at the ends of a plate's line, whose small letters (country, region) are no part of its text."""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.vision.pictures import Picture, at_share

_BLUE = 96.0, 129.0  # hues, as OpenCV counts them: 0..179


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
    """Which columns are mostly blue. least: the least saturation that counts as blue."""
    hsv = cv2.cvtColor(part, cv2.COLOR_BGR2HSV)
    blue = cv2.inRange(hsv, np.array([_BLUE[0], least, 41.0]), np.array([_BLUE[1], 255.0, 255.0]))
    return np.asarray(np.count_nonzero(blue, axis=0) > 0.5 * part.shape[0])


def _band(columns: NDArray[np.bool_]) -> tuple[int, int]:
    """Where a band begins and ends, in columns from the end of the line inwards. What lies outside it is no part of the
    plate. (0, 0): there is none."""
    blue = np.flatnonzero(columns)
    if len(blue) < 3 or columns[blue[0] : blue[-1] + 1].mean() < 0.7:
        return 0, 0
    return int(blue[0]), int(blue[-1]) + 1
