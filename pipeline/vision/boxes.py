"""Upright boxes in pixels: x, y of the upper left corner, width, height."""

import math

Box = tuple[int, int, int, int]


def overlap(a: Box, b: Box) -> float:
    """Intersection over union, 0..1.

    >>> overlap((0, 0, 10, 10), (0, 0, 10, 5))
    0.5
    """
    shared = _shared(a, b)
    union = a[2] * a[3] + b[2] * b[3] - shared
    return shared / union if union else 0.0


def covered(inner: Box, outer: Box) -> float:
    """Which part of inner lies inside outer, 0..1.

    >>> covered((0, 0, 10, 10), (5, 0, 100, 100))
    0.5
    """
    area = inner[2] * inner[3]
    return _shared(inner, outer) / area if area else 0.0


def centre_distance(a: Box, b: Box) -> float:
    """Pixels between the centres of both boxes."""
    return math.hypot(a[0] + a[2] / 2 - b[0] - b[2] / 2, a[1] + a[3] / 2 - b[1] - b[3] / 2)


def joined(a: Box, b: Box) -> Box:
    """The smallest box around both."""
    x, y = min(a[0], b[0]), min(a[1], b[1])
    return x, y, max(a[0] + a[2], b[0] + b[2]) - x, max(a[1] + a[3], b[1] + b[3]) - y


def _shared(a: Box, b: Box) -> int:
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return max(width, 0) * max(height, 0)
