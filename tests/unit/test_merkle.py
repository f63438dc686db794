"""The Merkle tree of the record: roots as the RFC's readers publish them, and proofs that nothing else satisfies."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.access import merkle

ENTRIES = [bytes.fromhex(text) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
"""Of the first 1 to 8 entries; published with the reference implementation of Certificate Transparency."""


def plain_root(leaves: list[bytes]) -> bytes:
    """The root by the definition's own words, over leaf hashes."""
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return sha256(b"\x01" + plain_root(leaves[:half]) + plain_root(leaves[half:])).digest()


def leaves_of(count: int, salt: int = 0) -> list[bytes]:
    """So many different leaf hashes."""
    return [merkle.leaf_hash(b"%d/%d" % (salt, number)) for number in range(count)]


def test_roots_are_the_published_ones() -> None:
    """And an empty tree's is the hash of nothing."""
    assert sha256(b"").digest() == merkle.root_of([])
    assert ROOTS == tuple(merkle.root_of(ENTRIES[:size]).hex() for size in range(1, 9))


@given(st.integers(1, 70), st.data())
def test_an_entry_is_proven_at_its_index_and_nowhere_else(size: int, data: st.DataObject) -> None:
    """Another entry, another index or another size leads to another root, or to none."""
    leaves = leaves_of(size)
    index = data.draw(st.integers(0, size - 1))
    root = plain_root(leaves)
    proof = merkle.inclusion_proof(index, size, lambda first, end: plain_root(leaves[first:end]))
    assert root == merkle.root_from_inclusion(leaves[index], index, size, proof)
    assert root != merkle.root_from_inclusion(merkle.leaf_hash(b"other"), index, size, proof)
    other = data.draw(st.integers(0, size - 1).filter(lambda number: number != index)) if size > 1 else None
    if other is not None:
        try:
            assert root != merkle.root_from_inclusion(leaves[index], other, size, proof)
        except ValueError as error:
            assert "the proof is too" in str(error)


@given(st.integers(1, 70), st.data())
def test_growth_is_proven_and_a_rewrite_is_not(new_size: int, data: st.DataObject) -> None:
    """The proof leads to both roots; of a tree with one entry changed it does not."""
    old_size = data.draw(st.integers(1, new_size))
    leaves = leaves_of(new_size)
    old, new = plain_root(leaves[:old_size]), plain_root(leaves)
    proof = merkle.consistency_proof(old_size, new_size, lambda first, end: plain_root(leaves[first:end]))
    assert (old, new) == merkle.roots_from_consistency(old_size, old, new_size, proof)
    changed = list(leaves)
    changed[data.draw(st.integers(0, old_size - 1))] = merkle.leaf_hash(b"changed")
    forged = merkle.consistency_proof(old_size, new_size, lambda first, end: plain_root(changed[first:end]))
    assert (old, plain_root(changed)) != merkle.roots_from_consistency(old_size, old, new_size, forged)


@given(st.integers(0, 200))
def test_a_tree_goes_on_from_its_subtrees(size: int) -> None:
    """What is kept of a tree is enough to append to it."""
    tree = merkle.Tree()
    for leaf in leaves_of(size):
        tree.append_hash(leaf)
    again = merkle.Tree(tree.size, tree.subtrees)
    again.append(b"next")
    assert plain_root([*leaves_of(size), merkle.leaf_hash(b"next")]) == again.root()


@pytest.mark.parametrize(("old", "new"), [(0, 1), (2, 1), (-1, 5)])
def test_sizes_that_no_tree_has_are_refused(old: int, new: int) -> None:
    """Rather than proving anything."""
    with pytest.raises(ValueError, match="are no sizes of one growing tree"):
        merkle.consistency_proof(old, new, lambda first, end: b"")


def test_subtrees_must_fit_the_size() -> None:
    """Three entries are made of two subtrees."""
    with pytest.raises(ValueError, match="made of 2 whole subtrees, not 1"):
        merkle.Tree(3, [b"x" * 32])
