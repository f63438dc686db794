"""Which texts that differ in O for 0 or I for 1 a vehicle may carry, and how much of the road a pattern matches."""

import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.plates.grammar import Series
from pipeline.plates.selectivity import share_of_series
from pipeline.plates.twins import issued_twins, twins


@given(st.text("0O1IAB7", min_size=1, max_size=6))
def test_twins_look_alike_differ_and_are_each_others_twins(text: str) -> None:
    """A text is never its own twin."""
    for twin in twins(text):
        assert twin != text
        assert twin.translate(str.maketrans("OI", "01")) == text.translate(str.maketrans("OI", "01"))
        assert text in set(twins(twin))


@pytest.mark.parametrize(
    ("text", "country", "issued"),
    [
        ("1ABC234", None, frozenset()),  # no country has a series of IABC234 that compares
        ("1AOC555", "BE", frozenset()),
        ("BOB77", "BE", frozenset({"B0B77"})),  # both may be chosen
        ("FZ418QT", "FR", frozenset()),  # France uses neither O nor I
        ("HHI10", "DE", frozenset({"HH110"})),  # HH-I 10 and H-H 110
        ("QQ00QQ00QQ", None, None),  # of no known form: nothing speaks against any
        ("O0O0O0O0O0", None, None),
    ],
)
def test_what_may_be_issued_depends_on_the_countrys_series(
    text: str, country: str | None, issued: frozenset[str] | None
) -> None:
    """A text without O, 0, I and 1 has no twin; a personalised one nearly always has."""
    assert issued == issued_twins(text, country)


SMALL = Series("small", "[A-C][0-2]{1,2}X?[1A]", 1.0)


@given(st.text("ABX012?*", min_size=1, max_size=5))
def test_the_share_of_a_series_is_what_counting_its_texts_gives(pattern: str) -> None:
    """Against a regular expression over all texts of a small series."""
    texts = [
        "".join(parts) + digits + cross + end
        for parts in product("ABC")
        for count in (1, 2)
        for digits in map("".join, product("012", repeat=count))
        for cross in ("", "X")
        for end in "1A"
    ]
    expression = re.compile(pattern.replace("?", ".").replace("*", ".*"))
    fitting = sum(1 for text in texts if expression.fullmatch(text))
    assert fitting / len(texts) == pytest.approx(share_of_series(pattern, SMALL))
