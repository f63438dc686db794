"""Draws what hides a character of a plate, and what stands beside one: posts, mud, stickers."""

from dataclasses import replace

import cv2
import numpy as np

from pipeline.vision.training.art import Drawn, TextLine
from pipeline.vision.training.strips import CHARACTER, Art

_POST = (
    0.7  # of what hides a character: upright, from above the plate to below it; else a blot, such as mud or a sticker
)


def hidden(drawn: Drawn, rng: np.random.Generator) -> tuple[Drawn, tuple[TextLine, ...]]:
    """The drawing with something before a character of one line, and the lines as far as they are read then: on both sides of
    what hides the character, or on the side where more of them stand."""
    line = drawn.lines[int(rng.integers(len(drawn.lines)))]
    count = max(len(line.text), 2)
    gone, width = int(rng.integers(count)), (line.right - line.left) / count
    at, wide = line.left + (gone + 0.5 + rng.normal(0, 0.12)) * width, width * float(rng.uniform(0.75, 1.7))
    art = drawn.art.copy()
    if rng.random() < _POST:
        _post(art, at, wide, rng)
    else:
        _blot(art, (at, (line.top + line.bottom) / 2), (wide, line.bottom - line.top), rng)
    is_end, more_right = gone in (0, count - 1), 2 * gone < count - 1
    one_side = is_end or rng.random() < 0.5
    left = line.left + width * (gone + 1) if one_side and more_right else line.left
    right = line.left + width * gone if one_side and not more_right else line.right
    rest = TextLine(line.text, left, right, line.top, line.bottom)
    return replace(drawn, art=art), tuple(rest if one is line else one for one in drawn.lines)


def with_post_beside(drawn: Drawn, rng: np.random.Generator) -> Drawn:
    """The drawing with something upright beside the plate, which hides nothing of it."""
    left, _, right, _ = drawn.bounds
    away = float(rng.uniform(0.5, 1.6)) * CHARACTER
    art = drawn.art.copy()
    _post(art, left - away if rng.random() < 0.5 else right + away, 0.6 * CHARACTER, rng)
    return replace(drawn, art=art)


def _post(art: Art, at: float, width: float, rng: np.random.Generator) -> None:
    """Draw something upright into art, at this x and about so wide: of one shade, or lit from one side."""
    height, lean = art.shape[0], float(rng.normal(0, 0.04)) * art.shape[0]
    thick, shade = max(2, round(width)), float(rng.uniform(10, 245))
    cv2.line(art, (round(at - lean), -thick), (round(at + lean), height + thick), shade, thick, cv2.LINE_AA)
    if rng.random() < 0.3:
        aside, lit = width * float(rng.choice([-0.25, 0.25])), float(np.clip(shade + rng.uniform(-60, 60), 0, 255))
        ends = (round(at + aside - lean), -thick), (round(at + aside + lean), height + thick)
        cv2.line(art, *ends, lit, max(1, thick // 2), cv2.LINE_AA)


def _blot(art: Art, at: tuple[float, float], size: tuple[float, float], rng: np.random.Generator) -> None:
    """Draw something of one shade and an uneven outline into art, around this point, which hides about this width and height."""
    shade = float(rng.uniform(5, 250))
    for _ in range(int(rng.integers(1, 9))):
        x, y = (round(middle + float(rng.normal(0, 0.12)) * side) for middle, side in zip(at, size, strict=True))
        axes = round(size[0] * rng.uniform(0.4, 0.6)), round(size[1] * rng.uniform(0.4, 0.75))
        cv2.ellipse(art, (x, y), axes, float(rng.uniform(-20, 20)), 0, 360, shade, -1, cv2.LINE_AA)
