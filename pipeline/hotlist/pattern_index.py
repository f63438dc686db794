"""Finds plate patterns: ``?`` is one character, ``*`` any number of them.

The filter names for many texts together the few patterns that each may fit; those of which it cannot ask for everything are then
tried.
"""

import re
from bisect import insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pipeline.hotlist.pattern_filter import PatternFilter
from pipeline.hotlist.pattern_needs import LONGEST, is_asked_whole, is_told_of_long

WILD = frozenset("?*")
_RUNS = re.compile(r"[?*]*\*[?*]*")


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
    """Whether a pattern fits the whole text. parts: the pattern, split at its stars. Each part is tried at each place once.

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
        at = _found(part, text, at, end)
        if at < 0:
            return False
        at += len(part)
    return True


def _found(part: str, text: str, first: int, end: int) -> int:
    """The first place from `first` on where the part stands and ends before `end`; -1: there is none."""
    if "?" not in part:
        return text.find(part, first, end)
    return next((place for place in range(first, end - len(part) + 1) if _stands(part, text, place)), -1)


def _stands(part: str, text: str, place: int) -> bool:
    if "?" not in part:
        return text.startswith(part, place)
    return all(wanted in ("?", text[place + at]) for at, wanted in enumerate(part))


@dataclass(slots=True)
class PatternIndex:
    """A multimap from plate patterns to row numbers. It changes no pattern: the caller gives each as `collapsed` returns it,
    and patterns and texts with O and I written alike (see twins.one_form)."""

    _rows: dict[str, list[int]] = field(default_factory=dict)
    _filter: PatternFilter = field(default_factory=PatternFilter)
    _untold: set[str] = field(default_factory=set)  # patterns that the filter does not name for long texts
    _doubtful: set[str] = field(
        default_factory=set
    )  # patterns that may not fit the texts for which the filter names them

    def __bool__(self) -> bool:
        return bool(self._rows)

    def add(self, pattern: str, row: int) -> None:
        """Add a pair of pattern (as `collapsed` returns it) and row."""
        rows = self._rows.get(pattern)
        if rows is not None:
            insort(rows, row)
            return
        self._rows[pattern] = [row]
        self._filter.add(pattern)
        if not is_told_of_long(pattern):
            self._untold.add(pattern)
        if not is_asked_whole(pattern):
            self._doubtful.add(pattern)

    def discard(self, pattern: str, row: int) -> None:
        """Delete this pair of pattern and row, which must exist."""
        rows = self._rows[pattern]
        rows.remove(row)
        if not rows:
            del self._rows[pattern]
            self._filter.discard(pattern)
            self._untold.discard(pattern)
            self._doubtful.discard(pattern)

    def fitting(self, texts: Sequence[str]) -> dict[int, Sequence[int]]:
        """The rows of all patterns that each compact text fits, in ascending order, by the text's index; for many texts at once.

        Texts that fit none are left out.
        """
        first: dict[int, str] = {}
        several: dict[int, set[str]] = {}
        for at, pattern in self._fitted(texts):
            known = first.setdefault(at, pattern)
            if known is not pattern:
                several.setdefault(at, {known}).add(pattern)
        found: dict[int, Sequence[int]] = {at: self._rows[pattern] for at, pattern in first.items()}
        for at, patterns in several.items():
            found[at] = sorted(row for one in patterns for row in self._rows[one])
        return found

    def _fitted(self, texts: Sequence[str]) -> Iterator[tuple[int, str]]:
        """Each text's index with each pattern that it fits; a pair may come twice."""
        for at, pattern in self._filter.candidates(texts):
            certain = len(texts[at]) <= LONGEST and pattern not in self._doubtful
            if certain or fits(pattern.split("*"), texts[at]):
                yield at, pattern
        for at, pattern in self._of_long(texts):
            if fits(pattern.split("*"), texts[at]):
                yield at, pattern

    def _of_long(self, texts: Sequence[str]) -> Iterator[tuple[int, str]]:
        """Each text beyond LONGEST with each pattern that the filter does not name for it."""
        if not self._untold:
            return iter(())
        long = (at for at, text in enumerate(texts) if len(text) > LONGEST)
        return ((at, pattern) for at in long for pattern in self._untold)
