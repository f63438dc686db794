"""Since when an urgent incident waits for a desk, whom it alarms where its desk is no more, and what a late hit opens again."""

from pipeline.hotlist import life
from pipeline.hotlist.answering import next_alarm
from schemas.incidents import IncidentState
from schemas.people import Desk
from tests.builders import NOON_MS
from tests.incidents import AN, action, after, begun, first_alert, later_alert

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
