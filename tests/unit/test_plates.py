"""Plates: compact form, each country's series, what a text says about its country."""

import re
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import plates
from pipeline.errors import BadRecord
from pipeline.plates import COUNTRIES, CountryPlates, compact, countries_of
from pipeline.plates.grammar import Series, shape_of

GOOD = {
    "BE": ["1ABC234", "2XYZ999", "9ABC123", "MABC123", "ABC123", "123ABC", "BOBBY1"],
    "FR": ["AB123CD", "1234AB75", "12ABC2A", "WW123AB"],
    "NL": ["GBB01B", "12ABCD", "1ABC23", "AB1234", "X123YZ"],
    "DE": ["BAB1234", "HHXY12E", "MA1H", "KA123H"],
    "LU": ["AB1234", "12345", "1234"],
    "GB": ["AB51CDE", "A123BCD", "ABC123D", "ABZ1234", "ABC1"],
    "ES": ["1234BBC", "M1234AB"], "IT": ["AB123CD"], "PL": ["WA12345", "WPI1234", "PO123AC"], "PT": ["AA01BB", "12AB34"],
    "AT": ["W12345A", "GU123AB"], "CH": ["ZH123456"], "CZ": ["1AB2345", "1A12345"], "DK": ["AB12345"],
    "IE": ["131D12345", "06KY123"], "RO": ["CJ12ABC", "B123ABC"],
    "AL": ["AA367AM"], "BA": ["A12J345"], "BG": ["CB1234AB", "B1234AB"], "CY": ["KAP935"], "EE": ["494BCY", "356GC"],
    "FI": ["BZM184"], "GR": ["ZKA3085", "IKX123"], "HR": ["ZG1234AB", "RI338JL", "ZG016A"], "HU": ["KTK794", "AABC123"],
    "IS": ["YB416", "YBA16"], "LI": ["FL1834"], "LT": ["BVT107", "DM655"], "LV": ["LR9729", "GV6"], "MD": ["ABC123"],
    "ME": ["PGAB123"], "MK": ["SK1234AB"], "MT": ["JAM891"], "NO": ["SU63463"], "RS": ["BG123AB", "NS1234AB"],
    "SE": ["MLB060", "MLB06A", "SZR318T"], "SI": ["LJTS338", "LJ06NTL", "KR9316K"], "SK": ["BA388RU", "AA388RU"],
    "TR": ["34ABC12", "06SG635"], "UA": ["BH8452XX"],
}  # fmt: skip


@pytest.fixture(params=sorted(COUNTRIES))
def country(request: pytest.FixtureRequest) -> CountryPlates:
    """Each country's module in turn."""
    return COUNTRIES[request.param]


def test_the_registry_holds_every_country_module_and_no_other() -> None:
    """A module that is not registered, or a country registered twice, would vanish silently."""
    modules = [module for module in vars(plates).values() if isinstance(module, ModuleType)]
    here = {module.COUNTRY for module in modules if hasattr(module, "COUNTRY")}
    assert set(GOOD) == set(COUNTRIES) == here == set(plates.ON_THE_ROAD)


def test_good_plates_of_a_country_belong_to_a_series(country: CountryPlates) -> None:
    """Each country knows its own forms and says which series it is."""
    assert [] == [text for text in GOOD[country.COUNTRY] if not country.series_of(text)]


def test_display_only_adds_separators(country: CountryPlates) -> None:
    """What is shown, compacted again, is the plate."""
    for text in [*GOOD[country.COUNTRY], "X", "0000000", "ABCDEFGHIJKLMNOP"]:
        assert text == compact(country.display(text))


def test_every_series_can_be_counted_and_shares_make_at_most_a_whole(country: CountryPlates) -> None:
    """Sizes are positive and shares are a distribution, or countries could not be weighed."""
    assert all(series.size > 0 for series in country.GRAMMAR.series)
    assert sum(series.share for series in country.GRAMMAR.series) <= 1.0 + 1e-9


@given(st.text(alphabet="ABCXYZ0129", max_size=12))
def test_no_country_fails_on_any_text(text: str) -> None:
    """Any compact text gets an answer, never an error."""
    for country in COUNTRIES.values():
        country.series_of(text)
        country.display(text)


@given(st.sampled_from(["[A-C]{2}[0-9]", "A?[XYZ]{1,2}", "[1-3][A-B]{0,2}", "(?!AA)[AB]{2}"]))
def test_a_series_size_is_the_number_of_texts_it_matches(pattern: str) -> None:
    """Counted against trying all texts; look-aheads are left out of the count."""
    texts = [""]
    for _ in range(3):
        texts += {text + character for text in texts for character in "ABCXYZ0123456789"}
    plain = re.compile(pattern.replace("(?!AA)", ""))
    assert len({text for text in texts if plain.fullmatch(text)}) == Series("s", pattern, 1.0).size


@given(st.from_regex("[A-C]{0,4}[0-2]{0,5}[A-C]{0,3}[XZ0-9]{0,2}", fullmatch=True))
def test_a_grammar_for_a_shape_says_the_same_of_texts_of_that_shape(text: str) -> None:
    """What is left out could not have fitted, in any country."""
    for country in COUNTRIES.values():
        assert country.GRAMMAR.likelihood(text) == country.GRAMMAR.for_shape(shape_of(text)).likelihood(text)


def test_a_pattern_that_cannot_be_counted_is_refused() -> None:
    """Alternatives are two series, not one pattern."""
    with pytest.raises(ValueError, match="cannot count"):
        _ = Series("s", "A|B", 1.0).size


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("1-ABC-234", "1ABC234"),
        (" 1\u00a0abc\u2011234\u200b", "1ABC234"),
        ("1\u2013ABC\u2014234\u2212", "1ABC234"),
        ("\uff11ABC\uff12\uff13\uff14", "1ABC234"),
        ("B\u00dc-X 12", "BUX12"),
        ("\u0410\u0412 1234 \u0421", "AB1234C"),
        ("\u0399\u039a\u03a7 1234", "IKX1234"),
        ("\u0661\u0662", "12"),
        ("\u00df1", "SS1"),
        ("", ""),
        (" -- ", ""),
        ("\U0001f697 1ABC234 \u2605", "1ABC234"),
    ],
)
def test_compact_form_folds_what_is_latin_in_another_dress(written: str, expected: str) -> None:
    """Case, separators, dashes, accents, full width, look-alike scripts, invisible characters and symbols do not count."""
    assert expected == compact(written)


@pytest.mark.parametrize("written", ["\u4eac12345", "\u0416123", "1ABC\u05d0"])
def test_letters_without_a_latin_form_make_no_plate(written: str) -> None:
    """Dropping them would make another vehicle's plate, so the text is refused."""
    with pytest.raises(BadRecord, match="not_a_plate"):
        compact(written)


@given(st.text(max_size=20))
def test_compact_is_idempotent_and_gives_only_letters_and_digits(text: str) -> None:
    """Compact form of compact form is itself, for any text that has one."""
    try:
        once = compact(text)
    except BadRecord:
        return
    assert re.fullmatch("[A-Z0-9]*", once)
    assert once == compact(once)


def test_a_luxembourg_form_is_dutch_too_with_less_probability() -> None:
    """The text alone cannot tell them apart, so both are offered."""
    found = dict(countries_of("AB1234"))
    assert found["LU"] > found["NL"] > 0.0


def test_personalised_plates_stay_possible_belgian_plates() -> None:
    """No short text is ruled out for Belgium: that once hid over 7,000 plates."""
    assert "BE" in dict(countries_of("BOBBY"))


@given(st.text(alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", max_size=16))
def test_country_probabilities_are_sorted_and_leave_room_for_others(text: str) -> None:
    """Likeliest first, and never more than certain in sum."""
    probabilities = [probability for _, probability in countries_of(text)]
    assert probabilities == sorted(probabilities, reverse=True)
    assert sum(probabilities) < 1.0 + 1e-9
