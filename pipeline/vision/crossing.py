"""Computes when a vehicle crossed a line in its camera's picture, from the places where its plate was found."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from schemas.reference import PicturePoint

Place = tuple[float, float]
"""In a picture: x and y as shares of its width and height."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """The moment at which the line was crossed, UTC ms, interpolated between two pictures. The true time is at_ms plus or
    minus doubt_ms."""

    at_ms: int
    doubt_ms: float


def crossing_of(path: Iterable[tuple[int, Place]], line: tuple[PicturePoint, PicturePoint]) -> Crossing | None:
    """The first crossing of the line, in either direction; None: the plate never passed from one side to the other between the
    line's ends.

    path: when (UTC ms) and where the plate's centre was found, in the order of time.

    >>> ends = PicturePoint(x=0.0, y=0.5), PicturePoint(x=1.0, y=0.5)
    >>> crossing_of([(0, (0.5, 0.1)), (100, (0.5, 0.4)), (200, (0.5, 0.8))], ends)
    Crossing(at_ms=125, doubt_ms=75.0)
    """
    for (before_ms, before), (after_ms, after) in pairwise(path):
        one, other = _side(before, line), _side(after, line)
        if one == other or one * other > 0 or after_ms <= before_ms or not _within(before, after, line):
            continue
        at_ms = before_ms + round((after_ms - before_ms) * abs(one) / (abs(one) + abs(other)))
        return Crossing(at_ms, float(max(at_ms - before_ms, after_ms - at_ms)))
    return None


def _side(place: Place, line: tuple[PicturePoint, PicturePoint]) -> float:
    """The place's signed distance from the line without ends, in a unit that depends on the line: the sign tells the side."""
    start, end = line
    return (end.x - start.x) * (place[1] - start.y) - (end.y - start.y) * (place[0] - start.x)


def _within(before: Place, after: Place, line: tuple[PicturePoint, PicturePoint]) -> bool:
    """Whether the way from one place to the other passes between the line's ends, not beside them."""
    start, end = line
    way = PicturePoint(x=before[0], y=before[1]), PicturePoint(x=after[0], y=after[1])
    return _side((start.x, start.y), way) * _side((end.x, end.y), way) <= 0
