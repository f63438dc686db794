"""The state from which a log grows, and the files that each growth adds. Pure: pipeline.record.log_folder writes them.

The log is a function of its topic: the records in the order of their offsets. So doing again what a crash interrupted writes
the same bytes, and a log that is made again from the topic is the same log: there cannot be two versions of it.
"""

from collections.abc import Sequence

import msgspec

from pipeline.access.merkle import EMPTY_ROOT, node_hash
from pipeline.access.tiles import (
    WIDTH,
    Kept,
    bundle,
    commitment,
    entries_path,
    folded,
    kept,
    leaf_of,
    records_path,
    tile_path,
)

PUBLIC = "public/"
"""The folder of what may be handed out."""
Files = dict[str, bytes]
"""Contents of files to write, by path in the log's folder. A full tile or bundle never changes; partial tiles are deleted once
full, and the checkpoint is replaced."""


class Ledger(msgspec.Struct, frozen=True):
    """The state of a log. next_offset: of the topic's first record that the log does not hold.

    levels: the hashes of the incomplete tile of each level; tail: the packed records of the incomplete bundle.
    """

    size: int = 0
    next_offset: int = 0
    levels: tuple[tuple[bytes, ...], ...] = ((),)
    tail: tuple[bytes, ...] = ()

    def root(self) -> bytes:
        """The root over all entries."""
        subtrees: list[bytes] = []
        for row in reversed(self.levels):
            at = 0
            for bit in reversed(range(len(row).bit_length())):
                if len(row) >> bit & 1:
                    subtrees.append(folded(row[at : at + (1 << bit)]))
                    at += 1 << bit
        if not subtrees:
            return EMPTY_ROOT
        *larger, root = subtrees
        for subtree in reversed(larger):
            root = node_hash(subtree, root)
        return root


def grown(ledger: Ledger, records: Sequence[Kept]) -> tuple[Ledger, Files]:
    """The log with these records added, and the bundles and tiles that are full now. The records' offsets must rise.

    Raises ValueError for a record before the log's next offset, BadRecord for one that fits into no bundle; the log stays as it
    was.
    """
    size, next_offset = ledger.size, ledger.next_offset
    levels, tail = [list(row) for row in ledger.levels], list(ledger.tail)
    files: Files = {}
    for one in records:
        if one.offset < next_offset:
            raise ValueError(f"offset {one.offset} is no offset behind {next_offset - 1}")
        tail.append(one.packed())
        levels[0].append(leaf_of(one.record))
        size, next_offset = size + 1, one.offset + 1
        if len(tail) == WIDTH:
            files |= _bundles(size // WIDTH - 1, tail)
            tail = []
            _carry(levels, size, files)
    return Ledger(size, next_offset, tuple(map(tuple, levels)), tuple(tail)), files


def partials(ledger: Ledger) -> Files:
    """The incomplete bundles and tiles of this log, by path. A reader of a checkpoint of this size needs them."""
    files: Files = {}
    if ledger.tail:
        files |= _bundles(ledger.size // WIDTH, ledger.tail)
    hashes = ledger.size
    for level, row in enumerate(ledger.levels):
        if row:
            files[PUBLIC + tile_path(level, hashes // WIDTH, len(row))] = b"".join(row)
        hashes //= WIDTH
    return files


def _bundles(index: int, packed: Sequence[bytes]) -> Files:
    entries = bundle(commitment(kept(one).record) for one in packed)
    return {
        PUBLIC + entries_path(index, len(packed)): entries,
        records_path(index, len(packed)): bundle(packed),
    }


def _carry(levels: list[list[bytes]], size: int, files: Files) -> None:
    """Add the tiles that are full to `files`, and their roots to the level above."""
    level, hashes = 0, size
    while len(levels[level]) == WIDTH:
        files[PUBLIC + tile_path(level, hashes // WIDTH - 1)] = b"".join(levels[level])
        if level + 1 == len(levels):
            levels.append([])
        levels[level + 1].append(folded(levels[level]))
        levels[level] = []
        level, hashes = level + 1, hashes // WIDTH
