"""Hotlist entries as a few dozen bytes each, with the time through which each held so.

What many entries have in common (list, category, owner, legal basis, scope ...) is kept once. An entry becomes an object only when
it is asked for.
"""

import msgspec

from pipeline.hotlist.packed_rows import PackedRows
from pipeline.reads.versions import Spell
from schemas.reference import HotlistEntry

MOST_COMMONS = 10_000  # different sets of common fields kept apart; entries beyond them are kept whole
_WHOLE = -1


class PackedEntry(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What is an entry's own. common: number of what it shares with others, or -1: `whole` is the entry as JSON.

    begins_ms, ends_ms: the time through which it held so; 0: since ever, and until further notice. claims_ms: from when it says
    that it held, before it arrived; 0: it says no such thing.
    """

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
    begins_ms: int = 0
    ends_ms: int = 0
    claims_ms: int = 0


_encode_row = msgspec.msgpack.Encoder().encode
_decode_row = msgspec.msgpack.Decoder(PackedEntry).decode
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


class PackedEntries:
    """Entries by row number, each with the time through which it held so."""

    __slots__ = ("_commons", "_rows")

    def __init__(self) -> None:
        self._rows, self._commons = PackedRows(), _Commons()

    def add(self, spell: Spell[HotlistEntry]) -> int:
        """Keep an entry; the row that it has from now on."""
        entry, ends_ms = spell.item, spell.ends_ms or 0
        common = self._commons.number_of(entry)
        if common == _WHOLE:
            packed = PackedEntry(entry.entry_id, entry.plate, entry.near, _WHOLE, whole=_encode_entry(entry),
                                 begins_ms=spell.begins_ms, ends_ms=ends_ms, claims_ms=_claims_ms(spell))  # fmt: skip
        else:
            packed = PackedEntry(
                entry.entry_id, entry.plate, entry.near, common, entry.valid_from_ms, entry.valid_until_ms, entry.make,
                entry.colour, entry.case_reference, begins_ms=spell.begins_ms, ends_ms=ends_ms, claims_ms=_claims_ms(spell),
            )  # fmt: skip
        return self._rows.add(_encode_row(packed))

    def drop(self, row: int) -> None:
        """Keep it no more; the row may be another's from now on."""
        packed = self.packed(row)
        if packed.common != _WHOLE:
            self._commons.release(packed.common)
        self._rows.drop(row)

    def packed(self, row: int) -> PackedEntry:
        """What is the entry's own."""
        return _decode_row(self._rows[row])

    def spell(self, row: int) -> Spell[HotlistEntry]:
        """The entry as it was added."""
        packed = self.packed(row)
        return Spell(self._whole(packed), packed.begins_ms, packed.ends_ms or None)

    def entry(self, row: int) -> HotlistEntry:
        """The entry, valid through the time at most through which it held so, or says that it did before it arrived.

        holds_from_ms: from when it held, where it says that it held before; None otherwise.
        """
        packed = self.packed(row)
        entry = self._whole(packed)
        if not packed.begins_ms and not packed.ends_ms:
            return entry
        return msgspec.structs.replace(
            entry,
            valid_from_ms=max(entry.valid_from_ms, packed.claims_ms or packed.begins_ms),
            holds_from_ms=packed.begins_ms if packed.claims_ms else None,
            valid_until_ms=min(entry.valid_until_ms, packed.ends_ms or entry.valid_until_ms),
        )

    def _whole(self, packed: PackedEntry) -> HotlistEntry:
        if packed.common == _WHOLE:
            return _decode_entry(packed.whole)
        return msgspec.structs.replace(
            self._commons[packed.common],
            entry_id=packed.entry_id, plate=packed.plate, valid_from_ms=packed.valid_from_ms,
            valid_until_ms=packed.valid_until_ms, make=packed.make, colour=packed.colour,
            case_reference=packed.case_reference, holds_from_ms=packed.claims_ms or None,
        )  # fmt: skip


def _claims_ms(spell: Spell[HotlistEntry]) -> int:
    """From when the entry says that it held, by holds_from_ms, else by valid_from_ms, where that is before it did; else 0."""
    entry = spell.item
    stated_ms = entry.valid_from_ms if entry.holds_from_ms is None else entry.holds_from_ms
    return stated_ms if stated_ms < spell.begins_ms else 0
