"""Where a line's blue bands are: their small letters are no part of the plate, its own characters are."""

import numpy as np

from pipeline.vision.bands import bands_of
from pipeline.vision.pictures import Picture

BLUE, INK, WHITE = (160, 60, 20), (170, 80, 30), (235, 235, 235)


def line(*parts: tuple[int, int, tuple[int, int, int]]) -> Picture:
    """A white line of 48x240 pixels. parts: the first column, the end and the colour (BGR) of what fills it from top to bottom."""
    picture = np.full((48, 240, 3), WHITE, np.uint8)
    for begin, end, colour in parts:
        picture[:, begin:end] = colour
    return picture


def test_a_band_is_found_at_either_end() -> None:
    """Also where a letter or the stars interrupt its blue."""
    assert ((0, 24), (0, 0)) == bands_of(line((0, 24, BLUE)))
    assert ((0, 24), (0, 20)) == bands_of(line((0, 8, BLUE), (11, 24, BLUE), (220, 240, BLUE)))


def test_a_stroke_of_a_blue_character_is_no_part_of_the_band_beside_it() -> None:
    """Plates of Europe's institutions are written in blue."""
    assert ((0, 24), (0, 0)) == bands_of(line((0, 24, BLUE), (32, 38, INK), (48, 54, INK)))


def test_a_blue_character_alone_is_no_band() -> None:
    """Its plate has none, or the band was cut off."""
    assert ((0, 0), (0, 0)) == bands_of(line((10, 16, INK), (26, 32, INK), (220, 226, INK)))


def test_what_stands_before_the_band_is_left_out_with_it() -> None:
    """The vehicle's paint, or the plate's rim."""
    assert ((6, 28), (0, 0)) == bands_of(line((6, 28, BLUE)))
