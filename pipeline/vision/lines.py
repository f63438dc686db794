"""Finds the lines of text of a plate that was cut out, and turns each upright; two lines where one stands above the other."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np

from pipeline.vision.bands import bands_of
from pipeline.vision.boxes import Box, overlap
from pipeline.vision.letters import letter_rows_in
from pipeline.vision.pictures import Picture
from pipeline.vision.rows import Grey, Row, find_row, sheared, straighten


@dataclass(frozen=True, slots=True)
class PlateLine:
    """One line of text, turned upright.

    picture: (48, w, 3) BGR. row: where the line runs in the crop. skipped: how many pixel columns of the upright line were cut
    off at its left (the blue band).
    """

    picture: Picture
    row: Row
    skipped: int = 0

    def part(self, first: float, last: float) -> Row:
        """The part of `row`, in pixels of the crop, that lies between two pixel columns of `picture`."""
        step = self.row.height * 1.5 / self.picture.shape[0]
        middle = (self.row.length + 0.5 * self.row.height) / 2
        begin, end = ((column + self.skipped) * step - middle for column in (first, last))
        cos = math.cos(math.atan(self.row.slope))
        x = self.row.centre_x + (begin + end) / 2 * cos
        return replace(self.row, centre_x=x, centre_y=self.row.y_at(x), length=max(end - begin, 1.0))


PlateLines = tuple[PlateLine, ...]
"""One or two lines, top to bottom."""

# heights of a character that are looked at beyond the plate's ends
_BEYOND = 0.6  # its first may have been missed
_WITHIN = -0.1  # a plate of two lines is square, and found whole
_PITCHES = (1.25, 1.55)  # heights of a character from one line's middle to the other's
_FILLED = 0.3  # least overlap of the box around a plate's row with the plate's box; two lines fill half of it each
_TRIED = 10  # rows of letter-like shapes that are compared
_HALF_CHARACTER = 0.35  # heights of a character from its middle to the end of its line, where it may be cut off
_ANOTHER, _ROOM = 1.5, 0.3  # heights of a character by which such a line is made longer, and least of them
_TWO_LINE_ASPECT = 2.9  # width / height of the widest plates of two lines, with margins


def lines_of(crop: Picture, inner: Box, *, surely_a_plate: bool = False) -> Iterator[PlateLines]:
    """Ways to cut a plate into lines, the most promising first. Each takes 0.3 ms or more, when the iterator comes to it.

    Yields nothing where no row of characters is found; with surely_a_plate it then yields the whole plate, or its two
    halves. crop: (H, W, 3) BGR, not modified. inner: the plate's box in it (x, y, width, height), without the margin.
    """
    grey = np.asarray(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), np.uint8)
    _, _, width, height = inner
    row = _row_around(grey, inner)
    if row is None:
        yield from _without_row(crop, inner) if surely_a_plate else ()
        return
    row = sheared(grey, row)
    level = height - abs(row.slope) * row.length
    pair = _pair(grey, row) or _room_beside(row, inner) if width < _TWO_LINE_ASPECT * level else None
    found, reach = (pair, _WITHIN) if pair else ((row,), _BEYOND)
    whole = tuple(_along(line, inner, crop, reach) for line in found)
    yield _cut(crop, whole)
    if any(long.length > line.length + 0.5 * line.height for long, line in zip(whole, found, strict=True)):
        yield _cut(crop, found)
    if pair and 0 in (line.characters for line in pair):  # there is room for a second line, but none was seen
        yield _cut(crop, (row,))


def _row_around(grey: Grey, inner: Box) -> Row | None:
    """The row of characters that fills most of the plate's box, or None.

    A slanted plate's characters are small in its upright box, and a grille beside it may make the better row: where no row
    that fills the box is found as for a level plate, rows of all sizes are looked for.
    """
    x, y, width, height = inner
    around = max(2, height // 5)
    area = x - around, y - around, width + 2 * around, height + 2 * around
    row = find_row(grey, area)
    if row is not None and overlap(row.box(), inner) >= _FILLED:
        return row
    rows = [*([row] if row else []), *letter_rows_in(grey, area)[:_TRIED]]
    return max(rows, key=lambda one: one.score * overlap(one.box(), inner), default=None)


def grown(crop: Picture, line: PlateLine, first: float, last: float) -> PlateLines | None:
    """The line made longer where characters touch its ends, and so may be cut off; None where none does, or the picture ends.

    first, last: the pixel columns of the line's picture in which its first and its last character have their middle.
    """
    near = _HALF_CHARACTER * line.picture.shape[0] / 1.5
    begin, end = line.row.ends
    left = max(begin - _ANOTHER * line.row.height, 0.0) if first < near and not line.skipped else begin
    right = min(end + _ANOTHER * line.row.height, crop.shape[1]) if last > line.picture.shape[1] - near else end
    if begin - left + right - end < _ROOM * line.row.height:
        return None
    return _cut(crop, (line.row.widened(left, right),))


def with_another_line(crop: Picture, row: Row) -> Iterator[PlateLines]:
    """Ways to cut a plate of two lines of which only one was read, the most promising first.

    The other line is taken to be above or below `row`, at usual distances. crop: see lines_of.
    """
    for side in (-1, 1):
        for pitch in _PITCHES:
            down = side * pitch * row.height
            other = replace(
                row,
                centre_x=row.centre_x + row.down * down,
                centre_y=row.centre_y + down,
                length=row.length + 2 * row.height,
            )
            if not 0 <= other.centre_y - 0.5 * row.height < other.centre_y + 0.5 * row.height <= crop.shape[0]:
                continue
            longer = replace(row, length=row.length + 0.4 * row.height)
            yield _cut(crop, (other, longer) if side < 0 else (longer, other))


def _cut(crop: Picture, rows: tuple[Row, ...]) -> PlateLines:
    return tuple(_line(crop, row) for row in rows)


def _line(crop: Picture, row: Row) -> PlateLine:
    """The line without the bands at its ends, whose small letters (country, region) are no part of the plate's text."""
    line = straighten(crop, row)
    (_, left), (_, right) = bands_of(line)
    return PlateLine(line[:, left : line.shape[1] - right].copy(), row, left)


def _along(row: Row, inner: Box, crop: Picture, reach: float) -> Row:
    """The row made as long as its plate, plus `reach` character heights at either end."""
    x, _, width, _ = inner
    reach *= row.height
    return row.widened(max(x - reach, 0), min(x + width + reach, crop.shape[1]))


def _room_beside(row: Row, inner: Box) -> tuple[Row, Row] | None:
    """The row and the place of a second line, top first, if the row fills only half of its plate's height. None where there
    is no room."""
    x, y, width, height = inner
    above, below = row.centre_y - row.height / 2 - y, y + height - row.centre_y - row.height / 2
    if max(above, below) < 0.8 * row.height or row.height < 0.2 * height:
        return None
    middle = row.centre_y + (-1.3 if above > below else 1.3) * row.height
    other = _strip(x, middle - 0.75 * row.height, width, 1.5 * row.height)
    return (other, row) if above > below else (row, other)


def text_and_band(crop: Picture, inner: Box) -> tuple[Picture, Picture]:
    """Two pictures of a line of a plate: its characters, from the first to the last, and the blue band at the plate's left.

    crop, inner: see lines_of. Returns copies: (48, w, 3) and (48, v, 3) BGR, v 0 where there is no band.
    """
    grey = np.asarray(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), np.uint8)
    row = find_row(grey, inner, roughly=True) or _strip(*inner)
    line = straighten(crop, _along(row, inner, crop, _BEYOND))
    (begin, end), _ = bands_of(line)
    return straighten(crop, row), line[:, begin:end].copy()


def _pair(grey: Grey, row: Row) -> tuple[Row, Row] | None:
    """The row and the one above or below it, top first."""
    left, width = row.centre_x - row.length / 2 - 2.5 * row.height, row.length + 5.0 * row.height
    for side in (-1, 1):
        middle = row.centre_y + side * 1.5 * row.height
        top = middle - 0.95 * row.height
        area = (round(left), round(top), round(width), round(1.9 * row.height))
        other = find_row(grey, area)
        if other is not None and are_stacked(row, other):
            level = replace(other, slope=row.slope, lean=row.lean)
            return (level, row) if side < 0 else (row, level)
    return None


def are_stacked(a: Row, b: Row) -> bool:
    """Whether two rows are the lines of one plate: alike in height and slope, short, and one right above the other."""
    height = (a.height + b.height) / 2
    return (
        0.6 < a.height / b.height < 1.7
        and max(a.length, b.length) < 6.0 * height
        and 1.0 * height < abs(a.centre_y - b.centre_y) < 2.1 * height
        and abs(a.centre_x - b.centre_x) < 1.5 * height
        and abs(a.slope - b.slope) < 0.1
    )


def _without_row(crop: Picture, inner: Box) -> list[PlateLines]:
    """No row was found (blurred, tiny, worn): the whole plate as one line, or its halves where it is too square for one."""
    x, y, width, height = inner
    if width < 2.2 * height:
        half = _strip(x, y, width, height / 2), _strip(x, y + height / 2, width, height / 2)
        return [_cut(crop, half)]
    return [_cut(crop, (_strip(x, y, width, height),))]


def _strip(x: float, y: float, width: float, height: float) -> Row:
    text_height = height / 1.5  # straighten adds half a text height around
    return Row(
        centre_x=x + width / 2,
        centre_y=y + height / 2,
        length=max(width - 0.5 * text_height, 1.0),
        height=max(text_height, 1.0),
        slope=0.0,
        characters=0,
        score=0.0,
    )
