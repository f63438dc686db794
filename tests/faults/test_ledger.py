"""The books: what is due when, what is late, what nobody expected, and a camera's order."""

from math import inf

from pipeline.simulation.truth import ExpectedAlert, ExpectedForward, ExpectedViolation, Truth
from tests.builders import make_read
from tests.faults.ledger import InOrder, Ledger, SentReads

FIRST, SECOND = make_read(captured_at_ms=1_000), make_read(camera_id="E40-2", captured_at_ms=2_000)
TRUTH = Truth(
    alerts=(ExpectedAlert(alert_id="a-1", read_id=FIRST.read_id, camera_id=FIRST.camera_id, captured_at_ms=1_000,
                          plate=FIRST.plate, entry_id="E", match="exact", incident="i"),),
    violations=(ExpectedViolation(violation_id="v-1", section_id="S", plate=FIRST.plate, entry_read_id=FIRST.read_id,
                                  exit_read_id=SECOND.read_id, corrected_kmh=1, limit_kmh=1),),
    forwards=(ExpectedForward(forward_id="f-1", alert_id="a-1", to_country="NL"),),
)  # fmt: skip


def books() -> Ledger:
    """Of one alert with its forward, and a violation."""
    ledger = Ledger()
    ledger.expect(TRUTH)
    return ledger


def test_a_violation_is_due_when_both_its_reads_were_sent_and_an_alert_s_forward_with_the_alert() -> None:
    """Nothing is behind before it could have come."""
    ledger = books()
    assert [] == ledger.behind(100.0, 0.0)
    ledger.sent(FIRST, 5.0)
    assert {"alert", "forward", "delivery", "receipt"} == {item.kind for item in ledger.behind(6.0, 0.5)}
    ledger.sent(SECOND, 9.0)
    assert "violation" in {item.kind for item in ledger.behind(10.0, 0.5)}


def test_what_rests_on_reads_that_were_never_sent_is_not_due() -> None:
    """Traffic may be cut off once every fault has struck."""
    ledger = books()
    assert Truth() == ledger.due(TRUTH)
    ledger.sent(FIRST, 5.0)
    assert Truth(alerts=TRUTH.alerts, forwards=TRUTH.forwards) == ledger.due(TRUTH)
    ledger.sent(SECOND, 9.0)
    assert TRUTH == ledger.due(TRUTH)


def test_what_came_is_not_missing_and_a_second_copy_is_counted_apart() -> None:
    """By id."""
    ledger = books()
    ledger.sent(FIRST, 5.0)
    for at_s in (5.1, 5.2, 5.3):
        ledger.saw("alert", "a-1", at_s)
    assert {"forward", "delivery", "receipt"} == {item.kind for item in ledger.missing()}
    assert {"alert": 2} == ledger.second_copies()


def test_what_has_yet_to_settle_is_waited_for_at_the_end() -> None:
    """The traffic may end just behind a vehicle that was too fast."""
    ledger = Ledger(settles_s=5.0)
    ledger.expect(TRUTH)
    ledger.sent(FIRST, 5.0)
    ledger.sent(SECOND, 9.0)
    assert "violation" not in {item.kind for item in ledger.behind(10.0, 0.0)}
    assert "violation" in {item.kind for item in ledger.behind(inf, 0.0)}


def test_what_was_given_up_is_waited_for_no_more_and_is_missing_until_it_comes() -> None:
    """One loss must not make every later strike look as if it never recovered."""
    ledger = books()
    ledger.sent(FIRST, 5.0)
    ledger.give_up(ledger.behind(6.0, 0.5))
    assert [] == ledger.behind(100.0, 0.5)
    assert {"alert", "forward", "delivery", "receipt"} == {item.kind for item in ledger.missing()}
    ledger.saw("alert", "a-1", 101.0)
    assert {"forward", "delivery", "receipt"} == {item.kind for item in ledger.missing()}


def test_what_nobody_expected_stays_on_the_books_unless_it_was_only_quicker() -> None:
    """A picture's alert may come before its read was seen."""
    ledger = books()
    ledger.saw("alert", "a-9", 3.0)
    ledger.saw("alert", "a-8", 4.0)
    ledger.enter("alert", "a-8", (), due_s=5.0)
    assert [("alert", "a-9")] == list(ledger.unexpected)
    assert 0.0 == ledger.items["alert", "a-8"].late_s


def test_a_camera_s_order_is_of_first_copies() -> None:
    """A second copy may come at any time; an older read after a newer one may not."""
    sent, reads = SentReads(), [make_read(captured_at_ms=1_000 * number) for number in range(1, 4)]
    for read in (*reads, reads[0]):
        sent.add(read)
    order = InOrder(sent)
    for read in (reads[0], reads[2], reads[0], reads[1]):
        order.saw(read, 1.0)
    assert (1, 1, 3, 1) == (len(order.breaks), order.second_copies, len(order), sent.again)
