"""Plate patterns: ``?`` is one character, ``*`` any number of them.

Patterns of one shape (the same places fixed) share one dict, so a read costs one look-up per shape, not per pattern.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from operator import itemgetter

WILD = frozenset("?*")


def is_pattern(plate: str) -> bool:
    """Whether the text has a wildcard."""
    return not WILD.isdisjoint(plate)


@dataclass(frozen=True, slots=True)
class _Shape:
    """Which places are fixed: counted from the start (0..) and, after a star, from the end (..-1)."""

    length: int  # exact without a star, else the least
    star: bool
    fixed: tuple[int, ...]

    @staticmethod
    def of(pattern: str) -> "_Shape":
        head, star, tail = pattern.partition("*")
        fixed = [at for at, character in enumerate(head) if character != "?"]
        fixed += [at - len(tail) for at, character in enumerate(tail) if character != "?"]
        return _Shape(len(head) + len(tail), bool(star), tuple(fixed))


@dataclass(slots=True)
class _Bucket:
    shape: _Shape
    key: Callable[[str], object]
    rows: dict[object, list[int]] = field(default_factory=dict)


def _nothing(_text: str) -> object:
    return ()


@dataclass(slots=True)
class PatternIndex:
    """Patterns to rows."""

    _buckets: dict[_Shape, _Bucket] = field(default_factory=dict)
    _several_stars: dict[str, tuple[re.Pattern[str], list[int]]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self._buckets or self._several_stars)

    def clear(self) -> None:
        """Forget everything."""
        self._buckets.clear()
        self._several_stars.clear()

    def add(self, pattern: str, row: int) -> None:
        """Note that the pattern has this row."""
        if pattern.count("*") > 1:
            expression = re.compile(pattern.replace("?", ".").replace("*", ".*"))
            self._several_stars.setdefault(pattern, (expression, []))[1].append(row)
            return
        shape = _Shape.of(pattern)
        bucket = self._buckets.get(shape)
        if bucket is None:
            bucket = self._buckets[shape] = _Bucket(shape, itemgetter(*shape.fixed) if shape.fixed else _nothing)
        bucket.rows.setdefault(bucket.key(pattern), []).append(row)

    def discard(self, pattern: str, row: int) -> None:
        """Take the pair back."""
        if pattern.count("*") > 1:
            rows = self._several_stars[pattern][1]
            rows.remove(row)
            if not rows:
                del self._several_stars[pattern]
            return
        shape = _Shape.of(pattern)
        bucket = self._buckets[shape]
        key = bucket.key(pattern)
        bucket.rows[key].remove(row)
        if not bucket.rows[key]:
            del bucket.rows[key]
        if not bucket.rows:
            del self._buckets[shape]

    def rows(self, text: str) -> list[int]:
        """The rows of all patterns that the compact text fits."""
        found: list[int] = []
        length = len(text)
        for bucket in self._buckets.values():
            shape = bucket.shape
            if length == shape.length or (shape.star and length > shape.length):
                found += bucket.rows.get(bucket.key(text), ())
        for expression, rows in self._several_stars.values():
            if expression.fullmatch(text):
                found += rows
        return found
