"""Which entries may be taken."""

from itertools import product
from pathlib import Path

import msgspec
import pytest

from pipeline.hotlist.entries import (
    MOST_PATTERNS_US,
    PatternsGiven,
    covert_mark,
    fault_of_entry,
    fault_of_exclusions_name,
    fault_of_name,
    told_of_name,
    told_of_pattern,
)
from pipeline.hotlist.pattern_filter import PatternFilter
from pipeline.hotlist.pattern_needs import PatternsCost
from pipeline.plates.countries import country_fault
from pipeline.state.collections import HOTLIST
from pipeline.tables.files import TABLES, check_file
from tests.builders import make_entry, make_exclusion


def test_an_urgent_pattern_that_half_the_road_fits_is_refused() -> None:
    """With what it matches and what to do about it; as high it may be taken."""
    field, why = fault_of_entry(make_entry("*1*2")) or ("", "")
    assert "plate" == field
    assert "one plate in" in why
    assert "priority high" in why
    assert fault_of_entry(make_entry("*1*2", priority="high")) is None


def test_what_is_covert_is_named_by_its_owners_mark_and_nothing_else_is() -> None:
    """Entries, and exclusions about them; what is wrong says how such an id begins, and one that can be guessed is told."""
    mark, other = covert_mark("SIRENE"), covert_mark("zone 5341")
    assert mark != other
    good = [("E-1", False), (f"{mark}1", True), ("E-1", True)]
    bad = [(f"{other}1", True), (mark[:-1], True), (f"{mark}1", False), ("covert-1", False)]
    told = [fault_of_name(make_entry("1ABC234", name, owner="SIRENE", covert=covert)) for name, covert in good + bad]
    assert [None, None, None] == told[:3]
    assert all(one is not None and one[0] == "entry_id" for one in told[3:])
    assert mark in str(told[3])
    guessed = [told_of_name(make_entry("1ABC234", name, owner="SIRENE", covert=covert)) for name, covert in good]
    assert [False, False, True] == [mark in (one or "") for one in guessed]
    about = [
        (f"{mark}x", f"{mark}1"),
        ("X-1", "E-1"),
        ("X-1", f"{mark}1"),
        (f"{other}x", f"{mark}1"),
        (f"{mark}x", "E-1"),
    ]
    found = [fault_of_exclusions_name(make_exclusion(exclusion_id=name, entry_id=entry)) for name, entry in about]
    assert [True, True, False, False, False] == [one is None for one in found]


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


@pytest.mark.parametrize("name", ["copied_plates", "copied_plates:20787", "watch:W-1"])
def test_ids_of_the_platforms_own_entries_are_refused_in_a_file(tmp_path: Path, name: str) -> None:
    """Hits of such an entry would be taken for those of a copied plate, or of a request to watch."""
    path, row = tmp_path / "list.csv", make_entry("1ABC234", "E-1")
    path.write_text(
        "entry_id,plate,hotlist,category,owner,legal_basis\n"
        f"{name},1ABC234,{row.hotlist},{row.category},{row.owner},{row.legal_basis}\n"
        f"E-1,1ABC235,{row.hotlist},{row.category},{row.owner},{row.legal_basis}\n"
    )
    with check_file(path, TABLES["hotlist"]) as checked:
        assert (1, 1) == (checked.good, checked.bad)
        assert name in checked.refused[0].reason
        assert "choose" in checked.refused[0].reason


def test_no_message_is_an_entry_of_copied_plates() -> None:
    """Wherever it comes in; an id that only begins with the same letters is anybody's."""
    sent = msgspec.json.encode(make_entry(entry_id="E-1"))
    for name in ("copied_plates", "copied_plates:20787"):
        with pytest.raises(msgspec.ValidationError, match=f"{name} is that of copied plates"):
            HOTLIST.decode(sent.replace(b"E-1", name.encode()))
    assert "copied_plates-2" == HOTLIST.decode(sent.replace(b"E-1", b"copied_plates-2")).entry_id


CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@pytest.mark.parametrize("form", ["*1*{}{}{}", "*{}{}{}*1", "1*2*{}{}{}", "*{}*{}?{}"])
def test_of_several_pieces_the_one_that_few_texts_have_is_asked_for(form: str) -> None:
    """Ten thousand patterns made to be dear: of a hundred texts that have a 1, few patterns are tried."""
    names = PatternFilter()
    for letters in list(product(CHARACTERS, repeat=3))[:10_000]:
        names.add(form.format(*letters))
    texts = [f"1{letter}BC{digit:03}"[:7] for letter in "ABCDEFGHIJ" for digit in range(100, 1_000, 90)]
    assert len(names.candidates(texts)) < 40 * len(texts)


def test_what_patterns_cost_together_is_bounded() -> None:
    """Ten thousand ordinary ones are taken; of ten thousand that each third read has to be tried with, the rest is refused."""
    ordinary, dear = PatternsGiven(), PatternsGiven()
    for number in range(0, 10_000, 5):
        plate = f"1ABC{number:04}"
        for given in (
            f"{plate[:3]}?{plate[4:]}",
            f"{plate[:6]}*",
            f"*{plate[2:]}",
            f"*{plate[3:7]}*",
            f"1A*{plate[5:]}",
        ):
            assert ordinary.fault_with(given) is None
    refused = [dear.fault_with(f"{a}*{b}*{c}") for a, b, c in list(product(CHARACTERS, repeat=3))[:5_000]]
    assert refused[0] is None
    assert "name more characters" in (refused[-1] or "")
    assert dear.fault_with("1ABC234") is None


def test_a_pattern_that_must_be_tried_is_told_dearer_than_its_places() -> None:
    """A trial takes a hundred times as long as a look."""
    cheap, dear = PatternsCost(), PatternsCost()
    cheap.add("*1A2B*")
    dear.add("*1*2")
    assert cheap.us < dear.us < MOST_PATTERNS_US


def test_a_file_of_dear_patterns_is_taken_up_to_the_bound(tmp_path: Path) -> None:
    """Wherever a file comes in, from the command line or the desks."""
    path = tmp_path / "list.jsonl"
    plates = [f"{a}*{b}*{c}" for a, b, c in list(product(CHARACTERS, repeat=3))[:9_000]]
    entries = [make_entry(plate, f"E-{number}", priority="high") for number, plate in enumerate(plates)]
    path.write_bytes(b"\n".join(map(msgspec.json.encode, entries)))
    with check_file(path, TABLES["hotlist"]) as checked:
        assert checked.good > 100
        assert checked.good + checked.bad == len(plates)
        assert checked.bad > 100
        assert "plate" == checked.refused[0].column
        assert "leave some out" in checked.refused[0].reason
