"""Innocent vehicles that keep looking like wanted ones, and what an exclusion never does."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.hotlist.exclusions import Exclusions
from pipeline.hotlist.matching import Hit, Hotlist, alert_of, match_read
from pipeline.hotlist.quieting import QUIET_MS, quieted
from pipeline.hotlist.withdrawals import as_of_arrival, taken_back
from pipeline.reads.versions import Changed, Version, since_ever
from schemas.outcomes import Alert
from schemas.reads import PlateRead
from schemas.requests import Exclusion
from tests.builders import NOON_MS, make_camera, make_entry, make_exclusion, make_read
from tests.incidents import AN, action, after, begun, first_alert

ENTRY = make_entry("1AOC555", entry_id="T-1", list_id="STOLEN", country="BE")
CAMERAS = {"E40-1": make_camera()}


def hit_of(read: PlateRead) -> Hit:
    """The read's hit on the wanted plate."""
    (hit,) = match_read(read, Hotlist((ENTRY,)), CAMERAS, {})
    return hit


def exclusions_of(*some: Exclusion) -> Exclusions:
    """These, which have held since ever."""
    made = Exclusions()
    made.take([since_ever(one.exclusion_id, one) for one in some])
    return made


def alert_with(exclusions: Exclusions, read: PlateRead) -> Alert:
    """The alert of the read, as the agent makes it."""
    return alert_of(exclusions.applied(hit_of(read), read), read, CAMERAS["E40-1"], decided_at_ms=read.captured_at_ms)


def test_an_excluded_vehicle_rings_nowhere_and_its_alert_says_why() -> None:
    """By the entry that it looks like, or by its list; the alert stays."""
    read = make_read("1ADC555")
    for one in (make_exclusion(), make_exclusion(list_id="STOLEN")):
        alert = alert_with(exclusions_of(one), read)
        assert (False, True, one.exclusion_id, True) == (alert.rings, alert.silent, alert.excluded, alert.confirm)
        assert alert.notes[-1].endswith("its owner was stopped")


@pytest.mark.parametrize(
    "other",
    [make_exclusion("1A0C555"), make_exclusion(entry_id="T-2"), make_exclusion(list_id="SIS"), make_exclusion(country="NL"),
     make_exclusion(cameras=("E40-2",)), make_exclusion(valid_until_ms=NOON_MS), make_exclusion(valid_from_ms=NOON_MS + 1)],
)  # fmt: skip
def test_an_exclusion_covers_its_own_vehicle_entry_and_time_alone(other: Exclusion) -> None:
    """Another plate, entry, list or country, or another time: the alert rings."""
    read = make_read("1ADC555", captured_at_ms=NOON_MS, country="BE", country_confidence=0.99)
    alert = alert_with(exclusions_of(other), read)
    assert (True, None) == (alert.rings, alert.excluded)


def test_a_read_of_the_wanted_text_is_never_excluded() -> None:
    """Whoever excludes the wanted plate hides nothing."""
    read = make_read("1AOC555", captured_at_ms=NOON_MS)
    alert = alert_with(exclusions_of(make_exclusion("1AOC555"), make_exclusion("1AOC555", list_id="STOLEN")), read)
    assert ("exact", True, None) == (alert.match, alert.rings, alert.excluded)


@pytest.mark.parametrize(("offered", "excluded"), [(0.08, True), (0.29, True), (0.31, False), (0.4, False)])
def test_what_may_well_be_the_wanted_text_is_never_excluded(offered: float, excluded: bool) -> None:
    """A misread of the wanted vehicle gives its text nearly as much as the other one's."""
    read = make_read("1ADC555", confidence=0.9, alternatives={"1AOC555": offered}, captured_at_ms=NOON_MS)
    assert excluded == (alert_with(exclusions_of(make_exclusion()), read).excluded is not None)


def test_a_text_that_no_reader_tells_from_the_wanted_one_is_never_excluded() -> None:
    """O and 0 count as one: whoever excludes the one would hide the other."""
    read = make_read("1A0C555", captured_at_ms=NOON_MS)
    assert alert_with(exclusions_of(make_exclusion("1A0C555")), read).excluded is None


def test_it_holds_from_the_moment_that_it_names_also_when_it_came_later() -> None:
    """It may only help the person concerned; once removed, it excludes nothing."""
    one, read = make_exclusion(), make_read("1ADC555", captured_at_ms=NOON_MS)
    made = Exclusions()
    made.take([Changed(one.exclusion_id, (Version(one, NOON_MS - 1, NOON_MS + 60_000),))])
    assert one.exclusion_id == made.applied(hit_of(read), read).excluded
    made.take([Changed(one.exclusion_id, (Version(None, NOON_MS + 70_000, NOON_MS + 70_000),))])
    later = make_read("1ADC555", captured_at_ms=NOON_MS + 80_000)
    assert made.applied(hit_of(later), later).excluded is None
    made.take([], reset=True)
    assert made.applied(hit_of(read), read).excluded is None


def test_an_excluded_alert_is_no_other_one_when_its_entry_changes() -> None:
    """Neither corrected nor withdrawn for the exclusion's sake, whichever holds by then."""
    alert = alert_with(exclusions_of(make_exclusion()), make_read("1ADC555", captured_at_ms=NOON_MS))
    longer = msgspec.structs.replace(ENTRY, valid_until_ms=NOON_MS + 10**9)
    assert taken_back(alert, longer, CAMERAS, {}, NOON_MS + 1_000) is None
    robbery = taken_back(alert, msgspec.structs.replace(ENTRY, category="robbery"), CAMERAS, {}, NOON_MS + 1_000)
    assert robbery is not None
    assert robbery.instead is not None
    assert (True, alert.excluded) == (robbery.instead.silent, robbery.instead.excluded)


@given(
    st.sampled_from(("1ADC555", "1AOC555", "1A0C555", "1AQC555")),
    st.lists(st.sampled_from(("1ADC555", "1AOC555", "1A0C555"))),
)
def test_no_exclusions_change_what_a_hit_says_of_the_vehicle(plate: str, excluded: list[str]) -> None:
    """Only whether it rings, and one note."""
    read = make_read(plate, captured_at_ms=NOON_MS)
    plain, found = hit_of(read), exclusions_of(*map(make_exclusion, excluded)).applied(hit_of(read), read)
    assert plain == msgspec.structs.replace(found, excluded=None, notes=found.notes[: len(plain.notes)])
    assert (found.excluded is not None) == (plate not in ("1AOC555", "1A0C555") and plate in excluded)


def test_a_misread_excludes_its_text_at_its_camera_for_a_while_until_it_is_undone() -> None:
    """Never of an exact read, nor where the person says that it is the wanted plate."""
    state = after(begun(first := first_alert()), ("misread", AN))
    (one,) = quieted(state).values()
    assert one is not None
    assert ("1ADC555", first.entry_id, ("E40-1",), AN) == (one.plate, one.entry_id, one.cameras, one.owner)
    assert QUIET_MS == one.valid_until_ms - one.valid_from_ms
    assert [None] == list(quieted(after(state, ("undo", AN))).values())
    exact = begun(first_alert(plate="1AOC555", match="exact"))
    assert {} == quieted(after(exact, ("misread", AN))) == quieted(None)
    wanted = action(begun(first), "misread", plate="1AOC555")
    assert {} == quieted(after(begun(first), wanted))


def test_an_exclusion_names_what_it_is_about() -> None:
    """One entry or one list, a reason, an owner and an end."""
    with pytest.raises(ValueError, match="one of them"):
        make_exclusion(entry_id=None)
    with pytest.raises(ValueError, match="one of them"):
        make_exclusion(list_id="STOLEN", entry_id="T-1")
    with pytest.raises(ValueError, match="reason"):
        make_exclusion(reason=" ")
    with pytest.raises(ValueError, match="valid_until_ms"):
        make_exclusion(valid_until_ms=0)


def test_a_misread_never_quiets_a_text_that_fits_a_wanted_pattern_as_it_was_read() -> None:
    """What is read so may be what is wanted."""
    alert = first_alert(match="pattern")
    state = begun(alert)
    assert {} == quieted(after(state, action(state, "misread", plate="1A8C555", alert_id=alert.alert_id)))


@pytest.mark.parametrize("plate", ["1ADC555", "1AD*"])
def test_a_read_of_what_is_wanted_after_a_correction_is_excluded_no_more(plate: str) -> None:
    """The entry had a typing error, and the excluded text is the wanted one, or fits it: it rings."""
    alert = alert_with(exclusions_of(make_exclusion()), make_read("1ADC555", captured_at_ms=NOON_MS))
    assert alert.excluded is not None
    right = msgspec.structs.replace(ENTRY, plate=plate)
    back = taken_back(alert, right, CAMERAS, {}, NOON_MS + 1_000)
    told = as_of_arrival(alert, right, CAMERAS, {}, NOON_MS + 400)
    assert back is not None
    assert told is not None
    for one in (back.instead, told):
        assert one is not None
        assert (None, False) == (one.excluded, one.silent)
    assert (True, []) == (told.rings, [note for note in told.notes if "excluded" in note])
