"""To whom the incidents of a person go who has left."""

from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.desks.directory import Directory
from pipeline.desks.leaving import Leaving, handed_over
from pipeline.desks.live import Live
from pipeline.errors import Unavailable
from pipeline.reads.versions import since_ever
from pipeline.state.collections import DESKS as COLLECTION
from schemas.incidents import IncidentAction
from schemas.people import Desk
from tests.builders import NOON_MS
from tests.incidents import AN, BO, after, begun, first_alert

DESKS = {
    one.desk_id: one
    for one in (
        Desk(desk_id="DAY", name="day", lists=("stolen",), successor="NIGHT"),
        Desk(desk_id="NIGHT", name="night", lists=("stolen",)),
    )
}


@pytest.mark.parametrize(
    ("staffed", "desks", "expected"),
    [
        ({"DAY", "NIGHT"}, DESKS, "DAY"),
        ({"NIGHT"}, DESKS, "NIGHT"),
        (set(), DESKS, "NIGHT"),
        (set(), {"DAY": DESKS["DAY"]}, "DAY"),
        (set(), {}, None),
        ({"NIGHT"}, {"LATE": DESKS["DAY"], "NIGHT": DESKS["NIGHT"]}, "NIGHT"),
        (set(), {"NIGHT": DESKS["NIGHT"]}, "NIGHT"),
    ],
    ids=[
        "somebody is there",
        "nobody is there",
        "nobody anywhere",
        "no desk follows",
        "no desk at all",
        "the desk is gone, others answer",
        "and nobody is there",
    ],
)
def test_what_somebody_leaves_waits_where_somebody_works(
    staffed: set[str], desks: dict[str, Desk], expected: str | None
) -> None:
    """At the person's own desk first, else at the one that follows."""
    state = after(begun(), ("take", AN))
    action = handed_over(state, desks, staffed, NOON_MS)
    assert expected == (action and action.to_desk)


def test_it_is_the_person_s_own_handing_over_and_counts_once() -> None:
    """Whoever decides it again, later: the same action. Who took it over meanwhile keeps it."""
    state = after(begun(), ("take", AN))
    one, other = (handed_over(state, DESKS, set(), at_ms) for at_ms in (NOON_MS, NOON_MS + 7_000))
    assert one is not None
    assert other is not None
    handed = after(state, one, other)
    assert ("handed_over", "NIGHT", None, 2) == (handed.phase, handed.desk, handed.holder, handed.revision)
    assert (AN, True) == (handed.steps[-1].who, handed.steps[-1].left)
    assert BO == after(state, ("take", BO), one).holder


def test_nobody_left_what_nobody_has() -> None:
    """What is new, or waits for a desk, is no person's."""
    assert handed_over(begun(), DESKS, set(), NOON_MS) is None


async def test_one_incident_that_is_not_decided_keeps_nobody_else_s() -> None:
    """Of a holder whose desk was closed, too; the next look tries the failed one again."""
    directory, tried = Directory(), list[tuple[str, str | None]]()
    night = Desk(desk_id="NIGHT", name="night", lists=("stolen",), everywhere=True)
    directory.take(COLLECTION.name, [since_ever("NIGHT", night)], reset=True)
    live = Live(directory)
    for number, who in enumerate((AN, BO)):
        live.take(after(begun(first_alert(captured_at_ms=NOON_MS + number)), ("take", who)))

    async def decided(action: IncidentAction, *_: Any) -> None:
        tried.append((action.who, action.to_desk))
        if action.who == AN:
            raise Unavailable("the agent incidents")

    async def working(_: int) -> dict[str, set[str]]:
        return {}

    sessions: Any = SimpleNamespace(working=working)
    deciding: Any = SimpleNamespace(decided=decided)
    leaving = Leaving(
        live=live, sessions=sessions, directory=directory, deciding=deciding, now_ms=lambda: NOON_MS, grace_ms=0
    )
    await leaving.look()
    assert [(AN, "NIGHT"), (BO, "NIGHT")] == tried
    await leaving.look()
    assert 4 == len(tried)
