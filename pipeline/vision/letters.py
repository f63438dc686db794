"""Finds areas where letter-like shapes stand in a row. It finds plates whose strokes a rim or a grille joins, which locate
misses.

The whole picture is binarised, at its own scale and at halves of it; shapes of a letter's proportions beside others of their
height along a line make an area. It takes 10 to 20 ms a picture, longer than the search for strokes, so it is asked only
where that found nothing.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.vision.boxes import Box
from pipeline.vision.rows import MAX_SLOPE, MIN_CHARACTERS, Grey

_LARGEST = 600_000  # pixels of the finest scale
_LEAST, _MOST = 9, 36  # pixels that a character is high, at its scale
_WINDOW = 2.2  # of the largest character: side of the window whose mean parts dark from light
_DARKER = 7
_COMPONENTS = 1500  # of one scale that are looked at: the tallest
_NEAR = 1.9  # heights of a character between the middles of neighbours


def letter_areas(grey: Grey) -> list[Box]:
    """Areas (x, y, width, height in pixels, a little margin included), those with the most characters first."""
    found: list[tuple[int, Box]] = []
    factor = 1.0
    if grey.size > _LARGEST:
        factor = (grey.size / _LARGEST) ** 0.5
        grey = np.asarray(cv2.resize(grey, None, fx=1 / factor, fy=1 / factor, interpolation=cv2.INTER_AREA), np.uint8)
    while min(grey.shape) >= 40:
        for ink in (grey, 255 - grey):
            found += [(count, _scaled(box, factor)) for count, box in _rows(_letters(np.asarray(ink, np.uint8)))]
        grey = np.asarray(cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
        factor *= 2.0
    return [box for _, box in sorted(found, key=lambda item: -item[0])]


def _letters(grey: Grey) -> NDArray[np.float64]:
    """Components dark on light of a letter's size and proportions: rows of x, y, width, height."""
    window = int(_WINDOW * _MOST / 2) | 1
    dark = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, window, _DARKER)
    _, _, stats, _ = cv2.connectedComponentsWithStats(dark, connectivity=4, ltype=cv2.CV_32S)
    w, h, area = stats[:, 2], stats[:, 3], stats[:, 4]
    like = (h >= _LEAST) & (h <= _MOST) & (w < 1.3 * h) & (w > 0.1 * h) & (area > 0.18 * w * h)
    kept = np.asarray(stats[like, :4], np.float64)
    return np.asarray(kept[np.argsort(-kept[:, 3], kind="stable")][:_COMPONENTS], np.float64)


def _rows(parts: NDArray[np.float64]) -> list[tuple[int, Box]]:
    """Chains of neighbours of one height: how many they are, and the box around them with a margin."""
    if len(parts) < MIN_CHARACTERS:
        return []
    x, y, h = parts[:, 0] + parts[:, 2] / 2, parts[:, 1] + parts[:, 3] / 2, parts[:, 3]
    across, down, tall = x[None] - x[:, None], y[None] - y[:, None], np.maximum(h[None], h[:, None])
    near = (across > 0.25 * tall) & (across < _NEAR * tall) & (np.abs(down) < MAX_SLOPE * across + 0.08 * tall)
    near &= np.abs(h[None] - h[:, None]) < 0.2 * tall
    group = _connected(len(parts), *np.nonzero(near))
    found = []
    for number in np.flatnonzero(np.bincount(group) >= MIN_CHARACTERS):
        some = parts[group == number]
        margin = 0.5 * float(np.median(some[:, 3]))
        left, top = some[:, 0].min() - margin, some[:, 1].min() - margin
        right, bottom = (some[:, 0] + some[:, 2]).max() + margin, (some[:, 1] + some[:, 3]).max() + margin
        found.append((len(some), (round(left), round(top), round(right - left), round(bottom - top))))
    return found


def _connected(count: int, first: NDArray[np.intp], second: NDArray[np.intp]) -> NDArray[np.intp]:
    """The number of the group that each thing is in, where pairs are joined."""
    group = np.arange(count)
    while True:
        least = np.minimum(group[first], group[second])
        before = group.copy()
        np.minimum.at(group, first, least)
        np.minimum.at(group, second, least)
        group = group[group]
        if np.array_equal(before, group):
            return np.asarray(group, np.intp)


def _scaled(box: Box, by: float) -> Box:
    x, y, width, height = (round(pixels * by) for pixels in box)
    return x, y, width, height
