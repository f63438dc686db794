"""To whom the incidents of a person go who has left."""

import pytest

from pipeline.desks.leaving import handed_over
from schemas.people import Desk
from tests.builders import NOON_MS
from tests.incidents import AN, BO, after, begun

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
    ],
    ids=["somebody is there", "nobody is there", "nobody anywhere", "no desk follows", "the desk is gone"],
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
