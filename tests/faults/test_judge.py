"""The judge: a harness that finds nothing must be one that would find something."""

from pathlib import Path
from typing import Literal

import msgspec
import pytest

from pipeline.demo.pictures import WANTED
from pipeline.simulation.network_small import small_network
from pipeline.simulation.truth import ExpectedAlert, Truth
from schemas import ids
from schemas.outcomes import Alert, DeadLetter, Withdrawal
from tests.builders import make_alert, make_entry, make_read
from tests.faults.authority import Authority
from tests.faults.dispatchers import DISPATCHERS
from tests.faults.ends import Ends
from tests.faults.judge import Evidence, Strike
from tests.faults.kinds import KINDS
from tests.faults.ledger import Ledger, SentReads
from tests.faults.pictures import PictureTraffic
from tests.faults.road import Road
from tests.faults.schedule import Planned
from tests.incidents import action, after, begun
from tests.violations import make_violation

VIOLATION = "v-000000000000000000000001"
READ = make_read()
ALERT = make_alert(make_entry(), READ)


class Case:
    """One expected alert, and whatever a test lets happen."""

    def __init__(self, folder: Path) -> None:
        self.truth = Truth(
            alerts=(ExpectedAlert(alert_id=ALERT.alert_id, read_id=READ.read_id, camera_id=READ.camera_id,
                                  captured_at_ms=READ.captured_at_ms, plate=READ.plate, entry_id=ALERT.entry_id,
                                  match="exact", incident="i", rings=True),),
        )  # fmt: skip
        self.ledger, self.sent = Ledger(), SentReads()
        self.pictures = PictureTraffic((), self.ledger, lambda: 100.0)
        self.ends = Ends(Road(folder, small_network()), self.ledger, self.sent, self.pictures, lambda: 100.0)
        self.strikes: list[Strike] = []
        self.ledger.expect(self.truth)
        self.sent.add(READ)
        self.ledger.sent(READ, 10.0)

    def comes(self, *alerts: Alert) -> None:
        """These alerts reach dispatch."""
        for alert in alerts:
            self.ends.seen.alerts.append(alert)
            self.ledger.saw("alert", alert.alert_id, 11.0)

    def verdict(self) -> list[str]:
        """The sorts of all differences."""
        evidence = Evidence(self.truth, self.ledger, self.ends, self.pictures, self.strikes)
        return [difference.sort for difference in evidence.differences()]


@pytest.fixture
def case(tmp_path: Path) -> Case:
    """A case where nothing came yet."""
    return Case(tmp_path)


def other(**changes: object) -> Alert:
    """The expected alert, changed."""
    return msgspec.structs.replace(ALERT, **changes)


def withdrawal(kind: Literal["alert", "violation"], name: str) -> Withdrawal:
    """What takes this back."""
    return Withdrawal(kind=kind, id=name, reason="contradicted_by_late_reads", by="section_control", at_ms=0)


def test_what_came_as_it_should_is_no_difference_and_a_second_copy_neither(case: Case) -> None:
    """The ends drop it by its id."""
    case.comes(ALERT, ALERT)
    assert [] == case.verdict()


def test_an_alert_that_never_came_is_missing_with_its_bell(case: Case) -> None:
    """Its bell counts as told, because nothing live came that could have rung."""
    assert ["missing", "told"] == sorted(case.verdict())


def test_an_alert_that_nothing_led_to_is_spurious(case: Case) -> None:
    """Whoever made it up."""
    case.comes(ALERT, other(alert_id="a-none"))
    assert ["spurious"] == case.verdict()


def test_a_violation_that_nothing_led_to_is_spurious_unless_it_was_withdrawn(case: Case) -> None:
    """A read that was held up for longer than reads take to settle contradicts what was found without it."""
    case.comes(ALERT)
    case.ledger.saw("violation", VIOLATION, 12.0)
    assert ["spurious"] == case.verdict()
    case.ends.seen.withdrawn.append(withdrawal("violation", VIOLATION))
    assert ["told"] == case.verdict()


def test_an_alert_that_must_come_and_is_withdrawn_is_missing(case: Case) -> None:
    """Dispatch is left without it; and one that nothing led to stays spurious although it is withdrawn."""
    case.comes(ALERT, other(alert_id="a-none"))
    for alert_id in (ALERT.alert_id, "a-none"):
        case.ends.seen.withdrawn.append(withdrawal("alert", alert_id))
    assert ["missing", "spurious"] == sorted(case.verdict())


def test_a_live_alert_that_does_not_ring_is_missing_its_bell(case: Case) -> None:
    """One that says it is not live has told why."""
    case.comes(other(rings=False))
    assert ["missing"] == case.verdict()
    late = Case(case.ends._road.folder)
    late.comes(other(rings=False, live=False))
    assert ["told"] == late.verdict()


def test_a_bell_that_nobody_is_to_hear_is_double_when_it_rings(case: Case) -> None:
    """An inspection that has lapsed makes no sound, however fresh its alert is."""
    expected = msgspec.structs.replace(case.truth.alerts[0], silent=True, rings=False)
    case.truth = Truth(alerts=(expected,))
    case.comes(other(rings=False, silent=True))
    assert [] == case.verdict()
    loud = Case(case.ends._road.folder)
    loud.truth = case.truth
    loud.comes(ALERT)
    assert ["double"] == loud.verdict()


def test_a_second_copy_that_is_live_no_more_takes_no_bell_away(case: Case) -> None:
    """Minutes later the same read is no longer live; dispatch has heard the bell, and drops the copy."""
    case.comes(ALERT, other(rings=False, live=False))
    assert [] == case.verdict()


def test_a_bell_that_only_a_second_copy_has_is_not_heard(case: Case) -> None:
    """It is dropped before it rings."""
    case.comes(other(rings=False), ALERT)
    assert ["missing"] == case.verdict()


def test_an_alert_that_says_something_else_is_wrong(case: Case) -> None:
    """The id alone is not enough."""
    case.comes(other(match="near"))
    assert ["spurious"] == case.verdict()


def test_a_passage_that_is_read_twice_is_double_unless_redis_forgot_in_between_and_that_was_said(case: Case) -> None:
    """What a passage has used up is in Redis; the alert of a second read is as spurious as that."""
    case.comes(ALERT)
    case.ledger.enter("picture", "p", (), due_s=20.0).seen_s = 21.0
    case.ledger._open.clear()
    case.pictures.double.append((20.0, 60.0, READ))
    case.ledger.saw("alert", ids.alert_id(READ.read_id, WANTED[0].entry_id), 61.0)
    assert ["double", "spurious"] == sorted(case.verdict())
    for began_s in (5.0, 70.0):
        case.strikes.append(Strike(Planned(KINDS["empty_redis"](), "", 0.0), began_s, began_s + 5.0, said=True))
    assert ["double", "spurious"] == sorted(case.verdict())
    case.strikes.append(Strike(Planned(KINDS["empty_redis"](), "", 0.0), 30.0, 35.0, said=True))
    assert ["told", "told"] == case.verdict()


def test_a_dead_letter_that_no_poison_explains_is_spurious(case: Case) -> None:
    """A good read must not end there."""
    case.comes(ALERT)
    case.ends.dead_letters.append(
        DeadLetter(dead_letter_id="d", stage="hotlist", reason="r", detail="d", topic="faults.reads", partition=0,
                   offset=1, recorded_at_ms=1, refused_at_ms=1, payload=b"")
    )  # fmt: skip
    case.ends.dead_letters_s.append(12.0)
    assert ["spurious"] == case.verdict()


def test_poison_without_a_dead_letter_is_missing(case: Case) -> None:
    """Each stage that reads there must tell."""
    case.comes(ALERT)
    fault = KINDS["poison"]()
    fault.expected = [("hotlist", "faults.reads", 0, 1)]  # type: ignore[attr-defined]  # poison alone has it
    case.strikes.append(Strike(Planned(fault, "", 0.0), 5.0))
    assert ["missing"] == case.verdict()


def test_a_forward_that_a_desk_holds_twice_is_double(case: Case) -> None:
    """What its sender may repeat, it must drop."""
    case.comes(ALERT)
    case.ends.delivered["NL"] = ["f-1", "f-1"]
    assert ["double"] == case.verdict()


def test_forwards_that_overtake_each_other_on_the_way_to_a_desk_are_out_of_order(case: Case) -> None:
    """The order is that of the topic."""
    case.comes(ALERT)
    case.ends.forwarded["NL"], case.ends.delivered["NL"] = ["f-1", "f-2"], ["f-2", "f-1"]
    assert ["wrong_order"] == case.verdict()


def test_an_action_that_no_incident_shows_is_missed_and_one_that_counts_beside_the_first_is_double(case: Case) -> None:
    """What the broker took must be decided, once; a state that is older than one seen is dropped."""
    case.comes(ALERT)
    dispatchers, seen = case.ends.dispatchers, begun(ALERT)
    takes = [action(seen, "take", who) for who in DISPATCHERS]
    dispatchers.sent_s.update({one.action_id: 12.0 for one in takes})
    assert ["missing", "missing"] == case.verdict()
    both = after(seen, *takes)
    dispatchers.saw(both)
    dispatchers.saw(seen)
    assert [] == case.verdict()
    wrong = msgspec.structs.replace(both, change=both.change + 1, steps=(*both.steps, both.steps[-1]))
    dispatchers.saw(wrong)
    assert ["double"] == case.verdict()


def test_what_an_authority_did_not_get_or_got_again_or_too_early_is_told(case: Case, tmp_path: Path) -> None:
    """What comes again is excused only where Redis lost how far it had come, and that was said."""
    case.comes(ALERT)
    authority = case.ends.authority = Authority(tmp_path, {})
    violation = make_violation()
    taken_back = withdrawal("violation", violation.violation_id)
    case.ends.seen.violations.append(violation)
    case.ends.seen.withdrawn.append(taken_back)
    assert ["missing", "missing"] == case.verdict()
    authority.stored += [("withdrawal", taken_back.id), ("violation", violation.violation_id)]
    assert ["wrong_order"] == case.verdict()
    authority.stored.reverse()
    assert [] == case.verdict()
    authority.again.append((50.0, ("violation", violation.violation_id)))
    assert ["double"] == case.verdict()
    planned = Planned(KINDS["empty_redis"](), "", 0.0)
    case.strikes.append(Strike(planned, began_s=40.0, lifted_s=45.0, said=True))
    assert ["told"] == case.verdict()
