"""Builds incidents for tests: alerts of one wanted plate, and what persons do about them."""

from itertools import count
from typing import Any

from pipeline.hotlist import life
from pipeline.hotlist.acting import acted
from schemas import ids
from schemas.incidents import IncidentAction, IncidentState
from schemas.outcomes import Alert, RecordPlace
from tests.builders import NOON_MS, make_alert, make_entry, make_read

ENTRY = make_entry("1AOC555", share_with=("NL",))
AN, BO = "an.peeters", "bo.claes"
AT = RecordPlace(partition=0, offset=0)
_KEYS = count()


def first_alert(**fields: Any) -> Alert:
    """A look-alike that rings and that a person must confirm; its id is the incident's. fields: of the alert."""
    plate = fields.pop("plate", "1ADC555")
    match = fields.pop("match", "confusable")
    read = make_read(plate, fields.pop("camera_id", "E40-1"), fields.pop("captured_at_ms", NOON_MS))
    return make_alert(ENTRY, read, **({"match": match, "confirm": True, "score": 0.8} | fields))


def later_alert(after_ms: int, first: Alert, **fields: Any) -> Alert:
    """A later alert of the same incident, which does not ring."""
    given = {"captured_at_ms": NOON_MS + after_ms, "rings": False, "incident_id": first.incident_id}
    return first_alert(**(given | fields))


def begun(*alerts: Alert) -> IncidentState:
    """The incident of these alerts."""
    state = None
    for alert in alerts or (first_alert(),):
        state = life.seen(state, alert, ("ZONE-A",), alert.read.captured_at_ms)
    assert state is not None
    return state


def action(state: IncidentState, did: Any, who: str = AN, **fields: Any) -> IncidentAction:
    """What a person does who sees this state. fields: of the action."""
    needs: dict[str, Any] = {
        "confirm": {"alert_id": state.incident_id},
        "misread": {"alert_id": state.incident_id, "plate": "1ADC555"},
        "dismiss": {"dismissal": "duplicate"},
        "hand_over": {"to_desk": "NIGHT"},
        "close": {"ending": "stopped"},
    }
    given = {
        "action_id": ids.action_id(who, str(next(_KEYS))), "incident_id": state.incident_id, "did": did, "who": who,
        "revision": state.revision, "rings": state.rings, "role": "dispatcher", "desk": "DAY", "at_ms": NOON_MS + 1_000,
    }  # fmt: skip
    return IncidentAction(**(given | needs.get(did, {}) | fields))


def after(state: IncidentState, *done: IncidentAction | tuple[Any, ...]) -> IncidentState:
    """The incident after these actions; (did, who) stands for one of somebody who sees the state before it."""
    for one in done:
        state = acted(state, one if isinstance(one, IncidentAction) else action(state, *one), NOON_MS + 2_000, AT)
    return state
