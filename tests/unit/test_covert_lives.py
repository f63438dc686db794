"""A covert incident lives as any other, for its owner alone: what is decided about it stands sealed among its alerts."""

from collections.abc import Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from pipeline.access.rights import Allowed, Person, may
from pipeline.desks.covert_lives import SKEW_MS, CovertLives, Opened, Told
from pipeline.desks.directory import Directory
from pipeline.hotlist.life import EXPIRES_MS
from pipeline.reads.versions import since_ever
from pipeline.runtime.covert import OwnersKey, sealed
from pipeline.state.incident_memory import KEPT_MS
from pipeline.stream import codec
from pipeline.stream.covert_alerts import decode_opened, sealed_action
from schemas.incidents import IncidentState
from schemas.outcomes import Alert, RecordPlace, Withdrawal
from schemas.people import Desk
from schemas.topics import ALERTS, ALERTS_COVERT
from tests.builders import NOON_MS, make_camera, make_zone
from tests.incidents import AN, BO, action, first_alert, later_alert
from tests.people import ZONE, make_designation, make_user

SERVICE = "federal judicial police"
FIELDS: dict[str, Any] = {"covert": True, "owner": SERVICE, "network": "federal", "purposes": ("hotlist",)}
Sent = tuple[int, Opened]
"""A message, and so long after noon the broker took it (ms)."""


def known() -> Directory:
    """A camera in a zone; the desk DAY answers for it, and NIGHT follows."""
    directory = Directory()
    directory.take("zones", [since_ever(ZONE, make_zone(ZONE, cameras=("E40-1",)))], reset=False)
    directory.take("cameras", [since_ever("E40-1", make_camera("E40-1"))], reset=False)
    for name, successor in (("DAY", "NIGHT"), ("NIGHT", None)):
        desk = Desk(desk_id=name, name=name, zones=(ZONE,) if successor else (), lists=("stolen",), successor=successor)
        directory.take("desks", [since_ever(name, desk)], reset=False)
    return directory


DIRECTORY = known()


class Topic:
    """The sealed topic as one process takes it in. shown: all that it shows, in order."""

    def __init__(self) -> None:
        self.lives, self.shown, self.offset = CovertLives(DIRECTORY), list[Told](), 0

    def take(self, after_ms: int, message: Opened) -> None:
        """Take in the next record."""
        self.offset += 1
        at = RecordPlace(partition=0, offset=self.offset)
        self.shown += self.lives.take(message, at, NOON_MS + after_ms)

    def time(self, after_ms: int) -> None:
        """Nothing else was sent until then."""
        self.shown += self.lives.due(NOON_MS + after_ms + SKEW_MS)

    @property
    def state(self) -> IncidentState:
        """How the incident stands that was shown last."""
        return next(one for one in reversed(self.shown) if isinstance(one, IncidentState))

    def did(self) -> list[str]:
        """The steps of that incident."""
        return [step.did for step in self.state.steps]


def begun(**fields: Any) -> tuple[Topic, Alert]:
    """A covert look-alike that has just rung."""
    topic, alert = Topic(), first_alert(**(FIELDS | fields))
    topic.take(0, alert)
    return topic, alert


def test_its_owner_takes_it_confirms_it_and_closes_it() -> None:
    """Each is a step of the trail; the alert is shown again as confirmed, and rings no more."""
    topic, alert = begun()
    for did in ("take", "confirm", "close"):
        topic.take(1_000, action(topic.state, did))
    assert ["rang", "take", "confirm", "close"] == topic.did()
    assert ("closed", AN) == (topic.state.phase, topic.state.steps[-1].who)
    (again,) = (one for one in topic.shown if isinstance(one, Alert) and one.revision > 1)
    assert (alert.alert_id, 2, False, False) == (again.alert_id, again.revision, again.confirm, again.rings)
    assert again.confirmed is not None


def test_of_two_the_second_is_told_who_was_first() -> None:
    """As for any incident."""
    topic, _ = begun()
    seen = topic.state
    topic.take(1_000, action(seen, "take"))
    topic.take(1_001, action(seen, "take", BO))
    (refused,) = topic.state.refused
    assert (BO, "acted_before", AN) == (refused.who, refused.why, refused.first_who)


def test_nobody_but_its_owner_has_a_right_on_it() -> None:
    """Neither on the incident nor on one of its hits, whatever else his designation gives."""
    topic, _ = begun()
    matters = {*DIRECTORY.matters_of_incident(topic.state),
               *(DIRECTORY.matter_of_sighting(topic.state, one) for one in topic.state.sightings)}  # fmt: skip
    rights = make_designation("dispatcher"), make_designation("investigator", designation_id="D-2")
    for service, may_see in (("zone 5341", False), (SERVICE, True)):
        person = Person(make_user(service=service), rights)
        assert {may_see} == {isinstance(may(person, "alerts.see", one, NOON_MS), Allowed) for one in matters}


def test_an_urgent_one_that_nobody_takes_alarms_the_desk_that_follows_and_one_that_rests_ends() -> None:
    """By the broker's time, once everything that was sent until then is known."""
    topic, _ = begun(priority="urgent")
    topic.time(59_000)
    assert ["rang"] == topic.did()
    topic.time(60_000)
    assert (["rang", "alarmed"], ("NIGHT",)) == (topic.did(), topic.state.alarmed)
    topic.time(60_000 + EXPIRES_MS)
    assert "expired" == topic.state.phase
    topic.time(60_000 + EXPIRES_MS + KEPT_MS + 1)
    assert ({}, {}) == (topic.lives._kept, topic.lives._alerts)


def test_an_action_on_an_incident_that_is_not_known_counts_for_nothing() -> None:
    """Its alerts are older than the topic keeps them."""
    _, alert = begun()
    other = Topic()
    state = begun()[0].state
    other.take(0, action(state, "take"))
    assert ([], {}) == (other.shown, other.lives._kept)
    other.take(1, Withdrawal(kind="alert", id=alert.alert_id, reason="ended", by="hotlist", at_ms=NOON_MS))
    assert 1 == len(other.shown)


def history(kinds: Sequence[int]) -> list[Sent]:
    """Alerts, a withdrawal and actions of two people, who saw some state of before, in some order."""
    first = first_alert(**FIELDS, priority="urgent")
    sent: list[Sent] = [(0, first)]
    topic = Topic()
    topic.take(0, first)
    states = [topic.state]
    for number, kind in enumerate(kinds, start=1):
        after_ms, seen = number * 20_000, states[-1 - (kind % 2)] if len(states) > 1 else states[-1]
        who = (AN, BO)[kind % 2]
        message: Opened
        if kind < 2:
            message = later_alert(after_ms, first, **FIELDS, rings=bool(kind))
        elif kind == 2:
            message = Withdrawal(
                kind="alert", id=first.alert_id, incident_id=first.alert_id, reason="ended", by="x", at_ms=0
            )
        else:
            message = action(seen, ("take", "confirm", "dismiss", "undo", "hand_over", "close")[(kind - 3) // 2], who)
        sent.append((after_ms, message))
        topic.take(after_ms, message)
        states.append(topic.state)
    return sent


@given(st.lists(st.integers(0, 14), max_size=8), st.lists(st.integers(0, 400_000), max_size=12))
def test_every_process_comes_to_the_same_states_whenever_it_looks_and_whenever_it_began(
    kinds: list[int], looks: list[int]
) -> None:
    """One reads all at its start, another one lives through it; time brings the same to both."""
    sent = history(kinds)
    late, lived = Topic(), Topic()
    for after_ms, message in sent:
        late.take(after_ms, message)
    done = 0
    for look_ms in sorted(looks):
        while done < len(sent) and sent[done][0] <= look_ms:
            lived.take(*sent[done])
            done += 1
        lived.time(look_ms)
    for after_ms, message in sent[done:]:
        lived.take(after_ms, message)
    end_ms = max([one[0] for one in sent] + looks)
    late.time(end_ms), lived.time(end_ms)
    assert late.state == lived.state


def test_on_its_topic_a_decision_looks_like_an_alert() -> None:
    """One key, one partition, whole blocks; whoever has the owner's key reads which it is."""
    private = X25519PrivateKey.generate()
    key = OwnersKey.of(private.public_key())
    topic, alert = begun()
    decision = action(topic.state, "close", note="ö" * 1_000)
    record = sealed_action(decision, key, "vigie")
    beside = codec.encode(ALERTS_COVERT, sealed(codec.encode(ALERTS, alert), key))
    assert ("vigie.alerts_covert", key.name.encode()) == (record.topic, record.key)
    assert len(beside) == len(record.value)
    assert (alert, decision) == (
        decode_opened(ALERTS_COVERT, beside, private), decode_opened(ALERTS_COVERT, record.value, private)
    )  # fmt: skip
    assert None is decode_opened(ALERTS_COVERT, record.value, X25519PrivateKey.generate())
    assert None is decode_opened(ALERTS_COVERT, record.value, None)
