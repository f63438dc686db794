"""Finds rows of characters: they tell a plate from a grille, and where exactly its text is.

Characters on a plate are dark on light (or light on dark), equally high and stand in a line. So: binarise, take the
connected components of a letter's proportions, and look for the straight line that most of them share.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from statistics import median

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.vision.boxes import Box

Grey = NDArray[np.uint8]
MAX_SLOPE = 0.5  # 27 degrees: more is not a plate that a traffic camera sees upright
_LEVEL = 0.06  # slope below which strokes stand upright either way
_LEAN_SHARES = (
    1.2,
    1.0,
    0.75,
    0.5,
    0.25,
    0.0,
    -0.3,
)  # of the slope: 1 where the camera is tilted, 0 where the plate is seen from the side
_LEAN_HEIGHT = 24  # pixels of the line that leans are tried on
MIN_CHARACTERS = 3
_WORK_HEIGHT, _ROUGH_HEIGHT = 80, 48  # pixels that the examined area is scaled to
_WORK_WIDTH = 600
GOOD_SCORE = 4.5  # a row this good needs no other binarisation
_MOST = 40  # components that are looked at, leftmost first: a plate has some ten
_FAINT_SCORE = 4.0  # of a row where the usual binarisation shows fewer than _SOME components: less is seldom one
_SOME = 2  # components that the usual binarisation shows of any row
_DARK = 110  # mean grey; light characters stand on dark ground
_FAIR_SCORE = 3.0  # and after two, this good


@dataclass(frozen=True, slots=True)
class Row:
    """A row of characters in pixels of the picture: centre, length and character height along a slope (dy/dx).

    lean: how far upright strokes run to the right on a pixel's way down (dx/dy); None: at right angles to the slope.
    """

    centre_x: float
    centre_y: float
    length: float
    height: float
    slope: float
    characters: int
    score: float  # characters found, less what they deviate from one line and one height
    lean: float | None = None

    @property
    def down(self) -> float:
        """The lean (dx/dy); where lean is None, that of strokes at right angles to the slope."""
        return -self.slope if self.lean is None else self.lean

    def box(self, margin: float = 0.4) -> Box:
        """The upright box around the row: x, y, width, height in pixels of the picture.

        margin: at the left and the right, in character heights; above and below it is half as much.
        """
        angle = math.atan(self.slope)
        width = self.length * math.cos(angle) + 2 * margin * self.height
        height = self.height + abs(self.length * math.sin(angle)) + margin * self.height
        return round(self.centre_x - width / 2), round(self.centre_y - height / 2), round(width), round(height)

    @property
    def ends(self) -> tuple[float, float]:
        """The x of its left and of its right end, pixels."""
        half = self.length / 2 * math.cos(math.atan(self.slope))
        return self.centre_x - half, self.centre_x + half

    def y_at(self, x: float) -> float:
        """The y of its middle line at x, pixels."""
        return self.centre_y + self.slope * (x - self.centre_x)

    def placed(self, by: float, x: float, y: float) -> "Row":
        """The same row in a picture of which this one is a part that begins at x, y, with all its sizes times `by`."""
        return replace(
            self,
            centre_x=x + self.centre_x * by,
            centre_y=y + self.centre_y * by,
            length=self.length * by,
            height=self.height * by,
        )

    def widened(self, left: float, right: float) -> "Row":
        """The same row running at least from x = left to x = right."""
        first, last = self.ends
        left, right = min(left, first), max(right, last)
        middle = (left + right) / 2
        return replace(
            self,
            centre_x=middle,
            centre_y=self.y_at(middle),
            length=(right - left) / math.cos(math.atan(self.slope)),
        )


def find_row(grey: Grey, area: Box, *, roughly: bool = False) -> Row | None:
    """The best row of characters inside area (x, y, width, height; clipped to the picture), or None.

    roughly: quicker and less exact: enough to tell a plate from a hedge.
    """
    work_height = _ROUGH_HEIGHT if roughly else _WORK_HEIGHT
    x0, y0 = max(area[0], 0), max(area[1], 0)
    part = grey[y0 : max(area[1] + area[3], y0), x0 : max(area[0] + area[2], x0)]
    if min(part.shape) < 6:
        return None
    scale = min(work_height / part.shape[0], _WORK_WIDTH / _WORK_HEIGHT * work_height / part.shape[1])
    how = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
    part = np.asarray(cv2.resize(part, None, fx=scale, fy=scale, interpolation=how), np.uint8)
    best: Row | None = None
    good, least = GOOD_SCORE, 0.0
    ways = _binarised(part, maybe_light=not roughly or cv2.mean(part)[0] < _DARK)
    for number, dark in enumerate(ways):
        parts = _components(dark)
        if roughly and number == 0 and len(parts) < _SOME:
            least = _FAINT_SCORE
        row = row_of(parts)
        if row is not None and (best is None or row.score > best.score):
            best = row
        if best is not None and best.score >= good:
            break
        good = _FAIR_SCORE
    if best is None or best.score < least:
        return None
    return best.placed(1 / scale, x0, y0)


def straighten(picture: NDArray[np.uint8], row: Row, height: int = 48) -> NDArray[np.uint8]:
    """Turn, shear and scale a row upright. picture: (H, W) or (H, W, 3), not modified. Returns a copy, `height` pixels high,
    with the same number of colours."""
    scale = height / (row.height * 1.5)
    width = max(8, round((row.length + 0.5 * row.height) * scale))
    how = cv2.INTER_LINEAR if scale > 1 else cv2.INTER_AREA
    turn = to_line(row, width, height)
    line = cv2.warpAffine(picture, turn, (width, height), flags=how, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(line, np.uint8)


def to_line(row: Row, width: float, height: float) -> NDArray[np.float64]:
    """The (2, 3) map from the picture to a line of this size, pixels, with the row in its middle."""
    step = row.height * 1.5 / height  # pixels of the picture to one of the line
    cos, sin = math.cos(math.atan(row.slope)), math.sin(math.atan(row.slope))
    back = np.array([[cos * step, row.down * step * cos], [sin * step, step * cos if row.lean is None else step]])
    turn = np.zeros((2, 3))
    turn[:, :2] = np.linalg.inv(back)
    turn[:, 2] = np.array([width / 2, height / 2]) - turn[:, :2] @ np.array([row.centre_x, row.centre_y])
    return turn


def sheared(grey: Grey, row: Row) -> Row:
    """The row with the lean of its strokes: the lean at which the gaps between characters are clearest. Rows that hardly
    slope are returned as they are."""
    if abs(row.slope) < _LEVEL:
        return row
    leans = [replace(row, lean=-row.slope * share) for share in _LEAN_SHARES]
    return max(leans, key=lambda one: _parted(straighten(grey, one, _LEAN_HEIGHT)))


def _parted(line: Grey) -> float:
    """How much the brightness of a line's columns differs: most where strokes are upright and the gaps between them are
    empty."""
    means = cv2.reduce(line[4:-4], 0, cv2.REDUCE_AVG, dtype=cv2.CV_32F)
    return float(np.square(np.diff(means)).mean())


def _binarised(grey: Grey, *, maybe_light: bool) -> Iterator[Grey]:
    """Ways to tell strokes from ground, the usual first: dark on light, strokes that touch the plate's rim, light on dark."""
    ways = [(grey, 0.4, 9), (grey, 0.16, 6)]
    if maybe_light:
        ways.append((255 - grey, 0.4, 9))
    for picture, share, darker in ways:
        block = max(9, int(grey.shape[0] * share)) | 1
        dark = cv2.adaptiveThreshold(picture, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, block, darker)
        yield np.asarray(dark, np.uint8)


def _components(dark: Grey) -> NDArray[np.float64]:
    """Letter-like components of a binarised working area: rows of x, y, width, height, sorted by x."""
    height = dark.shape[0]
    _, _, stats, _ = cv2.connectedComponentsWithStats(dark, connectivity=4, ltype=cv2.CV_16U)
    stats = stats[1:]  # without the background
    stats = stats[(stats[:, 3] > 0.15 * height) & (stats[:, 3] < 0.9 * height)]
    w, h, area = stats[:, 2], stats[:, 3], stats[:, 4]
    like_letters = (w < 1.4 * h) & (w > 0.08 * h) & (area > 0.15 * w * h)
    kept = np.asarray(stats[like_letters, :4], np.float64)
    leftmost: NDArray[np.float64] = kept[np.argsort(kept[:, 0])][:_MOST]
    return leftmost


def row_of(parts: NDArray[np.float64]) -> Row | None:
    """The row on the line through two components that most others share; None where fewer than MIN_CHARACTERS do.

    parts: rows of x, y, width, height, sorted by x."""
    if len(parts) < MIN_CHARACTERS:
        return None
    x, y, h = parts[:, 0] + parts[:, 2] / 2, parts[:, 1] + parts[:, 3] / 2, parts[:, 3]
    first, second = _pairs(len(parts))
    apart, pair_height = x[second] - x[first], (h[first] + h[second]) / 2
    rise = y[second] - y[first]
    usable = (
        (apart > 0.8 * pair_height)
        & (np.abs(rise) < MAX_SLOPE * apart)
        & (np.abs(h[first] - h[second]) < 0.25 * h[second])
    )
    first, slopes, pair_height = first[usable], rise[usable] / apart[usable], pair_height[usable]
    if not len(first):
        return None
    off_line = np.abs(y - y[first, None] - slopes[:, None] * (x - x[first, None])) / pair_height[:, None]
    off_height = np.abs(h / pair_height[:, None] - 1)
    on_line = (off_line < 0.12) & (off_height < 0.2)
    shared = np.count_nonzero(on_line, axis=1)
    best: Row | None = None
    for pair in np.argsort(-shared, kind="stable")[:12].tolist():
        if shared[pair] < MIN_CHARACTERS or (best is not None and shared[pair] <= best.score):
            break  # a row's score is at most its count of characters
        members = np.flatnonzero(on_line[pair])
        deviation = off_line[pair, members] + off_height[pair, members]
        row = _run(parts[members].tolist(), deviation.tolist(), float(slopes[pair]), float(pair_height[pair]))
        if row is not None and (best is None or row.score > best.score):
            best = row
    return best


@lru_cache(maxsize=64)
def _pairs(count: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The indexes of all pairs of `count` things: an array of the lower ones, and one of the higher ones."""
    first, second = np.triu_indices(count, 1)
    return first, second


def _run(members: list[list[float]], deviation: list[float], slope: float, height: float) -> Row | None:
    """The longest run of neighbours among the components (x, y, width, height; sorted by x) on one line; None where it has fewer
    than MIN_CHARACTERS."""
    run, start, before = range(0), 0, -math.inf
    for number, (left, _, width, _) in enumerate(members):
        middle = left + width / 2
        if middle - before > 1.7 * height:
            start = number
        if number + 1 - start > len(run):
            run = range(start, number + 1)
        before = middle
    if len(run) < MIN_CHARACTERS:
        return None
    some = members[run.start : run.stop]
    left, right = some[0][0], max(x + width for x, _, width, _ in some)
    middle = (left + right) / 2
    centre_x = sum(x + width / 2 for x, _, width, _ in some) / len(some)
    centre_y = sum(y + high / 2 for _, y, _, high in some) / len(some)
    return Row(
        centre_x=middle,
        centre_y=centre_y + slope * (middle - centre_x),
        length=(right - left) / math.cos(math.atan(slope)),
        height=median([high for *_, high in some]),
        slope=slope,
        characters=len(some),
        score=len(some) - 3.0 * sum(deviation[run.start : run.stop]) / len(some),
    )
