"""Tells which of many texts may fit any of many patterns: it looks at all texts together, before patterns are tried one by
one.

A text of up to ten characters is one 64-bit number, six bits a character. A pattern needs certain characters, counted from
the start or from the end; patterns that need characters in the same places have one mask. Per mask, the masked text is
hashed and looked up in a bit table that holds the needs of all patterns. The result may contain a text that fits none; no
text that fits is left out.

Cost: some 0.01 us a text and mask in batches of thousands (`benchmarks/bench_hotlist.py --patterns`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

LONGEST = 10  # characters of a text that fit into one number; longer texts are always named
_BITS = 6
PROBE_US = 0.01  # of a text and a mask, measured with benchmarks/bench_hotlist.py
_TABLE_BITS = 23  # a mebibyte: ten thousand patterns fill a thousandth of it
_FROM_START, _FROM_END = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)
_CODES = np.zeros(256, np.uint64)
_CODES[[*range(48, 58), *range(65, 91)]] = range(1, 37)  # 0-9, A-Z
_WEIGHTS = np.left_shift(np.uint64(1), np.arange(LONGEST, dtype=np.uint64) * np.uint64(_BITS))
_CHARACTER = (1 << _BITS) - 1
_WORD = (1 << 64) - 1

Words = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Probe:
    """The places of a text in which some patterns need certain characters.

    shift: characters skipped at the start. masks: of the characters after that, and of those at the end. shortest, longest:
    the lengths of the texts that these patterns may fit. salt: distinguishes probes with equal masks.
    """

    shift: int
    start_mask: int
    end_mask: int
    shortest: int
    longest: int
    salt: int


@dataclass(slots=True)
class PatternFilter:
    """Tells which texts may fit a pattern that was added.

    A pattern cannot be removed alone: until clear(), texts that fit it may still be listed.
    """

    _table: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(1 << (_TABLE_BITS - 3), np.uint8))
    _probes: set[Probe] = field(default_factory=set)
    _by_length: dict[int, tuple[Words, ...]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self._probes)

    def clear(self) -> None:
        """Delete all patterns."""
        self._table[:] = 0
        self._probes.clear()
        self._by_length.clear()

    def add(self, pattern: str) -> bool:
        """Add a pattern. False: it is too long."""
        found = _asked_for(pattern)
        for probe, start, end in found:
            self._probes.add(probe)
            place = _hashed(start, end, probe.salt)
            self._table[place >> 3] |= np.uint8(1 << (place & 7))
        self._by_length.clear()
        return bool(found)

    def may_fit(self, texts: Sequence[str]) -> list[int]:
        """The indexes of the compact texts that may fit a pattern, and of all texts that are too long to test."""
        if not texts:
            return []
        letters = np.array(texts, dtype=f"S{LONGEST + 1}").view(np.uint8).reshape(len(texts), LONGEST + 1)
        lengths = np.count_nonzero(letters, axis=1)
        codes = (_CODES[letters[:, :LONGEST]] * _WEIGHTS).sum(axis=1, dtype=np.uint64)
        named = lengths > LONGEST
        for length in np.flatnonzero(np.bincount(lengths)).tolist():
            if length <= LONGEST:
                group = np.flatnonzero(lengths == length)
                named[group] = self._looked_up(codes[group], length)
        indexes: list[int] = np.flatnonzero(named).tolist()
        return indexes

    def _looked_up(self, codes: Words, length: int) -> NDArray[np.bool_]:
        shifts, start_masks, end_masks, salts = self._probes_for(length)
        if not len(shifts):
            return np.zeros(len(codes), np.bool_)
        at_end = codes << np.uint64(_BITS * (LONGEST - length))
        keys = ((codes >> shifts[:, None]) & start_masks[:, None]) * _FROM_START
        keys += (at_end & end_masks[:, None]) * _FROM_END
        keys += salts[:, None]
        keys ^= keys >> np.uint64(29)
        keys *= _FROM_START
        keys >>= np.uint64(64 - _TABLE_BITS)
        bits = self._table[keys >> np.uint64(3)] >> (keys & np.uint64(7)).astype(np.uint8)
        found: NDArray[np.bool_] = np.bitwise_or.reduce(bits, axis=0) & 1 == 1
        return found

    def _probes_for(self, length: int) -> tuple[Words, ...]:
        known = self._by_length.get(length)
        if known is None:
            fits = [one for one in self._probes if one.shortest <= length <= one.longest]
            rows = [(one.shift * _BITS, one.start_mask, one.end_mask, one.salt) for one in fits]
            known = tuple(np.array(column, np.uint64) for column in (zip(*rows, strict=True) if rows else [[]] * 4))
            self._by_length[length] = known
        return known


def cost_us(pattern: str) -> float:
    """What the pattern adds to the cost of each read in processor time, microseconds, where no other asks for the same places.

    >>> cost_us("1ABC2?4"), cost_us("*ABC*")
    (0.01, 0.08)
    """
    return len(_asked_for(pattern)) * PROBE_US


def _hashed(start: int, end: int, salt: int) -> int:
    """The index in the bit table for these masked words, computed as in _looked_up."""
    key = (start * int(_FROM_START) + end * int(_FROM_END) + salt) & _WORD
    key ^= key >> 29
    return ((key * int(_FROM_START)) & _WORD) >> (64 - _TABLE_BITS)


def _asked_for(pattern: str) -> list[tuple[Probe, int, int]]:
    """The probes of a pattern, each with the two words that it must find; none for a pattern that is too long.

    Of what stands between several stars, only the first piece is asked for.
    """
    parts = pattern.split("*")
    least = sum(map(len, parts))
    if least > LONGEST:
        return []
    if len(parts) > 2 and not parts[0] and not parts[-1]:
        return _contained(parts[1], least)
    start, start_mask = _word(parts[0], 0)
    end, end_mask = _word(parts[-1], LONGEST - len(parts[-1])) if len(parts) > 1 else (0, 0)
    if len(parts) > 2:
        return _between(parts, least, end, end_mask)
    longest = LONGEST if len(parts) == 2 else least
    salt = (least << 1 | 1) if len(parts) == 1 else 0
    return [(Probe(0, start_mask, end_mask, least, longest, salt), start, end)]


def _contained(literal: str, least: int) -> list[tuple[Probe, int, int]]:
    """A literal at any place: one probe for each place that it may have."""
    word, mask = _word(literal, 0)
    shifts = range(LONGEST - least + 1)
    return [(Probe(shift, mask, 0, least + shift, LONGEST, 1 << 20), word, 0) for shift in shifts]


def _between(parts: list[str], least: int, end: int, end_mask: int) -> list[tuple[Probe, int, int]]:
    """A literal between two stars, with a beginning or an end fixed: one probe for each place that the literal may have."""
    found = []
    for shift in range(LONGEST - least + 1):
        start, start_mask = _word(parts[0] + "?" * shift + parts[1], 0)
        found.append((Probe(0, start_mask, end_mask, least + shift, LONGEST, 2 << 20), start, end))
    return found


def _word(part: str, first: int) -> tuple[int, int]:
    """The characters of a part, from place `first` on, as one word; and the mask of those that are no wildcard."""
    word = mask = 0
    for shift, character in _fixed(part, first):
        word |= int(_CODES[ord(character)]) << shift
        mask |= _CHARACTER << shift
    return word, mask


def _fixed(part: str, first: int) -> Iterator[tuple[int, str]]:
    return (((first + at) * _BITS, character) for at, character in enumerate(part) if character != "?")
