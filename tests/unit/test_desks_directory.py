"""What the desks know of a hit before they ask who may see it."""

from typing import Any

from pipeline.access.rights import Person
from pipeline.desks.directory import Directory
from pipeline.reads.versions import Changed, Version, since_ever
from schemas.reference import WantedList
from tests.builders import NOON_MS, make_alert
from tests.people import make_designation, make_user


def make_list(*seen_by: str, list_id: str = "STOLEN") -> WantedList:
    """A list that names these designations."""
    return WantedList(
        list_id=list_id, name="n", hotlist="stolen", owner="o", authority="a", legal_basis="l", seen_by=seen_by
    )


def seen_by(directory: Directory, list_id: str | None) -> frozenset[str] | None:
    """The designations that alone may see a hit of this list."""
    alert = make_alert(list_id=list_id)
    return directory.matter_of_alert(alert).seen_by


def test_a_hit_is_for_the_designations_that_its_list_names_now() -> None:
    """As it said last, also when it is gone; a list that names nobody, and an entry of no list, narrow nothing."""
    directory = Directory()
    assert (None, None) == (seen_by(directory, "STOLEN"), seen_by(directory, None))
    directory.take("lists", [since_ever("STOLEN", make_list())], reset=False)
    assert None is seen_by(directory, "STOLEN")
    directory.take("lists", [Changed("STOLEN", (Version(make_list("D-1", "D-2"), NOON_MS, NOON_MS),))], reset=False)
    assert frozenset({"D-1", "D-2"}) == seen_by(directory, "STOLEN")
    directory.take("lists", [Changed("STOLEN", (Version(None, NOON_MS + 1, NOON_MS + 1),))], reset=False)
    assert (frozenset({"D-1", "D-2"}), None) == (seen_by(directory, "STOLEN"), seen_by(directory, "OTHER"))


DAY_MS = 86_400_000
TOMORROW_MS = NOON_MS + DAY_MS


def taken(*changed: tuple[str, Changed[Any]]) -> Directory:
    """A directory that knows An, a dispatcher, and then these changes of collections."""
    directory = Directory()
    designation = make_designation("dispatcher")
    directory.take("users", [since_ever("an.peeters", make_user())], reset=False)
    directory.take("designations", [since_ever(designation.designation_id, designation)], reset=False)
    for collection, one in changed:
        directory.take(collection, [one], reset=False)
    return directory


def an(directory: Directory, at_ms: int = NOON_MS) -> Person:
    """An as the directory knows her."""
    person = directory.person("an.peeters", at_ms)
    assert person is not None
    return person


def disabled(arrived_ms: int, holds_from_ms: int | None = None, *, disabled: bool = True) -> tuple[str, Changed[Any]]:
    """A version of An's account, which arrived then by the clock of whoever wrote it."""
    version = Version(make_user(disabled=disabled), arrived_ms if holds_from_ms is None else holds_from_ms, arrived_ms)
    return "users", Changed("an.peeters", (version,))


def test_what_is_taken_away_counts_at_once_whatever_the_clock_of_whoever_did_it_said() -> None:
    """An account that was disabled, a designation that was withdrawn or shortened; what is given again counts as well."""
    assert (False, True) == (an(taken()).user.disabled, an(taken(disabled(TOMORROW_MS))).user.disabled)
    again = taken(disabled(TOMORROW_MS), disabled(TOMORROW_MS + 1, disabled=False))
    assert not an(again).user.disabled
    removal: Version[Any] = Version(None, TOMORROW_MS, TOMORROW_MS)
    assert () == an(taken(("designations", Changed("an.peeters-dispatcher", (removal,))))).designations
    shorter = make_designation("dispatcher", valid_until_ms=NOON_MS)
    known = taken(("designations", Changed(shorter.designation_id, (Version(shorter, TOMORROW_MS, TOMORROW_MS),))))
    assert (shorter,) == an(known).designations


def test_a_version_for_later_counts_from_then_on_and_never_revives_what_was_taken_away_after_it_was_written() -> None:
    """Of the versions that have begun the one that arrived last counts."""
    later = taken(disabled(NOON_MS - 1, TOMORROW_MS))
    assert (False, True) == (an(later).user.disabled, an(later, TOMORROW_MS).user.disabled)
    stays = taken(disabled(NOON_MS - 2, TOMORROW_MS, disabled=False), disabled(NOON_MS - 1))
    assert (True, True) == (an(stays).user.disabled, an(stays, TOMORROW_MS).user.disabled)
