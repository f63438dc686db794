"""The files of a Merkle log: tiles of 256 hashes and bundles of 256 entries, as c2sp.org/tlog-tiles defines them.

The public part is a log of commitments: an entry is the SHA-256 of a record, which contains 128 random bits, so that nobody
can guess a record from its entry. The records themselves are beside it in bundles of the same form, each with its offset in
the topic.

>>> tile_path(0, 1234067), tile_path(1, 0, 17)
('tile/0/x001/x234/067', 'tile/1/000.p/17')
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from pipeline.access.merkle import leaf_hash, node_hash
from pipeline.errors import BadRecord

WIDTH = 256
_MOST_BYTES = 65_535
_OFFSET_BYTES = 8


@dataclass(frozen=True, slots=True)
class Kept:
    """One record and its offset in the topic."""

    offset: int
    record: bytes

    def packed(self) -> bytes:
        """The offset (8 bytes, big-endian) and then the record, as in a bundle of records. Raises BadRecord if too long for one."""
        _check_size(len(self.record) + _OFFSET_BYTES)
        return self.offset.to_bytes(_OFFSET_BYTES, "big") + self.record


def kept(packed: bytes) -> Kept:
    """The record in the bytes that Kept.packed returned. Raises BadRecord."""
    if len(packed) <= _OFFSET_BYTES:
        raise BadRecord("broken_bundle", "a record without content")
    return Kept(int.from_bytes(packed[:_OFFSET_BYTES], "big"), packed[_OFFSET_BYTES:])


def commitment(record: bytes) -> bytes:
    """The log's entry for a record: the record's SHA-256."""
    return sha256(record).digest()


def tile_path(level: int, index: int, width: int = WIDTH) -> str:
    """The path of a tile of hashes below the log's prefix. level 0: leaf hashes. width: how many hashes it holds."""
    return f"tile/{level}/{_number(index)}{_part(width)}"


def entries_path(index: int, width: int = WIDTH) -> str:
    """The path of a bundle of entries below the log's prefix."""
    return f"tile/entries/{_number(index)}{_part(width)}"


def records_path(index: int, width: int = WIDTH) -> str:
    """The path of the bundle with the records of the same entries, below the log's prefix."""
    return f"records/{_number(index)}{_part(width)}"


def _number(index: int) -> str:
    *upper, last = reversed([f"{index // 1000**power % 1000:03d}" for power in range((len(str(index)) + 2) // 3)])
    return "/".join([*(f"x{part}" for part in upper), last])


def _part(width: int) -> str:
    return "" if width == WIDTH else f".p/{width}"


def bundle(entries: Iterable[bytes]) -> bytes:
    """The entries joined, each after its length. Raises BadRecord for an entry of 64 KiB or more."""
    parts = []
    for entry in entries:
        _check_size(len(entry))
        parts += [len(entry).to_bytes(2, "big"), entry]
    return b"".join(parts)


def _check_size(size: int) -> None:
    if size > _MOST_BYTES:
        raise BadRecord("too_large", f"an entry of {size} bytes; a log takes {_MOST_BYTES} at most")


def entries_in(data: bytes) -> list[bytes]:
    """The entries of a bundle. Raises BadRecord when the bundle ends inside one."""
    found, at = [], 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if end > len(data) or at + 2 > len(data):
            raise BadRecord("broken_bundle", "it ends within an entry")
        found.append(data[at + 2 : end])
        at = end
    return found


def hashes_in(tile: bytes) -> list[bytes]:
    """The hashes of a tile, in order, 32 bytes each."""
    return [tile[at : at + 32] for at in range(0, len(tile), 32)]


def folded(hashes: Sequence[bytes]) -> bytes:
    """The root over the hashes of subtrees of equal size. hashes: a power of two of them."""
    row = list(hashes)
    while len(row) > 1:
        row = [node_hash(row[at], row[at + 1]) for at in range(0, len(row), 2)]
    return row[0]


def leaf_of(record: bytes) -> bytes:
    """The leaf hash of a record's entry."""
    return leaf_hash(commitment(record))


def shapes(size: int) -> Iterator[tuple[int, int, int]]:
    """(level, number of full tiles, width of the partial tile; 0: none) for each level of a log of this size."""
    level, hashes = 0, size
    while hashes:
        yield level, hashes // WIDTH, hashes % WIDTH
        level, hashes = level + 1, hashes // WIDTH


@dataclass(slots=True)
class Levels:
    """The hashes of a whole log by level, for computing roots and proofs. leaves: the leaf hashes of those bundles that were
    asked for, by the bundle's index."""

    hashes: list[list[bytes]] = field(default_factory=lambda: [[]])  # [level][index], from level 1 on
    leaves: dict[int, list[bytes]] = field(default_factory=dict)

    @classmethod
    def over(cls, bundle_roots: Sequence[bytes], leaves: dict[int, list[bytes]]) -> "Levels":
        """The levels above the roots of all full bundles, in order. leaves: the leaf hashes of some bundles, by index."""
        hashes: list[list[bytes]] = [[], list(bundle_roots)]
        while len(hashes[-1]) >= WIDTH:
            row = hashes[-1]
            hashes.append([folded(row[at : at + WIDTH]) for at in range(0, len(row) // WIDTH * WIDTH, WIDTH)])
        return cls(hashes, leaves)

    def hash_of(self, first: int, end: int) -> bytes:
        """The hash over the entries first..end-1; see merkle.HashOfRange."""
        level = ((end - first).bit_length() - 1) // 8
        if level == 0:
            at = first % WIDTH
            return folded(self.leaves[first // WIDTH][at : at + end - first])
        unit = WIDTH**level
        return folded(self.hashes[level][first // unit : end // unit])
