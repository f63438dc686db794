"""The line above or below a row of a plate: found by shapes of a character's size, however few, dark or light, level or not."""

import math

import cv2
import numpy as np
import pytest

from pipeline.vision.beside import lines_beside
from pipeline.vision.rows import Row

HIGH = 30.0  # pixels of a character
ROW = Row(centre_x=200.0, centre_y=200.0, length=160.0, height=HIGH, slope=0.0, characters=5, score=5.0)


def plate(others: int, down: float, *, light: bool = False, turned_deg: float = 0.0) -> np.ndarray:
    """A plate whose row of five blocks is ROW before it is turned, and `others` more around a point that lies `down` heights
    of a character below its middle."""
    ground, ink = (40, 220) if light else (220, 40)
    picture = np.full((400, 400), ground, np.uint8)
    for count, y in ((5, 200.0), (others, 200.0 + down * HIGH)):
        for number in range(count):
            x = 200 + (number - (count - 1) / 2) * 34
            cv2.rectangle(picture, (round(x - 8), round(y - 13)), (round(x + 8), round(y + 13)), ink, 5)
    turn = cv2.getRotationMatrix2D((200.0, 200.0), -turned_deg, 1.0)
    return np.asarray(cv2.warpAffine(picture, turn, (400, 400), borderValue=ground), np.uint8)


@pytest.mark.parametrize("light", [False, True])
@pytest.mark.parametrize(("others", "down"), [(2, -1.4), (2, -2.3), (1, 1.5), (4, 2.2)])
def test_a_line_of_any_number_of_characters_is_found(others: int, down: float, light: bool) -> None:
    """Also where the lines stand far apart, as a short one over a long one often does."""
    ((side, line),) = lines_beside(plate(others, down, light=light), ROW)
    assert (math.copysign(1, down), others) == (side, line.characters)
    assert 200.0 == pytest.approx(line.centre_x, abs=3)
    assert 200.0 + down * HIGH == pytest.approx(line.centre_y, abs=3)
    assert HIGH == pytest.approx(line.height, rel=0.2)


@pytest.mark.parametrize("turned_deg", [-12.0, 9.0])
def test_a_line_of_a_turned_plate_lies_at_right_angles_to_its_row(turned_deg: float) -> None:
    """It slopes as the row does, and is found where the turn puts it."""
    slope = math.tan(math.radians(turned_deg))
    row = Row(200.0, 200.0, 160.0, HIGH, slope, 5, 5.0)
    ((side, line),) = lines_beside(plate(2, -1.6, turned_deg=turned_deg), row)
    angle = math.radians(turned_deg)
    assert (-1, 2, slope) == (side, line.characters, line.slope)
    assert 200.0 + 1.6 * HIGH * math.sin(angle) == pytest.approx(line.centre_x, abs=4)
    assert 200.0 - 1.6 * HIGH * math.cos(angle) == pytest.approx(line.centre_y, abs=4)


def test_where_nothing_stands_no_line_is_found() -> None:
    """Nor is one of shapes much smaller than the row's characters, such as a dealer's name."""
    picture = plate(0, 1.5)
    cv2.putText(picture, "GARAGE", (150, 250), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 40, 1)
    assert [] == list(lines_beside(picture, ROW))
