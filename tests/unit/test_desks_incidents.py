"""Which incidents a desk shows, and to whom."""

import msgspec
import pytest

from pipeline.access.rights import Person
from pipeline.desks.directory import Directory
from pipeline.desks.live import Live
from pipeline.desks.stream import View
from pipeline.reads.versions import since_ever
from schemas.incidents import IncidentState
from schemas.people import Desk
from tests.builders import NOON_MS
from tests.incidents import begun, first_alert, later_alert
from tests.people import ELSEWHERE, ZONE, make_designation, make_user
from tests.unit.test_desks_directory import make_list

ALERT = first_alert(network="federal", purposes=("hotlist",))
OWN = Desk(desk_id="OWN", name="own", zones=(ZONE,), lists=("stolen",))
OTHER = Desk(desk_id="OTHER", name="other", zones=(ELSEWHERE,), lists=("stolen",))


def shows(state: IncidentState, desk: Desk, *zones: str, directory: Directory | None = None) -> bool:
    """Whether the desk shows the incident to a dispatcher of these zones."""
    event = Live(directory or Directory()).take(state)
    assert event is not None
    person = Person(make_user(), (make_designation("dispatcher", zones=zones),))
    return View(person, desk).shows(event, NOON_MS)


def seen_in(*zones: str) -> IncidentState:
    """An incident that was seen once in each of these zones."""
    state = begun(ALERT)
    first, others = state.sightings[0], zones[1:]
    more = (begun(later_alert(1_000 * at, ALERT)).sightings[0] for at in range(1, len(zones)))
    made = [msgspec.structs.replace(one, zones=(zone,), network="federal", purposes=("hotlist",))
            for one, zone in zip((first, *more), (zones[0], *others), strict=True)]  # fmt: skip
    return msgspec.structs.replace(state, sightings=tuple(made))


def test_an_incident_is_shown_where_any_of_its_sightings_may_be_seen() -> None:
    """By zone and right; a vehicle that moves on is the next zone's, too."""
    assert shows(seen_in(ZONE), OWN, ZONE)
    assert not shows(seen_in(ZONE), OTHER, ELSEWHERE)
    assert shows(seen_in(ZONE, ELSEWHERE), OTHER, ELSEWHERE)


def test_an_incident_is_shown_to_the_designations_that_the_lists_of_its_sightings_name() -> None:
    """As the alerts are; a list that names nobody, and a sighting that names no list, narrow nothing."""
    mine, directory = make_designation("dispatcher", zones=(ZONE,)).designation_id, Directory()
    named = {"MINE": (mine,), "THEIRS": ("D-7",), "ALL": ()}
    lists = [since_ever(one, make_list(*seen_by, list_id=one)) for one, seen_by in named.items()]
    directory.take("lists", lists, reset=False)
    for list_id, shown in (("MINE", True), ("THEIRS", False), ("ALL", True), (None, True)):
        state = begun(msgspec.structs.replace(ALERT, list_id=list_id))
        assert shown == shows(state, OWN, ZONE, directory=directory), list_id


@pytest.mark.parametrize("fields", [{"alarmed": ("OTHER",)}, {"desk": "OTHER"}, {"everybody": True}])
def test_a_desk_that_is_alarmed_or_that_it_is_handed_to_shows_it_to_those_who_may_see_it(
    fields: dict[str, tuple[str, ...] | str | bool],
) -> None:
    """That widens what the desk shows, never what a person may see."""
    state = msgspec.structs.replace(seen_in(ZONE), **fields)
    assert not shows(seen_in(ZONE), OTHER, ZONE, ELSEWHERE)
    assert shows(state, OTHER, ZONE, ELSEWHERE)
    assert not shows(state, OTHER, ELSEWHERE)


def test_an_older_state_is_dropped() -> None:
    """Two workers may send theirs out of order."""
    live = Live(Directory())
    newer = msgspec.structs.replace(begun(ALERT), change=7)
    assert live.take(newer) is not None
    assert [None, None] == [live.take(newer), live.take(msgspec.structs.replace(newer, change=6))]
