"""Patterns: ? is one character, * any number."""

import random
import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.hotlist.pattern_filter import PatternFilter
from pipeline.hotlist.pattern_index import AT_ONCE, PatternIndex, collapsed, fits, is_pattern

PATTERN = st.text(alphabet="AB1?*", min_size=1, max_size=6) | st.text(alphabet="A?*", min_size=1, max_size=13)
TEXT = st.text(alphabet="AB1", max_size=7) | st.text(alphabet="A", max_size=16)


@given(st.lists(PATTERN, max_size=8), TEXT)
def test_patterns_match_as_the_same_regular_expressions_do(patterns: list[str], text: str) -> None:
    """Whatever the shapes: the index is only a faster way of trying them all."""
    index = PatternIndex()
    for row, pattern in enumerate(patterns):
        index.add(pattern, row)
    expressions = [pattern.replace("?", ".").replace("*", ".*") for pattern in patterns]
    assert [row for row, one in enumerate(expressions) if re.fullmatch(one, text)] == sorted(index.rows(text))


@given(
    st.lists(PATTERN, max_size=8),
    st.lists(TEXT, min_size=AT_ONCE, max_size=3 * AT_ONCE),
    st.lists(PATTERN, max_size=30),
)
def test_a_look_at_many_texts_leaves_out_none_that_a_pattern_fits(
    patterns: list[str], texts: list[str], taken_back: list[str]
) -> None:
    """Also after patterns were taken back, when it may name texts in vain."""
    index = PatternIndex()
    for row, pattern in enumerate(taken_back):
        index.add(pattern, -row)
    for row, pattern in enumerate(patterns):
        index.add(pattern, row)
    for row, pattern in enumerate(taken_back):
        index.discard(pattern, -row)
    fitting = {at for at, text in enumerate(texts) if index.rows(text)}
    assert fitting <= set(index.may_fit(texts))


def test_a_look_at_many_texts_names_few_in_vain() -> None:
    """Ten thousand patterns of every kind, of which hardly any text fits one: fewer than one text in ten is tried."""
    dice = random.Random(3)
    index = PatternIndex()
    for row in range(10_000):
        plate = "".join(dice.choices("ABCDEFGHJK0123456789", k=8))
        index.add(dice.choice([plate[:3] + "?" + plate[4:], plate[:6] + "*", "*" + plate[2:], f"*{plate[1:7]}*"]), row)
    texts = ["".join(dice.choices("ABCDEFGHJK0123456789", k=7)) for _ in range(3_000)]
    fitting = {at for at, text in enumerate(texts) if index.rows(text)}
    assert len(set(index.may_fit(texts)) - fitting) < 300


@given(st.lists(PATTERN, min_size=1, max_size=8), TEXT)
def test_patterns_taken_back_match_no_more(patterns: list[str], text: str) -> None:
    """What was added last and taken back leaves what was there before."""
    index = PatternIndex()
    index.add("A?", 0)
    before = index.rows(text)
    for row, pattern in enumerate(patterns, start=1):
        index.add(pattern, row)
    for row, pattern in enumerate(patterns, start=1):
        index.discard(pattern, row)
    assert before == index.rows(text)


@pytest.mark.parametrize(("text", "expected"), [("1ABC234", False), ("1ABC2?4", True), ("1ABC*", True)])
def test_a_pattern_is_a_text_with_a_wildcard(text: str, expected: bool) -> None:
    """Everything else is a plate."""
    assert expected == is_pattern(text)


@pytest.mark.parametrize("pattern", ["1A*B*7", "*A?C*", "1*B*", "*B*7", "1*2*3*", "*1*2*3*", "1ABC2?7", "?*7"])
def test_the_filter_names_every_text_that_a_pattern_fits(pattern: str) -> None:
    """With several stars and wildcards between them, too; and it rules out most of what does not fit."""
    dice = random.Random(5)
    texts = ["".join(dice.choices("1237ABC", k=dice.randint(2, 9))) for _ in range(3_000)]
    one = PatternFilter()
    assert one.add(pattern)
    named = set(one.may_fit(texts))
    fitting = {at for at, text in enumerate(texts) if fits(pattern.split("*"), text)}
    assert fitting <= named
    assert len(named) < len(texts)


@pytest.mark.parametrize("pattern", ["?*?", "**1*", "1?*?*2", "*1**?2*"])
def test_a_pattern_in_one_form_fits_the_same_texts(pattern: str) -> None:
    """Wildcards in a row say how many characters there are at least, in whatever order they were written."""
    expression = re.compile("".join({"?": ".", "*": ".*"}.get(one, one) for one in pattern))
    for length in range(5):
        for text in map("".join, product("12", repeat=length)):
            assert bool(expression.fullmatch(text)) == fits(collapsed(pattern).split("*"), text)
