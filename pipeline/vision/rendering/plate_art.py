"""Draws number plates in each country's colours, groups and band, with the font that comes with Pillow."""

import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from schemas.base import Country

Colour = tuple[int, int, int]  # red, green, blue
WIDTH, HEIGHT = 1040, 220  # pixels: 520 x 110 mm, as everywhere in the EU
_BAND = 84  # the blue band with the stars
_WHITE, _YELLOW, _BLACK, _RED, _BLUE = (245, 245, 242), (247, 199, 18), (18, 18, 20), (156, 26, 42), (12, 64, 156)
_STROKE = 5


@dataclass(frozen=True, slots=True)
class PlateStyle:
    """How a country's plates look. groups: a pattern whose groups are the plate's groups of characters; None: a new group
    begins where letters and digits meet."""

    ground: Colour
    ink: Colour
    separator: str
    sign: str  # of the band; none: no band
    groups: str | None = None
    band_right: bool = False


STYLES: dict[Country, PlateStyle] = {
    "BE": PlateStyle(_WHITE, _RED, "-", "B"),
    "FR": PlateStyle(_WHITE, _BLACK, "-", "F", band_right=True),
    "NL": PlateStyle(_YELLOW, _BLACK, "-", "NL"),
    "DE": PlateStyle(_WHITE, _BLACK, " ", "D"),
    "LU": PlateStyle(_YELLOW, _BLACK, " ", "L"),
    "GB": PlateStyle(_WHITE, _BLACK, " ", "", groups=r"(\w{4})(\w{3})"),
    "ES": PlateStyle(_WHITE, _BLACK, " ", "E"),
}
_REAR_YELLOW: tuple[Country, ...] = ("GB",)


def grouped(plate: str, country: Country) -> str:
    """The plate's text with the country's dashes and blanks, as painted; a country without a style here gets the French ones.

    >>> grouped("1ABC234", "BE"), grouped("KT63WXR", "GB")
    ('1-ABC-234', 'KT63 WXR')
    """
    style = STYLES.get(country, STYLES["FR"])
    if style.groups and (found := re.fullmatch(style.groups, plate)):
        return style.separator.join(found.groups())
    return style.separator.join(re.findall(r"[A-Z]+|[0-9]+", plate))


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise RuntimeError("Pillow was built without FreeType: it can draw no plates")
    return font


def draw_plate_art(plate: str, country: Country, *, rear: bool = False) -> NDArray[np.uint8]:
    """Draw the plate as seen straight from the front: a new (220, 1040, 3) uint8 BGR array. A country without a style here
    gets the French one. rear: draw a rear plate (yellow in Great Britain)."""
    style = STYLES.get(country, STYLES["FR"])
    ground = _YELLOW if rear and country in _REAR_YELLOW else style.ground
    art = Image.new("RGB", (WIDTH, HEIGHT), ground)
    draw = ImageDraw.Draw(art)
    left, right = 18, WIDTH - 18
    if style.sign:
        left = _BAND + 14
        _draw_band(draw, 0, style.sign)
    if style.band_right:
        right = WIDTH - _BAND - 14
        _draw_band(draw, WIDTH - _BAND, "")
    text = _draw_text(grouped(plate, country), style.ink, ground)
    if text.width > right - left:
        text = text.resize((right - left, text.height), Image.Resampling.LANCZOS)
    art.paste(text, (left + (right - left - text.width) // 2, (HEIGHT - text.height) // 2))
    draw.rectangle((0, 0, WIDTH - 1, HEIGHT - 1), outline=style.ink if country != "GB" else _BLACK, width=6)
    return np.ascontiguousarray(np.asarray(art)[:, :, ::-1])


def _draw_text(text: str, ink: Colour, ground: Colour) -> Image.Image:
    """Draw the characters 75 mm high and narrower than the font's own, as on real plates."""
    font = _font(206)
    left, top, right, bottom = font.getbbox(text, stroke_width=_STROKE)
    image = Image.new("RGB", (int(right - left) + len(text) * 8, int(bottom - top)), ground)
    draw, x = ImageDraw.Draw(image), 0.0
    for character in text:
        draw.text((x - left, -top), character, font=font, fill=ink, stroke_width=_STROKE, stroke_fill=ink)
        x += font.getlength(character) + 8
    return image.crop((0, 0, min(image.width, round(x) + 2 * _STROKE), image.height)).resize(
        (round(x * 0.88), 154), Image.Resampling.LANCZOS
    )


def _draw_band(draw: ImageDraw.ImageDraw, x: int, sign: str) -> None:
    draw.rectangle((x, 0, x + _BAND, HEIGHT), fill=_BLUE)
    draw.ellipse((x + 20, 34, x + _BAND - 20, 34 + _BAND - 40), outline=(240, 200, 30), width=5)
    if sign:
        draw.text((x + _BAND / 2, 160), sign, font=_font(56), fill=(255, 255, 255), anchor="mm")
