"""Hotlist entries packed into a few dozen bytes each, each with the period in which it held unchanged.

Fields that many entries have in common (list, category, owner, legal basis, scope ...) are stored once. An entry becomes an
object only when it is asked for.
"""

import msgspec

from pipeline.hotlist.packed_rows import PackedRows
from pipeline.reads.spells import Spell
from schemas.reference import HotlistEntry

MOST_COMMONS = 10_000  # different sets of common fields kept apart; entries beyond them are kept whole
_WHOLE = -1


class PackedEntry(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The fields that are stored for each entry. common: the number of its shared fields, or -1: `whole` is the entry as JSON.

    begins_ms, ends_ms: the period in which the entry held unchanged, UTC; 0: since ever, and until further notice. claims_ms:
    the time, before its arrival, from which on the entry says that it held; 0: it says no such thing.
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
    """The shared fields of entries, each set stored once and deleted when no entry uses it."""

    __slots__ = ("_free", "_items", "_numbers", "_uses")

    def __init__(self) -> None:
        self._numbers: dict[tuple[object, ...], int] = {}
        self._items: list[HotlistEntry] = []
        self._uses: list[int] = []
        self._free: list[int] = []

    def number_of(self, entry: HotlistEntry) -> int:
        """The number of this entry's shared fields, counted as used once more; -1 when there are too many different ones."""
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
        """Note that one entry less uses this number."""
        self._uses[number] -= 1
        if not self._uses[number]:
            del self._numbers[_common_fields(self._items[number])]
            self._free.append(number)

    def __getitem__(self, number: int) -> HotlistEntry:
        return self._items[number]


def _common_fields(entry: HotlistEntry) -> tuple[object, ...]:
    return (
        entry.hotlist, entry.category, entry.priority, entry.action, entry.owner, entry.legal_basis, entry.country,
        entry.zones, entry.cameras, entry.share_with, entry.covert, entry.near, entry.vehicle_class, entry.origin, entry.list_id,
        entry.silent,
    )  # fmt: skip


class PackedEntries:
    """Entries by row number, each with the period in which it held unchanged."""

    __slots__ = ("_commons", "_rows")

    def __init__(self) -> None:
        self._rows, self._commons = PackedRows(), _Commons()

    def add(self, spell: Spell[HotlistEntry]) -> int:
        """Store an entry and return its row."""
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
        """Delete the entry of this row. A later entry may get the same row."""
        packed = self.packed(row)
        if packed.common != _WHOLE:
            self._commons.release(packed.common)
        self._rows.drop(row)

    def packed(self, row: int) -> PackedEntry:
        """The stored fields of this row's entry."""
        return _decode_row(self._rows[row])

    def spell(self, row: int) -> Spell[HotlistEntry]:
        """The entry of this row and its period. holds_from_ms: the time before its arrival from which on the entry says that
        it held; None: it says no such thing."""
        packed = self.packed(row)
        return Spell(self._whole(packed), packed.begins_ms, packed.ends_ms or None)

    def entry(self, row: int) -> HotlistEntry:
        """The entry, its validity cut to the period in which it held, or in which it says that it held before its arrival.

        holds_from_ms: the beginning of that period, where the entry says that it held earlier; None otherwise.
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
    """The time from which on the entry says that it held, if that is before it did (UTC ms); else 0.

    It says so by holds_from_ms, or without that by valid_from_ms.
    """
    entry = spell.item
    stated_ms = entry.valid_from_ms if entry.holds_from_ms is None else entry.holds_from_ms
    return stated_ms if stated_ms < spell.begins_ms else 0
