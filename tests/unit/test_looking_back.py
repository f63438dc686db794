"""Which entries are looked up in the reads of before, and how many reads are found at most."""

from typing import Any

import pytest

from pipeline.reads.versions import Changed, Version, Versions
from pipeline.stream.look_back import matching
from pipeline.stream.looking_back import NewEntries
from schemas.reads import ReadBatch
from schemas.reference import HotlistEntry
from tests.builders import NOON_MS, make_camera, make_entry, make_read, make_watch


def arrived(item: Any, key: str = "e-1", at_ms: int = NOON_MS) -> Changed[Any]:
    """An item that arrived then."""
    return Changed(key, (Version(item, at_ms, at_ms),))


def entry(plate: str = "1ABC234", **fields: Any) -> HotlistEntry:
    """One that says that it was wanted an hour before it arrived."""
    return make_entry(plate, **({"valid_from_ms": NOON_MS - 3_600_000} | fields))


def new_of(*changed: Changed[Any], since_ms: int = NOON_MS - 1) -> list[str]:
    """The ids of the entries that are to be looked up after these changes."""
    new = NewEntries(since_ms)
    new.take(changed)
    return [one.entry_id for one, _ in new.taken()]


def test_what_is_new_and_held_before_it_arrived_is_looked_up_once() -> None:
    """Entries and requests to watch; nothing is given out a second time."""
    watch = make_watch(valid_from_ms=NOON_MS - 60_000, valid_until_ms=NOON_MS + 60_000)
    new = NewEntries(NOON_MS - 1)
    new.take([arrived(entry()), arrived(watch, "w-1")])
    assert 2 == len(new.taken())
    assert [] == new.taken()


@pytest.mark.parametrize(
    "changed",
    [
        arrived(entry(), at_ms=NOON_MS - 1),
        arrived(entry(valid_from_ms=0)),
        arrived(entry(valid_from_ms=NOON_MS)),
        arrived(entry(covert=True)),
        arrived(None),
        Changed("e-1", ()),
    ],
    ids=["known before", "not said", "from now on", "covert", "removed", "forgotten"],
)
def test_what_was_not_wanted_before_or_is_nobody_elses_is_not_looked_up(changed: Changed[Any]) -> None:
    """Silence about when it begins is no claim about the past."""
    assert [] == new_of(changed)


def test_what_is_removed_before_its_turn_is_not_looked_up() -> None:
    """And what could not be looked up has its turn again, as it is then."""
    assert [] == new_of(arrived(entry()), arrived(None, at_ms=NOON_MS + 1))
    new = NewEntries(NOON_MS - 1)
    new.take([arrived(entry(), "e-1")])
    taken = new.taken()
    new.give_back(taken)
    assert taken == new.taken()


def test_an_entry_that_fits_every_read_does_not_fill_the_road() -> None:
    """Of each entry so many reads are found at most, whatever others are found."""
    cameras: Versions[Any] = Versions({"E40-1": make_camera()})
    every, one = entry("1A*", entry_id="every"), entry("1XYZ999", entry_id="one")
    found = matching((every, one), cameras, Versions(), 3)
    reads = tuple(make_read(f"1AA{number:03}", captured_at_ms=NOON_MS - number) for number in range(10))
    last = make_read("1XYZ999", captured_at_ms=NOON_MS - 99)
    assert 3 == len(found(ReadBatch(reads=reads)))
    assert [last] == found(ReadBatch(reads=(*reads, last)))
