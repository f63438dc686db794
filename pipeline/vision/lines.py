"""The lines of text of a plate that was cut out: where they run, each turned upright; two where one stands above the other."""

from dataclasses import replace

import cv2
import numpy as np

from pipeline.vision.boxes import Box
from pipeline.vision.pictures import Picture
from pipeline.vision.rows import Grey, Row, find_row, straighten

Lines = tuple[Picture, ...]
"""One or two lines, top to bottom, each (48, w, 3) BGR."""

_TWO_LINE_ASPECT = 2.9  # width / height of the widest plates of two lines, with margins


def lines_of(crop: Picture, inner: Box) -> list[Lines]:
    """Ways to cut a plate into lines, the usual first; at least one.

    crop: (H, W, 3) BGR, not modified. inner: where in it the plate lies (x, y, width, height), the rest being margin.
    """
    grey = np.asarray(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY), np.uint8)
    x, y, width, height = inner
    around = max(2, height // 5)
    row = find_row(grey, (x - around, y - around, width + 2 * around, height + 2 * around))
    if row is None:
        return _without_row(crop, inner)
    if width < _TWO_LINE_ASPECT * height:
        pair = _pair(grey, row)
        if pair:
            return [tuple(straighten(crop, line) for line in pair)]
    ways: list[Lines] = [(straighten(crop, row),)]
    if row.length < 0.75 * width and row.height > 0.3 * height:
        ways.append((straighten(crop, row.widened(x, x + width)),))
    return ways


def _pair(grey: Grey, row: Row) -> tuple[Row, Row] | None:
    """The row and the one above or below it, top first."""
    left, width = row.centre_x - row.length / 2 - 2.5 * row.height, row.length + 5.0 * row.height
    for side in (-1, 1):
        middle = row.centre_y + side * 1.5 * row.height
        top = middle - 0.95 * row.height
        area = (round(left), round(top), round(width), round(1.9 * row.height))
        other = find_row(grey, area)
        if other is not None and are_stacked(row, other):
            level = replace(other, slope=row.slope)
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


def _without_row(crop: Picture, inner: Box) -> list[Lines]:
    """No row was found (blurred, tiny, worn): the whole plate as one line, or its halves where it is too square for one."""
    x, y, width, height = inner
    if width < 2.2 * height:
        half = _band(x, y, width, height / 2), _band(x, y + height / 2, width, height / 2)
        return [tuple(straighten(crop, line) for line in half)]
    return [(straighten(crop, _band(x, y, width, height)),)]


def _band(x: float, y: float, width: float, height: float) -> Row:
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
