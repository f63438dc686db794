"""Tells which rows of characters are the two lines of one plate."""

from dataclasses import replace

from pipeline.vision.beside import lines_beside
from pipeline.vision.boxes import Box
from pipeline.vision.rows import Grey, Row, find_row

LEAST_CHARACTERS = 2  # characters of a line that was looked for beside another
LONGEST_OF_TWO = 6.0  # heights of a character that a line of a plate of two is long, at most


def pair_of(grey: Grey, row: Row) -> tuple[Row, Row] | None:
    """The row and the one above or below it that is the other line of its plate, top first; None: there is none."""
    left, width = row.centre_x - row.length / 2 - 2.5 * row.height, row.length + 5.0 * row.height
    for side in (-1, 1):
        middle = row.centre_y + side * 1.5 * row.height
        top = middle - 0.95 * row.height
        area = (round(left), round(top), round(width), round(1.9 * row.height))
        other = find_row(grey, area)
        if other is not None and are_stacked(row, other):
            level = replace(other, slope=row.slope, lean=row.lean)
            return (level, row) if side < 0 else (row, level)
    for side, line in lines_beside(grey, row):
        if line.characters >= LEAST_CHARACTERS:
            return (line, row) if side < 0 else (row, line)
    return None


def are_stacked(a: Row, b: Row) -> bool:
    """Whether two rows are the lines of one plate: alike in height and slope, short, and one right above the other."""
    height = (a.height + b.height) / 2
    return (
        0.6 < a.height / b.height < 1.7
        and max(a.length, b.length) < LONGEST_OF_TWO * height
        and 1.0 * height < abs(a.centre_y - b.centre_y) < 2.1 * height
        and abs(a.centre_x - b.centre_x) < 1.5 * height
        and abs(a.slope - b.slope) < 0.1
    )


def room_beside(row: Row, inner: Box) -> tuple[Row, Row] | None:
    """The row and the place of a second line, top first, if the row fills only half of its plate's height. None where there
    is no room."""
    x, y, width, height = inner
    above, below = row.centre_y - row.height / 2 - y, y + height - row.centre_y - row.height / 2
    if max(above, below) < 0.8 * row.height or row.height < 0.2 * height:
        return None
    middle = row.centre_y + (-1.3 if above > below else 1.3) * row.height
    other = strip_of(x, middle - 0.75 * row.height, width, 1.5 * row.height)
    return (other, row) if above > below else (row, other)


def strip_of(x: float, y: float, width: float, height: float) -> Row:
    """The place of a line in which no character was told apart, of this box, pixels."""
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
