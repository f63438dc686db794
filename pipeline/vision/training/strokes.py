"""Draws letters and digits from strokes, in many styles that resemble the typefaces of plates, because most of those have no
free licence.

A glyph is a few strokes on a grid 6 wide and 10 high, y downward. A point with a third number is a round corner. Styles
differ in breadth, weight, roundness and in details that tell national typefaces apart (a serif on the I, a foot on the 1, an
open 4, a flat 3).
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

_UNIT = 24  # pixels of one grid unit
_RIM = 3  # grid units left free around

Stroke = tuple[tuple[float, ...], ...]
_R = 1.0
_O: Stroke = ((0, 5), (0, 0, _R), (6.2, 0, _R), (6.2, 10, _R), (0, 10, _R), (0, 5))
_P: Stroke = ((0, 10), (0, 0), (6, 0, _R), (6, 5.4, _R), (0, 5.4))
_LEG: Stroke = ((3, 5.4), (6, 10))
_SIX: Stroke = ((5.4, 2.2), (5.4, 0, _R), (0, 0, _R), (0, 10, _R), (5.8, 10, _R), (5.8, 4.4, _R), (0, 4.4, _R), (0, 7))
_SLANTED_SIX: tuple[Stroke, ...] = (
    ((4.2, 0), (0.4, 5.6, _R), (0, 10, _R), (5.8, 10, _R), (5.8, 4.4, _R), (0.2, 4.4, _R), (0, 7.2)),
)


def _turned(strokes: tuple[Stroke, ...]) -> tuple[Stroke, ...]:
    return tuple(tuple((5.8 - p[0], 10 - p[1], *p[2:]) for p in stroke) for stroke in strokes)


GLYPHS: dict[str, tuple[Stroke, ...]] = {
    "0": (((0, 5), (0, 0, _R), (5.2, 0, _R), (5.2, 10, _R), (0, 10, _R), (0, 5)),),
    "1": (((0, 2.5), (2.6, 0), (2.6, 10)),),
    "2": (((0, 2.6), (0, 0, _R), (5.6, 0, _R), (5.6, 4.2, _R), (0, 10), (5.8, 10)),),
    "3": (((0, 2.2), (0, 0, _R), (5.6, 0, _R), (5.6, 4.7, _R), (2.4, 4.7)), ((2.4, 4.7), (5.8, 4.7, _R), (5.8, 10, _R), (0, 10, _R), (0, 7.8))),
    "4": (((4.4, 10), (4.4, 0), (0, 7.2), (6, 7.2)),),
    "5": (((5.4, 0), (0.4, 0), (0.2, 4.4), (5.8, 4, _R), (5.8, 10, _R), (0, 10, _R), (0, 7.8)),),
    "6": (_SIX,),
    "7": (((0, 0), (5.8, 0), (2, 10)),),
    "8": (((3, 0), (5.4, 0, _R), (5.4, 4.7, _R), (0.4, 4.7, _R), (0.4, 0, _R), (3, 0)), ((3, 4.7), (5.8, 4.7, _R), (5.8, 10, _R), (0, 10, _R), (0, 4.7, _R), (3, 4.7))),
    "9": _turned((_SIX,)),
    "A": (((0, 10), (3, 0), (6, 10)), ((1, 7), (5, 7))),
    "B": (((0, 0), (5.6, 0, _R), (5.6, 4.8, _R), (0, 4.8)), ((0, 4.8), (6, 4.8, _R), (6, 10, _R), (0, 10), (0, 0))),
    "C": (((6, 2.6), (6, 0, _R), (0, 0, _R), (0, 10, _R), (6, 10, _R), (6, 7.4)),),
    "D": (((0, 0), (6, 0, _R), (6, 10, _R), (0, 10), (0, 0)),),
    "E": (((5.6, 0), (0, 0), (0, 10), (5.6, 10)), ((0, 4.8), (4.8, 4.8))),
    "F": (((5.6, 0), (0, 0), (0, 10)), ((0, 4.8), (4.8, 4.8))),
    "G": (((6, 2.4), (6, 0, _R), (0, 0, _R), (0, 10, _R), (6, 10, _R), (6, 5.2), (3.2, 5.2)),),
    "H": (((0, 0), (0, 10)), ((6, 0), (6, 10)), ((0, 5), (6, 5))),
    "I": (((0, 0), (0, 10)),),
    "J": (((5, 0), (5, 10, _R), (0, 10, _R), (0, 7.4)),),
    "K": (((0, 0), (0, 10)), ((6, 0), (0, 6)), ((1.8, 4.2), (6, 10))),
    "L": (((0, 0), (0, 10), (5.4, 10)),),
    "N": (((0, 10), (0, 0), (6, 10), (6, 0)),),
    "O": (_O,),
    "P": (_P,),
    "Q": (_O, ((3.6, 7), (6.4, 10.2))),
    "R": (_P, _LEG),
    "S": (((6, 2.2), (6, 0, _R), (0, 0, _R), (0, 4.8, _R), (6, 5, _R), (6, 10, _R), (0, 10, _R), (0, 7.8)),),
    "T": (((0, 0), (6, 0)), ((3, 0), (3, 10))),
    "U": (((0, 0), (0, 10, _R), (6, 10, _R), (6, 0)),),
    "V": (((0, 0), (3, 10), (6, 0)),),
    "X": (((0, 0), (6, 10)), ((6, 0), (0, 10))),
    "Y": (((0, 0), (3, 5), (6, 0)), ((3, 5), (3, 10))),
    "Z": (((0, 0), (6, 0), (0, 10), (6, 10)),),
}  # fmt: skip
FORMS: dict[str, tuple[Stroke, ...]] = {
    "1": (((0.4, 2.5), (2.6, 0), (2.6, 10)), ((0.4, 10), (4.8, 10))),
    "3": (((0, 0), (5.6, 0), (2.2, 4), (5.8, 4.2, _R), (5.8, 10, _R), (0, 10, _R), (0, 8)),),
    "4": (((2.6, 0), (0, 7), (6, 7)), ((4.2, 4.4), (4.2, 10))),
    "6": _SLANTED_SIX,
    "9": _turned(_SLANTED_SIX),
    "G": (((6, 2.4), (6, 0, _R), (0, 0, _R), (0, 10, _R), (6, 10, _R), (6, 5.4)),),
    "I": (((1.5, 0), (1.5, 10)), ((0, 0), (3, 0)), ((0, 10), (3, 10))),
    "J": (((2, 0), (5, 0), (5, 10, _R), (0, 10, _R), (0, 7.4)),),
    "M": (((0, 10), (0, 0), (3.5, 9.4), (7, 0), (7, 10)),),
    "0": (((0, 5), (0, 0, _R), (4.4, 0, _R), (4.4, 10, _R), (0, 10, _R), (0, 5)),),
    "W": (((0, 0), (0, 10, _R), (4, 10, _R), (8, 10, _R), (8, 0)), ((4, 10), (4, 3))),
    "7": (((0, 2), (0, 0), (5.6, 0), (2.6, 10)),),
    "Q": (_O, ((3.1, 8), (3.1, 10.8))),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class StrokeStyle:
    """How one alphabet looks. breadth: factor on the grid's width. weight, radius: thickness of a stroke and of a round
    corner, in grid units. forms: the characters that are drawn in their second form (see FORMS).

    peak: how far down the middle of M reaches, and how far up that of W, 0..1 of the height. lean: how far the outer strokes
    of W lean inwards, wide: how wide M and W are, both in grid units.
    """

    breadth: float
    weight: float
    radius: float
    forms: str = ""
    peak: float = 0.6
    lean: float = 2.0
    wide: float = 7.5


_LETTERS = (
    (1.0, 1.35, 2.6, "G"), (1.0, 1.5, 2.9, "1I"), (0.9, 1.3, 2.2, "1I0"), (0.95, 1.55, 3.0, "I469M"), (1.05, 1.2, 2.9, "13IG"),
    (0.85, 1.5, 1.8, "69"), (1.1, 1.7, 2.6, "1"), (0.8, 1.3, 2.9, "I3G"), (1.0, 1.8, 2.2, "46I9J"), (0.9, 1.1, 1.5, "M"),
    (1.15, 1.45, 3.0, "Q7I0"), (0.95, 1.4, 2.4, "J14I0G"), (1.0, 1.6, 1.3, "0I"), (0.88, 1.65, 2.8, "1M69I0"), (1.05, 1.3, 2.0, "W7"),
)  # fmt: skip
_PEAKS = (
    (0.6, 1.2, 6.2),
    (0.85, 2.0, 8.0),
    (0.45, 0.9, 6.0),
    (1.0, 1.6, 7.0),
    (0.7, 0.6, 5.8),
    (0.55, 1.5, 7.5),
    (0.95, 1.0, 6.4),
)
STYLES = tuple(
    StrokeStyle(*letters, *_PEAKS[(number + turn * 3) % len(_PEAKS)])
    for turn in (0, 1)
    for number, letters in enumerate(_LETTERS)
)


def draw_strokes(character: str, style: StrokeStyle) -> NDArray[np.uint8]:
    """Draw one character: a new (h, w) uint8 array, 255 where there is ink, with an empty margin all round."""
    strokes = FORMS[character] if character in style.forms else _peaked(character, style) or GLYPHS[character]
    sheet = np.zeros(((10 + 2 * _RIM) * _UNIT, (10 + 2 * _RIM) * _UNIT), np.uint8)
    for stroke in strokes:
        points = np.asarray(_rounded(stroke, style.radius)) * (style.breadth, 1.0) + _RIM
        cv2.polylines(
            sheet, [np.round(points * _UNIT).astype(np.int32)], False, 255, round(style.weight * _UNIT), cv2.LINE_AA
        )
    return sheet


def _peaked(character: str, style: StrokeStyle) -> tuple[Stroke, ...]:
    """The strokes of M or W in this style; none for other characters."""
    wide, lean = style.wide, style.lean
    if character == "M":
        return (((0, 10), (0, 0), (wide / 2, 10 * style.peak), (wide, 0), (wide, 10)),)
    if character == "W":
        return (((0, 0), (lean, 10), (wide / 2, 10 * (1 - style.peak)), (wide - lean, 10), (wide, 0)),)
    return ()


def _rounded(stroke: Stroke, radius: float) -> list[tuple[float, float]]:
    """The stroke's points, its round corners replaced by curves."""
    points = [np.asarray(point[:2], float) for point in stroke]
    path = [points[0]]
    for before, here, after, corner in zip(points, points[1:], points[2:], stroke[1:], strict=False):
        if len(corner) < 3:
            path.append(here)
            continue
        start = here + (before - here) * min(
            1.0, radius / max(float(np.linalg.norm(before - here)), 1e-6), _half(before, here, stroke)
        )
        end = here + (after - here) * min(
            1.0, radius / max(float(np.linalg.norm(after - here)), 1e-6), _half(here, after, stroke)
        )
        path += [(1 - t) ** 2 * start + 2 * t * (1 - t) * here + t**2 * end for t in np.linspace(0, 1, 9)]
    return [(float(x), float(y)) for x, y in [*path, points[-1]]]


def _half(a: NDArray[np.float64], b: NDArray[np.float64], stroke: Stroke) -> float:
    """The share of the edge from a to b that one rounded corner may take: half where both ends are round, else all of it."""
    round_ends = {tuple(point[:2]) for point in stroke if len(point) > 2}
    return 0.5 if tuple(a) in round_ends and tuple(b) in round_ends else 1.0
