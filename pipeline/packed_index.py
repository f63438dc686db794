"""A multimap from texts to row numbers that costs some 8 to 25 bytes an entry instead of a dict's hundred and more.

Open addressing in one array of 64-bit slots: the upper half holds 32 bits of the text's hash, the lower half the row number plus
one. It may name a row whose text only shares the hash (once in four thousand million): callers compare the row itself.

Beside them are two bits for each slot, a Bloom filter of two bits a text: a look there tells in a fraction of the time that most
texts are not in it. Those of ten million entries are 8 MB, which a processor keeps in its cache; bytes, 67 MB, it would not.
"""

from array import array
from collections.abc import Sequence

import numpy as np

_LOW = 0xFFFF_FFFF
_GONE = _LOW  # a slot that was taken back; probing goes on past it
_LEAST_SLOTS = 64
_FULL = 0.6  # of the slots in use, taken back ones included; then it grows or is cleaned
_ROOMY = 0.45  # of the slots at most, after it has grown or was cleaned
_MARKS = 2  # bits a slot: one text in five to twenty is taken for one that may be in it, and looked for in vain
_SPREAD = 0x9E37_79B1  # odd, near 2**32 over the golden ratio: the upper bits of a product with it depend on all of the hash's


class PackedIndex:
    """Texts to rows; one text may have several rows. Rows are 0 .. 2**32 - 3."""

    __slots__ = ("_live", "_marks", "_mask", "_shift", "_slots", "_used")

    def __init__(self) -> None:
        self.clear()

    def __len__(self) -> int:
        return self._live

    @property
    def nbytes(self) -> int:
        """Bytes that the slots and marks take."""
        return len(self._slots) * self._slots.itemsize + len(self._marks)

    def clear(self) -> None:
        """Forget everything."""
        self._live = self._used = 0
        self._resize(_LEAST_SLOTS)

    def add(self, text: str, row: int) -> None:
        """Note that the text has this row. The same pair twice is two entries."""
        if self._used >= _FULL * len(self._slots):
            self._rebuild()
        mark = hash(text) & _LOW
        self._put(mark << 32 | row + 1)
        self._live += 1
        self._used += 1

    def discard(self, text: str, row: int) -> bool:
        """Take one such pair back. False when there is none."""
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
        """The places of the texts that may have rows; all others have none. For many texts: for a few, `rows` takes less time."""
        marks = np.frombuffer(self._marks, np.uint8)
        one = np.fromiter(map(hash, texts), np.int64, len(texts)).astype(np.uint32)
        other = one * np.uint32(_SPREAD) >> self._shift
        one &= 8 * len(marks) - 1
        found = marks[one >> 3] >> (one & 7) & marks[other >> 3] >> (other & 7) & 1
        return found.nonzero()[0].tolist()  # type: ignore[no-any-return]

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
        for bit in (mark & (8 * len(self._marks) - 1), (mark * _SPREAD & _LOW) >> self._shift):
            self._marks[bit >> 3] |= 1 << (bit & 7)

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
        bits = min(_MARKS * slots, _LOW + 1)
        self._marks, self._shift = bytearray(bits // 8), 33 - bits.bit_length()
        self._mask = slots - 1
