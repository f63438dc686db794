"""Finds entries in a log's own folder, newest first, and proves that one is in it. It reads a bounded part of the log at once."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from pipeline.access.checkpoint import claimed
from pipeline.access.merkle import inclusion_proof
from pipeline.access.tiles import WIDTH, entries_in, folded, hashes_in, kept, records_path, tile_path
from pipeline.errors import BadRecord, Unavailable
from pipeline.record.log_folder import LogFolder
from pipeline.record.reading import ShownIntent
from pipeline.record.source import FolderSource, read_part
from schemas.accesses import Access, Intent, Outcome
from schemas.base import UNREADABLE

LOOKED_AT = 50_000
"""A search looks for intents in at most so many entries, and for their outcomes also in so many after these."""
WINDOW = 500_000
"""Entries that `window` reads at most, which takes some seconds."""
AFTER = 1_000
"""Entries after the last intent of a window in which its outcome is looked for."""
SLACK_MS = 3_600_000
"""By how much the clocks of those who write to the record may differ."""
_DECODER = msgspec.json.Decoder(Access)
_TILE_BITS = 8


@dataclass(frozen=True, slots=True)
class Found:
    """Intents, newest first. before: the index before which to search on; None: the log has no older entries."""

    items: list[ShownIntent]
    before: int | None


@dataclass(frozen=True, slots=True)
class Window:
    """The intents of a time, newest first. looked_at: entries that were read. whole: False when there were too many."""

    items: list[ShownIntent]
    looked_at: int
    whole: bool


@dataclass(frozen=True, slots=True)
class Proven:
    """One record as it was written. checkpoint, size, proof: what leads from it to the checkpoint's root, lowest hash first;
    None and empty while no checkpoint covers it."""

    record: bytes
    checkpoint: str | None = None
    size: int = 0
    proof: list[bytes] = field(default_factory=list)


class LogReader:
    """The log in a folder, as it is now. Raises Unavailable when the disk fails or a file is missing, Misconfigured for a
    damaged ledger."""

    def __init__(self, folder: Path) -> None:
        self._log, self._source = LogFolder(folder), FolderSource(folder)
        ledger = self._log.ledger()
        self.size, self._tail = ledger.size, ledger.tail
        self._bundle: tuple[int, list[bytes]] = (-1, [])

    def record(self, index: int) -> bytes:
        """The record with this index, as its writer sent it."""
        number, at = divmod(index, WIDTH)
        if self._bundle[0] != number:
            self._bundle = (number, self._read(number))
        return kept(self._bundle[1][at]).record

    def search(self, fits: Callable[[ShownIntent], bool], before: int | None, most: int) -> Found:
        """The newest intents below the index `before` (None: of all) that fit, at most so many, each with its outcome, if
        that is among the LOOKED_AT entries after it. A record that this version cannot read is passed over."""
        end = self.size if before is None else min(before, self.size)
        outcomes: dict[str, Outcome] = {}
        items: list[ShownIntent] = []
        for index in reversed(range(max(0, end - LOOKED_AT), min(self.size, end + LOOKED_AT))):
            access = _decoded(self.record(index))
            if access is None:
                continue
            if isinstance(access.entry, Outcome):
                outcomes[access.entry.intent_id] = access.entry
            elif index < end and fits(one := _shown(index, access, access.entry, outcomes)):
                items.append(one)
                if len(items) == most:
                    return Found(items, index or None)
        return Found(items, end - LOOKED_AT if end > LOOKED_AT else None)

    def window(self, since_ms: int, until_ms: int, size: int) -> Window:
        """The intents from since_ms up to and without until_ms (UTC) among the first `size` entries, each with its outcome, if that
        is among the first size + AFTER. At most WINDOW entries are read, from the newest back."""
        outcomes: dict[str, Outcome] = {}
        items: list[ShownIntent] = []
        end, last = min(size, self.size), min(self.size, size + AFTER)
        for looked_at, index in enumerate(reversed(range(last))):
            if looked_at == WINDOW:
                return Window(items, looked_at, whole=False)
            access = _decoded(self.record(index))
            if access is None:
                continue
            if access.at_ms < since_ms - SLACK_MS:
                return Window(items, looked_at, whole=True)
            if isinstance(access.entry, Outcome):
                outcomes[access.entry.intent_id] = access.entry
            elif index < end and since_ms <= access.at_ms < until_ms:
                items.append(_shown(index, access, access.entry, outcomes))
        return Window(items, last, whole=True)

    def proven(self, index: int) -> Proven | None:
        """The record with this index and the proof that it is in the log; None: there is no such index."""
        if not 0 <= index < self.size:
            return None
        record, note = self.record(index), self._log.checkpoint()
        size = claimed(note).size if note is not None else 0
        if index >= size:
            return Proven(record)
        return Proven(record, note, size, inclusion_proof(index, size, lambda first, end: self._hash(size, first, end)))

    def _read(self, number: int) -> list[bytes]:
        if number == self.size // WIDTH:
            return list(self._tail)
        data = self._source.read(records_path(number))
        if data is None:
            raise Unavailable(f"the bundle of records {records_path(number)}, which is missing,")
        return entries_in(data)

    def _hash(self, size: int, first: int, end: int) -> bytes:
        """The root over the entries first..end-1, a whole subtree, from the tile that holds it. size: the log's. Raises Unavailable
        when the tile is missing."""
        level = ((end - first).bit_length() - 1) // _TILE_BITS
        each = WIDTH**level
        index, at = divmod(first // each, WIDTH)
        width = min(WIDTH, size // each - index * WIDTH)
        tile = read_part(self._source, lambda number, wide: tile_path(level, number, wide), index, width)
        if tile is None:
            raise Unavailable(f"the tile {tile_path(level, index, width)}, which is missing,")
        return folded(hashes_in(tile)[at : at + (end - first) // each])


def _decoded(record: bytes) -> Access | None:
    try:
        return _DECODER.decode(record)
    except (*UNREADABLE, BadRecord):
        return None


def _shown(index: int, access: Access, intent: Intent, outcomes: dict[str, Outcome]) -> ShownIntent:
    return ShownIntent(index, access.access_id, access.at_ms, intent, outcomes.get(access.access_id))
