"""What dispatchers said of a list: which of its hits are not wanted any more."""

from types import SimpleNamespace
from typing import Any

from pipeline.desks.directory import Directory
from pipeline.desks.list_outdated import MOST_SHOWN, Outdated, counts_of, show, told_outdated
from pipeline.desks.live import Live
from schemas.incidents import IncidentState
from tests.builders import make_list
from tests.incidents import AN, action, after, begun, first_alert


def dismissed(**fields: Any) -> IncidentState:
    """An incident of a list that somebody took and dismissed."""
    taken = after(begun(first_alert(list_id="L-1")), ("take", AN))
    return after(taken, action(taken, "dismiss", **fields))


def live_with(*states: IncidentState) -> Live:
    """The desks' memory with these states."""
    live = Live(Directory())
    for one in states:
        live.take(one)
    return live


def test_a_hit_that_is_not_wanted_any_more_is_told_of_its_list() -> None:
    """With the entry, and the note for who keeps the list."""
    live = live_with(dismissed(dismissal="not_wanted_any_more", note="found last week"))
    assert {"L-1": 1} == counts_of(live)
    assert ["found last week"] == [step.note for _, _, step in told_outdated(live)]


def test_other_reasons_say_nothing_of_the_list_and_what_is_undone_was_not_said() -> None:
    """Only the dismissal that stands."""
    assert not counts_of(live_with(dismissed(dismissal="duplicate")))
    said = dismissed(dismissal="not_wanted_any_more")
    assert not counts_of(live_with(after(said, ("undo", AN))))


async def test_the_record_counts_what_was_shown_and_not_what_was_left_out() -> None:
    """Of more than are shown at once: the latest."""
    many = [
        after(after(begun(first_alert(plate=f"1ADC{at:03}", list_id="L-1")), ("take", AN)))
        for at in range(MOST_SHOWN + 1)
    ]
    live = live_with(*(after(one, action(one, "dismiss", dismissal="not_wanted_any_more")) for one in many))
    assert MOST_SHOWN + 1 == counts_of(live)["L-1"]

    async def get(_collection: object, _key: str) -> object:
        return make_list("L-1")

    house = SimpleNamespace(writer=SimpleNamespace(get=get), live=live)
    asked: Any = SimpleNamespace(house=house, key="L-1", plates=[], check=lambda _matter: None)
    answer = await show(asked)
    assert isinstance(answer.value, Outdated)
    assert [MOST_SHOWN] * 3 == [len(answer.value.items), answer.count, len(asked.plates)]
