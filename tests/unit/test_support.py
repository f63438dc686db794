"""What liaison signs: a forward that follows from an alert, its entry and a policy, and nothing else."""

from typing import Any

import msgspec
import pytest

from pipeline.hotlist.matching import Hotlist, alert_of, match_read
from pipeline.hotlist.support import follows
from pipeline.neighbours.message import sign_forward, verify_forward
from pipeline.neighbours.policy import nothing_may_be_told
from pipeline.neighbours.recalls import recall_of, update_of
from pipeline.neighbours.signatures import generate_private_pem, key_ring_of, public_pem_of, signing_key_of
from pipeline.neighbours.support import Known, fault_of_hit, fault_of_recall, fault_of_update
from schemas import ids
from schemas.base import Position
from schemas.outcomes import Alert, Confirmation, Forward, RecordPlace, Withdrawal
from schemas.reference import Policy
from tests.builders import NOON_MS, make_policy
from tests.forwards import CAMERA, ENTRY, Scene
from tests.incidents import AN

LATER_MS = NOON_MS + 60_000


def known(*policies: Policy) -> Known:
    """The scene's camera, and these policies."""
    return Known({one.policy_id: one for one in policies}, {CAMERA.camera_id: CAMERA}, {})


def made(*policies: Policy) -> tuple[Forward, Alert]:
    """A forward and its alert."""
    scene = Scene(policies=policies or (make_policy(),))
    return scene.forward(NOON_MS), scene.alerts[0]


def fault(forward: Forward, alert: Alert, *policies: Policy) -> str | None:
    """Of a hit, under these policies."""
    return fault_of_hit(forward, alert, [known(*(policies or (make_policy(),)))], "BE")


def test_a_forward_that_was_made_of_the_alert_may_be_signed() -> None:
    """And one under any of the states of the reference data that are known."""
    forward, alert = made()
    assert fault(forward, alert) is None
    assert fault_of_hit(forward, alert, [known(), known(make_policy())], "BE") is None


@pytest.mark.parametrize(
    "fields",
    [
        {"plate": "9XYZ999"}, {"offence_category": "terrorism"}, {"action": "observe"}, {"case_reference": "other"},
        {"legal_basis": "none"}, {"purpose": "another"}, {"handling_code": "public"}, {"contact": "me@example.org"},
        {"place": "elsewhere"}, {"position": Position(lat=1.0, lon=1.0)}, {"plate_country": "FR"}, {"confidence": 1.0},
        {"captured_at_ms": NOON_MS + 1}, {"expires_at_ms": NOON_MS + 86_400_000}, {"direction": "outbound"},
        {"heading_deg": 1.0}, {"to_country": "LU"}, {"forward_id": "f-1"}, {"kind": "recall"}, {"refers_to": "f-1"},
        {"kind": "correction"}, {"kind": "correction", "refers_to": "f-1"}, {"corrects": "f-1"},
    ],
    ids=str,
)  # fmt: skip
def test_a_forward_that_says_anything_else_may_not(fields: dict[str, Any]) -> None:
    """Whatever was changed in the topic, or written there by hand."""
    forward, alert = made()
    assert fault(msgspec.structs.replace(forward, **fields), alert) is not None


@pytest.mark.parametrize(
    "policies",
    [(), (make_policy("LU"),), (make_policy(lists=("sis",)),), (make_policy(min_confidence=0.99),),
     (make_policy(contact="other@example.org"),), (make_policy(directions=("outbound",)),)],
    ids=["none", "of another country", "another list", "a surer read", "another contact", "another way"],
)  # fmt: skip
def test_a_forward_that_no_policy_allows_may_not_be_signed(policies: tuple[Policy, ...]) -> None:
    """The alert alone is not enough."""
    forward, alert = made()
    assert fault_of_hit(forward, alert, [known(*policies)], "BE") is not None


def test_a_later_hit_of_a_case_may_be_signed_as_an_update_where_the_policy_is_per_case() -> None:
    """And nowhere else."""
    policy = make_policy(per_case=True)
    forward, alert = made(policy)
    update = update_of("f-1", None, forward)
    assert fault(update, alert, policy) is None
    assert fault(update, alert, make_policy()) is not None


def update_fault(later: Forward, alert: Alert, first: Alert, *policies: Policy) -> str | None:
    """Of an update of this alert that names this first one."""
    return fault_of_update(later, alert, first, [known(*(policies or (make_policy(per_case=True),)))], "BE")


def test_an_update_refers_to_a_forward_of_the_same_case_vehicle_and_country() -> None:
    """The named first alert must lead to the very forward: not to that of another case, owner, vehicle or country, or to itself."""
    scene = Scene(policies=(make_policy(per_case=True),))
    first, later = scene.forward(NOON_MS), scene.forward(LATER_MS)
    first_alert, later_alert = scene.alerts
    update = update_of(first.forward_id, first.alert_at, later)

    def fault(update: Forward, named: Alert, *policies: Policy) -> str | None:
        return update_fault(update, later_alert, named, *policies)

    assert fault(update, first_alert) is None
    assert fault(update_of("f-1", first.alert_at, later), first_alert) is not None
    assert fault(update_of(later.forward_id, later.alert_at, later), later_alert) is not None
    assert fault(update, later_alert) is not None
    assert fault(update_of(ids.forward_id(first_alert.alert_id, "LU"), None, later), first_alert) is not None
    for another in (
        {"case_reference": "2026/78"},
        {"owner": "zone 1"},
        {"wanted_plate": "2XYZ999"},
        {"share_with": ("LU",)},
    ):
        assert fault(update, msgspec.structs.replace(first_alert, **another)) is not None
    assert fault(update, first_alert, make_policy()) is not None


def recall_fault(alert: Alert, recall: Forward, withdrawal: Withdrawal | None, *since: Known) -> str | None:
    """Of a recall of a forward under the usual policy."""
    return fault_of_recall(recall, alert, withdrawal, [known(make_policy())], since or (known(make_policy()),), "BE")


def test_a_recall_needs_the_withdrawal_of_its_alert_or_a_time_without_a_policy() -> None:
    """A recall that somebody invents would let a wanted vehicle go."""
    forward, alert = made()
    recall = recall_of(forward, now_ms=LATER_MS)
    withdrawal = Withdrawal(kind="alert", id=alert.alert_id, reason="entry_removed", by="hotlist", at_ms=LATER_MS)
    assert recall_fault(alert, recall, None) is not None
    assert recall_fault(alert, recall, msgspec.structs.replace(withdrawal, id="a-1")) is not None
    assert recall_fault(alert, recall, msgspec.structs.replace(withdrawal, kind="forward")) is not None
    assert recall_fault(alert, recall, withdrawal) is None
    assert recall_fault(alert, recall, None, known(), known(make_policy())) is None


@pytest.mark.parametrize(
    "fields", [{"plate": "9XYZ999"}, {"refers_to": "f-1"}, {"contact": "x"}, {"forward_id": "f-1"}]
)
def test_a_recall_of_something_else_may_not_be_signed(fields: dict[str, Any]) -> None:
    """It says what the forward said, and is named after it."""
    forward, alert = made()
    recall = msgspec.structs.replace(recall_of(forward, now_ms=LATER_MS), **fields)
    withdrawal = Withdrawal(kind="alert", id=alert.alert_id, reason="entry_removed", by="hotlist", at_ms=LATER_MS)
    assert recall_fault(alert, recall, withdrawal) is not None


def alert_follows(alert: Alert, **entry: Any) -> bool:
    """Under the scene's entry with these fields, at its camera."""
    return follows(alert, [msgspec.structs.replace(ENTRY, **entry)], [({CAMERA.camera_id: CAMERA}, {})])


def test_an_alert_that_its_entry_and_its_read_make_follows() -> None:
    """One of several versions and states is enough; however it rings."""
    alert = Scene().alert(NOON_MS)
    assert alert_follows(alert)
    assert follows(
        alert, [msgspec.structs.replace(ENTRY, action="report"), ENTRY], [({}, {}), ({CAMERA.camera_id: CAMERA}, {})]
    )
    assert alert_follows(msgspec.structs.replace(alert, rings=False, incident_id="a-1"))


@pytest.mark.parametrize(
    "entry",
    [{"plate": "9XYZ999"}, {"share_with": ("LU",)}, {"category": "watch"}, {"action": "report"}, {"origin": "sis"},
     {"hotlist": "sis"}, {"case_reference": None}, {"valid_until_ms": NOON_MS}, {"cameras": ("E40-9",)}],
    ids=str,
)  # fmt: skip
def test_an_alert_that_its_entry_does_not_make_does_not_follow(entry: dict[str, Any]) -> None:
    """Another plate, less consent, another category, a time or place where the entry does not count."""
    assert not alert_follows(Scene().alert(NOON_MS), **entry)


def test_an_alert_without_an_entry_or_a_camera_does_not_follow() -> None:
    """Silence proves nothing."""
    alert = Scene().alert(NOON_MS)
    assert not follows(alert, [], [({CAMERA.camera_id: CAMERA}, {})])
    assert not follows(alert, [ENTRY], [({}, {})])
    assert not follows(alert, [ENTRY], [])


def test_a_hit_that_a_person_must_confirm_follows_only_when_it_says_so_or_was_confirmed() -> None:
    """It names the action; a revision alone is nobody's word."""
    unsure = msgspec.structs.replace(ENTRY, country="FR")
    scene = Scene(entry=unsure)
    read_as = msgspec.structs.replace(scene.alert(NOON_MS).read, country="BE", country_confidence=0.6)
    cameras = {CAMERA.camera_id: CAMERA}
    (hit,) = match_read(read_as, Hotlist((unsure,)), cameras, {})
    alert = alert_of(hit, read_as, CAMERA, decided_at_ms=NOON_MS + 300)
    places = [(cameras, {})]
    assert alert.confirm
    assert follows(alert, [unsure], places)
    assert not follows(msgspec.structs.replace(alert, confirm=False), [unsure], places)
    assert not follows(msgspec.structs.replace(alert, confirm=False, revision=2), [unsure], places)
    said = Confirmation(who=AN, action_id="c-1", action_at=RecordPlace(partition=0, offset=0), at_ms=NOON_MS)
    assert follows(msgspec.structs.replace(alert, confirm=False, revision=2, confirmed=said), [unsure], places)


def test_what_crosses_the_border_does_not_say_where_our_records_stand() -> None:
    """Offsets are how busy we are, and nobody's business."""
    pem = generate_private_pem()
    forward, _ = made()
    signed = verify_forward(sign_forward(forward, signing_key_of(pem), sender="BE", at_ms=NOON_MS),
                            key_ring_of("BE", public_pem_of(pem)))  # fmt: skip
    assert forward.alert_at is not None
    assert msgspec.structs.replace(forward, alert_at=None, incident_id=None) == signed.forward
    assert ids.forward_id(made()[1].alert_id, "NL") == signed.forward.forward_id


def test_a_recall_is_possible_where_our_law_has_no_rule_any_more_of_what_may_be_told() -> None:
    """What was told under another law is taken back: by a withdrawal, and because nothing may be told now."""
    forward, alert = made()
    recall = recall_of(forward, now_ms=LATER_MS)
    states = [known(make_policy())]
    withdrawal = Withdrawal(kind="alert", id=alert.alert_id, reason="entry_removed", by="hotlist", at_ms=LATER_MS)
    for home in ("SE", "AT"):
        assert nothing_may_be_told(home, LATER_MS) is not None
        assert fault_of_hit(forward, alert, states, home) is not None
        assert fault_of_recall(recall, alert, None, states, states, home) is None
        assert fault_of_recall(recall, alert, withdrawal, states, states, home) is None
    assert nothing_may_be_told("BE", LATER_MS) is None


def test_a_recall_may_leave_out_what_the_law_did_not_let_the_neighbour_be_told() -> None:
    """But what no forward goes without stays as it was told."""
    forward, alert = made()
    recall = msgspec.structs.replace(recall_of(forward, now_ms=LATER_MS), position=None, heading_deg=None)
    withdrawal = Withdrawal(kind="alert", id=alert.alert_id, reason="entry_removed", by="hotlist", at_ms=LATER_MS)
    assert recall_fault(alert, recall, withdrawal) is None
    assert recall_fault(alert, msgspec.structs.replace(recall, place="elsewhere"), withdrawal) is not None
