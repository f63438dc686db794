"""What the desks know of a hit before they ask who may see it."""

from pipeline.desks.directory import Directory
from pipeline.reads.versions import Changed, Version, since_ever
from schemas.reference import WantedList
from tests.builders import NOON_MS, make_alert


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
