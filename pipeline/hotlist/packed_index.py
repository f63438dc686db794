"""A multimap from texts to row numbers that costs some 15 to 30 bytes an entry instead of a dict's hundred and more.

Open addressing in one array of 64-bit slots: the upper half holds 32 bits of the text's hash, the lower half the row number
plus one. A look-up may return a row whose text only has the same hash (once in four thousand million): callers compare the
row itself.

Beside them are eight bits for each slot, a Bloom filter in words of 64 bits: a text sets two bits of one word (a blocked
filter, F. Putze, P. Sanders, J. Singler, "Cache-, hash- and space-efficient Bloom filters", 2007). One look at it tells for
nearly all texts that they are not in the index. At most one text in forty passes it wrongly and is then looked up, which
takes ten times as long.
"""

from array import array
from collections.abc import Sequence

import numpy as np

_LOW = 0xFFFF_FFFF
_GONE = _LOW  # a slot that was taken back; probing goes on past it
_LEAST_SLOTS = 64
_FULL = 0.6  # of the slots in use, taken back ones included; then it grows or is cleaned
_ROOMY = 0.45  # of the slots at most, after it has grown or was cleaned
_SLOTS_A_WORD = 8  # of the filter, which has 64 bits
_BIT = np.uint64(1) << np.arange(64, dtype=np.uint64)
_SPREAD = 0x9E37_79B1  # odd, near 2**32 over the golden ratio: the upper bits of a product with it depend on all of the hash's


class PackedIndex:
    """Maps texts to rows; one text may have several rows. Rows are 0 .. 2**32 - 3."""

    __slots__ = ("_live", "_mask", "_shift", "_slots", "_used", "_words")

    def __init__(self) -> None:
        self.clear()

    def __len__(self) -> int:
        return self._live

    @property
    def nbytes(self) -> int:
        """Bytes that the slots and the filter take."""
        return len(self._slots) * self._slots.itemsize + len(self._words) * self._words.itemsize

    def clear(self) -> None:
        """Delete all pairs."""
        self._live = self._used = 0
        self._resize(_LEAST_SLOTS)

    def add(self, text: str, row: int) -> None:
        """Add a pair of text and row. A pair that is added twice is stored twice."""
        if self._used >= _FULL * len(self._slots):
            self._rebuild()
        mark = hash(text) & _LOW
        self._put(mark << 32 | row + 1)
        self._live += 1
        self._used += 1

    def discard(self, text: str, row: int) -> bool:
        """Delete this pair of text and row, once if it was added several times. Returns False when there is none."""
        wanted = (hash(text) & _LOW) << 32 | row + 1
        at = (wanted >> 32) & self._mask
        while slot := self._slots[at]:
            if slot == wanted:
                self._slots[at] = _GONE
                self._live -= 1
                return True
            at = (at + 1) & self._mask
        return False

    def may_have(self, texts: Sequence[str]) -> list[int]:
        """The indexes of the texts that may have rows; all others have none.

        For many texts at once: for a few, `rows` takes less time.
        """
        marks = np.fromiter(map(hash, texts), np.int64, len(texts)).astype(np.uint32)
        words = np.frombuffer(self._words, np.uint64)[marks * np.uint32(_SPREAD) >> self._shift]
        wanted = _BIT[marks & 63] | _BIT[marks >> 6 & 63]
        places: list[int] = (words & wanted == wanted).nonzero()[0].tolist()
        return places

    def rows(self, text: str) -> list[int]:
        """The rows of this text, in no order, and very rarely one of another text with the same hash."""
        slots, mask = self._slots, self._mask
        mark = hash(text) & _LOW
        at = mark & mask
        slot = slots[at]
        if not slot:  # of a list that is mostly asked for what is not on it, the likeliest by far
            return []
        found: list[int] = []
        while slot:
            if slot >> 32 == mark and slot != _GONE:
                found.append((slot & _LOW) - 1)
            at = (at + 1) & mask
            slot = slots[at]
        return found

    def _put(self, slot: int) -> None:
        at = (slot >> 32) & self._mask
        while self._slots[at]:
            at = (at + 1) & self._mask
        self._slots[at] = slot
        mark = slot >> 32
        self._words[(mark * _SPREAD & _LOW) >> self._shift] |= 1 << (mark & 63) | 1 << (mark >> 6 & 63)

    def _rebuild(self) -> None:
        kept = [slot for slot in self._slots if slot and slot != _GONE]
        size = _LEAST_SLOTS
        while len(kept) >= _ROOMY * size:
            size *= 2
        self._resize(size)
        for slot in kept:
            self._put(slot)
        self._used = len(kept)

    def _resize(self, slots: int) -> None:
        self._slots = array("Q", bytes(8 * slots))
        words = slots // _SLOTS_A_WORD
        self._words, self._shift = array("Q", bytes(8 * words)), 33 - words.bit_length()
        self._mask = slots - 1
