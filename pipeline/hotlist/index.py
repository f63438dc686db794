"""The hotlist in memory: a million entries at some 100 bytes each, found by exact plate, by confusable characters, by one
edit, or by pattern.

An entry that changed is stored once for each period in which it held unchanged, and what is found is valid in that period at
most: so a read is matched with the entries as they were when it was captured.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pipeline.hotlist.edits import deletions, is_one_edit
from pipeline.hotlist.packed_entries import PackedEntries
from pipeline.hotlist.packed_index import PackedIndex
from pipeline.hotlist.pattern_index import PatternIndex, collapsed, is_pattern
from pipeline.plates.confusable import skeleton, skeletons
from pipeline.plates.twins import one_form, one_forms
from pipeline.reads.spells import Spell, history_of, spells_of
from pipeline.reads.versions import DAY_MS, KEPT_MS, Changed, since_ever, with_versions
from schemas.reference import HotlistEntry

MOST_UNPACKED = 10_000  # entries with a pattern that stay objects, because a pattern may fit many reads; some 10 MB


class Looked(NamedTuple):
    """What the hotlist found for one text. alike: entries whose plate it is, or which may be confused with it character by
    character; near: those with `near` set whose plate differs by one character added, missing or changed; fitting: those whose
    pattern it fits."""

    alike: Sequence[HotlistEntry] = ()
    near: Sequence[HotlistEntry] = ()
    fitting: Sequence[HotlistEntry] = ()


class Hotlist:
    """The hotlist in memory. It finds an entry once for each period in which the entry held unchanged, with its validity cut
    to that period. Only take() changes it. Not safe for several threads."""

    __slots__ = ("_alike", "_compacted_ms", "_ended", "_entries", "_ids", "_near", "_patterns", "_unpacked")

    def __init__(self, entries: Iterable[HotlistEntry] = ()) -> None:
        """entries: each is taken to have held since the beginning of time."""
        self._compacted_ms = 0
        self._clear()
        self.take([since_ever(entry.entry_id, entry) for entry in entries])

    def __len__(self) -> int:
        """The number of stored versions: an entry that changed counts once for each period in which it held unchanged."""
        return len(self._ids)

    def take(self, changed: Sequence[Changed[HotlistEntry]], *, reset: bool = False) -> None:
        """Add the versions in `changed` to those that are known. reset: first forget all that is known.

        Now and then it also drops old versions that no decision can need any more.
        """
        if reset:
            self._clear()
        arrived_ms = 0
        self._unpacked.clear()
        for one in changed:
            self._change(one)
            arrived_ms = max(arrived_ms, one.versions[-1].arrived_at_ms if one.versions else 0)
        if arrived_ms > self._compacted_ms + DAY_MS:
            self._compacted_ms = arrived_ms
            self._forget_before(arrived_ms - KEPT_MS)

    def get(self, entry_id: str, at_ms: int | None = None) -> HotlistEntry | None:
        """The entry of this id as it held at at_ms (UTC); None when there was none.

        at_ms None: the entry as it holds until further notice.
        """
        spells = self._spells(entry_id)
        if at_ms is None:
            return spells[-1].item if spells and spells[-1].ends_ms is None else None
        held = (one for one in spells if one.begins_ms <= at_ms and (one.ends_ms is None or at_ms < one.ends_ms))
        return next((one.item for one in held), None)

    def look_up(self, texts: Sequence[str]) -> dict[int, Looked]:
        """What is found for each of these compact texts, by its index; texts for which nothing is found are left out.

        It takes many texts at once, because the indexes rule out nearly all of them together. For near plates and patterns, O and
        0 count as one, and so do I and 1; for alike plates, all characters that may be confused.
        """
        folded = skeletons(texts)
        alike = {at: some for at in self._alike.may_have(folded) if (some := self._alike_to(folded[at]))}
        if not self._near and not self._patterns:
            return {at: Looked(some) for at, some in alike.items()}
        one_formed = one_forms(texts)
        near = self._near_to(one_formed) if self._near else {}
        fitted = self._patterns.fitting(one_formed) if self._patterns else {}
        found = {at: Looked((), (), [*map(self._with_pattern, rows)]) for at, rows in fitted.items()}
        for at in alike.keys() | near.keys():
            fitting = found[at].fitting if at in found else ()
            found[at] = Looked(alike.get(at, ()), near.get(at, ()), fitting)
        return found

    def _alike_to(self, folded: str) -> list[HotlistEntry]:
        """The entries whose plate has this skeleton."""
        found = map(self._entries.entry, self._alike.rows(folded))
        return [entry for entry in found if skeleton(entry.plate) == folded]

    def _near_to(self, texts: Sequence[str]) -> dict[int, list[HotlistEntry]]:
        """By index of a text, in one form, the entries that ask for near matches and are one edit away."""
        shorter = [(at, one) for at, text in enumerate(texts) for one in deletions(text)]
        rows: dict[int, set[int]] = {}
        for place in self._near.may_have([one for _, one in shorter]):
            at, one = shorter[place]
            rows.setdefault(at, set()).update(self._near.rows(one))
        found: dict[int, list[HotlistEntry]] = {}
        for at, some in rows.items():
            entries = map(self._entries.entry, sorted(some))
            found[at] = [entry for entry in entries if is_one_edit(texts[at], one_form(entry.plate))]
        return {at: some for at, some in found.items() if some}

    def _with_pattern(self, row: int) -> HotlistEntry:
        """The entry of this row, kept as an object until something changes."""
        entry = self._unpacked.get(row)
        if entry is None:
            if len(self._unpacked) >= MOST_UNPACKED:
                self._unpacked.clear()
            entry = self._unpacked[row] = self._entries.entry(row)
        return entry

    def _clear(self) -> None:
        self._entries = PackedEntries()
        self._ids, self._alike, self._near = PackedIndex(), PackedIndex(), PackedIndex()
        self._patterns = PatternIndex()
        self._unpacked: dict[int, HotlistEntry] = {}
        self._ended: set[str] = set()  # entries of which something held that holds no more
        self._compacted_ms = 0

    def _change(self, one: Changed[HotlistEntry]) -> None:
        rows = self._rows_of(one.key)
        if not rows and len(one.versions) == 1 and one.versions[0].item is not None:  # nearly all
            self._put(Spell(one.versions[0].item, one.versions[0].begins_ms, None))
            return
        known = history_of(self._spells(one.key))
        for row in rows:
            self._remove(one.key, row)
        self._ended.discard(one.key)
        for spell in spells_of(with_versions(known, one.versions)) if one.versions else ():
            self._put(spell)

    def _forget_before(self, at_ms: int) -> None:
        """Delete the versions that held only before this moment."""
        for entry_id in list(self._ended):
            ends = [(row, self._entries.packed(row).ends_ms) for row in self._rows_of(entry_id)]
            for row, ends_ms in ends:
                if 0 < ends_ms <= at_ms:
                    self._remove(entry_id, row)
            if not any(ends_ms > at_ms for _, ends_ms in ends):
                self._ended.discard(entry_id)

    def _put(self, spell: Spell[HotlistEntry]) -> None:
        entry = spell.item
        if max(entry.valid_from_ms, spell.begins_ms) >= min(
            entry.valid_until_ms, spell.ends_ms or entry.valid_until_ms
        ):
            return  # it was never valid while it held so
        row = self._entries.add(spell)
        self._ids.add(entry.entry_id, row)
        if spell.ends_ms is not None:
            self._ended.add(entry.entry_id)
        if is_pattern(entry.plate):
            self._patterns.add(one_form(collapsed(entry.plate)), row)
            return
        self._alike.add(skeleton(entry.plate), row)
        if entry.near:
            for shorter in deletions(one_form(entry.plate)):
                self._near.add(shorter, row)

    def _remove(self, entry_id: str, row: int) -> None:
        packed = self._entries.packed(row)
        self._ids.discard(entry_id, row)
        if is_pattern(packed.plate):
            self._patterns.discard(one_form(collapsed(packed.plate)), row)
        else:
            self._alike.discard(skeleton(packed.plate), row)
            if packed.near:
                for shorter in deletions(one_form(packed.plate)):
                    self._near.discard(shorter, row)
        self._entries.drop(row)

    def _rows_of(self, entry_id: str) -> list[int]:
        return [row for row in self._ids.rows(entry_id) if self._entries.packed(row).entry_id == entry_id]

    def _spells(self, entry_id: str) -> list[Spell[HotlistEntry]]:
        return sorted(map(self._entries.spell, self._rows_of(entry_id)), key=lambda one: one.begins_ms)
