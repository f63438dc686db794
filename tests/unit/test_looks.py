"""What a picture shows of a plate beside its text, and what that says about its country."""

import cv2
import numpy as np
import pytest

from pipeline.plates import COUNTRIES, countries_of
from pipeline.plates.looks import SIGNS, Looks, likelihood
from pipeline.vision.looks import looks_of
from pipeline.vision.own import OwnReader
from pipeline.vision.pictures import Picture
from pipeline.vision.reading import PlateReader
from pipeline.vision.rendering.plate_art import draw_plate_art
from pipeline.vision.scene import is_mere_number, read_crop
from pipeline.vision.vote import Verdict
from schemas.base import Country

reader = OwnReader()


def a_plate(text: str, country: Country, *, height: int = 48) -> Picture:
    """A drawn plate on a bumper, so many pixels high."""
    art = draw_plate_art(text, country)
    small = cv2.resize(art, (round(art.shape[1] * height / art.shape[0]), height), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.copyMakeBorder(small, 12, 12, 12, 12, cv2.BORDER_CONSTANT, value=(40, 40, 40)), np.uint8)


def looks(picture: Picture) -> Looks:
    """Of a whole picture with a margin of 12 pixels."""
    return looks_of(picture, (12, 12, picture.shape[1] - 24, picture.shape[0] - 24), reader)


@pytest.mark.parametrize(
    ("text", "country", "yellow", "red"),
    [
        ("1ABC234", "BE", False, True),
        ("GBB01B", "NL", True, False),
        ("AB1234", "LU", True, False),
        ("MAB1234", "DE", False, False),
    ],
)
def test_the_colours_of_ground_and_characters_are_seen(text: str, country: Country, yellow: bool, red: bool) -> None:
    """Belgian characters are red, Dutch and Luxembourg plates are yellow."""
    seen = looks(a_plate(text, country))
    assert (yellow, red) == (seen.yellow, seen.red)


def test_a_grey_picture_says_nothing_of_colours() -> None:
    """Infrared at night: white is no colour then."""
    grey = cv2.cvtColor(a_plate("1ABC234", "BE"), cv2.COLOR_BGR2GRAY)
    seen = looks(np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8))
    assert (None, None) == (seen.yellow, seen.red)


@pytest.mark.parametrize(
    ("text", "country", "sign"), [("GBB01B", "NL", "NL"), ("MAB1234", "DE", "D"), ("1ABC234", "BE", "B")]
)
def test_the_letters_on_the_band_are_read(text: str, country: Country, sign: str) -> None:
    """Of all countries' letters, the painted ones are likeliest."""
    signs = looks(a_plate(text, country, height=80)).signs
    assert sign == max(signs, key=lambda one: signs[one])


def test_looks_tell_countries_apart_that_share_a_form() -> None:
    """Two letters, three digits, two letters: France or Italy; two letters, four digits: Luxembourg or the Netherlands."""
    (text_alone, _), *_ = countries_of("AB123CD")
    assert "FR" == text_alone
    assert "IT" == countries_of("AB123CD", Looks(signs={"I": -0.1, "F": -9.0}))[0][0]
    assert "NL" == countries_of("AB1234", Looks(yellow=True, signs={"NL": -0.1, "L": -9.0}))[0][0]


@pytest.mark.parametrize(
    ("sign", "country"),
    [("B", "BE"), ("S", "SE"), ("FIN", "FI"), ("LT", "LT"), ("H", "HU"), ("MD", "MD")],
)
def test_the_band_decides_where_many_countries_share_a_form(sign: str, country: str) -> None:
    """Three letters and three digits in black on white."""
    others = dict.fromkeys(SIGNS, -9.0)
    found, probability = countries_of("ABC123", Looks(yellow=False, red=False, signs=others | {sign: -0.05}))[0]
    assert country == found
    assert probability > 0.5


def test_without_a_band_a_form_that_many_countries_share_leaves_doubt() -> None:
    """Black on white, it is not known for a Belgian plate."""
    assert countries_of("ABC123", Looks(yellow=False, red=False))[0][1] < 0.8


def test_black_characters_speak_against_belgium() -> None:
    """A Swedish plate has the form of an old Belgian one."""
    sure = dict(countries_of("ABC123", Looks(red=True)))["BE"]
    doubtful = dict(countries_of("ABC123", Looks(red=False)))["BE"]
    assert doubtful < sure


def test_what_is_not_seen_speaks_for_nobody() -> None:
    """The same factor for each."""
    assert {1.0} == {likelihood(country, Looks()) for country in [*COUNTRIES, "??"]}
    assert len(COUNTRIES) == len(SIGNS)


def test_a_crop_s_country_comes_from_the_picture_where_the_text_leaves_doubt() -> None:
    """End to end, as production does it."""
    cascade = PlateReader(reader, reader, "test")
    for country, other in (("NL", "LU"), ("LU", "NL")):
        _, image = cv2.imencode(".png", a_plate("HK1234", country, height=80)[12:-12, 12:-12])
        (read,) = read_crop(image.tobytes(), cascade).reads
        assert (country, "HK1234") == (read.country, read.plate), other


def test_a_number_alone_is_a_plate_where_it_looks_like_one() -> None:
    """Yellow as in Luxembourg, red as a Belgian choice; black on a white wall it is a house's."""
    seen = Verdict("1234", 0.999, "1234", ())
    assert not is_mere_number(seen, lambda: Looks(yellow=True, red=False))
    assert not is_mere_number(seen, lambda: Looks(yellow=False, red=True))
    assert not is_mere_number(seen, lambda: Looks(yellow=False, red=False, signs={"L": -0.1}))
    assert is_mere_number(seen, lambda: Looks(yellow=False, red=False))


def test_a_long_number_is_a_plate_where_it_is_seen_quite_clearly() -> None:
    """An army's, black on white."""
    white = Looks(yellow=False, red=False)
    assert not is_mere_number(Verdict("12345", 0.75, "12345", ()), lambda: white)
    assert is_mere_number(Verdict("12345", 0.7, "12345", ()), lambda: white)


def test_a_number_at_night_is_a_plate_where_it_is_seen_quite_clearly() -> None:
    """Infrared shows no colours, and a Luxembourg car must not pass unread."""
    assert not is_mere_number(Verdict("12345", 0.75, "12345", ()), Looks)
    assert is_mere_number(Verdict("12345", 0.7, "12345", ()), Looks)


def test_a_text_with_letters_is_never_a_mere_number() -> None:
    """It is not even looked at again."""
    assert not is_mere_number(Verdict("1ABC234", 0.6, "1ABC234", ()), lambda: pytest.fail("looked"))
