"""A glance at a picture: how much detail stands where in it. Enough to tell that a view is dark, blurred or another one; nobody is
recognised in it."""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.vision.pictures import Picture

ROWS, COLUMNS = 18, 32
CELL = 10
"""Pixels of a cell's side, once the picture has been shrunk to 320 by 180."""
NOISE = 6
"""Grey levels (of 255) between neighbours that the sensor's noise alone gives in twilight."""
SHARPEST = 60
"""A stronger edge counts as this, so that one headlamp is not the whole picture."""


class Glance(NamedTuple):
    """edges: (ROWS, COLUMNS) float32, 0..2 * SHARPEST, the mean strength of edges in each cell; detail: their mean."""

    edges: NDArray[np.float32]
    detail: float


def glance_at(picture: Picture) -> Glance:
    """A glance at this picture: (height, width, 3) uint8 BGR, not changed."""
    shrunk = cv2.resize(picture, (COLUMNS * CELL, ROWS * CELL), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(shrunk, cv2.COLOR_BGR2GRAY).astype(np.float32)
    strength = np.zeros_like(grey)
    strength[:, 1:] += _edges(np.diff(grey, axis=1))
    strength[1:, :] += _edges(np.diff(grey, axis=0))
    edges = strength.reshape(ROWS, CELL, COLUMNS, CELL).mean(axis=(1, 3)).astype(np.float32)
    return Glance(edges, float(edges.mean()))


def _edges(steps: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.clip(np.abs(steps) - NOISE, 0, SHARPEST)
