"""Tolerances: the countries' vectors, and that a faster driver is never corrected to less."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.law.tolerances import RULES, corrected_kmh, rule_of

SPEEDS = st.fractions(min_value=0, max_value=300)


@pytest.mark.parametrize(
    ("country", "measured_kmh", "expected_kmh"),
    [
        ("BE", 93, 87), ("BE", 100, 94), ("BE", 101, 94), ("BE", 128, 120), ("BE", 129, 121), ("BE", 3, 0),
        ("NL", 86, 83), ("NL", 107, 103), ("NL", 127, 123), ("NL", 128, 124),
        ("FR", 99, 94), ("FR", 100, 95), ("FR", 140, 133), ("FR", 137, 130),
        ("DE", 100, 97), ("DE", 101, 97), ("DE", 134, 129),
    ],
)  # fmt: skip
def test_each_countrys_vectors_hold(country: str, measured_kmh: int, expected_kmh: int) -> None:
    """The published figures, on whole speeds."""
    assert expected_kmh == corrected_kmh(RULES[country], Fraction(measured_kmh))


@pytest.mark.parametrize(("limit_kmh", "highest_passing_kmh"), [(80, 86), (100, 107), (120, 127), (130, 135)])
def test_the_highest_dutch_speed_that_passes(limit_kmh: int, highest_passing_kmh: int) -> None:
    """At least 4 km/h over for limits up to 120, after the correction; 1 above."""
    rule = RULES["NL"]
    least = limit_kmh + rule.least_excess_kmh(limit_kmh)
    assert (
        corrected_kmh(rule, Fraction(highest_passing_kmh))
        < least
        <= corrected_kmh(rule, Fraction(highest_passing_kmh + 1))
    )


def test_a_fraction_below_the_next_whole_speed_counts_as_the_lower() -> None:
    """Rounded down before the percentage comes off: 128.99 is 128, and 120 is no violation."""
    assert 120 == corrected_kmh(RULES["BE"], Fraction("128.99"))


@pytest.mark.parametrize("country", sorted(RULES))
@given(one=SPEEDS, other=SPEEDS)
def test_correction_is_monotone_and_never_adds(country: str, one: Fraction, other: Fraction) -> None:
    """Driving faster never gives a lower corrected speed, and nobody is held to more than was measured."""
    rule = RULES[country]
    low, high = sorted((one, other))
    assert corrected_kmh(rule, low) <= corrected_kmh(rule, high)
    assert 0 <= corrected_kmh(rule, low) <= low


def test_a_country_without_a_rule_has_none() -> None:
    """No rule, no section control."""
    assert rule_of("XX") is None


def test_a_rule_in_words_names_country_and_figures() -> None:
    """It goes into the evidence."""
    assert "BE: measured speed rounded down to whole km/h, less 6 km/h up to 100 km/h" in RULES["BE"].in_words
    assert "from 4 km/h over limits up to 120 km/h" in RULES["NL"].in_words
