"""The colour of a vehicle: said where it is clear, and nowhere else."""

import cv2
import numpy as np
import pytest

from pipeline.vision.attributes import colour_in, colour_of
from pipeline.vision.pictures import Picture, encode_jpeg

PLATE = (280, 260, 104, 24)
PAINTS_BGR = {
    "red": (30, 25, 170),
    "blue": (120, 50, 25),
    "green": (60, 110, 20),
    "yellow": (30, 200, 230),
    "light": (205, 205, 205),
    "black": (22, 22, 22),
}


def car(paint_bgr: tuple[int, int, int], bumper_bgr: tuple[int, int, int] | None = None) -> Picture:
    """A car from behind on a road in daylight. bumper_bgr: what is around the plate, where it is not the paint."""
    scene = np.full((480, 640, 3), (150, 150, 150), np.uint8)
    scene[:150] = (235, 215, 190)
    cv2.rectangle(scene, (200, 130), (460, 330), paint_bgr, -1)
    if bumper_bgr:
        cv2.rectangle(scene, (200, 215), (460, 330), bumper_bgr, -1)
    x, y, width, height = PLATE
    cv2.rectangle(scene, (x, y), (x + width, y + height), (240, 240, 240), -1)
    noise = np.random.default_rng(1).normal(0, 2, scene.shape)
    return np.clip(scene + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("name", PAINTS_BGR)
def test_a_body_of_one_colour_is_said(name: str) -> None:
    """Each of those that a camera can tell, as decode sees it, too."""
    picture = car(PAINTS_BGR[name])
    assert (name, name) == (colour_of(picture, PLATE), colour_in(encode_jpeg(picture), PLATE))


def test_a_black_bumper_makes_no_black_car() -> None:
    """Bumpers and grilles are black on cars of every colour."""
    assert colour_of(car(PAINTS_BGR["light"], bumper_bgr=PAINTS_BGR["black"]), PLATE) is None


def test_a_picture_without_colours_gives_none() -> None:
    """Infrared at night: all is grey."""
    grey = cv2.cvtColor(car(PAINTS_BGR["red"]), cv2.COLOR_BGR2GRAY)
    assert colour_of(np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8), PLATE) is None


@pytest.mark.parametrize("name", ["black", "light", "blue"])
def test_a_dark_or_tinted_picture_gives_none(name: str) -> None:
    """Little light, and the light of street lamps."""
    picture = car(PAINTS_BGR[name])
    tinted = picture * np.array([0.45, 0.8, 1.0])
    assert colour_of((picture * 0.3).astype(np.uint8), PLATE) is None
    assert colour_of(tinted.astype(np.uint8), PLATE) is None


@pytest.mark.parametrize("box", [(0, 0, 104, 24), (536, 470, 104, 10), (0, 0, 640, 480), (639, 479, 1, 1)])
def test_where_no_bodywork_is_in_sight_nothing_strange_is_said(box: tuple[int, int, int, int]) -> None:
    """A plate at the edge of the picture, above which there is road or nothing; one that fills it; one that is a dot."""
    assert colour_of(car(PAINTS_BGR["red"]), box) in (None, "light")
    assert colour_of(car(PAINTS_BGR["red"]), (0, 0, *box[2:])) is None


@pytest.mark.parametrize("image", [b"", b"no picture"])
def test_what_is_no_picture_has_no_colour(image: bytes) -> None:
    """It was refused before; here it must only not crash."""
    assert colour_in(image, PLATE) is None
