"""Routes for one incident: show it with its trail, and act on it (take, confirm, dismiss...). Their list is in incident_list."""

import secrets
from functools import partial
from typing import Any

import msgspec

from pipeline.access.rights import Allowed, may
from pipeline.desks.events import Event
from pipeline.desks.incident_bodies import (
    Closing,
    Confirming,
    Dismissing,
    HandingOver,
    IncidentShown,
    MisreadBody,
    Seen,
    refused_in,
    told_of,
)
from pipeline.desks.problems import Problem, bad_request, denied
from pipeline.desks.repeats import HEADER
from pipeline.desks.route import Asked, Route, RouteAnswer, found
from pipeline.hotlist.answering import answers_for
from pipeline.hotlist.standing import sighting_with, standing
from pipeline.state.confusions import exclude
from schemas import ids
from schemas.base import AlertId
from schemas.incidents import Did, IncidentAction, IncidentState, RefusedAction
from schemas.people import Desk

ENDS: frozenset[Did] = frozenset(("dismiss", "close"))


async def show_incident(asked: Asked) -> RouteAnswer:
    """One incident with its trail."""
    state, _ = _found(asked)
    return RouteAnswer(value=_shown(asked, state), count=1)


async def act(did: Did, asked: Asked) -> RouteAnswer:
    """Do this to an incident. Who was not first is told who was, with the present state."""
    state, allowed = _found(asked)
    session = asked.own_session
    if session.shift is None:
        raise Problem(403, "shift", "Take up work at a desk first.", permits="POST /api/v1/shift")
    allowed = _on_the_hit(asked, state) or allowed
    action = _action(did, asked, allowed, session.shift.desk_id, _seen_by(asked, state) if did in ENDS else ())
    if action.to_desk is not None:
        await _check_desk(asked, state, found(asked.house.directory.desk(action.to_desk, asked.now_ms)))
    state = await asked.house.deciding.decided(action, action.action_id, action.incident_id, state)
    if did in ("misread", "undo") and state.covert_owner is None:  # others see what is excluded
        await exclude(asked.house.writer, state, asked.now_ms)
    refused = refused_in(state, action)
    if refused is not None:
        raise _conflict(refused)
    return RouteAnswer(value=_shown(asked, state), count=1)


async def _check_desk(asked: Asked, state: IncidentState, desk: Desk) -> None:
    """Raise Problem for a desk that cannot see the incident: it does not answer for it, and nobody who works there now may decide
    on it. A covert one is for its owner's people alone, wherever they work."""
    if state.covert_owner is None and answers_for(desk, state):
        return
    house, now_ms = asked.house, asked.now_ms
    matters = house.directory.matters_of_incident(state)
    for user_id, at in (await house.sessions.working(now_ms)).items():
        person = house.directory.person(user_id, now_ms) if desk.desk_id in at else None
        if person and any(isinstance(may(person, "alerts.decide", one, now_ms), Allowed) for one in matters):
            return
    detail = f"{desk.desk_id} has other zones or lists, and nobody who works there now may decide on this incident"
    raise Problem(
        422, "desk_cannot_see", "That desk does not see this incident.", detail=detail, permits="another desk"
    )


def _on_the_hit(asked: Asked, state: IncidentState) -> Allowed | None:
    """The right to do this about the hit that the body names; None: it names none. Raises Problem when the incident has no such
    hit, and when the person has no right on this one, whatever others of the incident he may decide on."""
    alert_id = getattr(asked.given(Seen), "alert_id", None)
    if alert_id is None:
        return None
    return asked.check(asked.house.directory.matter_of_sighting(state, found(sighting_with(state, alert_id))))


def _seen_by(asked: Asked, state: IncidentState) -> tuple[str, ...]:
    """The hits that stand and that this person may decide on: what he says of the incident is about these."""
    directory = asked.house.directory
    return tuple(
        one.alert_id
        for one in standing(state)
        if isinstance(asked.may(directory.matter_of_sighting(state, one)), Allowed)
    )


def _action(
    did: Did, asked: Asked, allowed: Allowed, desk_id: str, alert_ids: tuple[str, ...]
) -> IncidentAction:  # fmt: skip
    """The action that the body asks for. A request that is repeated with its Idempotency-Key gives one with the same id."""
    seen = asked.given(Seen)
    key = asked.request.headers.get(HEADER) or secrets.token_hex(16)
    given: dict[str, Any] = {name: getattr(seen, name) for name in seen.__struct_fields__}
    try:
        return IncidentAction(
            action_id=ids.action_id(asked.somebody.user_id, f"{asked.params['id']} {did} {key}"),
            incident_id=asked.params["id"],
            did=did,
            who=asked.somebody.user_id,
            role=allowed.role,
            desk=desk_id,
            access_id=asked.access_id,
            at_ms=asked.now_ms,
            alert_ids=alert_ids,
            **given,
        )
    except ValueError as error:
        raise bad_request(str(error)) from None


def _conflict(refused: RefusedAction) -> Problem:
    first = (
        f": {refused.first_who} did {refused.first_did} at {refused.first_at_ms} (ms UTC)" if refused.first_who else ""
    )
    problem = Problem(
        409, refused.why, "This did not count.", detail=f"{refused.did}{first}", permits="looking at the incident again"
    )
    problem.body = msgspec.structs.replace(problem.body, refused=refused)
    return problem


def _found(asked: Asked) -> tuple[IncidentState, Allowed]:
    """The incident in the path, and the right by which this person may do this. Raises Problem when there is no such
    incident, or no such right."""
    event = found(asked.house.live.items["incident"].get(asked.params["id"])).event
    allowed = allowed_on(asked, event)
    if allowed is not None:
        asked.allowed = allowed
        return state_of(event), allowed
    denials = [answer for matter in event.matters if not isinstance(answer := asked.may(matter), Allowed)]
    raise denied(denials[-1])


def allowed_on(asked: Asked, event: Event) -> Allowed | None:
    """The right by which this person may do this about the incident; None: he has none."""
    answers = (asked.may(matter) for matter in event.matters)
    return next((answer for answer in answers if isinstance(answer, Allowed)), None)


def _shown(asked: Asked, state: IncidentState) -> IncidentShown:
    directory = asked.house.directory
    sightings = tuple(
        one
        for one in state.sightings
        if isinstance(asked.may(directory.matter_of_sighting(state, one), "alerts.see"), Allowed)
    )
    asked.plates += [one.plate for one in sightings]
    seen, copied = {one.alert_id for one in sightings}, state.copied
    return IncidentShown(
        copied=copied if copied is not None and {copied.first, copied.second} <= seen else None,
        incident=told_of(state),
        sightings=sightings,
        steps=state.steps,
        refused=state.refused,
        answers=state.answers,
    )


def state_of(event: Event) -> IncidentState:
    """The incident's state, as the event brought it."""
    assert isinstance(event.message, IncidentState), "incidents are kept as their states"
    return event.message


INCIDENT = {"id": AlertId}


def _post(did: Did, path: str, about: str, body: type[Seen]) -> Route:
    return Route(method="POST", path=f"/incidents/{{id}}/{path}", about=about, handle=partial(act, did),
                 act="alerts.decide", entry="decision", named="ids", params=INCIDENT, body=body, answer=IncidentShown)  # fmt: skip


ROUTES = (
    Route(method="GET", path="/incidents/{id}", about="One incident with its trail.", handle=show_incident,
          act="alerts.see", entry="query", named="ids", params=INCIDENT, answer=IncidentShown),
    _post("take", "take", "Take an incident on, or over from who holds it.", Seen),
    _post("confirm", "confirm", "Confirm that an alert is the wanted vehicle.", Confirming),
    _post("misread", "misread", "Say what a misread plate really is.", MisreadBody),
    _post("dismiss", "dismiss", "Dismiss an incident.", Dismissing),
    _post("hand_over", "hand-over", "Hand an incident over to a desk.", HandingOver),
    _post("close", "close", "Close an incident with its outcome.", Closing),
    _post("undo", "undo", "Undo what was done last.", Seen),
)  # fmt: skip
