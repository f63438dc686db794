"""Names, for many texts together, the few patterns that each may fit, before patterns are tried one by one.

Patterns that need characters in the same places have one mask (pattern_needs). Per mask, the
masked text is hashed and looked up in a table that marks what all patterns need; what passes is looked up exactly. A pattern
may be named that does not fit; none that fits is left out.

Cost: some 0.01 us a text and mask in batches of thousands (`benchmarks/bench_hotlist.py --patterns`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from pipeline.hotlist.pattern_needs import BITS, CODE_OF, LONGEST, Need, needs_of, pieces

_TABLE_BITS = (
    21  # a quarter of a mebibyte: ten thousand patterns mark one slot in two hundred, and all of it stays in the cache
)
# Odd, near 2**64 over the golden ratio: a product's upper bits depend on all of a word.
_MIX = np.uint64(0x9E3779B97F4A7C15)
_CODES = np.zeros(256, np.uint64)
_CODES[[*map(ord, CODE_OF)]] = [*CODE_OF.values()]
_WEIGHTS = np.left_shift(np.uint64(1), np.arange(LONGEST, dtype=np.uint64) * np.uint64(BITS))
_WORD = (1 << 64) - 1
_PORTION = 512  # texts looked at together: their words stay in the processor's cache

Words = NDArray[np.uint64]
Wanted: TypeAlias = dict[int, list[str]]


@dataclass(frozen=True, slots=True)
class _Probes:
    """What is looked up for texts of one length: columns of equal size, one row for each mask and place."""

    shifts: Words
    masks: Words
    salts: Words
    wanted: tuple[Wanted, ...]


@dataclass(slots=True)
class PatternFilter:
    """Names the patterns that a text may fit, found by the characters that they need. Add each pattern once, collapsed (see
    pattern_index.collapsed)."""

    _wanted: dict[Need, Wanted] = field(default_factory=dict)
    _table: NDArray[np.uint8] | None = None  # a bit for each slot
    _probes: dict[int, _Probes] = field(default_factory=dict)  # by length
    _kept: int = 0
    _gone: int = 0  # patterns taken back that are still marked in the table

    def add(self, pattern: str) -> None:
        """Add a pattern."""
        for need, word in needs_of(pattern):
            self._wanted.setdefault(need, {}).setdefault(word, []).append(pattern)
            self._mark(need, word)
        self._kept += 1
        self._probes.clear()

    def discard(self, pattern: str) -> None:
        """Remove a pattern that was added."""
        for need, word in needs_of(pattern):
            patterns = self._wanted[need][word]
            patterns.remove(pattern)
            if not patterns:
                del self._wanted[need][word]
            if not self._wanted[need]:
                del self._wanted[need]
        self._kept -= 1
        self._gone += 1
        if self._gone > self._kept:
            self._table, self._gone = None, 0
            for need, wanted in self._wanted.items():
                for word in wanted:
                    self._mark(need, word)
        self._probes.clear()

    def candidates(self, texts: Sequence[str]) -> list[tuple[int, str]]:
        """Pairs of the index of a compact text and a pattern that it may fit; a pair may come twice.

        For a text beyond LONGEST it names those patterns only of which `is_told_of_long` is true.
        """
        found: list[tuple[int, str]] = []
        if not self._wanted:
            return found
        for first in range(0, len(texts), _PORTION):
            portion = texts[first : first + _PORTION]
            if max(map(len, portion)) <= LONGEST:
                found += self._named(portion, np.arange(first, first + len(portion)))
                continue
            cut = [(first + at, piece) for at, text in enumerate(portion) for piece in pieces(text)]
            found += self._named([piece for _, piece in cut], np.array([at for at, _ in cut]))
        return found

    def _named(self, texts: Sequence[str], numbers: NDArray[np.int64]) -> list[tuple[int, str]]:
        """The numbers of these texts with the patterns that want their characters."""
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        letters = np.frombuffer("".join(texts).encode("ascii", "replace"), np.uint8)
        starts = lengths.cumsum() - lengths
        found: list[tuple[int, str]] = []
        for length in np.flatnonzero(np.bincount(lengths)).tolist():
            group = np.flatnonzero(lengths == length)
            codes = _CODES[letters[starts[group, None] + np.arange(length)]] @ _WEIGHTS[:length]
            self._look_up(codes, numbers[group], length, found)
        return found

    def _look_up(self, codes: Words, numbers: NDArray[np.int64], length: int, found: list[tuple[int, str]]) -> None:
        """Add to `found` what _named says of texts that all have this length."""
        probes = self._probes_for(length)
        if self._table is None or not probes.wanted:
            return
        words = codes >> probes.shifts
        words &= probes.masks
        slots = words * _MIX
        slots += probes.salts
        slots >>= np.uint64(64 - _TABLE_BITS)
        bits = slots.astype(np.uint8)
        bits &= np.uint8(7)
        slots >>= np.uint64(3)
        found_bits = self._table.take(slots.view(np.int64), mode="clip")
        found_bits >>= bits
        found_bits &= np.uint8(1)
        marked = found_bits.view(np.bool_).ravel().nonzero()[0]  # much sooner than of numbers
        rows, columns = np.divmod(marked, len(codes))
        wanted = probes.wanted
        for number, row, word in zip(
            numbers[columns].tolist(), rows.tolist(), words.ravel()[marked].tolist(), strict=True
        ):
            for pattern in wanted[row].get(word, ()):
                found.append((number, pattern))

    def _probes_for(self, length: int) -> _Probes:
        known = self._probes.get(length)
        if known is None:
            rows = [(need, shift) for need in self._wanted for shift in need.shifts(length)]
            known = self._probes[length] = _Probes(
                _column([shift * BITS for _, shift in rows]),
                _column([need.mask for need, _ in rows]),
                _column([_salt(need) for need, _ in rows]),
                tuple(self._wanted[need] for need, _ in rows),
            )
        return known

    def _mark(self, need: Need, word: int) -> None:
        if self._table is None:
            self._table = np.zeros(1 << _TABLE_BITS - 3, np.uint8)
        slot = ((word * int(_MIX) + _salt(need)) & _WORD) >> (64 - _TABLE_BITS)
        self._table[slot >> 3] |= 1 << (slot & 7)


def _salt(need: Need) -> int:
    return hash(need) & _WORD


def _column(numbers: Sequence[int]) -> Words:
    return np.array(numbers, np.uint64).reshape(len(numbers), 1)
