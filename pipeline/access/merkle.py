"""A Merkle tree over a growing list of entries, as RFC 6962 section 2.1 defines it: hashes, proofs and their verification.

A tree of n entries has one root. Whoever holds the root of an earlier size can check that the tree only grew (consistency), and
whoever holds a root and one entry that the entry stands at its index (inclusion). Neither needs the other entries.
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()
HashOfRange = Callable[[int, int], bytes]
"""(first, end) to the root over the entries first..end-1; end - first is a power of two that divides first."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of one entry. The first byte keeps entries and inner nodes apart."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


class Tree:
    """The roots of the whole subtrees that a list of entries is made of, largest first: all that appending needs."""

    def __init__(self, size: int = 0, subtrees: Sequence[bytes] = ()) -> None:
        if len(subtrees) != size.bit_count():
            raise ValueError(
                f"a tree of {size} entries is made of {size.bit_count()} whole subtrees, not {len(subtrees)}"
            )
        self.size = size
        self._subtrees = list(subtrees)

    @property
    def subtrees(self) -> tuple[bytes, ...]:
        """One root for each bit of the size, largest subtree first."""
        return tuple(self._subtrees)

    def append(self, entry: bytes) -> None:
        """Add one entry at the end."""
        self.append_hash(leaf_hash(entry))

    def append_hash(self, hash_: bytes) -> None:
        """Add one entry of which only the leaf hash is known."""
        merges = (~self.size & (self.size + 1)).bit_length() - 1  # how many subtrees of equal size are completed
        for _ in range(merges):
            hash_ = node_hash(self._subtrees.pop(), hash_)
        self._subtrees.append(hash_)
        self.size += 1

    def root(self) -> bytes:
        """The root over all entries."""
        if not self._subtrees:
            return EMPTY_ROOT
        *larger, root = self._subtrees
        for subtree in reversed(larger):
            root = node_hash(subtree, root)
        return root


def root_of(entries: Iterable[bytes]) -> bytes:
    """The root over these entries."""
    tree = Tree()
    for entry in entries:
        tree.append(entry)
    return tree.root()


def range_hash(first: int, end: int, hash_of: HashOfRange) -> bytes:
    """The root over the entries first..end-1 of a tree, for first at which a subtree of that size begins."""
    size = end - first
    if size & (size - 1) == 0:
        return hash_of(first, end)
    middle = first + _largest_power_below(size)
    return node_hash(hash_of(first, middle), range_hash(middle, end, hash_of))


def inclusion_proof(index: int, size: int, hash_of: HashOfRange) -> list[bytes]:
    """The hashes that lead from the entry at `index` to the root of `size` entries, lowest first."""
    _check_order(index + 1, size)
    return _path(index, 0, size, hash_of)


def _path(index: int, first: int, end: int, hash_of: HashOfRange) -> list[bytes]:
    if end - first == 1:
        return []
    middle = first + _largest_power_below(end - first)
    if index < middle:
        return [*_path(index, first, middle, hash_of), range_hash(middle, end, hash_of)]
    return [*_path(index, middle, end, hash_of), range_hash(first, middle, hash_of)]


def root_from_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """The root that this leaf hash and proof lead to; the caller compares it. Raises ValueError for a proof of the wrong length."""
    _check_order(index + 1, size)
    root, position, last = leaf, index, size - 1
    steps = iter(proof)
    while last:
        if position % 2 or position < last:
            step = next(steps, None)
            if step is None:
                raise ValueError("the proof is too short")
            root = node_hash(step, root) if position % 2 else node_hash(root, step)
        position, last = position // 2, last // 2
    if next(steps, None) is not None:
        raise ValueError("the proof is too long")
    return root


def consistency_proof(old_size: int, new_size: int, hash_of: HashOfRange) -> list[bytes]:
    """The hashes that prove that the tree of `new_size` begins with the whole tree of `old_size` (1 <= old <= new)."""
    _check_order(old_size, new_size)
    return _subproof(old_size, 0, new_size, hash_of, whole=True)


def _subproof(old_end: int, first: int, end: int, hash_of: HashOfRange, *, whole: bool) -> list[bytes]:
    if old_end == end:
        return [] if whole else [range_hash(first, end, hash_of)]
    middle = first + _largest_power_below(end - first)
    if old_end <= middle:
        return [*_subproof(old_end, first, middle, hash_of, whole=whole), range_hash(middle, end, hash_of)]
    return [*_subproof(old_end, middle, end, hash_of, whole=False), range_hash(first, middle, hash_of)]


def roots_from_consistency(
    old_size: int, old_root: bytes, new_size: int, proof: Sequence[bytes]
) -> tuple[bytes, bytes]:
    """The old and the new root that the proof leads to; the caller compares both. Raises ValueError for a wrong length.

    RFC 9162 section 2.1.4.2. old_root: only used where the old tree is itself one whole subtree.
    """
    _check_order(old_size, new_size)
    if old_size == new_size:
        if proof:
            raise ValueError("the proof is too long")
        return old_root, old_root
    steps = [old_root, *proof] if old_size & (old_size - 1) == 0 else list(proof)
    if not steps:
        raise ValueError("the proof is too short")
    position, last = old_size - 1, new_size - 1
    while position % 2:
        position, last = position // 2, last // 2
    old = new = steps[0]
    for step in steps[1:]:
        if not last:
            raise ValueError("the proof is too long")
        if position % 2 or position == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while position and position % 2 == 0:
                position, last = position // 2, last // 2
        else:
            new = node_hash(new, step)
        position, last = position // 2, last // 2
    if last:
        raise ValueError("the proof is too short")
    return old, new


def _largest_power_below(size: int) -> int:
    """The largest power of two smaller than size (size > 1)."""
    return 1 << ((size - 1).bit_length() - 1)


def _check_order(smaller: int, larger: int) -> None:
    if not 1 <= smaller <= larger:
        raise ValueError(f"{smaller} and {larger} are no sizes of one growing tree")
