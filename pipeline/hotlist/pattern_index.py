"""Finds plate patterns: ``?`` is one character, ``*`` any number of them.

Patterns with fixed characters in the same places share one dict, so a text costs one look-up for all of them; literals that
may stand anywhere share one dict per length. Before that, pattern_filter looks at many texts together and rules out nearly
all.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from pipeline.hotlist.pattern_filter import PatternFilter

WILD = frozenset("?*")
Rows = dict[object, list[int]]
AT_ONCE = 16  # texts; fewer are quicker one by one
_RUNS = re.compile(r"[?*]*\*[?*]*")
_PORTION = 512  # texts that the filter looks at together: its words stay in the processor's cache


def is_pattern(plate: str) -> bool:
    """Whether the text has a wildcard."""
    return not WILD.isdisjoint(plate)


def collapsed(pattern: str) -> str:
    """The same pattern, each run of wildcards in one form: the single characters first, then one star at most.

    >>> collapsed("1AB**"), collapsed("*?*12*?"), collapsed("1AB2")
    ('1AB*', '?*12?*', '1AB2')
    """
    return _RUNS.sub(lambda run: "?" * run[0].count("?") + "*", pattern) if "*" in pattern else pattern


def fits(parts: Sequence[str], text: str) -> bool:
    """Whether a pattern, given as its parts between stars, fits the whole text. Each part is tried at each place once.

    >>> fits(["1A", "C", "4"], "1ABCD34"), fits(["1A", "C", "4"], "1ABD34")
    (True, False)
    """
    if len(parts) == 1:
        return len(parts[0]) == len(text) and _stands(parts[0], text, 0)
    head, *middle, tail = parts
    end = len(text) - len(tail)
    if len(head) > end or not _stands(head, text, 0) or not _stands(tail, text, end):
        return False
    at = len(head)
    for part in middle:
        at = next((place for place in range(at, end - len(part) + 1) if _stands(part, text, place)), -1)
        if at < 0:
            return False
        at += len(part)
    return True


def _stands(part: str, text: str, place: int) -> bool:
    return all(wanted in ("?", text[place + at]) for at, wanted in enumerate(part))


@dataclass(frozen=True, slots=True)
class _Shape:
    """The places with fixed characters: counted from the start (0..) and, after a star, from the end (..-1)."""

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
    """The patterns with fixed characters in the same places, by these characters."""

    key: Callable[[str], object]
    rows: Rows = field(default_factory=dict)


def _nothing(_text: str) -> object:
    return ()


def literal_of(pattern: str) -> str | None:
    """The characters that a pattern like ``*ABC*`` needs anywhere in a text; None for any other pattern."""
    inner = pattern[1:-1]
    return inner if len(pattern) > 2 and pattern[0] == pattern[-1] == "*" and not is_pattern(inner) else None


@dataclass(slots=True)
class PatternIndex:
    """A multimap from plate patterns to row numbers."""

    _exact: dict[int, dict[_Shape, _Bucket]] = field(default_factory=dict)  # by length
    _starred: dict[_Shape, _Bucket] = field(default_factory=dict)
    _literals: dict[int, Rows] = field(default_factory=dict)  # by length
    _others: Rows = field(default_factory=dict)  # by pattern: several stars of another kind
    _patterns: Counter[str] = field(default_factory=Counter)
    _filter: PatternFilter = field(default_factory=PatternFilter)
    _unfiltered: int = 0  # patterns that the filter does not know
    _in_vain: int = 0  # patterns taken back that the filter still names texts for

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def clear(self) -> None:
        """Delete all pairs of pattern and row."""
        for group in (self._exact, self._starred, self._literals, self._others, self._patterns):
            group.clear()
        self._filter.clear()
        self._unfiltered = self._in_vain = 0

    def add(self, pattern: str, row: int) -> None:
        """Add a pair of pattern and row."""
        rows, key = self._group(pattern)
        rows.setdefault(key, []).append(row)
        self._patterns[pattern] += 1
        self._unfiltered += not self._filter.add(pattern)

    def discard(self, pattern: str, row: int) -> None:
        """Delete this pair of pattern and row, which must exist."""
        rows, key = self._group(pattern)
        rows[key].remove(row)
        if not rows[key]:
            del rows[key]
            self._drop_empty()
        self._patterns[pattern] -= 1
        if not self._patterns[pattern]:
            del self._patterns[pattern]
        self._in_vain += 1
        if self._in_vain > len(self._patterns):
            self._build_filter()

    def _build_filter(self) -> None:
        self._filter.clear()
        self._in_vain = 0
        self._unfiltered = sum(count for pattern, count in self._patterns.items() if not self._filter.add(pattern))

    def may_fit(self, texts: Sequence[str]) -> list[int]:
        """The indexes of those compact texts that some pattern may fit.

        A text may be listed that none fits; no text is left out that one fits.
        """
        if self._unfiltered or len(texts) < AT_ONCE:
            return [at for at, text in enumerate(texts) if self.rows(text)]
        return [
            first + at
            for first in range(0, len(texts), _PORTION)
            for at in self._filter.may_fit(texts[first : first + _PORTION])
        ]

    def rows(self, text: str) -> list[int]:
        """The rows of all patterns that the compact text fits, in ascending order."""
        found: list[int] = []
        length = len(text)
        for bucket in self._exact.get(length, {}).values():
            found += bucket.rows.get(bucket.key(text), ())
        for shape, bucket in self._starred.items():
            if length >= shape.length:
                found += bucket.rows.get(bucket.key(text), ())
        for size, literals in self._literals.items():
            for part in {text[at : at + size] for at in range(length - size + 1)}:
                found += literals.get(part, ())
        for pattern, rows in self._others.items():
            if fits(str(pattern).split("*"), text):
                found += rows
        return sorted(found)

    def _group(self, pattern: str) -> tuple[Rows, object]:
        """The rows that a pattern's row is among, and the key of the pattern there."""
        if pattern.count("*") > 1:
            literal = literal_of(pattern)
            return (
                (self._others, pattern) if literal is None else (self._literals.setdefault(len(literal), {}), literal)
            )
        shape = _Shape.of(pattern)
        shapes = self._starred if shape.star else self._exact.setdefault(shape.length, {})
        bucket = shapes.get(shape)
        if bucket is None:
            bucket = shapes[shape] = _Bucket(itemgetter(*shape.fixed) if shape.fixed else _nothing)
        return bucket.rows, bucket.key(pattern)

    def _drop_empty(self) -> None:
        """Remove the groups in which nothing is left."""
        for shapes in (self._starred, *self._exact.values()):
            for shape in [shape for shape, bucket in shapes.items() if not bucket.rows]:
                del shapes[shape]
        for size in [size for size, group in self._exact.items() if not group]:
            del self._exact[size]
        for size in [size for size, rows in self._literals.items() if not rows]:
            del self._literals[size]
