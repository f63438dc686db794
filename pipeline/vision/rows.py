"""Rows of characters: what tells a plate from a grille, and where exactly its text runs.

Characters on a plate are dark on light (or light on dark), equally high and stand in a line. So: binarise, take the connected
components of a letter's proportions, and look for the straight line that most of them share.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.vision.boxes import Box

Grey = NDArray[np.uint8]
MAX_SLOPE = 0.3  # 17 degrees: more is not a plate that a traffic camera sees upright
MIN_CHARACTERS = 3
_WORK_HEIGHT = 80  # pixels that the examined area is scaled to
_WORK_WIDTH = 600
_GOOD_SCORE = 4.5  # a row this good needs no other binarisation


@dataclass(frozen=True, slots=True)
class Row:
    """A row of characters in pixels of the picture: centre, length and character height along a slope (dy/dx)."""

    centre_x: float
    centre_y: float
    length: float
    height: float
    slope: float
    characters: int
    score: float  # characters found, less what they deviate from one line and one height

    def box(self, margin: float = 0.4) -> Box:
        """The upright box around the row, with a margin in character heights."""
        angle = math.atan(self.slope)
        width = self.length * math.cos(angle) + 2 * margin * self.height
        height = self.height + abs(self.length * math.sin(angle)) + margin * self.height
        return round(self.centre_x - width / 2), round(self.centre_y - height / 2), round(width), round(height)

    def widened(self, left: float, right: float) -> "Row":
        """The same row running at least from x = left to x = right."""
        half = self.length / 2 * math.cos(math.atan(self.slope))
        left, right = min(left, self.centre_x - half), max(right, self.centre_x + half)
        middle = (left + right) / 2
        return Row(
            centre_x=middle,
            centre_y=self.centre_y + self.slope * (middle - self.centre_x),
            length=(right - left) / math.cos(math.atan(self.slope)),
            height=self.height,
            slope=self.slope,
            characters=self.characters,
            score=self.score,
        )


def find_row(grey: Grey, area: Box, work_height: int = _WORK_HEIGHT) -> Row | None:
    """The best row of characters inside area (x, y, width, height; clipped to the picture), or None.

    work_height: pixels that the area is scaled to; lower is quicker and less exact.
    """
    x0, y0 = max(area[0], 0), max(area[1], 0)
    part = grey[y0 : max(area[1] + area[3], y0), x0 : max(area[0] + area[2], x0)]
    if min(part.shape) < 6:
        return None
    scale = min(work_height / part.shape[0], _WORK_WIDTH / _WORK_HEIGHT * work_height / part.shape[1])
    how = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    part = np.asarray(cv2.resize(part, None, fx=scale, fy=scale, interpolation=how), np.uint8)
    best: Row | None = None
    for dark in _binarised(part):
        row = _row_of(_components(dark))
        if row is not None and (best is None or row.score > best.score):
            best = row
        if best is not None and best.score >= _GOOD_SCORE:
            break
    if best is None:
        return None
    return Row(
        centre_x=x0 + best.centre_x / scale,
        centre_y=y0 + best.centre_y / scale,
        length=best.length / scale,
        height=best.height / scale,
        slope=best.slope,
        characters=best.characters,
        score=best.score,
    )


def straighten(picture: NDArray[np.uint8], row: Row, height: int = 48) -> NDArray[np.uint8]:
    """Turn and scale a row upright. picture: (H, W, 3) BGR, not modified. Returns a copy (height, w, 3)."""
    text_height = row.height * 1.5
    scale = height / text_height
    width = max(8, round((row.length + 0.5 * row.height) * scale))
    cos, sin = math.cos(math.atan(row.slope)) * scale, math.sin(math.atan(row.slope)) * scale
    turn = np.array([[cos, sin, 0.0], [-sin, cos, 0.0]])
    turn[:, 2] = np.array([width / 2, height / 2]) - turn[:, :2] @ np.array([row.centre_x, row.centre_y])
    how = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    line = cv2.warpAffine(picture, turn, (width, height), flags=how, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(line, np.uint8)


def _binarised(grey: Grey) -> Iterator[Grey]:
    """Ways to tell strokes from ground, the usual first: dark on light, light on dark, and strokes that touch the plate's rim."""
    block = max(11, int(grey.shape[0] * 0.4)) | 1
    for picture in (grey, 255 - grey):
        dark = cv2.adaptiveThreshold(picture, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, block, 9)
        yield np.asarray(dark, np.uint8)
    small = max(9, int(grey.shape[0] * 0.16)) | 1
    dark = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, small, 6)
    yield np.asarray(dark, np.uint8)


def _components(dark: Grey) -> NDArray[np.float64]:
    """Letter-like components of a binarised working area: rows of x, y, width, height, sorted by x."""
    height = dark.shape[0]
    _, _, stats, _ = cv2.connectedComponentsWithStats(dark, connectivity=4)
    w, h, area = stats[:, 2], stats[:, 3], stats[:, 4]
    like_letters = (h > 0.15 * height) & (h < 0.9 * height) & (w < 1.4 * h) & (w > 0.08 * h) & (area > 0.15 * w * h)
    like_letters[0] = False  # the background
    kept = np.asarray(stats[like_letters, :4], np.float64)
    leftmost: NDArray[np.float64] = kept[np.argsort(kept[:, 0])][:60]
    return leftmost


def _row_of(parts: NDArray[np.float64]) -> Row | None:
    """The line through two components that most others share, in pixels of the working area."""
    if len(parts) < MIN_CHARACTERS:
        return None
    x, y, h = parts[:, 0] + parts[:, 2] / 2, parts[:, 1] + parts[:, 3] / 2, parts[:, 3]
    first, second = np.triu_indices(len(parts), 1)
    apart = x[second] - x[first]
    pair_height = (h[first] + h[second]) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        slopes = (y[second] - y[first]) / apart
    usable = (apart > 0.8 * pair_height) & (np.abs(slopes) < MAX_SLOPE) & (np.abs(h[first] / h[second] - 1) < 0.25)
    first, slopes, pair_height = first[usable], slopes[usable], pair_height[usable]
    if not len(first):
        return None
    off_line = np.abs(y - y[first, None] - slopes[:, None] * (x - x[first, None])) / pair_height[:, None]
    off_height = np.abs(h / pair_height[:, None] - 1)
    on_line = (off_line < 0.12) & (off_height < 0.2)
    best: Row | None = None
    for pair in np.argsort(-on_line.sum(axis=1), kind="stable")[:12]:
        row = _run(
            parts, x, y, on_line[pair], off_line[pair] + off_height[pair], float(slopes[pair]), pair_height[pair]
        )
        if row is not None and (best is None or row.score > best.score):
            best = row
    return best


def _run(
    parts: NDArray[np.float64],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    on_line: NDArray[np.bool_],
    deviation: NDArray[np.float64],
    slope: float,
    height: float,
) -> Row | None:
    """The longest run of neighbours among the components on one line."""
    members = np.flatnonzero(on_line)
    breaks = np.flatnonzero(np.diff(x[members]) > 1.7 * height) + 1
    run = max(np.split(members, breaks), key=len)
    if len(run) < MIN_CHARACTERS:
        return None
    left, right = float(parts[run, 0].min()), float((parts[run, 0] + parts[run, 2]).max())
    middle = (left + right) / 2
    return Row(
        centre_x=middle,
        centre_y=float(y[run].mean() + slope * (middle - x[run].mean())),
        length=(right - left) / math.cos(math.atan(slope)),
        height=float(np.median(parts[run, 3])),
        slope=slope,
        characters=len(run),
        score=len(run) - 3.0 * float(deviation[run].mean()),
    )
