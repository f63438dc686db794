"""Which alerts and violations the desks keep in memory when there are more than they keep, and whom they are for."""

from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from pipeline.desks import live
from pipeline.desks.directory import Directory
from pipeline.desks.live import Live
from pipeline.reads.versions import since_ever
from schemas import ids
from schemas.incidents import IncidentState
from schemas.outcomes import RecordPlace, Violation, Withdrawal
from tests.builders import NOON_MS, make_alert, make_camera, make_zone
from tests.incidents import AN, after, begun, first_alert
from tests.violations import judgement, make_violation, withdrawn

ONE = make_violation()
KEPT = 200


def violation(number: int) -> Violation:
    """The violation of another passage."""
    name = ids.violation_id("S1", ONE.entry.read_id, f"r-{number:024x}")
    return msgspec.structs.replace(ONE, violation_id=name)


@pytest.fixture
def desks(monkeypatch: pytest.MonkeyPatch) -> Live:
    """Memory for so few violations."""
    monkeypatch.setattr(live, "MOST_KEPT", {"violation": KEPT})
    return Live(Directory())


def at(offset: int) -> RecordPlace:
    """Where a record stands."""
    return RecordPlace(partition=0, offset=offset)


def test_what_waits_for_an_officer_outlives_what_is_done(desks: Live) -> None:
    """However old it is: what was judged or taken back is left out first."""
    some = [violation(number) for number in range(3 * KEPT)]
    waiting = {0, 1, 7}
    for number, one in enumerate(some):
        desks.take(one, at(number))
        if number in waiting:
            continue
        if number % 2:
            desks.take(judgement(one), at(number), NOON_MS)
        else:
            desks.take(withdrawn(one), at(number))
    kept = desks.items["violation"]
    assert {some[number].violation_id for number in waiting} <= kept.keys()
    assert some[-1].violation_id in kept
    assert KEPT >= len(kept) > KEPT * 9 // 10


def test_of_too_many_that_wait_the_oldest_are_left_out(desks: Live) -> None:
    """Rather than growing without end; the log says so."""
    some = [violation(number) for number in range(2 * KEPT)]
    for number, one in enumerate(some):
        desks.take(one, at(number))
    assert [one.violation_id for one in some[-len(desks.items["violation"]) :]] == list(desks.items["violation"])
    assert KEPT >= len(desks.items["violation"]) > KEPT * 9 // 10


def test_a_zone_that_becomes_known_after_the_violation_gives_the_same_rights(desks: Live) -> None:
    """Else two processes would answer differently, as each of them learnt of the zone."""
    read = ONE.entry
    desks.take(ONE, at(0))
    event = desks.items["violation"][ONE.violation_id].event
    assert not event.matter.zones
    zone = make_zone("5341", cameras=(read.camera_id,))
    desks.directory.take("cameras", [since_ever(read.camera_id, make_camera(read.camera_id))], reset=False)
    desks.directory.take("zones", [since_ever("5341", zone)], reset=False)
    assert frozenset({"5341"}) == event.matter.zones


def test_an_alert_that_came_before_its_camera_was_known_is_told_of_once_it_is() -> None:
    """Whoever works by zones was not shown it; with its withdrawal, and once."""
    desks, alert = Live(Directory()), make_alert(network="federal", purposes=("hotlist",))
    taken_back = Withdrawal(kind="alert", id=alert.alert_id, reason="entry_withdrawn", by="owner", at_ms=NOON_MS)
    desks.take(alert)
    desks.take(taken_back)
    desks.place()
    before = desks.last
    camera = alert.read.camera_id
    desks.directory.take("cameras", [since_ever(camera, make_camera(camera))], reset=False)
    desks.place()
    assert () == desks.since(before)
    desks.directory.take("zones", [since_ever("5341", make_zone("5341", cameras=(camera,)))], reset=False)
    desks.place()
    told = desks.since(before) or ()
    assert [alert, taken_back] == [one.message for one in told]
    assert all(frozenset({"5341"}) == one.matter.zones for one in told)
    desks.directory.take("zones", [since_ever("5342", make_zone("5342", cameras=(camera,)))], reset=False)
    desks.place()
    assert len(told) == desks.last - before


@pytest.mark.parametrize("owner", [None, "federal judicial police"], ids=["open", "covert"])
def test_a_flood_of_other_incidents_moves_no_urgent_one_out_that_nobody_has_taken(owner: str | None) -> None:
    """What is over goes first, then what rang for nobody; the urgent ones last, the oldest of them before the others. The log
    says so, but nothing of covert ones."""
    here = Live(Directory(), most_kept={"alert": KEPT, "violation": KEPT, "incident": KEPT})
    covert = {} if owner is None else {"covert": True, "owner": owner}

    def hit(number: int, **fields: Any) -> IncidentState:
        return begun(first_alert(captured_at_ms=NOON_MS + number, **covert, **fields))

    urgent, high, over = hit(0, priority="urgent"), hit(1), after(hit(2), ("dismiss", AN))
    for state in (urgent, high, over):
        here.take(state)
    for number in range(3, 2 * KEPT):
        here.take(hit(number, rings=False, silent=True))
    kept = here.items["incident"]
    assert (True, True, False, True) == (
        urgent.incident_id in kept, high.incident_id in kept, over.incident_id in kept, len(kept) <= KEPT
    )  # fmt: skip
    later = [hit(number, priority="urgent") for number in range(2 * KEPT, 3 * KEPT)]
    with capture_logs() as logged:
        for state in later:
            here.take(state)
    assert ({"incidents.urgent_left_out"} if owner is None else set()) == {line["event"] for line in logged}
    assert (False, False) == (urgent.incident_id in kept, high.incident_id in kept)
    assert later[-1].incident_id in kept
    assert KEPT >= len(kept)
