"""Makes the reader's training data: pictures of lines of synthetic plates, each with its text."""

from collections.abc import Sequence

import cv2
import numpy as np

from pipeline.vision.own import ROWS, STRETCH, WIDTH, levelled, padded
from pipeline.vision.training.art import draw
from pipeline.vision.training.series import any_plate
from pipeline.vision.training.typefaces import Typeface
from pipeline.vision.training.wear import Grey, cut_line, cut_sign, shoot

_EMPTY_SHARE = 0.03  # pictures of nothing: the reader must be able to say so
_OWN_SHARE = 0.45  # plates in the own strokes, which look most like plates
_WHOLE_SHARE = 0.42  # lines cut over the plate's whole breadth, with bands
_RICH_SHARE = 0.65  # plates with large crests that have much in them
_SIGN_SHARE = 0.06  # not the line but the state's letters on the band, where they can be read
_SIGN_HEIGHT = 20.0  # pixels of a character of the plate, from which they can


def sample(seed: int, number: int, faces: Sequence[Typeface]) -> tuple[Grey, str]:
    """Make line number `number` and its text; the same seed, number and faces give the same line. Returns a new (ROWS, WIDTH)
    uint8 grey array and the text in compact form, empty for a picture without characters."""
    rng = np.random.default_rng((seed, number))
    if rng.random() < _EMPTY_SHARE:
        return padded(levelled(_nothing(rng))), ""
    own = [face for face in faces if face.name.startswith("strokes")]
    choice = own if rng.random() < _OWN_SHARE else faces
    face = choice[int(rng.integers(len(choice)))]
    drawn = draw(any_plate(rng), face, rng, rich=bool(rng.random() < _RICH_SHARE))
    stretch = STRETCH * rng.uniform(0.85, 1.15)
    shot = shoot(drawn, rng)
    if drawn.sign is not None and shot.height >= _SIGN_HEIGHT and rng.random() < _SIGN_SHARE:
        return padded(levelled(cut_sign(shot, drawn.sign, stretch, rng, rows=ROWS, most=WIDTH))), drawn.sign.text
    line = drawn.lines[int(rng.integers(len(drawn.lines)))]
    whole = drawn.bounds if rng.random() < _WHOLE_SHARE else None
    return padded(levelled(cut_line(shot, line, whole, stretch, rng, rows=ROWS, most=WIDTH))), line.text


def _nothing(rng: np.random.Generator) -> Grey:
    """Bars, edges and noise, without a character."""
    width = int(rng.integers(32, WIDTH + 1))
    coarse = rng.uniform(0, 255, (int(rng.integers(1, 5)), int(rng.integers(1, 30)))).astype(np.float32)
    how = cv2.INTER_NEAREST if rng.random() < 0.5 else cv2.INTER_CUBIC
    picture = cv2.resize(coarse, (width, ROWS), interpolation=how) + rng.standard_normal((ROWS, width)) * rng.uniform(
        1, 20
    )
    return np.asarray(np.clip(picture, 0, 255), np.uint8)
