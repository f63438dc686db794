"""Finds areas that may be plates: strokes close together (morphology) that hold a row of characters. About 10 ms at 500x400.

The picture is searched at its own scale and at a half, a quarter and an eighth of it, for characters of 7 to some 250 pixels;
one of more than 12.5 megapixels from a half on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np

from pipeline.vision.beside import lines_beside
from pipeline.vision.boxes import Box, covered, joined, overlap
from pipeline.vision.letters import letter_rows
from pipeline.vision.pairs import LONGEST_OF_TWO, are_stacked
from pipeline.vision.pictures import Picture
from pipeline.vision.rows import GOOD_SCORE, Grey, Row, find_row
from pipeline.vision.stroke_areas import MAX_AREAS, stroke_areas
from pipeline.vision.verify import Judge

MAX_PLATES = 8
MIN_CHARACTER_HEIGHT = 7.0  # pixels; below, characters cannot be told apart
_MIN_SCORE = 2.6  # of a row: three characters on a good line
_FOLLOWING = 2.5  # heights of a character that are looked at beyond a row's ends
_HARDLY = -4.0  # log odds of being a plate, before the text is read, below which it would not be taken for one
_PART = 0.4  # of the height of a row that another one is a part of, at least
_SAME = 0.6  # overlap of two boxes that hold the same


@dataclass(frozen=True, slots=True)
class Located:
    """One possible plate: its box in pixels of the picture (clipped to it), and its score (about the count of characters)."""

    box: Box
    score: float


class PlateSearch:
    """The search for the plates of one picture: quickly by strokes, and by rows of letter-like shapes, which finds more."""

    def __init__(self, picture: Picture, judge: Judge | None = None) -> None:
        """picture: (H, W, 3) uint8 BGR, not modified. judge: leaves out what surely is no plate, before it is read."""
        self._grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
        self._judge = judge
        self._looked_for_letters = False

    def first(self) -> list[Located]:
        """Possible plates, best first, at most MAX_PLATES. Letters are looked for only where strokes show no good row."""
        rows = _rows_in(self._grey, stroke_areas(self._grey))
        if not any(row.score >= GOOD_SCORE for row, _ in rows):
            rows += self._by_letters()
        return self._plates(rows)

    def more(self, known: Sequence[Box]) -> list[Located]:
        """Possible plates that `first` may have missed, best first. known: boxes already found; what overlaps one of them by
        0.6 or more (intersection over union) is left out. Takes 10 to 30 ms. Empty, at once, where letters were looked for
        already: by `first`, or by an earlier call."""
        found = [] if self._looked_for_letters else self._plates(self._by_letters())
        return [one for one in found if all(overlap(one.box, box) < _SAME for box in known)]

    def _by_letters(self) -> list[tuple[Row, Box]]:
        self._looked_for_letters = True
        return _boxed(self._grey, letter_rows(self._grey)[:MAX_AREAS])

    def _plates(self, rows: list[tuple[Row, Box]]) -> list[Located]:
        """Each place once, rows one above the other as one plate; best first, at most MAX_PLATES."""
        rows.sort(key=lambda item: -item[0].score)
        kept: list[tuple[Row, Box]] = []
        for row, box in rows:
            if not any(are_one(row, box, *other) for other in kept):
                kept.append((row, box))
        likely = (found for box, score, lines in _stacked(kept) if (found := self._judged(box, score, lines)))
        return list(islice(likely, MAX_PLATES))

    def _judged(self, box: Box, score: float, lines: Sequence[Row]) -> Located | None:
        """The plate of these lines, top to bottom, None where it surely is none; with the line above or below a single one
        that is a part of it."""
        if self._judge is None:
            return Located(box, score)
        verdict = self._judge.look(self._grey, lines)
        row = lines[0]
        if len(lines) == 1 and verdict.whole < 0 and row.length < LONGEST_OF_TWO * row.height:
            for side, line in lines_beside(self._grey, row):
                both = (line, row) if side < 0 else (row, line)
                whole = self._judge.look(self._grey, both)
                if whole.whole > 0 and whole.plate > max(verdict.plate, _HARDLY):
                    return Located(joined(box, _clipped(line.box(), self._grey)), score + line.characters)
        return Located(box, score) if verdict.plate >= _HARDLY else None


def find_plates(picture: Picture) -> list[Located]:
    """Possible plates of a picture, best first, at most MAX_PLATES. picture: (H, W, 3) uint8 BGR, not modified."""
    return PlateSearch(picture).first()


def _rows_in(grey: Grey, areas: Iterable[Box]) -> list[tuple[Row, Box]]:
    """The rows of characters of some areas, each with its box clipped to the picture; of one place the first good one."""
    rows: list[tuple[Row, Box]] = []
    for area in areas:
        if any(row.score >= GOOD_SCORE and covered(area, box) > 0.6 for row, box in rows):
            continue  # the same characters at another scale
        row = row_in(grey, area)
        rows += _boxed(grey, [row] if row is not None else [])
    return rows


def _boxed(grey: Grey, rows: Iterable[Row]) -> list[tuple[Row, Box]]:
    """The rows among these that may be characters of plates, each made as long as its characters go on, with its box clipped to the
    picture."""
    good = (row for row in rows if row.score >= _MIN_SCORE and row.height >= MIN_CHARACTER_HEIGHT)
    grown = (_grown(grey, row) for row in good)
    return [(row, _clipped(row.box(), grey)) for row in grown]


def _grown(grey: Grey, row: Row) -> Row:
    """The row with the characters that follow it on either side, where its area ended too early."""
    x, y, width, height = row.box()
    side, above = int(_FOLLOWING * row.height), int(0.3 * row.height)
    longer = find_row(grey, (x - side, y - above, width + 2 * side, height + 2 * above))
    if longer is None or longer.score < row.score or not 0.8 < longer.height / row.height < 1.25:
        return row
    if abs(longer.slope - row.slope) > 0.06 or abs(longer.y_at(row.centre_x) - row.centre_y) > 0.25 * row.height:
        return row
    (left, right), (first, last) = row.ends, longer.ends
    least = 0.3 * row.height
    return row.widened(min(left, first), max(right, last)) if first < left - least or last > right + least else row


def are_one(row: Row, box: Box, other: Row, around: Box) -> bool:
    """Whether `row` is `other` found once more, or a part of it. A row within a much larger one, such as the body of a vehicle
    between its lamps, is a row of its own. box, around: the boxes of row and other."""
    inside = covered(box, around) >= 0.6 and row.height > _PART * other.height
    return inside or overlap(box, around) >= 0.3


def row_in(grey: Grey, area: Box) -> Row | None:
    """The row of characters of a stroke area, looked for with a margin; as long as the area where the area is a tight band. None:
    no row was found."""
    x, y, width, height = area
    side, above = int(0.35 * height) + 2, int(0.45 * height) + 2
    row = find_row(grey, (x - side, y - above, width + 2 * side, height + 2 * above), roughly=True)
    if row is not None and row.length < 0.8 * width and row.height > 0.42 * height:
        return row.widened(x, x + width)
    return row


def _stacked(rows: list[tuple[Row, Box]]) -> list[tuple[Box, float, tuple[Row, ...]]]:
    """Joins two short rows, one above the other, into one plate of two lines, top first. Plates with their scores and rows,
    best first."""
    plates: list[tuple[Box, float, tuple[Row, ...]]] = []
    used: set[int] = set()
    for i, (row, box) in enumerate(rows):
        if i in used:
            continue
        lines: tuple[Row, ...] = (row,)
        score = row.score
        for j in range(i + 1, len(rows)):
            if j not in used and are_stacked(row, rows[j][0]):
                used.add(j)
                box, score = joined(box, rows[j][1]), row.score + rows[j][0].score
                lines = (row, rows[j][0]) if row.centre_y < rows[j][0].centre_y else (rows[j][0], row)
                break
        plates.append((box, score, lines))
    return sorted(plates, key=lambda plate: -plate[1])


def _clipped(box: Box, grey: Grey) -> Box:
    x0, y0 = max(box[0], 0), max(box[1], 0)
    x1, y1 = min(box[0] + box[2], grey.shape[1]), min(box[1] + box[3], grey.shape[0])
    return x0, y0, max(x1 - x0, 1), max(y1 - y0, 1)
