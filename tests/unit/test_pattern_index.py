"""Patterns: ? is one character, * any number."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.hotlist.pattern_index import PatternIndex, is_pattern

PATTERN = st.text(alphabet="AB1?*", min_size=1, max_size=6)
TEXT = st.text(alphabet="AB1", max_size=7)


@given(st.lists(PATTERN, max_size=8), TEXT)
def test_patterns_match_as_the_same_regular_expressions_do(patterns: list[str], text: str) -> None:
    """Whatever the shapes: the index is only a faster way of trying them all."""
    index = PatternIndex()
    for row, pattern in enumerate(patterns):
        index.add(pattern, row)
    expressions = [pattern.replace("?", ".").replace("*", ".*") for pattern in patterns]
    assert [row for row, one in enumerate(expressions) if re.fullmatch(one, text)] == sorted(index.rows(text))


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
