"""Objects and lists as programs in Python write them."""

import ast
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.gateway.literals import value_of

TEXTS = st.text(st.characters(codec="utf-8"), max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=40)
@given(
    st.lists(VALUES, max_size=3)
    | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=4), VALUES, max_size=3)
)
def test_what_python_or_json_writes_is_read_as_it_was(value: list[object] | dict[str, object]) -> None:
    """Whatever quotation marks, escapes and letters are in it."""
    assert value == value_of(repr(value)) == ast.literal_eval(repr(value))
    assert value == value_of(json.dumps(value))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "'a'",
        "[1",
        "{'a'}",
        "[__import__('os')]",
        "['a' 'b']",
        r"['\q']",
        r"['\N{DASH}']",
        "['\n']",
        "[1,]",
        "(1)",
    ],
)
def test_anything_else_is_no_value(text: str) -> None:
    """No expression is computed, and nothing is guessed."""
    with pytest.raises(ValueError):  # noqa: PT011 (it has no text)
        value_of(text)
