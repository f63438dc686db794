"""Draws one line of a plate as a strip: its characters, dashes, crests and seals, all in the same look."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.vision.training.typefaces import HEIGHT, Glyph, Typeface

Art = NDArray[np.float32]
"""(height, width) float32, 0 black .. 255 white."""

CHARACTER = 40  # pixels, the height of a character


@dataclass(frozen=True, slots=True)
class LineLook:
    """How all characters of one plate are drawn. Lengths are in character heights, unless said otherwise."""

    face: Typeface
    breadth: float
    spacing: float
    gap: float
    advance: float | None  # where every character takes as much room
    thicken: int  # pixels
    widest: float  # no character is wider: most plates' letters are all about as wide
    rich: bool

    def glyph(self, character: str) -> Glyph:
        """The character drawn in this look, CHARACTER pixels high."""
        glyph = self.face.glyphs[character]
        width = max(3, round(min(glyph.shape[1] * CHARACTER / HEIGHT, self.widest * CHARACTER) * self.breadth))
        small = np.asarray(cv2.resize(glyph, (width, CHARACTER), interpolation=cv2.INTER_AREA), np.uint8)
        if self.thicken:
            change = cv2.dilate if self.thicken > 0 else cv2.erode
            wide = cv2.copyMakeBorder(small, 0, 0, 1, 1, cv2.BORDER_CONSTANT)
            small = np.asarray(change(wide, np.ones((2, 2), np.uint8)), np.uint8)
        return small


def look_of(face: Typeface, rng: np.random.Generator, rich: bool) -> LineLook:
    """A random look for one plate. The same rng state gives the same look. rich: crests large and detailed."""
    breadth = rng.uniform(0.78, 1.15)
    return LineLook(
        face,
        breadth,
        spacing=rng.uniform(0.06, 0.26),
        gap=rng.uniform(0.2, 0.65),
        advance=rng.uniform(0.72, 0.9) if rng.random() < 0.35 else None,
        thicken=int(rng.choice([-1, 0, 0, 0, 1])),
        widest=rng.uniform(0.5, 0.75) if rng.random() < 0.5 else 2.0,
        rich=rich,
    )


def strip_of(said: str, look: LineLook, rng: np.random.Generator) -> tuple[Art, tuple[float, float]]:
    """Draw one line: (CHARACTER, w) float32, 0 for ground, 1 for ink, crests and seals in shades between them.

    Returns the strip, and its columns at which the text begins and ends.
    """
    parts: list[Art] = []
    for mark in said:
        if mark in look.face.glyphs:
            parts.append(_spaced(np.asarray(look.glyph(mark) / 255.0, np.float32), look, rng))
        elif mark == " ":
            parts.append(np.zeros((CHARACTER, round(look.gap * CHARACTER)), np.float32))
        elif mark in "-.":
            parts.append(_dash(mark, look, rng))
        else:
            parts.append(_rich_crest(rng) if look.rich and mark == "*" and rng.random() < 0.6 else _crest(mark, rng))
    if rng.random() < 0.03:
        parts.append(_stacked_date(look, rng))
        length = sum(part.shape[1] for part in parts[:-1])
    else:
        length = sum(part.shape[1] for part in parts)
    return np.hstack(parts), (0.0, float(length))


def _spaced(glyph: Art, look: LineLook, rng: np.random.Generator) -> Art:
    room = look.spacing * CHARACTER
    if look.advance is not None:
        room = max(0.1 * CHARACTER, look.advance * look.breadth * CHARACTER - glyph.shape[1])
    left = int(room / 2)
    spaced = np.zeros((CHARACTER, glyph.shape[1] + round(room)), np.float32)
    spaced[:, left : left + glyph.shape[1]] = glyph[:CHARACTER]
    return spaced


def _dash(mark: str, look: LineLook, rng: np.random.Generator) -> Art:
    width = max(2, round((rng.uniform(0.15, 0.4) if mark == "-" else 0.13) * CHARACTER))
    side = round(rng.uniform(0.04, 0.2) * CHARACTER)
    dash = np.zeros((CHARACTER, width + 2 * side), np.float32)
    thick = max(2, round(rng.uniform(0.09, 0.17) * CHARACTER))
    top = (CHARACTER - thick) // 2 + int(rng.integers(-3, 8 if rng.random() < 0.2 else 4))
    dash[top : top + thick, side : side + width] = 1.0
    return dash


def _crest(mark: str, rng: np.random.Generator) -> Art:
    """Draw a crest, or two seals one above the other: grey discs or shields with a simple pattern."""
    width = round(rng.uniform(0.35, 0.75) * CHARACTER)
    side = round(rng.uniform(0.03, 0.2) * CHARACTER)
    crest = np.zeros((CHARACTER, width + 2 * side), np.float32)
    middles = (0.27, 0.73) if mark == "%" or rng.random() < 0.25 else (float(rng.uniform(0.25, 0.6)),)
    radius = min(width / 2, 0.24 * CHARACTER if len(middles) == 2 else 0.36 * CHARACTER)
    for share in middles:
        if rng.random() < 0.08:
            continue
        centre = (side + width / 2, share * CHARACTER)
        _seal(crest, centre, radius, rng)
    if mark == "*" and rng.random() < 0.2:
        crest[CHARACTER // 2 - 2 : CHARACTER // 2 + 2, side : side + width] = 1.0  # a dash under or in place of it
    return crest


def _rich_crest(rng: np.random.Generator) -> Art:
    """Draw a coat of arms, up to a character high: a shield or disc, divided, chequered or crossed, with animals drawn as
    blots."""
    tall, width = (round(rng.uniform(low, high) * CHARACTER) for low, high in ((0.5, 1.0), (0.4, 0.85)))
    side = round(rng.uniform(0.03, 0.22) * CHARACTER)
    arms = np.full((tall, width), float(rng.uniform(0.0, 0.6)), np.float32)
    kind, shade = int(rng.integers(4)), float(rng.uniform(0.2, 1.0))
    if kind == 0:
        step = int(rng.integers(3, 8))
        arms[(np.add.outer(np.arange(tall) // step, np.arange(width) // step) % 2).astype(bool)] = shade
    elif kind == 1:
        arm = max(2, width // 5)
        arms[tall // 2 - arm // 2 : tall // 2 + arm // 2 + 1, arm : width - arm] = shade
        arms[arm : tall - arm, width // 2 - arm // 2 : width // 2 + arm // 2 + 1] = shade
    elif kind == 2:
        for top in range(0, tall, int(rng.integers(4, 12))):
            arms[top : top + 3] = shade
    for _ in range(int(rng.integers(2, 12))):
        at = (int(rng.integers(width)), int(rng.integers(tall)))
        cv2.ellipse(
            arms,
            (at, (float(rng.uniform(2, 12)), float(rng.uniform(2, 12))), float(rng.uniform(0, 180))),
            float(rng.uniform(0, 1)),
            -1,
            cv2.LINE_AA,
        )
    mask = np.zeros((tall, width), np.float32)
    middle, foot = width // 2, round(tall * rng.uniform(0.45, 0.75))
    if rng.random() < 0.7:
        cv2.fillPoly(
            mask,
            [np.array([[0, 0], [width - 1, 0], [width - 1, foot], [middle, tall - 1], [0, foot]])],
            1.0,
            cv2.LINE_AA,
        )
    else:
        cv2.ellipse(mask, ((middle, tall // 2), (width - 1.0, tall - 1.0), 0.0), 1.0, -1, cv2.LINE_AA)
    rim = mask - cv2.erode(mask, np.ones((3, 3), np.uint8))
    crest = np.zeros((CHARACTER, width + 2 * side), np.float32)
    top = int(rng.integers(0, CHARACTER - tall + 1))
    crest[top : top + tall, side : side + width] = np.maximum(arms * mask, rim * float(rng.uniform(0, 1)))
    return crest


def _seal(crest: Art, centre: tuple[float, float], radius: float, rng: np.random.Generator) -> None:
    x, y = round(centre[0]), round(centre[1])
    fill, rim = float(rng.uniform(0.0, 0.9)), float(rng.uniform(0.2, 1.0))
    if rng.random() < 0.7:
        cv2.circle(crest, (x, y), round(radius), fill, -1, cv2.LINE_AA)
        cv2.circle(crest, (x, y), round(radius), rim, 1, cv2.LINE_AA)
    else:
        r = round(radius * 0.8)
        shield = np.array(
            [[x - r, y - r], [x + r, y - r], [x + r, y + r // 3], [x, y + round(radius * 1.2)], [x - r, y + r // 3]]
        )
        cv2.fillPoly(crest, [shield], fill, cv2.LINE_AA)
        cv2.polylines(crest, [shield], True, rim, 1, cv2.LINE_AA)
    for _ in range(int(rng.integers(1, 5))):
        dx, dy = rng.uniform(-0.5, 0.5, 2) * radius
        cv2.circle(
            crest,
            (round(x + dx), round(y + dy)),
            max(1, round(radius * rng.uniform(0.1, 0.4))),
            float(rng.uniform(0, 1)),
            -1,
            cv2.LINE_AA,
        )


def _stacked_date(look: LineLook, rng: np.random.Generator) -> Art:
    """Draw two small numbers one above the other, as on plates for a season. They are not part of the plate's text."""
    date = np.zeros((CHARACTER, CHARACTER), np.float32)
    for top in (0, CHARACTER // 2):
        for place in (0, 1):
            digit = look.glyph(str(int(rng.integers(10))))
            small = cv2.resize(digit, (11, 15), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
            date[top + 2 : top + 17, 10 + 13 * place : 21 + 13 * place] = small
    return date
