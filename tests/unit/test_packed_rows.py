"""Pieces of bytes by row number, packed."""

from random import Random

import pytest

from pipeline.hotlist.packed_rows import MOST_BYTES, PackedRows


def test_what_is_kept_is_found_whatever_comes_and_goes() -> None:
    """Like a dict from rows to pieces, over many changes, tidying included."""
    random, rows, expected = Random(1), PackedRows(), dict[int, bytes]()
    for number in range(30_000):
        if expected and random.random() < 0.49:
            row = random.choice(list(expected)[:20])
            del expected[row]
            rows.drop(row)
        else:
            piece = number.to_bytes(4, "big") * random.randint(1, 200)
            row = rows.add(piece)
            assert row not in expected
            expected[row] = piece
    assert expected == {row: bytes(rows[row]) for row in expected}


def test_dropped_pieces_do_not_pile_up() -> None:
    """After a hundred thousand changes of one row it takes little more than the row."""
    rows = PackedRows()
    for _ in range(100_000):
        rows.drop(rows.add(b"x" * 100))
    assert rows.nbytes < 2_100_000


def test_a_piece_costs_its_length_and_eight_bytes() -> None:
    """No object of its own."""
    rows = PackedRows()
    for _ in range(10_000):
        rows.add(b"x" * 40)
    assert 48 * 10_000 == rows.nbytes


@pytest.mark.parametrize("length", [0, MOST_BYTES + 1])
def test_a_piece_of_no_length_or_too_much_is_refused(length: int) -> None:
    """Neither could be told from what was dropped or cut."""
    with pytest.raises(ValueError, match="1 to 16777215 bytes"):
        PackedRows().add(b"x" * length)
