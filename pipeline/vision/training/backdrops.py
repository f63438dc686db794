"""Draws backgrounds in grey: bodywork, bumpers, grilles, roads and hedges, and borders. None holds text."""

import cv2
import numpy as np

from pipeline.vision.training.strips import Art


def backdrop(width: int, height: int, rng: np.random.Generator) -> Art:
    """Draw a background of this size, in pixels: bodywork, a bumper, a grille, a road or a hedge."""
    cells = int(rng.integers(1, 6)), int(rng.integers(1, 9))
    coarse = rng.uniform(10, 240) + rng.normal(0, rng.uniform(1, 40), cells)
    how = cv2.INTER_CUBIC if rng.random() < 0.7 else cv2.INTER_NEAREST
    art = np.asarray(cv2.resize(coarse.astype(np.float32), (width, height), interpolation=how), np.float32)
    for _ in range(int(rng.integers(0, 7))):
        _something(art, rng)
    if rng.random() < 0.25:
        _bars(art, rng)
    if rng.random() < 0.3:
        step = int(rng.integers(1, 8))
        grain = rng.standard_normal((height // step + 1, width // step + 1), np.float32) * float(rng.uniform(2, 45))
        art += cv2.resize(grain, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.clip(art, 0, 255)


def recess(art: Art, plate: tuple[int, int, int, int], unit: float, rng: np.random.Generator) -> None:
    """Draw into art what plates are mounted in: edges of bodywork above and below, and a hollow around the plate. plate: left,
    top, right, bottom. unit: a character's height, pixels."""
    x0, y0, x1, y1 = plate
    for side in (-1, 1):
        for _ in range(int(rng.integers(0, 3))):
            edge = (y0 if side < 0 else y1) + side * float(rng.uniform(0.1, 1.6)) * unit
            rise, thick = float(rng.normal(0, 0.1)) * unit, max(1, round(rng.uniform(0.03, 0.5) * unit))
            ends = (0, round(edge - rise)), (art.shape[1], round(edge + rise))
            cv2.line(art, *ends, float(rng.uniform(0, 255)), thick, cv2.LINE_AA)
    if rng.random() < 0.5:
        left, top, right, bottom = (round(float(rng.uniform(0.08, 0.9)) * unit) for _ in range(4))
        box = x0 - left, y0 - top, x1 + right, y1 + bottom
        radius = round(min(left, top, right, bottom) * float(rng.random()))
        shades = float(rng.uniform(0, 255)), float(rng.uniform(0, 255))
        border(art, box, shades, unit, rng, radius)


def border(
    art: Art,
    board: tuple[int, int, int, int],
    shades: tuple[float, float],
    unit: float,
    rng: np.random.Generator,
    radius: int | None = None,
) -> None:
    """Draw a board (left, top, right, bottom) with its border, often rounded and set in from its edge. shades: of the ground and
    of the border. unit: a character's height, pixels. radius: of the corners; None: a random one."""
    x0, y0, x1, y1 = board
    inset, thick = round(rng.uniform(0, 0.12) * unit), max(1, round(rng.uniform(0.03, 0.14) * unit))
    if radius is None:
        radius = round(rng.uniform(0.05, 0.4) * unit) if rng.random() < 0.6 else 0
    for grown, shade in ((0, shades[1]), (thick, shades[0])):
        step = inset + grown
        _rounded(art, (x0 + step, y0 + step, x1 - step, y1 - step), max(0, radius - grown), shade)


def _rounded(art: Art, box: tuple[int, int, int, int], radius: int, shade: float) -> None:
    """Fill a box, whose corners are rounded, with a shade."""
    x0, y0, x1, y1 = box
    cv2.rectangle(art, (x0 + radius, y0), (x1 - radius, y1), shade, -1)
    cv2.rectangle(art, (x0, y0 + radius), (x1, y1 - radius), shade, -1)
    for x in (x0 + radius, x1 - radius):
        for y in (y0 + radius, y1 - radius):
            cv2.circle(art, (x, y), radius, shade, -1, cv2.LINE_AA)


def _something(art: Art, rng: np.random.Generator) -> None:
    """Draw one blot or one edge into art."""
    height, width = art.shape
    at = int(rng.integers(width)), int(rng.integers(height))
    to = int(rng.integers(width)), int(rng.integers(height))
    shade = float(rng.uniform(0, 255))
    kind = int(rng.integers(3))
    if kind == 0:
        cv2.rectangle(art, at, to, shade, -1)
    elif kind == 1:
        cv2.line(art, at, to, shade, int(rng.integers(1, 14)), cv2.LINE_AA)
    else:
        axes = float(rng.uniform(4, width / 2)), float(rng.uniform(4, height / 2))
        cv2.ellipse(art, (at, axes, float(rng.uniform(0, 180))), shade, -1, cv2.LINE_AA)


def _bars(art: Art, rng: np.random.Generator) -> None:
    """Draw a grille into art: evenly spaced bars, horizontal, vertical or both."""
    step, thick = int(rng.integers(6, 40)), int(rng.integers(2, 12))
    shade, way = float(rng.uniform(0, 255)), int(rng.integers(3))
    if way != 1:
        for y in range(int(rng.integers(step)), art.shape[0], step):
            art[y : y + thick] = shade
    if way != 0:
        for x in range(int(rng.integers(step)), art.shape[1], step):
            art[:, x : x + thick] = shade
