"""The law as dated data: its figures hold, the moment decides which rule is asked, and what is doubtful stops the start."""

from collections.abc import Callable
from fractions import Fraction
from functools import partial
from pathlib import Path
from shutil import copytree

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import Misconfigured
from pipeline.law.abroad import MayTell, Treaty
from pipeline.law.book import FOREVER_MS, TABLES, kept_days, load_book, rule_at, the_book
from pipeline.law.kinds import KINDS, OrdinaryAccess, Retention, SectionLength, Tolerance
from pipeline.law.rule import Rule
from pipeline.neighbours.treaties import treaty_fault
from tests.builders import NOON_MS, book_of

RULES = list(the_book().rules())
TOLERANCES = [rule for rule in RULES if isinstance(rule, Tolerance)]
SPEEDS = st.fractions(min_value=0, max_value=300)


def tolerance_of(country: str) -> Tolerance:
    """The tolerance in force at noon."""
    rule = rule_at(Tolerance, country, NOON_MS)
    assert rule is not None
    return rule


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.kind} {rule.country} {rule.about}")
def test_every_rule_agrees_with_its_worked_examples(rule: Rule) -> None:
    """And none is without one; what was not read says so."""
    assert rule.wrong_vectors() == ()
    assert rule.vectors  # type: ignore[attr-defined]  # each kind has its own, the base class none
    assert rule.read == "V" or rule.note


def test_every_kind_of_rule_has_a_file_and_a_rule() -> None:
    """What is asked for is there."""
    assert {kind.kind for kind in KINDS} == {path.stem for path in TABLES.iterdir()} == {rule.kind for rule in RULES}


@pytest.mark.parametrize(
    ("country", "measured_kmh", "expected_kmh"),
    [
        ("BE", 93, 87), ("BE", 100, 94), ("BE", 101, 94), ("BE", 128, 120), ("BE", 129, 121), ("BE", 3, 0),
        ("NL", 86, 83), ("NL", 107, 103), ("NL", 127, 123), ("NL", 128, 124),
        ("FR", 99, 94), ("FR", 100, 95), ("FR", 140, 133), ("FR", 137, 130),
        ("DE", 100, 97), ("DE", 101, 97), ("DE", 134, 129),
    ],
)  # fmt: skip
def test_each_countrys_published_figures_hold(country: str, measured_kmh: int, expected_kmh: int) -> None:
    """On whole speeds."""
    assert expected_kmh == tolerance_of(country).corrected_kmh(Fraction(measured_kmh))


@pytest.mark.parametrize(("limit_kmh", "highest_passing_kmh"), [(80, 86), (100, 107), (120, 127), (130, 135)])
def test_the_highest_dutch_speed_that_passes(limit_kmh: int, highest_passing_kmh: int) -> None:
    """At least 4 km/h over for limits up to 120, after the correction; 1 above."""
    rule = tolerance_of("NL")
    passing, next_one = (rule.corrected_kmh(Fraction(highest_passing_kmh + more)) for more in (0, 1))
    assert (False, True) == (rule.is_violation(passing, limit_kmh), rule.is_violation(next_one, limit_kmh))


def test_a_fraction_below_the_next_whole_speed_counts_as_the_lower() -> None:
    """Rounded down before the percentage comes off: 128.99 is 128, and 120 is no violation."""
    assert 120 == tolerance_of("BE").corrected_kmh(Fraction("128.99"))


@pytest.mark.parametrize("rule", TOLERANCES, ids=lambda rule: str(rule.country))
@given(one=SPEEDS, other=SPEEDS)
def test_correction_is_monotone_and_never_adds(rule: Tolerance, one: Fraction, other: Fraction) -> None:
    """Driving faster never gives a lower corrected speed, and nobody is held to more than was measured."""
    low, high = sorted((one, other))
    assert rule.corrected_kmh(low) <= rule.corrected_kmh(high)
    assert 0 <= rule.corrected_kmh(low) <= low


def test_a_rule_in_words_names_country_and_figures() -> None:
    """It goes into the evidence."""
    assert "BE: measured speed rounded down to whole km/h, less 6 km/h up to 100 km/h" in tolerance_of("BE").in_words
    assert "from 4 km/h over limits up to 120 km/h" in tolerance_of("NL").in_words


def test_a_country_without_a_rule_has_none_and_so_has_the_time_before_it() -> None:
    """No rule, no section control."""
    first_ms = int(tolerance_of("BE").in_force_from.timestamp() * 1000)
    assert rule_at(Tolerance, "XX", NOON_MS) is None
    assert rule_at(Tolerance, "BE", first_ms - 1) is None
    assert rule_at(Tolerance, "BE", first_ms) is not None


def test_a_short_section_is_too_short_where_the_law_says_so() -> None:
    """Five hundred metres in the Netherlands."""
    rule = rule_at(SectionLength, "NL", NOON_MS)
    assert rule is not None
    assert (False, True) == (rule.long_enough(Fraction("499.99")), rule.long_enough(Fraction(500)))


def test_a_treaty_is_a_ground_only_for_whom_it_binds_and_while_it_is_in_force() -> None:
    """The day before its first it is none, though a policy may already rest on it."""
    treaty = rule_at(Treaty, "BE", NOON_MS, "tournai-2013")
    assert treaty is not None
    first_ms = int(treaty.in_force_from.timestamp() * 1000)
    of = partial(treaty_fault, treaty="tournai-2013", legal_basis="", home="BE")
    assert of("FR") is None
    assert of("FR", at_ms=first_ms) is None
    assert of("FR", at_ms=first_ms - 1) == "the Tournai agreement of 18 March 2013 was not in force then"
    assert of("NL", at_ms=first_ms) == "the Tournai agreement of 18 March 2013 binds BE and FR, not NL"


def test_reads_are_kept_as_long_as_they_may_be_used_and_no_longer() -> None:
    """A month in Belgium though a year would be lawful, four weeks in the Netherlands, and nothing is guessed elsewhere."""
    retention, access = rule_at(Retention, "BE", NOON_MS), rule_at(OrdinaryAccess, "BE", NOON_MS)
    assert retention is not None
    assert access is not None
    assert access.days < retention.days
    assert (access.days, 28, None) == tuple(kept_days(country, NOON_MS) for country in ("BE", "NL", "XX"))


@given(at_ms=st.integers(0, FOREVER_MS - 1), cut_ms=st.integers(1, FOREVER_MS - 1))
def test_exactly_one_of_two_rules_that_follow_each_other_holds(at_ms: int, cut_ms: int) -> None:
    """At the moment of change the new one."""
    old, new = tolerance_of("BE"), tolerance_of("FR")
    book = book_of((0, cut_ms, old), (cut_ms, FOREVER_MS, new))
    assert (new if at_ms >= cut_ms else old) is book.rule_at(Tolerance, "BE", at_ms)


def in_a_copy(folder: Path, file: str, change: Callable[[str], str]) -> Path:
    """The law with one file changed."""
    copytree(TABLES, folder / "tables")
    path = folder / "tables" / file
    path.write_text(change(path.read_text("utf-8")), "utf-8")
    return folder / "tables"


def again(text: str) -> str:
    """The Dutch table once more, under another name: in force while the first still is."""
    table = text[text.index("[nl-2012]") :].split("\n\n[")[0]
    return f"{text}\n{table.replace('[nl-2012]', '[nl-2020]').replace('from = 2012', 'from = 2020')}"


@pytest.mark.parametrize(
    ("file", "change", "named"),
    [
        ("tolerance.toml", lambda text: text.replace("corrected_kmh = 121", "corrected_kmh = 122"), "[be-2010]"),
        ("tolerance.toml", lambda text: text.replace("subtract_kmh = 5", "subtract_kmh = 4"), "[fr-2009]"),
        ("tolerance.toml", lambda text: text.replace("subtract_kmh = 6", "subtracts_kmh = 6"), "[be-2010]"),
        ("tolerance.toml", lambda text: text.replace('country = "LU"', 'country = "Luxembourg"'), "[lu-2016]"),
        ("tolerance.toml", again, "[nl-2020]"),
        ("section_length.toml", lambda text: text.replace("T00:00:00+02:00", "T00:00:00"), "[nl-2012]"),
        ("section_length.toml", lambda text: text.replace("note =", "# note ="), "[nl-2012]"),
        ("section_length.toml", lambda text: text.replace("least_m", "in_force_until = 2001-01-01T00:00:00Z\nleast_m"),
         "[nl-2012]"),
        ("section_length.toml", lambda text: text.replace("[nl-2012]", "[nl-2012"), "section_length.toml"),
        ("treaty.toml", lambda text: text.replace('binds = ["BE", "FR"]', 'binds = ["BE"]'), "[tournai-2013]"),
    ],
)  # fmt: skip
def test_what_is_unknown_or_ambiguous_stops_the_start(
    tmp_path: Path, file: str, change: Callable[[str], str], named: str
) -> None:
    """The message names file and table."""
    folder = in_a_copy(tmp_path, file, change)
    with pytest.raises(Misconfigured) as refused:
        load_book(folder)
    assert str(folder / file) in str(refused.value)
    assert named in str(refused.value)


def test_a_file_of_an_unknown_kind_stops_the_start(tmp_path: Path) -> None:
    """A misspelt name would be a law that nobody reads."""
    copytree(TABLES, tmp_path / "tables")
    (tmp_path / "tables" / "tolerances.toml").touch()
    with pytest.raises(Misconfigured, match=r"tolerances\.toml"):
        load_book(tmp_path / "tables")


def test_other_figures_have_another_version_and_other_words_have_not() -> None:
    """What a violation names stays the same while its figures do."""
    rule = tolerance_of("BE")
    assert rule.version == msgspec.structs.replace(rule, note="read again").version
    assert rule.version != msgspec.structs.replace(rule, subtract_kmh=5).version


def test_a_neighbour_is_told_nothing_that_the_law_does_not_name() -> None:
    """Nor anything at all where no rule is known, or before its day."""
    rule = rule_at(MayTell, "BE", NOON_MS)
    assert rule is not None
    assert {"owner", "occupants", "history", "pictures"}.isdisjoint(rule.tells)
    first_ms = int(rule.in_force_from.timestamp() * 1000)
    assert [None, None] == [rule_at(MayTell, "BE", first_ms - 1), rule_at(MayTell, "XX", NOON_MS)]
