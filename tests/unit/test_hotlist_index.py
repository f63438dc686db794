"""The hotlist index: kept as bytes, changed entry by entry, found by likeness, edit and pattern."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.hotlist import packed_entries
from pipeline.hotlist.edits import is_one_edit
from pipeline.hotlist.index import Hotlist, Looked
from pipeline.plates.confusable import skeleton
from pipeline.plates.twins import one_form
from pipeline.reads.versions import KEPT_MS, Changed, Version, Versions, since_ever
from schemas.reference import HotlistEntry
from tests.builders import hotlist_of, make_entry

PLATE = st.text(alphabet="ABO01", min_size=1, max_size=5)
RICH = make_entry(
    "2XYZ999", "e-rich", country="FR", valid_from_ms=5, valid_until_ms=9, zones=("Z1",), cameras=("C1",), make="Audi",
    colour="red", share_with=("NL", "DE"), covert=True, near=True, case_reference="case 7", priority="low",
)  # fmt: skip


def alike(hotlist: Hotlist, text: str) -> list[HotlistEntry]:
    """The entries whose plate is the text, or may be confused with it."""
    return list(hotlist.look_up([text]).get(0, Looked()).alike)


def near(hotlist: Hotlist, text: str) -> list[HotlistEntry]:
    """The entries that are one edit away and ask for it."""
    return list(hotlist.look_up([text]).get(0, Looked()).near)


def plates_of(entries: list[HotlistEntry]) -> list[str]:
    """The plates of the entries, sorted."""
    return sorted(entry.plate for entry in entries)


def test_an_entry_comes_back_as_it_went_in() -> None:
    """Every field survives being kept as bytes, alone and beside others."""
    plain = make_entry()
    hotlist = hotlist_of(plain, RICH)
    assert [RICH] == alike(hotlist, "2XYZ999")
    assert plain == hotlist.get("e-1ABC234")
    assert hotlist.get("nobody") is None


def test_entries_that_have_nothing_in_common_come_back_too() -> None:
    """Beyond the number of common sets that is kept apart, entries are kept whole."""
    entries = [make_entry(f"A{n}", owner=f"owner {n}") for n in range(packed_entries.MOST_COMMONS + 5)]
    hotlist = Hotlist(entries)
    assert entries == [hotlist.get(entry.entry_id) for entry in entries]
    hotlist.take([Changed(entry.entry_id, ()) for entry in entries])
    assert 0 == len(hotlist)


def test_entries_that_may_be_confused_are_found_with_the_exact_ones() -> None:
    """One look-up gives both; the caller tells them apart."""
    hotlist = hotlist_of("1ABC234", "IA8C234", "1ABC235")
    assert ["1ABC234", "IA8C234"] == plates_of(alike(hotlist, "1ABC234"))


def test_an_entry_is_found_one_edit_away_only_if_it_asks_for_it() -> None:
    """near=False entries never match near."""
    hotlist = hotlist_of(make_entry("1ABC234", near=True), "1ABC235")
    assert ["1ABC234"] == plates_of(near(hotlist, "1ABC23"))
    assert ["1ABC234"] == plates_of(near(hotlist, "11ABC234"))
    assert ["1ABC234"] == plates_of(near(hotlist, "1ABX234"))
    assert [] == near(hotlist, "1ABC234")
    assert [] == near(hotlist, "1AXX234")


def test_a_changed_entry_replaces_the_old_one() -> None:
    """Under its new plate it is valid from then on, under the old one until then."""
    hotlist = hotlist_of(make_entry("1ABC234", "e-1", near=True))
    hotlist.take([Changed("e-1", (Version(make_entry("2XYZ999", "e-1", near=True), 100, 100),))])
    (old,), (new,) = alike(hotlist, "1ABC234"), alike(hotlist, "2XYZ999")
    assert (0, 100) == (old.valid_from_ms, old.valid_until_ms)
    assert 100 == new.valid_from_ms
    assert [100] == [entry.valid_until_ms for entry in near(hotlist, "1ABC23")]
    assert ["1ABC234", "2XYZ999"] == [one.plate for one in (hotlist.get("e-1", 99), hotlist.get("e-1")) if one]


def test_a_reset_forgets_everything_before_the_new_entries() -> None:
    """A full reload leaves nothing old behind."""
    hotlist = hotlist_of("1ABC234", "9?*")
    hotlist.take([since_ever("e-2XYZ999", make_entry("2XYZ999"))], reset=True)
    assert ([], ["2XYZ999"]) == (alike(hotlist, "1ABC234"), plates_of(alike(hotlist, "2XYZ999")))
    assert {} == hotlist.look_up(["9AB"])


def test_what_held_too_long_ago_for_any_read_goes() -> None:
    """A list that changes daily does not grow for ever."""
    hotlist = hotlist_of(make_entry("1ABC234", "e-1"), make_entry("1ABC235", "e-2"))
    hotlist.take([Changed("e-1", (Version(make_entry("2XYZ999", "e-1"), 100, 100),))])
    hotlist.take([Changed("e-2", (Version(None, 200, 200),))])
    hotlist.take([Changed("e-3", (Version(make_entry("1XXX111", "e-3"), 2 * KEPT_MS, 2 * KEPT_MS),))])
    assert ([], []) == (alike(hotlist, "1ABC234"), alike(hotlist, "1ABC235"))
    assert [100] == [entry.valid_from_ms for entry in alike(hotlist, "2XYZ999")]
    assert 2 == len(hotlist)


def test_entries_imported_again_after_a_loss_are_there_once() -> None:
    """What a worker remembers and what arrived again say the same: nothing is held twice."""
    hotlist = hotlist_of(*(make_entry(f"1ABC{number}") for number in range(100, 200)))
    again = [make_entry(f"1ABC{number}") for number in range(100, 200)]
    hotlist.take([Changed(entry.entry_id, (Version(entry, 500, 500),)) for entry in again])
    assert 100 == len(hotlist)
    assert [0] == [entry.valid_from_ms for entry in alike(hotlist, "1ABC150")]


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 4), PLATE, st.booleans(), st.booleans()), max_size=40), PLATE, st.integers(0, 41)
)
def test_the_index_finds_what_looking_at_every_entry_finds(
    steps: list[tuple[int, str, bool, bool]], text: str, at_ms: int
) -> None:
    """After any history of puts and removes, at any moment, against the plain definition of alike and near."""
    hotlist, plain = Hotlist(), Versions[HotlistEntry]()
    for now_ms, (number, plate, asks_near, removing) in enumerate(steps):
        entry = None if removing else make_entry(plate, f"e{number}", near=asks_near)
        changed = [Changed(f"e{number}", (Version(entry, now_ms, now_ms),))]
        hotlist.take(changed)
        plain.take(changed)
    held = plain.as_of(at_ms)
    look_alikes = {name for name, entry in held.items() if skeleton(entry.plate) == skeleton(text)}
    asking = {name: one_form(entry.plate) for name, entry in held.items() if entry.near}
    near_by = {name for name, plate in asking.items() if is_one_edit(one_form(text), plate)}
    assert look_alikes == {entry.entry_id for entry in alike(hotlist, text) if valid(entry, at_ms)}
    assert near_by == {entry.entry_id for entry in near(hotlist, text) if valid(entry, at_ms)}
    assert [held.get(f"e{number}") for number in range(5)] == [hotlist.get(f"e{number}", at_ms) for number in range(5)]


def valid(entry: HotlistEntry, at_ms: int) -> bool:
    """Whether the entry as found counts then."""
    return entry.valid_from_ms <= at_ms < entry.valid_until_ms


@given(PLATE, st.integers(0, 5), st.sampled_from("ABO01"))
def test_one_edit_is_symmetric_and_sees_every_insertion(text: str, at: int, character: str) -> None:
    """Wherever a character is put in."""
    longer = text[:at] + character + text[at:]
    assert is_one_edit(text, longer)
    assert is_one_edit(longer, text)
    assert not is_one_edit(text, text)
