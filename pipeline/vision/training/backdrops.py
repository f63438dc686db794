"""Draws backgrounds in grey: bodywork, bumpers, grilles, roads and hedges. None holds text."""

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
