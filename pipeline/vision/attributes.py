"""The colour of a vehicle, from the bodywork around its plate, where it is clear; otherwise nothing is said.

Hue is what a camera sees well: red, orange, yellow, green and blue bodies say so in the strip above the plate.
How bright a body without hue is depends on the exposure, so white, silver and pale grey are one here, `light`; `black` is said only
where all strips are dark, because bumpers and grilles are black on cars of every colour. The strips are no wider than the plate, so
that lamps stay out. A picture that knows no colours (infrared), is tinted as a whole (street lamps) or dark gives none.

Measured by benchmarks/accuracy_colour.py on 57 real scenes by day: said of 31, right of 30. More is not said of a vehicle: front
or rear follows from the track's direction, and a plate alone does not tell a car from a van.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.errors import BadRecord
from pipeline.vision.boxes import Box
from pipeline.vision.pictures import Picture, at_share, cut, decode_shrunk

Strip = NDArray[np.float32]
"""(cells, 3) lightness 0..100 and a, b of CIE Lab."""

_GRID = (24, 6)
_ABOVE, _HIGHER, _BELOW = (-1.6, -0.3), (-4.0, -1.6), (1.3, 2.3)  # in heights of the plate, from its upper edge
_CHROMA = 7.0  # least of a colour; below it is a reflection of the sky
_CHROMA_FOR_LIGHTNESS = 0.3  # and it grows with the lightness, as that of a reflection does
_HUES_DEG = {"red": (-20, 48), "orange": (48, 78), "yellow": (78, 110), "green": (110, 225), "blue": (258, 305)}
# between green and blue is turquoise, which people call either
_WARM_DEG, _WARM_CHROMA = (48, 110), 20.0  # what is less orange or yellow than this is grey in warm light
_SHARE = 0.4  # of the strip above the plate, to be the body's colour
_BLACK, _BLACK_PAINT = 35.0, 30.0  # most lightness of four fifths of the strip above, of two thirds of the others
_DARK_BLUE = 9.0  # chroma of paint that is dark, but not black
_LIGHT, _LIGHT_PAINT = 52.0, 38.0  # least lightness of half of the strip, of four fifths
_COLOURLESS = 4  # most difference between the channels that compression makes in a grey picture
_TINTED = 14.0  # median a, b of a whole picture under street lamps
_LEAST_HEIGHT_PX, _LEAST_UNIT_PX = 6, 3.0  # of a plate for which a picture is shrunk, of a line of any
# Of 255, what nine tenths of a picture do not exceed: to tell any colour, to tell black.
_TOO_DARK, _DAYLIGHT = 100, 135


def colour_of(picture: Picture, box: Box) -> str | None:
    """The colour of the vehicle around this plate, or None where it is not clear. 0.3 ms.

    It is one of black, light (white, silver, pale grey), red, orange, yellow, green, blue.

    picture: (H, W, 3) uint8 BGR, not modified. box: of the plate, inside the picture.
    """
    above = _strip(picture, box, _ABOVE)
    sample = np.ascontiguousarray(picture[:: max(1, picture.shape[0] // 24), :: max(1, picture.shape[1] // 32)])
    bright = at_share(sample[:, :, 1], 0.9)
    if above is None or bright < _TOO_DARK or not _shows_colours(sample):
        return None
    others = [strip for rows in (_HIGHER, _BELOW) if (strip := _strip(picture, box, rows)) is not None]
    return _hue_of(above) or _shade_of(above, others, daylight=bright >= _DAYLIGHT)


def colour_in(image: bytes, box: Box) -> str | None:
    """As colour_of, for an encoded picture (see decode_picture), decoded only as finely as the plate needs. 2 to 6 ms.

    None also where the picture cannot be decoded.
    """
    shrink = next((factor for factor in (4, 2) if box[3] >= _LEAST_HEIGHT_PX * factor), 1)
    try:
        picture = decode_shrunk(image, shrink)
    except BadRecord:
        return None
    x, y, width, height = (round(pixels / shrink) for pixels in box)
    return colour_of(picture, (x, y, width, height))


def _shows_colours(sample: Picture) -> bool:
    """Whether a picture knows colours, and is not tinted as a whole. sample: a few of its pixels."""
    if at_share(sample.max(axis=2) - sample.min(axis=2), 0.95) <= _COLOURLESS:
        return False
    tint = _lab(sample)[:, 1:]
    return math.hypot(at_share(tint[:, 0], 0.5), at_share(tint[:, 1], 0.5)) < _TINTED


def _hue_of(above: Strip) -> str | None:
    """The colour that _SHARE or more of the strip has; None: none has."""
    chroma, hues = _chroma(above), (np.degrees(np.arctan2(above[:, 2], above[:, 1])) + 20) % 360 - 20
    least = np.maximum(
        np.where((hues >= _WARM_DEG[0]) & (hues < _WARM_DEG[1]), _WARM_CHROMA, _CHROMA),
        _CHROMA_FOR_LIGHTNESS * above[:, 0],
    )
    hues = hues[chroma >= least]
    shares = {
        name: float(((hues >= low) & (hues < high)).sum()) / len(above) for name, (low, high) in _HUES_DEG.items()
    }
    likeliest = max(shares, key=lambda name: shares[name])
    return likeliest if shares[likeliest] >= _SHARE else None


def _shade_of(above: Strip, others: list[Strip], *, daylight: bool) -> str | None:
    """ "black" or "light" for a strip without hue; None where it is neither. others: the other strips around the plate."""
    if at_share(_chroma(above), 0.5) >= _CHROMA:
        return None
    low, middle, high = (at_share(above[:, 0], share) for share in (0.2, 0.5, 0.8))
    if daylight and len(others) == 2 and high <= _BLACK and all(map(_is_black, others)):
        return "black"
    return "light" if middle >= _LIGHT and low >= _LIGHT_PAINT else None


def _is_black(strip: Strip) -> bool:
    return at_share(strip[:, 0], 0.65) <= _BLACK_PAINT and at_share(_chroma(strip), 0.5) < _DARK_BLUE


def _chroma(strip: Strip) -> NDArray[np.float32]:
    return np.asarray(np.hypot(strip[:, 1], strip[:, 2]), np.float32)


def _strip(picture: Picture, box: Box, rows: tuple[float, float]) -> Strip | None:
    """What lies above or below the plate, about as wide as it is; None where the picture ends before, or the plate is too small."""
    x, y, width, height = box
    unit = min(height, width / 3)  # of one line
    top, bottom = (round(y + (share - (share > 0)) * unit + (share > 0) * height) for share in rows)
    if unit < _LEAST_UNIT_PX or bottom - max(top, 0) < unit / 2 or bottom > picture.shape[0]:
        return None
    part = cut(picture, x - width // 10, top, x + width + width // 10, bottom)
    return _lab(np.asarray(cv2.resize(part, _GRID, interpolation=cv2.INTER_AREA), np.uint8))


def _lab(picture: Picture) -> Strip:
    return np.asarray(cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_BGR2Lab), np.float32).reshape(-1, 3)
