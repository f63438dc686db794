"""Whether what a person does to an incident counts, and what it changes. Pure.

An action counts only if no other action counted since the state that the person saw: who comes second is told who was first. A
misread, a dismissal or a closing counts only if no alert rang since, either. An incident that somebody holds is that person's to
decide, until it is handed over or taken over.
"""

from collections.abc import Callable, Mapping

import msgspec

from pipeline.hotlist.put_away import is_put_away
from pipeline.hotlist.reopening import with_hit
from pipeline.hotlist.standing import ENDED, PERSONS, derived, sighting_with, standing
from schemas.incidents import (
    MOST_REFUSED,
    Did,
    IncidentAction,
    IncidentSighting,
    IncidentState,
    IncidentStep,
    RefusedAction,
    WhyRefused,
)
from schemas.outcomes import RecordPlace

MOST_ACTIONS = 96
"""Steps of an incident, whoever did them, from which on no person's action counts: the rest is left for what happens by itself."""
_ENDING: frozenset[Did] = frozenset(("misread", "dismiss", "close"))
Refusal = tuple[WhyRefused, IncidentStep | None]
"""Why an action does not count, and the step that stands in its way."""
_replace = msgspec.structs.replace


def acted(
    state: IncidentState, action: IncidentAction, at_ms: int, action_at: RecordPlace | None = None
) -> IncidentState:
    """The incident after this action: with a further step if it counts, with a refusal if it does not. The same object where this
    action was decided before.

    at_ms: when the broker took the action, UTC. action_at: where it stands on its topic; None: nowhere, as without servers.
    """
    if is_decided(state, action.action_id):
        return state
    refusal = refusal_of(state, action)
    if refusal is not None:
        return derived(_refused(state, action, refusal, at_ms), at_ms)
    step = _step_of(state, action, at_ms, action_at)
    steps = state.steps
    if action.did == "undo":
        undone = _to_undo(state)
        steps = tuple(_replace(one, undone_by=step.number) if one is undone else one for one in steps)
    after = derived(_replace(state, revision=state.revision + 1, steps=(*steps, step)), at_ms)
    for one in _unseen(after, step):
        after = derived(with_hit(after, one, at_ms, unseen=True), at_ms)
    return after


def _unseen(state: IncidentState, step: IncidentStep) -> list[IncidentSighting]:
    """The hits that stand and that the person who ended the incident by this step had not seen: as if they came after it."""
    return [
        _replace(one, rings=False)
        for one in standing(state)
        if step.did in ("dismiss", "close") and one.alert_id not in step.alert_ids
    ]


def is_decided(state: IncidentState, action_id: str) -> bool:
    """Whether the incident shows what became of this action."""
    return any(action_id == one.action_id for one in state.steps) or any(
        action_id == one.action_id for one in state.refused
    )


def refusal_of(state: IncidentState, action: IncidentAction) -> Refusal | None:
    """Why this action does not count on this state; None: it does."""
    if action.revision != state.revision:
        return "acted_before", _person_step(state, action.revision + 1)
    if len(state.steps) >= MOST_ACTIONS:
        return "too_many", None
    if action.did in _ENDING and action.rings < state.rings:
        return "rang_since", next((one for one in reversed(state.steps) if one.did == "rang"), None)
    if state.phase in ENDED and (action.did != "undo" or state.phase in ("withdrawn", "expired")):
        return "over", state.steps[-1] if state.steps else None
    return _RULES[action.did](state, action)


def _take(state: IncidentState, action: IncidentAction) -> Refusal | None:
    """Who sees that another holds it may take it over; both see that in the trail."""
    return ("changes_nothing", _holding(state)) if state.holder == action.who else None


def _confirm(state: IncidentState, action: IncidentAction) -> Refusal | None:
    sighting = sighting_with(state, action.alert_id or "")
    if sighting is None or sighting.withdrawn:
        return "unknown_alert", None
    if not sighting.asked:
        return "needs_none", None
    if is_put_away(state, sighting) or sighting.alert_id in state.confirmed:
        return "changes_nothing", _about(state, sighting.alert_id)
    return _of_the_holder(state, action)


def _misread(state: IncidentState, action: IncidentAction) -> Refusal | None:
    sighting = sighting_with(state, action.alert_id or "")
    if sighting is None or sighting.withdrawn:
        return "unknown_alert", None
    if is_put_away(state, sighting):
        return "changes_nothing", _about(state, sighting.alert_id)
    return _of_the_holder(state, action)


def _of_the_holder(state: IncidentState, action: IncidentAction) -> Refusal | None:
    """The refusal `held` while another person holds the incident; None: nobody holds it, or the person who acts does."""
    return None if state.holder in (None, action.who) else ("held", _holding(state))


def _of_its_own(state: IncidentState, action: IncidentAction) -> Refusal | None:
    return None if state.holder == action.who else ("not_yours", _holding(state))


def _undo(state: IncidentState, action: IncidentAction) -> Refusal | None:
    undone = _to_undo(state)
    if undone is None:
        return "nothing_to_undo", None
    return None if action.who == undone.who else _of_the_holder(state, action)


_RULES: Mapping[Did, Callable[[IncidentState, IncidentAction], Refusal | None]] = {
    "take": _take,
    "confirm": _confirm,
    "misread": _misread,
    "dismiss": _of_the_holder,
    "hand_over": _of_its_own,
    "close": _of_its_own,
    "undo": _undo,
}


def _person_step(state: IncidentState, number: int) -> IncidentStep | None:
    """The step of the action that counted as the number-th, from 1; None: there is no such step any more."""
    counted = [one for one in state.steps if one.did in PERSONS]
    return counted[number - 1] if 0 < number <= len(counted) else None


def _to_undo(state: IncidentState) -> IncidentStep | None:
    """The last action, other than an undo, that counts and was not undone; None: there is none."""
    found = (one for one in reversed(state.steps) if one.did in PERSONS and one.did != "undo" and one.undone_by is None)
    return next(found, None)


def _holding(state: IncidentState) -> IncidentStep | None:
    """The latest step of the present holder that was not undone; None: nobody holds the incident, or that step was dropped."""
    return next((one for one in reversed(state.steps) if one.who == state.holder and one.undone_by is None), None)


def _about(state: IncidentState, alert_id: str) -> IncidentStep | None:
    """The last action on this alert; None: there is none."""
    found = (one for one in reversed(state.steps) if one.did in PERSONS and alert_id in (one.alert_id, *one.alert_ids))
    return next(found, None)


def _about_all(state: IncidentState, action: IncidentAction) -> tuple[str, ...]:
    """The alert_ids of the hits that a dismissal or closing is about; empty for any other action."""
    if action.did not in ("dismiss", "close"):
        return ()
    return action.alert_ids or tuple(one.alert_id for one in standing(state))


def _step_of(state: IncidentState, action: IncidentAction, at_ms: int, action_at: RecordPlace | None) -> IncidentStep:
    return IncidentStep(
        number=state.steps[-1].number + 1 if state.steps else 1,
        did=action.did,
        who=action.who,
        role=action.role,
        desk=action.desk,
        at_ms=at_ms,
        action_id=action.action_id,
        action_at=action_at,
        alert_id=action.alert_id,
        alert_ids=_about_all(state, action),
        dismissal=action.dismissal,
        ending=action.ending,
        plate=action.plate,
        plate_country=action.plate_country,
        to_desk=action.to_desk,
        left=action.left,
        note=action.note,
    )


def _refused(state: IncidentState, action: IncidentAction, refusal: Refusal, at_ms: int) -> IncidentState:
    why, first = refusal
    refused = RefusedAction(
        action_id=action.action_id,
        did=action.did,
        who=action.who,
        at_ms=at_ms,
        why=why,
        first_who=first.who if first else None,
        first_did=first.did if first else None,
        first_at_ms=first.at_ms if first else None,
    )
    return _replace(state, refused=(*state.refused, refused)[-MOST_REFUSED:])
