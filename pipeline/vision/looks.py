"""Describes how a plate looks besides its text: the colours of ground and characters, and the letters on its band. About 2
ms."""

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.plates.looks import SIGNS, Looks
from pipeline.vision.boxes import Box
from pipeline.vision.ctc import LineReader, log_probabilities
from pipeline.vision.lines import text_and_band
from pipeline.vision.pictures import Picture, at_share

# CIE L*a*b* as OpenCV scales it: 0..255, a and b about 128. Measured on real plates: yellow ground b +40 to +85, white -16 to +11;
# red characters a +13 to +54, black ones -3 to +12.
_YELLOW, _RED = 25.0, 11.0
_COLOURLESS = 6.0  # a picture with hardly any pixel further from grey was taken without colours
_DARKEST, _LIGHTEST = 0.15, 0.7  # shares of the pixels' lightness
_LEGIBLE = 6  # columns of a band
_BELOW_THE_STARS = 0.48  # of the band's height


def looks_of(crop: Picture, inner: Box, reader: LineReader) -> Looks:
    """What a plate that was cut out looks like; yellow and red are None where the picture has no colours. crop, inner: see
    lines_of; not modified. reader: reads the band's letters."""
    line, band = text_and_band(crop, inner)
    signs = _signs(band, reader)
    _, *colours = cv2.split(cv2.cvtColor(crop[::3, ::3], cv2.COLOR_BGR2LAB))
    if at_share(np.abs(np.stack(colours).astype(np.int16) - 128), 0.98) < _COLOURLESS:
        return Looks(signs=signs)
    light, red, yellow = (plane.ravel() for plane in cv2.split(cv2.cvtColor(line[::2, ::2], cv2.COLOR_BGR2LAB)))
    dark, bright = at_share(light, _DARKEST), at_share(light, _LIGHTEST)
    is_yellow = at_share(yellow[light >= bright], 0.5) > 128 + _YELLOW
    return Looks(is_yellow, not is_yellow and at_share(red[light <= dark], 0.5) > 128 + _RED, signs)


def _signs(band: NDArray[np.uint8], reader: LineReader) -> dict[str, float]:
    """The natural log probability that the lower half of a band says each country's letters; empty for a band too narrow to be
    read."""
    if band.shape[1] < _LEGIBLE:
        return {}
    (scores,) = reader.scores([band[int(_BELOW_THE_STARS * band.shape[0]) :]])
    return dict(zip(SIGNS, log_probabilities(scores, SIGNS), strict=True))
