"""Finds the lines of text of a plate that was cut out, and turns each upright; two lines where one stands above the other."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np

from pipeline.vision.bands import bands_of
from pipeline.vision.beside import lines_beside
from pipeline.vision.boxes import Box, overlap
from pipeline.vision.letters import letter_rows_in
from pipeline.vision.pairs import LEAST_CHARACTERS, LONGEST_OF_TWO, pair_of, room_beside, strip_of
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
    pair = pair_of(grey, row) or room_beside(row, inner) if width < _TWO_LINE_ASPECT * level else None
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

    The other line is where shapes of a character's size stand above or below `row`; where none do, at usual distances. Yields
    nothing for a row longer than a plate of two lines is. crop: see lines_of.
    """
    if row.length > LONGEST_OF_TWO * row.height:
        return
    longer = replace(row, length=row.length + 0.4 * row.height)
    grey = np.asarray(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), np.uint8)
    for side, seen in lines_beside(grey, row):
        other = replace(seen, length=seen.length + 0.4 * seen.height)
        yield _cut(crop, (other, longer) if side < 0 else (longer, other))
        if seen.characters >= LEAST_CHARACTERS:
            return
    for side in (-1, 1):
        for pitch in _PITCHES:
            down = side * pitch * row.height
            other = replace(
                row,
                centre_x=row.centre_x + row.down * down,
                centre_y=row.centre_y + down,
                length=row.length + 2 * row.height,
            )
            if 0 <= other.centre_y - 0.5 * row.height < other.centre_y + 0.5 * row.height <= crop.shape[0]:
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


def text_and_band(crop: Picture, inner: Box) -> tuple[Picture, Picture]:
    """Two pictures of a line of a plate: its characters, from the first to the last, and the blue band at the plate's left.

    crop, inner: see lines_of. Returns copies: (48, w, 3) and (48, v, 3) BGR, v 0 where there is no band.
    """
    grey = np.asarray(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), np.uint8)
    row = find_row(grey, inner, roughly=True) or strip_of(*inner)
    line = straighten(crop, _along(row, inner, crop, _BEYOND))
    (begin, end), _ = bands_of(line)
    return straighten(crop, row), line[:, begin:end].copy()


def _without_row(crop: Picture, inner: Box) -> list[PlateLines]:
    """No row was found (blurred, tiny, worn): the whole plate as one line, or its halves where it is too square for one."""
    x, y, width, height = inner
    if width < 2.2 * height:
        half = strip_of(x, y, width, height / 2), strip_of(x, y + height / 2, width, height / 2)
        return [_cut(crop, half)]
    return [_cut(crop, (strip_of(x, y, width, height),))]
