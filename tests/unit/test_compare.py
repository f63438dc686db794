"""Expected against seen."""

import msgspec

from pipeline.hotlist.matching import alert_of, match_read
from pipeline.simulation.compare import SeenOutputs, compare, compare_outcome, order_breaks
from pipeline.simulation.truth import ExpectedAlert, ExpectedForward, Truth
from schemas.outcomes import Alert, Withdrawal
from tests.builders import NOON_MS, cameras_of, hotlist_of, make_read


def make_alert(plate: str = "1ABC234", captured_at_ms: int = NOON_MS) -> Alert:
    """A live hit on that plate."""
    read = make_read(plate, captured_at_ms=captured_at_ms)
    (hit,) = match_read(read, hotlist_of(plate), cameras_of(), {})
    return alert_of(hit, read, decided_at_ms=captured_at_ms + 100)


def expectation_of(alert: Alert, **changes: object) -> ExpectedAlert:
    """What a simulation would have said of this alert."""
    fields: dict[str, object] = {
        "alert_id": alert.alert_id, "read_id": alert.read.read_id, "camera_id": alert.read.camera_id,
        "captured_at_ms": alert.read.captured_at_ms, "plate": alert.read.plate, "entry_id": alert.entry_id,
        "match": alert.match, "incident": alert.entry_id, "rings": True,
    }  # fmt: skip
    return ExpectedAlert(**(fields | changes))  # type: ignore[arg-type]  # each field of its own type


def test_what_is_missing_double_or_spurious_is_named() -> None:
    """Ids against ids."""
    found = compare(["a", "b", "c"], ["b", "c", "c", "x"])
    assert (("a",), ("c",), ("x",)) == (found.missing, found.double, found.spurious)
    assert (3, 3) == (found.expected, found.seen)
    assert not found.agrees


def test_a_second_copy_alone_is_agreement() -> None:
    """The reader's end drops it by its id."""
    assert compare(["a"], ["a", "a"]).agrees
    assert compare([], []).agrees


def test_alerts_agree_when_kind_and_ringing_do() -> None:
    """The plain case."""
    alert = make_alert()
    assert compare_outcome(Truth(alerts=(expectation_of(alert),)), SeenOutputs(alerts=[alert])).agrees


def test_an_alert_of_another_kind_is_wrong() -> None:
    """It is there, but says something else."""
    alert = make_alert()
    outcome = compare_outcome(Truth(alerts=(expectation_of(alert, match="near"),)), SeenOutputs(alerts=[alert]))
    assert ((alert.alert_id, "exact instead of near"),) == outcome.alerts.wrong
    assert not outcome.agrees


def test_a_vehicle_that_rings_twice_is_wrong() -> None:
    """Both alerts are right, but a dispatcher would hear one vehicle twice."""
    first, second = make_alert(), make_alert(captured_at_ms=NOON_MS + 60_000)
    truth = Truth(alerts=(expectation_of(first), expectation_of(second, rings=False)))
    outcome = compare_outcome(truth, SeenOutputs(alerts=[first, second]))
    assert ((first.entry_id, "rang 2 times instead of 1"),) == outcome.alerts.wrong
    assert compare_outcome(truth, SeenOutputs(alerts=[first, second]), ringing=False).agrees


def test_a_missing_forward_is_a_disagreement() -> None:
    """Alerts alone do not make it right."""
    truth = Truth(forwards=(ExpectedForward(forward_id="f-1", alert_id="a-1", to_country="FR"),))
    outcome = compare_outcome(truth, SeenOutputs())
    assert outcome.alerts.agrees
    assert ("f-1",) == outcome.forwards.missing
    assert not outcome.agrees


def test_the_order_counts_within_a_camera_only() -> None:
    """Cameras may overtake each other; reads of one camera may not. Second copies and strangers do not matter."""
    a1, a2, b1 = (
        make_read(camera_id=camera, captured_at_ms=NOON_MS + at) for camera, at in (("A", 0), ("A", 1), ("B", 0))
    )
    stranger = make_read(camera_id="C")
    assert () == order_breaks([a1, a2, b1], [b1, a1, a2, a1, stranger])
    assert ("A",) == order_breaks([a1, a2, b1], [b1, a2, a1])


def test_what_was_withdrawn_does_not_count_as_seen() -> None:
    """An expected alert that was taken back is missing; one that nobody expected is no longer spurious."""
    alert = make_alert()
    gone = [Withdrawal(kind="alert", id=alert.alert_id, reason="entry_removed", by="hotlist", at_ms=NOON_MS)]
    truth = Truth(alerts=(expectation_of(alert),))
    assert (alert.alert_id,) == compare_outcome(truth, SeenOutputs([alert], withdrawn=gone)).alerts.missing
    assert compare_outcome(Truth(), SeenOutputs([alert], withdrawn=gone)).agrees


def test_a_later_revision_is_no_second_copy() -> None:
    """Somebody confirmed the alert; it is still the same one."""
    alert = make_alert()
    confirmed = msgspec.structs.replace(alert, revision=2, confirm=False)
    alerts = compare_outcome(Truth(alerts=(expectation_of(alert),)), SeenOutputs([alert, confirmed])).alerts
    assert () == alerts.double
    assert alerts.agrees
