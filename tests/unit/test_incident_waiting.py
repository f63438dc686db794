"""Since when an urgent incident waits for a desk, whom it alarms where its desk is no more, and what a late hit opens again."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from pipeline.hotlist import life
from pipeline.hotlist.acting import acted
from pipeline.hotlist.answering import next_alarm
from pipeline.state.incident_changes import passed
from pipeline.state.incident_memory import Kept
from schemas.incidents import IncidentState
from schemas.outcomes import Alert
from schemas.people import Desk
from tests.builders import NOON_MS
from tests.incidents import AN, AT, action, after, begun, first_alert, later_alert
from tests.oracles.incident_alarms import Clocks

DAY = Desk(desk_id="DAY", name="day", zones=("ZONE-A",), lists=("stolen",), successor="NIGHT")
NIGHT = Desk(desk_id="NIGHT", name="night", zones=("ZONE-B",), lists=("stolen",))
DESKS = {"DAY": DAY, "NIGHT": NIGHT}
URGENT = {"plate": "1AOC555", "match": "exact", "confirm": False, "priority": "urgent", "rings": True}


def urgent_from(second: int, *others: int) -> IncidentState:
    """An incident that rang as a look-alike, and as urgent from this second on."""
    first = first_alert(priority="high")
    state = begun(first)
    for after_s in (second, *others):
        hit = later_alert(after_s * 1_000, first, **URGENT)
        state = life.seen(state, hit, ("ZONE-A",), hit.read.captured_at_ms)
    return state


def test_a_desk_has_its_whole_time_from_the_first_ring_that_was_urgent() -> None:
    """However long the incident rang before, and however often it rings afterwards."""
    for others in ((), (310,), (310, 320, 330, 355)):
        assert (NOON_MS + 360_000, "NIGHT") == next_alarm(urgent_from(300, *others), DESKS), others


def test_many_rings_leave_few_steps() -> None:
    """The first, the first urgent one, and the last."""
    assert 3 == len(urgent_from(300, *range(310, 600, 10)).steps)


def test_what_was_handed_over_before_it_was_urgent_waits_from_then_on() -> None:
    """And what was urgent before, from its handing over."""
    taken = after(begun(first := first_alert(priority="high")), ("take", AN))
    handed = after(taken, action(taken, "hand_over", to_desk="DAY"))
    hit = later_alert(300_000, first, **URGENT)
    state = life.seen(handed, hit, ("ZONE-A",), hit.read.captured_at_ms)
    assert (NOON_MS + 360_000, "NIGHT") == next_alarm(state, DESKS)
    taken = after(begun(first_alert(priority="urgent")), ("take", AN))
    assert (NOON_MS + 62_000, "NIGHT") == next_alarm(after(taken, action(taken, "hand_over", to_desk="DAY")), DESKS)


def test_what_was_handed_over_to_a_desk_that_is_no_more_alarms_the_desks_that_answer_for_it() -> None:
    """At once, and after their time those that follow."""
    taken = after(begun(first_alert(priority="urgent")), ("take", AN))
    handed = after(taken, action(taken, "hand_over", to_desk="OLD"))
    due = next_alarm(handed, DESKS)
    assert (NOON_MS + 2_000, "DAY") == due
    assert (NOON_MS + 65_000, "NIGHT") == next_alarm(life.alarmed(handed, "DAY", NOON_MS + 5_000), DESKS)


def test_what_was_captured_before_a_closing_and_comes_late_opens_nothing() -> None:
    """It joins the trail, and the outcome stays; what is heard, or was captured afterwards, opens the incident."""
    first = first_alert(captured_at_ms=NOON_MS, **URGENT)
    closed = after(begun(first), ("take", AN), ("close", AN))
    sure = {"plate": "1AOC555", "match": "exact"}
    late = later_alert(-60_000, first, live=False, **sure)
    state = life.seen(closed, late, ("ZONE-A",), NOON_MS + 3_600_000)
    assert ("closed", 2) == (state.phase, state.sighting_count)
    heard = later_alert(-60_000, first, **sure)
    afterwards = later_alert(600_000, first, live=False, **sure)
    for hit in (heard, afterwards):
        assert "new" == life.seen(closed, hit, ("ZONE-A",), NOON_MS + 3_600_000).phase


MOMENTS = st.one_of(
    st.tuples(st.just("pass"), st.sampled_from((1, 29, 30, 59, 60, 61, 150, 301))),
    st.tuples(st.just("ring"), st.booleans()),
    st.tuples(st.just("take"), st.none()),
    st.tuples(st.just("hand_over"), st.sampled_from(("DAY", "NIGHT", "OLD"))),
    st.tuples(st.just("dismiss"), st.none()),
)


def desks_of(successor: str, then: str, *, answers: bool) -> dict[str, Desk]:
    """Two desks, each with the one that follows; no desk answers for the incident unless `answers`."""
    zones = ("ZONE-A",) if answers else ("ZONE-C",)
    day = Desk(desk_id="DAY", name="day", zones=zones, lists=("stolen",), successor=successor)
    night = Desk(
        desk_id="NIGHT", name="night", zones=("ZONE-B",), lists=("stolen",), successor=then, answers_within_s=30
    )
    return {"DAY": day, "NIGHT": night}


@given(
    st.lists(MOMENTS, max_size=12), st.sampled_from(("NIGHT", "GONE")), st.sampled_from(("DAY", "GONE")), st.booleans()
)
def test_whoever_must_be_alarmed_is_alarmed_in_that_second_and_nobody_else(
    moments: list[tuple[str, Any]], successor: str, then: str, answers: bool
) -> None:
    """Desk after desk and then everybody, against a rule that was written a second time, with clocks that run down."""
    desks = desks_of(successor, then, answers=answers)
    first = first_alert(priority="high")
    clocks = Clocks(
        {one: desk.answers_within_s for one, desk in desks.items()},
        {one: desk.successor or "" for one, desk in desks.items()},
        ("DAY",) if answers else (),
    )
    clocks.ask(*clocks.first)
    state, told = begun(first), list[tuple[int, str | None]]()
    for number, (what, given_) in enumerate([*moments, ("pass", 301)]):
        if what != "pass":
            state = done(state, clocks, what, given_, later_alert(1_000 + 1_000 * number, first))
            continue
        for _ in range(given_):
            clocks.pass_second()
            known = len(state.steps)
            state = at_second(state, desks, clocks.now_s)
            told += [(clocks.now_s, one.desk) for one in state.steps[known:] if one.did == "alarmed"]
            everybody = [one for one in state.steps if one.did == "alarmed" and one.desk is None]
            if known == len(state.steps) and everybody and everybody[-1].at_ms == NOON_MS + 1_000 * clocks.now_s:
                told.append((clocks.now_s, None))
    assert clocks.alarms == told


def at_second(state: IncidentState, desks: dict[str, Desk], second: int) -> IncidentState:
    """The incident so many seconds after its first hit."""
    found = passed(desks, NOON_MS + 1_000 * second, Kept(state)).state
    assert found is not None
    return found


def done(state: IncidentState, clocks: Clocks, what: str, given_: Any, hit: Alert) -> IncidentState:
    """The incident after a ring, or after what its dispatcher does, in this second; the same is told to the clocks."""
    at_ms = NOON_MS + 1_000 * clocks.now_s
    if what == "ring":
        ring = msgspec.structs.replace(hit, priority="urgent" if given_ else "high", rings=True)
        clocks.urgent = clocks.urgent or given_
        if state.phase == "dismissed":
            clocks.ask(*clocks.first)
        return life.seen(state, ring, ("ZONE-A",), at_ms)
    fields = {"to_desk": given_} if what == "hand_over" else {}
    after_it = acted(state, action(state, what, **fields), at_ms, AT)
    if after_it.revision > state.revision and what == "hand_over":
        clocks.ask(given_)
    elif after_it.revision > state.revision:
        clocks.taken()
    return after_it
