"""Checks some consecutive bundles of a log: each record against its entry, each entry against its leaf hash in the tile."""

from dataclasses import dataclass, field
from hashlib import sha256

import msgspec

from pipeline.access.tiles import (
    WIDTH,
    commitment,
    entries_in,
    entries_path,
    folded,
    hashes_in,
    records_path,
    tile_path,
)
from pipeline.errors import BadRecord
from pipeline.record.source import Source, read_part
from schemas.base import UNREADABLE

INTENT, OUTCOME = 0, 1
ID_CHARACTERS = 26
MOST_FAULTS, MOST_SPANS = 100, 3
_LEAF = b"\x00"
_OFFSET_BYTES = 8


class _Intent(msgspec.Struct, tag_field="type", tag="intent"):
    pass


class _Outcome(msgspec.Struct, tag_field="type", tag="outcome"):
    intent_id: str


class _Entry(msgspec.Struct):
    access_id: str
    entry: _Intent | _Outcome


_DECODER = msgspec.json.Decoder(_Entry)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a log. where: the entries or the file; what: what is wrong there."""

    where: str
    what: str


@dataclass(slots=True)
class Run:
    """The result of checking consecutive bundles of the record's log.

    roots: the hash of each full bundle, in order. leaves: for each bundle that was asked for, by its index, the hash of each
    entry. records: how many were read. steps: for each record in order, whether it is an INTENT or an OUTCOME, and the intent's
    id. faults: what is wrong, at most MOST_FAULTS. first_offset, last_offset: of the first and last record; -1 when there was none.
    left_out: how many offsets of the topic between records are not in the log; spans: the first of them, each as its first and last
    offset.
    """

    roots: list[bytes] = field(default_factory=list)
    leaves: dict[int, list[bytes]] = field(default_factory=dict)
    records: int = 0
    steps: list[tuple[int, str]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    first_offset: int = -1
    last_offset: int = -1
    left_out: int = 0
    spans: list[tuple[int, int]] = field(default_factory=list)

    def leave_out(self, first: int, end: int) -> None:
        """Note that the offsets first..end-1 of the topic are not in the log."""
        self.left_out += end - first
        if len(self.spans) < MOST_SPANS:
            self.spans.append((first, end - 1))

    def fault(self, where: str, what: str) -> None:
        """Note a fault. After MOST_FAULTS, further ones are dropped."""
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(Fault(where, what))


def check_run(source: Source, first: int, end: int, size: int, wanted: frozenset[int]) -> Run:
    """Check the bundles first..end-1 of a log of `size` entries. wanted: the bundles whose leaf hashes are to be returned.
    Faults are returned in the Run, not raised. Raises Unavailable when a file cannot be read."""
    run = Run()
    for index in range(first, end):
        width = min(WIDTH, size - index * WIDTH)
        where = f"entries {index * WIDTH}..{index * WIDTH + width - 1}"
        entries = _part(source, run, index, width, where)
        leaves = [sha256(_LEAF + entry).digest() for entry in entries]
        tile = read_part(source, lambda at, wide: tile_path(0, at, wide), index, width)
        if tile is None or hashes_in(tile)[:width] != leaves:
            run.fault(where, "the tile of their hashes is missing" if tile is None else "their tile has other hashes")
        if width == WIDTH:
            run.roots.append(folded(leaves))
        if index in wanted:
            run.leaves[index] = leaves
        _check_records(source, run, index, entries, where)
    return run


def _part(source: Source, run: Run, index: int, width: int, where: str) -> list[bytes]:
    """The entries of a bundle. In place of missing entries it returns ones that no log contains."""
    data = read_part(source, entries_path, index, width)
    entries: list[bytes] = []
    try:
        entries = entries_in(data or b"")[:width]
    except BadRecord as error:
        run.fault(where, error.detail)
    if len(entries) < width:
        run.fault(where, f"{width - len(entries)} of them are missing")
        entries += [b""] * (width - len(entries))
    return entries


def _check_records(source: Source, run: Run, index: int, entries: list[bytes], where: str) -> None:
    """Compare the records with the entries, which must be their digests, and note the kind of each."""
    data = read_part(source, records_path, index, len(entries))
    if data is None:
        if source.whole:
            run.fault(where, "their records are missing")
        return
    try:
        packed = entries_in(data)[: len(entries)]
    except BadRecord as error:
        run.fault(where, f"their records: {error.detail}")
        return
    if len(packed) < len(entries):
        run.fault(where, f"{len(entries) - len(packed)} of their records are missing")
    for number, (one, entry) in enumerate(zip(packed, entries, strict=False), index * WIDTH):
        record = one[_OFFSET_BYTES:]
        if commitment(record) != entry:
            run.fault(f"entry {number}", "its record is not the one that was vouched for")
            continue
        _note(run, number, int.from_bytes(one[:_OFFSET_BYTES], "big"), record)


def _note(run: Run, number: int, offset: int, record: bytes) -> None:
    try:
        entry = _DECODER.decode(record)
    except UNREADABLE as error:
        run.fault(f"entry {number}", f"its record is none that this version reads: {error}")
        return
    if offset <= run.last_offset:
        run.fault(f"entry {number}", "it is out of the topic's order")
    if run.last_offset < 0:
        run.first_offset = offset
    elif offset > run.last_offset + 1:
        run.leave_out(run.last_offset + 1, offset)
    run.last_offset = offset
    run.records += 1
    step = entry.entry
    run.steps.append((OUTCOME, step.intent_id) if isinstance(step, _Outcome) else (INTENT, entry.access_id))
