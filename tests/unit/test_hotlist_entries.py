"""Which entries may be taken."""

import msgspec
import pytest

from pipeline.hotlist.entries import fault_of_entry, told_of_pattern
from pipeline.plates.countries import country_fault
from pipeline.state.collections import HOTLIST
from tests.builders import make_entry


def test_an_urgent_pattern_that_half_the_road_fits_is_refused() -> None:
    """With what it matches and what to do about it; as high it may be taken."""
    field, why = fault_of_entry(make_entry("*1*2")) or ("", "")
    assert "plate" == field
    assert "one plate in" in why
    assert "priority high" in why
    assert fault_of_entry(make_entry("*1*2", priority="high")) is None


@pytest.mark.parametrize("plate", ["*1*2*", "*" * 14 + "AB", "1*?*2*3"])
def test_a_pattern_has_two_stars_at_most(plate: str) -> None:
    """Wherever an entry comes in: the schema itself says so."""
    sent = msgspec.json.encode(make_entry(plate))
    with pytest.raises(msgspec.ValidationError, match="plate"):
        HOTLIST.decode(sent)


def test_a_pattern_of_two_stars_is_taken() -> None:
    """At its ends, in its middle, beside question marks."""
    for plate in ("*1A*", "**1A", "1*?A*", "?1*A?"):
        assert plate == HOTLIST.decode(msgspec.json.encode(make_entry(plate))).plate


def test_an_urgent_pattern_that_few_fit_is_taken() -> None:
    """Five known characters of seven."""
    assert fault_of_entry(make_entry("2XY?99?")) is None
    assert "one plate in" in (told_of_pattern(make_entry("2XY?99?")) or "")
    assert told_of_pattern(make_entry("2XYA999")) is None


@pytest.mark.parametrize(("code", "cure"), [("UK", "write GB"), ("EL", "write GR"), ("XX", "no ISO 3166-1")])
def test_a_code_that_is_no_country_is_refused_with_its_cure(code: str, cure: str) -> None:
    """A hit for a country that does not exist would go nowhere, quietly."""
    for fields in ({"share_with": (code,)}, {"country": code}):
        assert cure in (fault_of_entry(make_entry(**fields)) or ("", ""))[1]


def test_countries_that_exist_are_countries() -> None:
    """Kosovo by the code that the European Union uses."""
    assert [None] * 4 == [country_fault(code) for code in ("GB", "GR", "BE", "XK")]
