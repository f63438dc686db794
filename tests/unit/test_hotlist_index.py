"""The hotlist index: kept as bytes, changed entry by entry, found by likeness, edit and pattern."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.hotlist import index as hotlist_index
from pipeline.hotlist.index import Hotlist, is_one_edit
from pipeline.plates.confusable import skeleton
from schemas.reference import HotlistEntry
from tests.builders import hotlist_of, make_entry

PLATE = st.text(alphabet="ABO01", min_size=1, max_size=5)
RICH = make_entry(
    "2XYZ999", "e-rich", country="FR", valid_from_ms=5, valid_until_ms=9, zones=("Z1",), cameras=("C1",), make="Audi",
    colour="red", share_with=("NL", "DE"), covert=True, near=True, case_reference="case 7", priority="low",
)  # fmt: skip


def plates_of(entries: list[HotlistEntry]) -> list[str]:
    """The plates of the entries, sorted."""
    return sorted(entry.plate for entry in entries)


def test_an_entry_comes_back_as_it_went_in() -> None:
    """Every field survives being kept as bytes, alone and beside others."""
    plain = make_entry()
    hotlist = hotlist_of(plain, RICH)
    assert [RICH] == hotlist.alike("2XYZ999")
    assert plain == hotlist.get("e-1ABC234")
    assert hotlist.get("nobody") is None


def test_entries_that_have_nothing_in_common_come_back_too() -> None:
    """Beyond the number of common sets that is kept apart, entries are kept whole."""
    entries = [make_entry(f"A{n}", owner=f"owner {n}") for n in range(hotlist_index.MOST_COMMONS + 5)]
    hotlist = Hotlist(entries)
    assert entries == [hotlist.get(entry.entry_id) for entry in entries]
    hotlist.apply([], [entry.entry_id for entry in entries])
    assert 0 == len(hotlist)


def test_entries_that_may_be_confused_are_found_with_the_exact_ones() -> None:
    """One look-up gives both; the caller tells them apart."""
    hotlist = hotlist_of("1ABC234", "IA8C234", "1ABC235")
    assert ["1ABC234", "IA8C234"] == plates_of(hotlist.alike("1ABC234"))


def test_an_entry_is_found_one_edit_away_only_if_it_asks_for_it() -> None:
    """near=False entries never match near."""
    hotlist = hotlist_of(make_entry("1ABC234", near=True), "1ABC235")
    assert ["1ABC234"] == plates_of(hotlist.near("1ABC23"))
    assert ["1ABC234"] == plates_of(hotlist.near("11ABC234"))
    assert ["1ABC234"] == plates_of(hotlist.near("1ABX234"))
    assert [] == hotlist.near("1ABC234")
    assert [] == hotlist.near("1AXX234")


def test_a_changed_entry_replaces_the_old_one() -> None:
    """Under its new plate it is found, under the old one no more."""
    hotlist = hotlist_of(make_entry("1ABC234", "e-1", near=True))
    hotlist.apply([make_entry("2XYZ999", "e-1", near=True)])
    assert 1 == len(hotlist)
    assert ([], []) == (hotlist.alike("1ABC234"), hotlist.near("1ABC23"))
    assert ["2XYZ999"] == plates_of(hotlist.alike("2XYZ999"))


def test_a_reset_forgets_everything_before_the_new_entries() -> None:
    """A full reload leaves nothing old behind."""
    hotlist = hotlist_of("1ABC234", "9?*")
    hotlist.apply([make_entry("2XYZ999")], reset=True)
    assert ([], ["2XYZ999"]) == (hotlist.alike("1ABC234"), plates_of(hotlist.alike("2XYZ999")))
    assert [] == hotlist.patterns("9AB")


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 6), PLATE, st.booleans(), st.booleans()), max_size=40), PLATE)
def test_the_index_finds_what_looking_at_every_entry_finds(steps: list[tuple[int, str, bool, bool]], text: str) -> None:
    """After any history of puts and removes, against the plain definition of alike and near."""
    hotlist, plain = Hotlist(), dict[str, HotlistEntry]()
    for number, plate, near, removing in steps:
        if removing:
            hotlist.apply([], [f"e{number}"])
            plain.pop(f"e{number}", None)
        else:
            entry = make_entry(plate, f"e{number}", near=near)
            hotlist.apply([entry])
            plain[entry.entry_id] = entry
    alike = {name for name, entry in plain.items() if skeleton(entry.plate) == skeleton(text)}
    near_by = {name for name, entry in plain.items() if entry.near and is_one_edit(text, entry.plate)}
    assert alike == {entry.entry_id for entry in hotlist.alike(text)}
    assert near_by == {entry.entry_id for entry in hotlist.near(text)}
    assert len(plain) == len(hotlist)


@given(PLATE, st.integers(0, 5), st.sampled_from("ABO01"))
def test_one_edit_is_symmetric_and_sees_every_insertion(text: str, at: int, character: str) -> None:
    """Wherever a character is put in."""
    longer = text[:at] + character + text[at:]
    assert is_one_edit(text, longer)
    assert is_one_edit(longer, text)
    assert not is_one_edit(text, text)
