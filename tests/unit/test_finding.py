"""Where plates are looked for: rows of letter-like shapes, and even grounds that strokes break."""

from collections.abc import Sequence

import cv2
import numpy as np
import pytest

from pipeline.vision.grounds import ground_rows
from pipeline.vision.letters import letter_rows
from pipeline.vision.lines import PlateLine, grown, lines_of
from pipeline.vision.locate import PlateSearch, are_one, find_plates
from pipeline.vision.rows import Grey, Row
from pipeline.vision.verify import BlockVerdict

INK, GROUND, BODY = 20, 210, 60


def plate(*, ink: int = INK, ground: int = GROUND, slope: float = 0.0, strokes: int = 7) -> Grey:
    """A plate of 120 x 30 pixels, its ground around (200, 150), on an even body; characters are upright bars."""
    picture = np.full((300, 400), BODY, np.uint8)
    cv2.rectangle(picture, (140, 135), (260, 165), ground, -1)
    for number in range(strokes):
        left = 152 + number * 96 // max(strokes - 1, 1)
        cv2.rectangle(picture, (left - 2, 141), (left + 2, 159), ink, -1)
    shear = np.array([[1.0, 0.0, 0.0], [slope, 1.0, -200 * slope]])
    return np.asarray(cv2.warpAffine(picture, shear, (400, 300), borderMode=cv2.BORDER_REPLICATE), np.uint8)


def in_colours(grey: Grey) -> Grey:
    """The same picture with three channels."""
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)


@pytest.mark.parametrize("slope", [-0.4, -0.2, 0.0, 0.2, 0.4])
@pytest.mark.parametrize(("ink", "ground"), [(INK, GROUND), (GROUND, INK)])
def test_a_row_of_letter_like_shapes_is_found_however_it_slopes(slope: float, ink: int, ground: int) -> None:
    """Dark on light and light on dark."""
    best = letter_rows(plate(ink=ink, ground=ground, slope=slope))[0]
    assert 7 <= best.characters <= 9  # an end of the plate may look like one
    assert (pytest.approx(200, abs=4), pytest.approx(150, abs=4)) == (best.centre_x, best.centre_y)
    assert slope == pytest.approx(best.slope, abs=0.06)


@pytest.mark.parametrize("slope", [-0.3, 0.0, 0.3])
def test_a_ground_that_strokes_break_holds_a_row(slope: float) -> None:
    """The row fills the usual part of the ground's height, along its slope."""
    (row,) = ground_rows(np.where(plate(slope=slope) > 128, 255, 0).astype(np.uint8))
    assert (pytest.approx(200, abs=4), pytest.approx(150, abs=4)) == (row.centre_x, row.centre_y)
    assert (pytest.approx(20, abs=4), slope) == (row.height, pytest.approx(row.slope, abs=0.04))


def test_an_even_ground_is_no_plate() -> None:
    """A white panel, a headlight."""
    assert [] == ground_rows(np.where(plate(strokes=0) > 128, 255, 0).astype(np.uint8))


def test_a_small_row_on_a_large_ground_is_a_place_of_its_own() -> None:
    """A vehicle's body between its lamps looks like a ground, and the plate is on it."""
    body, plate_row = Row(320, 240, 500, 120, 0.0, 6, 3.4), Row(320, 260, 60, 20, 0.0, 3, 2.9)
    part = Row(300, 245, 120, 80, 0.0, 3, 2.8)
    assert are_one(part, part.box(), body, body.box())
    assert not are_one(plate_row, plate_row.box(), body, body.box())
    assert are_one(plate_row, plate_row.box(), plate_row, plate_row.box())


def test_a_second_search_finds_nothing_twice() -> None:
    """Neither what is known, nor what the first search already looked for."""
    picture = in_colours(plate(slope=0.3))
    search = PlateSearch(picture)
    first = search.first()
    assert [one.box for one in first] == [one.box for one in find_plates(picture)]
    assert [] == search.more([one.box for one in first])


@pytest.mark.parametrize("slope", [-0.35, 0.35])
def test_a_slanted_row_is_cut_out_of_its_upright_box(slope: float) -> None:
    """Its characters are small in it, and it slopes."""
    picture = in_colours(plate(slope=slope))
    found = find_plates(picture)[0]
    (line,) = next(iter(lines_of(picture, found.box)))
    assert slope == pytest.approx(line.row.slope, abs=0.05)
    assert 18 == pytest.approx(line.row.height, abs=3)


class Doubter:
    """A judge who takes nothing for a plate, or everything."""

    def __init__(self, log_odds: float) -> None:
        self.log_odds = log_odds

    def look(self, grey: Grey, rows: Sequence[Row]) -> BlockVerdict:
        """See Judge."""
        return BlockVerdict(self.log_odds, 0.0)


@pytest.mark.parametrize(("log_odds", "found"), [(-9.0, 0), (9.0, 1)])
def test_what_surely_is_no_plate_is_not_read(log_odds: float, found: int) -> None:
    """By the picture, before any text is known."""
    search = PlateSearch(in_colours(plate()), Doubter(log_odds))
    assert found == len(search.first())
    assert [] == search.more([]) or found


@pytest.mark.parametrize(("first", "last", "expected"), [(40, 104, None), (40, 139, (150, 272)), (4, 104, (128, 250))])
def test_a_line_whose_end_touches_a_character_is_made_longer(
    first: float, last: float, expected: tuple[float, float] | None
) -> None:
    """On that side, by more than a character: it may have been cut off."""
    row = Row(centre_x=200, centre_y=150, length=100, height=15, slope=0.0, characters=6, score=6.0)
    line = PlateLine(np.zeros((48, 144, 3), np.uint8), row)
    longer = grown(in_colours(plate()), line, first, last)
    assert expected == (longer and tuple(round(end) for end in longer[0].row.ends))


def test_a_line_is_not_made_longer_than_its_picture() -> None:
    """What the picture does not show cannot be read."""
    row = Row(centre_x=52, centre_y=150, length=100, height=15, slope=0.0, characters=6, score=6.0)
    assert grown(in_colours(plate()), PlateLine(np.zeros((48, 144, 3), np.uint8), row), 4, 104) is None
