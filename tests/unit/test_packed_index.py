"""The packed index: a multimap like a dict of sets, in a few bytes an entry."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from pipeline.hotlist.packed_index import PackedIndex

STEPS = st.lists(st.tuples(st.booleans(), st.sampled_from("ABCDE"), st.integers(0, 5)), max_size=200)


@given(STEPS)
def test_it_holds_what_a_plain_multimap_holds(steps: list[tuple[bool, str, int]]) -> None:
    """Any order of adding and taking back, over growth and clean-up."""
    index, plain = PackedIndex(), Counter[tuple[str, int]]()
    for adding, text, row in steps:
        if adding:
            index.add(text, row)
            plain[text, row] += 1
        else:
            assert (plain[text, row] > 0) == index.discard(text, row)
            plain[text, row] = max(0, plain[text, row] - 1)
    assert plain.total() == len(index)
    for text in "ABCDE":
        assert sorted(row for (name, row), times in plain.items() if name == text for _ in range(times)) == sorted(
            index.rows(text)
        )


@given(st.sets(st.text(max_size=3), max_size=300), st.lists(st.text(max_size=3), max_size=50))
def test_no_text_that_has_rows_is_passed_over(held: set[str], others: list[str]) -> None:
    """Whatever the size of the index; what is taken back may still be named."""
    index, asked = PackedIndex(), [*held, *others]
    for row, text in enumerate(sorted(held)):
        index.add(text, row)
    named = {asked[place] for place in index.may_have(asked)}
    assert held <= named


def test_few_texts_are_named_in_vain() -> None:
    """So that nearly all reads end there."""
    index = PackedIndex()
    for number in range(20_000):
        index.add(f"1ABC{number}", number)
    assert 20_000 == len(index.may_have([f"1ABC{number}" for number in range(20_000)]))
    assert len(index.may_have([f"2XYZ{number}" for number in range(20_000)])) < 1_000


def test_entries_that_come_and_go_for_months_take_no_more_room() -> None:
    """Places taken back are cleaned up, so a hotlist that changes daily does not grow."""
    index = PackedIndex()
    for number in range(20_000):
        index.add(f"P{number}", number % 100)
        if number >= 50:
            assert index.discard(f"P{number - 50}", (number - 50) % 100)
    assert 50 == len(index)
    assert index.nbytes <= 4096


def test_many_entries_stay_below_thirty_bytes_each() -> None:
    """A dict would take three times that and more, without its keys."""
    index = PackedIndex()
    for number in range(50_000):
        index.add(f"1ABC{number}", number)
    assert index.nbytes / len(index) < 30
    assert [49_999] == index.rows("1ABC49999")
    assert [] == index.rows("1ABC50000")


def test_clearing_forgets_everything() -> None:
    """After a reset nothing old is found."""
    index = PackedIndex()
    index.add("A", 1)
    index.clear()
    assert (0, []) == (len(index), index.rows("A"))
