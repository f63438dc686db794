"""The hotlist in memory: a million entries at some 100 bytes each, found by exact plate, by likeness, one edit away, by pattern.

An entry is kept as a few dozen bytes and becomes an object only when a read points at it. What many entries have in common (list,
category, owner, legal basis, scope ...) is kept once.
"""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from pipeline.hotlist.packed_index import PackedIndex
from pipeline.hotlist.packed_rows import PackedRows
from pipeline.hotlist.pattern_index import PatternIndex, is_pattern
from pipeline.plates.confusable import skeleton, skeletons
from schemas.reference import HotlistEntry

MOST_COMMONS = 10_000  # different sets of common fields kept apart; entries beyond them are kept whole
_WHOLE = -1


class _Row(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What is an entry's own. common: number of what it shares with others, or -1: `whole` is the entry as JSON."""

    entry_id: str
    plate: str
    near: bool
    common: int
    valid_from_ms: int = 0
    valid_until_ms: int = 0
    make: str | None = None
    colour: str | None = None
    case_reference: str | None = None
    whole: bytes = b""


_encode_row = msgspec.msgpack.Encoder().encode
_decode_row = msgspec.msgpack.Decoder(_Row).decode
_encode_entry = msgspec.json.Encoder().encode
_decode_entry = msgspec.json.Decoder(HotlistEntry).decode


class _Commons:
    """What entries have in common, counted, so that it goes when its last entry goes."""

    __slots__ = ("_free", "_items", "_numbers", "_uses")

    def __init__(self) -> None:
        self._numbers: dict[tuple[object, ...], int] = {}
        self._items: list[HotlistEntry] = []
        self._uses: list[int] = []
        self._free: list[int] = []

    def number_of(self, entry: HotlistEntry) -> int:
        """A number for the entry's common fields, used once more; -1 when there are too many different ones."""
        key = _common_fields(entry)
        number = self._numbers.get(key)
        if number is None:
            if len(self._numbers) >= MOST_COMMONS:
                return _WHOLE
            number = self._free.pop() if self._free else len(self._items)
            self._numbers[key] = number
            if number == len(self._items):
                self._items.append(entry)
                self._uses.append(0)
            self._items[number] = entry
        self._uses[number] += 1
        return number

    def release(self, number: int) -> None:
        """One entry less uses it."""
        self._uses[number] -= 1
        if not self._uses[number]:
            del self._numbers[_common_fields(self._items[number])]
            self._free.append(number)

    def __getitem__(self, number: int) -> HotlistEntry:
        return self._items[number]


def _common_fields(entry: HotlistEntry) -> tuple[object, ...]:
    return (
        entry.hotlist, entry.category, entry.priority, entry.action, entry.owner, entry.legal_basis, entry.country,
        entry.zones, entry.cameras, entry.share_with, entry.covert, entry.near, entry.vehicle_class, entry.origin,
    )  # fmt: skip


class Hotlist:
    """The index. Changed only by apply(); not safe for several threads."""

    __slots__ = ("_alike", "_commons", "_ids", "_near", "_patterns", "_rows")

    def __init__(self, entries: Iterable[HotlistEntry] = ()) -> None:
        self._clear()
        self.apply(entries)

    def __len__(self) -> int:
        return len(self._ids)

    def apply(self, puts: Iterable[HotlistEntry], removes: Iterable[str] = (), *, reset: bool = False) -> None:
        """Take new and changed entries, drop removed ones by entry_id (unknown ones are no error); reset: forget all others."""
        if reset:
            self._clear()
        for entry_id in removes:
            self._remove(entry_id)
        for entry in puts:
            self._put(entry)

    def get(self, entry_id: str) -> HotlistEntry | None:
        """The entry of this id, or None."""
        row = self._row_of(entry_id)
        return None if row is None else self._entry(row)

    def suspects(self, texts: Sequence[str]) -> list[int]:
        """Which of the compact texts any entry may be found for, by place. One may be named in vain, none is left out."""
        folded = skeletons(texts)
        found = {at for at in self._alike.may_have(folded) if self._alike.rows(folded[at])}
        if self._near:
            shorter = [(at, one) for at, text in enumerate(texts) for one in _deletions(text)]
            found.update(shorter[place][0] for place in self._near.may_have([one for _, one in shorter]))
        if self._patterns:
            found.update(self._patterns.may_fit(texts))
        return sorted(found)

    def alike(self, text: str) -> list[HotlistEntry]:
        """The entries whose plate is the compact text, or may be confused with it character by character."""
        folded = skeleton(text)
        rows = self._alike.rows(folded)
        if not rows:
            return []
        return [entry for entry in map(self._entry, rows) if skeleton(entry.plate) == folded]

    def near(self, text: str) -> list[HotlistEntry]:
        """The entries that ask for it and whose plate is one character more, less or other than the compact text."""
        if not self._near:
            return []
        rows = {row for shorter in _deletions(text) for row in self._near.rows(shorter)}
        return [entry for entry in map(self._entry, sorted(rows)) if is_one_edit(text, entry.plate)]

    def patterns(self, text: str) -> list[HotlistEntry]:
        """The entries whose pattern the compact text fits."""
        return [self._entry(row) for row in self._patterns.rows(text)] if self._patterns else []

    def _clear(self) -> None:
        self._rows = PackedRows()
        self._ids, self._alike, self._near = PackedIndex(), PackedIndex(), PackedIndex()
        self._patterns = PatternIndex()
        self._commons = _Commons()

    def _put(self, entry: HotlistEntry) -> None:
        self._remove(entry.entry_id)
        row = self._rows.add(self._pack(entry))
        self._ids.add(entry.entry_id, row)
        if is_pattern(entry.plate):
            self._patterns.add(entry.plate, row)
            return
        self._alike.add(skeleton(entry.plate), row)
        if entry.near:
            for shorter in _deletions(entry.plate):
                self._near.add(shorter, row)

    def _remove(self, entry_id: str) -> None:
        row = self._row_of(entry_id)
        if row is None:
            return
        packed = _decode_row(self._rows[row])
        self._ids.discard(entry_id, row)
        if is_pattern(packed.plate):
            self._patterns.discard(packed.plate, row)
        else:
            self._alike.discard(skeleton(packed.plate), row)
            if packed.near:
                for shorter in _deletions(packed.plate):
                    self._near.discard(shorter, row)
        if packed.common != _WHOLE:
            self._commons.release(packed.common)
        self._rows.drop(row)

    def _row_of(self, entry_id: str) -> int | None:
        return next(
            (row for row in self._ids.rows(entry_id) if _decode_row(self._rows[row]).entry_id == entry_id), None
        )

    def _pack(self, entry: HotlistEntry) -> bytes:
        common = self._commons.number_of(entry)
        if common == _WHOLE:
            return _encode_row(_Row(entry.entry_id, entry.plate, entry.near, _WHOLE, whole=_encode_entry(entry)))
        return _encode_row(
            _Row(entry.entry_id, entry.plate, entry.near, common, entry.valid_from_ms, entry.valid_until_ms, entry.make,
                 entry.colour, entry.case_reference)
        )  # fmt: skip

    def _entry(self, row: int) -> HotlistEntry:
        packed = _decode_row(self._rows[row])
        if packed.common == _WHOLE:
            return _decode_entry(packed.whole)
        return msgspec.structs.replace(
            self._commons[packed.common],
            entry_id=packed.entry_id, plate=packed.plate, valid_from_ms=packed.valid_from_ms,
            valid_until_ms=packed.valid_until_ms, make=packed.make, colour=packed.colour,
            case_reference=packed.case_reference,
        )  # fmt: skip


def _deletions(text: str) -> Iterator[str]:
    """The text, and it with each one character left out. Two texts one edit apart have one of these in common."""
    return iter({text, *(text[:at] + text[at + 1 :] for at in range(len(text)))})


def is_one_edit(one: str, other: str) -> bool:
    """Whether the texts differ by exactly one character more, less or other.

    >>> is_one_edit("1ABC234", "1ABC2345"), is_one_edit("1ABC234", "1XBC234"), is_one_edit("1ABC234", "1ABC234")
    (True, True, False)
    """
    short, long = sorted((one, other), key=len)
    if len(long) - len(short) > 1 or one == other:
        return False
    at = next((i for i, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    return short[at + (len(short) == len(long)) :] == long[at + 1 :]
