"""Finds rows of letter-like shapes in a picture, also slanted and light on dark ones, and plates whose strokes a rim or a grille
joins; locate misses these.

The whole picture is binarised, at its own scale and at halves of it; shapes of a letter's proportions beside others of their
height along a line make a row. It takes 10 to 20 ms a picture, longer than the search for strokes, so it is asked only
where that found nothing.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.vision.boxes import Box
from pipeline.vision.grounds import ground_rows
from pipeline.vision.rows import MAX_SLOPE, MIN_CHARACTERS, Grey, Row, row_of

_LARGEST = 600_000  # pixels of the finest scale
_FINEST = 2.0  # by which small pictures are enlarged, at most
_AREA_HEIGHT = 96  # pixels that the area of one plate is scaled to
_SMALLEST = 40  # pixels of the coarsest scale's shorter side
_LEAST, _MOST = 9, 36  # pixels that a character is high, at its scale
_WINDOW = 2.2  # of the largest character: side of the window whose mean parts dark from light
_DARKER = 7
_COMPONENTS = 1500  # of one scale that are looked at: the tallest
_NEAR = 1.9  # heights of a character between the middles of neighbours


def letter_rows(grey: Grey) -> list[Row]:
    """Rows of characters, in pixels of the picture, those of the best score first; of one place there may be several."""
    return _rows_at_scales(grey, max(1.0 / _FINEST, (grey.size / _LARGEST) ** 0.5))


def letter_rows_in(grey: Grey, area: Box) -> list[Row]:
    """As letter_rows, of an area (x, y, width, height; clipped to the picture) that is hardly higher than a plate. 1 ms."""
    x, y = max(area[0], 0), max(area[1], 0)
    part = grey[y : max(area[1] + area[3], y), x : max(area[0] + area[2], x)]
    if min(part.shape) < 6:
        return []
    return [row.placed(1.0, x, y) for row in _rows_at_scales(part, max(1.0 / _FINEST, part.shape[0] / _AREA_HEIGHT))]


def _rows_at_scales(grey: Grey, factor: float) -> list[Row]:
    """The rows in a picture scaled down by a factor (below 1: up), and in halves of that, those of the best score first."""
    found: list[Row] = []
    how = cv2.INTER_AREA if factor > 1.0 else cv2.INTER_CUBIC
    grey = np.asarray(cv2.resize(grey, None, fx=1 / factor, fy=1 / factor, interpolation=how), np.uint8)
    while min(grey.shape) >= _SMALLEST:
        for ink in (grey, 255 - grey):
            found += [row.placed(factor, 0.0, 0.0) for row in _rows_of(np.asarray(ink, np.uint8))]
        grey = np.asarray(cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
        factor *= 2.0
    return sorted(found, key=lambda row: -row.score)


def _rows_of(grey: Grey) -> list[Row]:
    """The rows of characters dark on light, and those on dark grounds, of one scale."""
    window = int(_WINDOW * _MOST / 2) | 1
    dark = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, window, _DARKER)
    _, _, stats, _ = cv2.connectedComponentsWithStats(dark, connectivity=4, ltype=cv2.CV_32S)
    return [*_rows(_letters(np.asarray(stats, np.int32))), *ground_rows(np.asarray(dark, np.uint8))]


def _letters(stats: NDArray[np.int32]) -> NDArray[np.float64]:
    """Components of a letter's size and proportions: rows of x, y, width, height. stats: see
    cv2.connectedComponentsWithStats."""
    w, h, area = stats[:, 2], stats[:, 3], stats[:, 4]
    like = (h >= _LEAST) & (h <= _MOST) & (w < 1.3 * h) & (w > 0.1 * h) & (area > 0.18 * w * h)
    kept = np.asarray(stats[like, :4], np.float64)
    return np.asarray(kept[np.argsort(-kept[:, 3], kind="stable")][:_COMPONENTS], np.float64)


def _rows(parts: NDArray[np.float64]) -> list[Row]:
    """The best row of each chain of neighbours of one height."""
    if len(parts) < MIN_CHARACTERS:
        return []
    x, y, h = parts[:, 0] + parts[:, 2] / 2, parts[:, 1] + parts[:, 3] / 2, parts[:, 3]
    across, down, tall = x[None] - x[:, None], y[None] - y[:, None], np.maximum(h[None], h[:, None])
    near = (across > 0.25 * tall) & (across < _NEAR * tall) & (np.abs(down) < MAX_SLOPE * across + 0.08 * tall)
    near &= np.abs(h[None] - h[:, None]) < 0.2 * tall
    group = _connected(len(parts), *np.nonzero(near))
    chains = (parts[group == number] for number in np.flatnonzero(np.bincount(group) >= MIN_CHARACTERS))
    rows = (row_of(chain[np.argsort(chain[:, 0], kind="stable")]) for chain in chains)
    return [row for row in rows if row is not None]


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
