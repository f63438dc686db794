"""Patterns: ? is one character, * any number."""

import random
import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.hotlist.pattern_filter import PatternFilter
from pipeline.hotlist.pattern_index import PatternIndex, collapsed, fits, is_pattern

PATTERN = (st.text("AB1?*", min_size=1, max_size=6) | st.text("A?*", min_size=1, max_size=13)).map(collapsed)
TEXT = st.text("AB1", max_size=7) | st.text("A", max_size=16) | st.text("AB", min_size=9, max_size=16)


def fitting(patterns: list[str], texts: list[str]) -> dict[int, list[int]]:
    """What the index must find, by the regular expressions of all patterns one by one."""
    expressions = [re.compile(pattern.replace("?", ".").replace("*", ".*")) for pattern in patterns]
    found = {at: [row for row, one in enumerate(expressions) if one.fullmatch(text)] for at, text in enumerate(texts)}
    return {at: rows for at, rows in found.items() if rows}


@given(st.lists(PATTERN, max_size=8), st.lists(TEXT, max_size=20))
def test_patterns_match_as_the_same_regular_expressions_do(patterns: list[str], texts: list[str]) -> None:
    """Whatever the shapes: the index is only a faster way of trying them all."""
    index = PatternIndex()
    for row, pattern in enumerate(patterns):
        index.add(pattern, row)
    assert fitting(patterns, texts) == index.fitting(texts)


@given(st.lists(PATTERN, max_size=8), st.lists(PATTERN, max_size=30), st.lists(TEXT, max_size=20))
def test_patterns_taken_back_match_no_more(kept: list[str], taken_back: list[str], texts: list[str]) -> None:
    """Those that stay are found as if the others had never been there, also where both are the same text."""
    index = PatternIndex()
    for row, pattern in enumerate(taken_back):
        index.add(pattern, -1 - row)
    for row, pattern in enumerate(kept):
        index.add(pattern, row)
    for row, pattern in enumerate(taken_back):
        index.discard(pattern, -1 - row)
    assert fitting(kept, texts) == index.fitting(texts)
    assert bool(kept) == bool(index)


def test_ten_thousand_patterns_of_every_kind_are_found_and_few_named_in_vain() -> None:
    """Beside a list of all of them, over texts of every length; fewer than one text in ten is tried and fits none."""
    dice = random.Random(3)
    patterns = []
    for _ in range(10_000):
        plate = "".join(dice.choices("ABCDEFGHJK0123456789", k=8))
        kinds = [
            plate[:3] + "?" + plate[4:],
            plate[:6] + "*",
            "*" + plate[2:],
            f"*{plate[1:6]}*",
            f"{plate[:3]}*{plate[5:]}",
        ]
        patterns.append(dice.choice([*kinds, plate[:2] + "*" + plate[4:6] + "*"]))
    index, names = PatternIndex(), PatternFilter()
    for row, pattern in enumerate(patterns):
        index.add(pattern, row)
    for pattern in set(patterns):
        names.add(pattern)
    wanted = [pattern.replace("?", "A").replace("*", "B" * dice.randint(0, 3)) for pattern in dice.sample(patterns, 40)]
    texts = wanted + ["".join(dice.choices("ABCDEFGHJK0123456789", k=7)) for _ in range(3_000)]
    found = index.fitting(texts)
    assert fitting(patterns, wanted) == {at: rows for at, rows in found.items() if at < len(wanted)}
    assert len({at for at, _ in names.candidates(texts)} - found.keys()) < 300


@pytest.mark.parametrize(("text", "expected"), [("1ABC234", False), ("1ABC2?4", True), ("1ABC*", True)])
def test_a_pattern_is_a_text_with_a_wildcard(text: str, expected: bool) -> None:
    """Everything else is a plate."""
    assert expected == is_pattern(text)


@pytest.mark.parametrize("pattern", ["1A*B*7", "*A?C*", "1*B*", "*B*7", "1*2*3*", "*1*2*3*", "1ABC2?7", "?*7", "1A*7"])
def test_the_filter_names_every_text_that_a_pattern_fits(pattern: str) -> None:
    """With several stars and wildcards between them, too; and it rules out most of what does not fit."""
    dice = random.Random(5)
    texts = ["".join(dice.choices("1237ABC", k=dice.randint(2, 9))) for _ in range(3_000)]
    one = PatternFilter()
    one.add(pattern)
    named = {at for at, _ in one.candidates(texts)}
    assert {at for at, text in enumerate(texts) if fits(pattern.split("*"), text)} <= named
    assert len(named) < len(texts)


@pytest.mark.parametrize("pattern", ["?*?", "**1*", "1?*?*2", "*1**?2*"])
def test_a_pattern_in_one_form_fits_the_same_texts(pattern: str) -> None:
    """Wildcards in a row say how many characters there are at least, in whatever order they were written."""
    expression = re.compile("".join({"?": ".", "*": ".*"}.get(one, one) for one in pattern))
    for length in range(5):
        for text in map("".join, product("12", repeat=length)):
            assert bool(expression.fullmatch(text)) == fits(collapsed(pattern).split("*"), text)
