"""Which alerts of an incident must be sent again, because a person has confirmed or rejected them, or took that back. Pure.

An alert that is sent again has a higher revision, says whether a person must confirm it now, and does not ring. What it says of the
vehicle stays as it was first decided.
"""

from collections.abc import Sequence

import msgspec

from pipeline.hotlist.put_away import TAKES_BACK, is_put_away, look_alike_misread
from pipeline.hotlist.standing import must_be_confirmed, sighting_with
from schemas.incidents import IncidentSighting, IncidentState, IncidentStep
from schemas.outcomes import Alert, Confirmation

_replace = msgspec.structs.replace


def revised(before: IncidentState | None, after: IncidentState) -> tuple[IncidentState, list[str]]:
    """The state with the revisions that the change from `before` calls for, and the ids of the alerts that must be sent again."""
    sent: list[str] = []
    sightings: list[IncidentSighting] = []
    for one in after.sightings:
        must = must_be_confirmed(after, one)
        if must != one.confirm and not one.withdrawn and _is_new_to_it(before, after, one, must):
            one = _replace(one, revision=one.revision + 1, confirm=must)
            sent.append(one.alert_id)
        sightings.append(one)
    return (_replace(after, sightings=tuple(sightings)) if sent else after), sent


def revision_of(state: IncidentState, alert: Alert) -> Alert:
    """The alert as the incident says that it stands now. alert: its first revision."""
    sighting = sighting_with(state, alert.alert_id)
    revision, confirm = _of_left_out(state, alert) if sighting is None else (sighting.revision, sighting.confirm)
    if revision == 1:
        return alert
    stands_confirmed = alert.confirm and not confirm
    return _replace(
        alert,
        revision=revision,
        confirm=confirm,
        rings=False,
        confirmed=_confirmation(state, alert.alert_id) if stands_confirmed else None,
    )


def said_by_persons(state: IncidentState | None) -> list[IncidentStep]:
    """The steps of persons, each with whether it was undone: while none of this changes, `left_out_again` finds nothing."""
    return [step for step in state.steps if step.role is not None] if state is not None else []


def left_out_again(before: IncidentState | None, after: IncidentState, alerts: Sequence[Alert]) -> list[Alert]:
    """Of these first revisions, those that must be sent again though the trail has no room for their hits any more: what crossed
    the border of them is recalled, too. before None: whatever was sent earlier."""
    sent: list[Alert] = []
    for alert in alerts:
        if sighting_with(after, alert.alert_id) is None:
            now = revision_of(after, alert)
            is_told = before is not None and (
                sighting_with(before, alert.alert_id) is not None or revision_of(before, alert).revision == now.revision
            )
            if now.revision > 1 and not is_told:
                sent.append(now)
    return sent


def _of_left_out(state: IncidentState, alert: Alert) -> tuple[int, bool]:
    """Revision and confirm of an alert whose hit the trail has no room for. They follow from the persons' steps, of which none is
    ever left out."""
    away = [step for step in state.steps if _puts_away(state, step, alert)]
    sure = [step for step in state.steps if step.did == "confirm" and step.alert_id == alert.alert_id]
    revision, must = 1, alert.confirm
    for number in sorted({at for step in (*away, *sure) for at in (step.number, step.undone_by) if at is not None}):
        now = _holds_at(number, away) or (alert.confirm and not _holds_at(number, sure))
        revision, must = revision + (now != must), now
    return revision, must


def _holds_at(number: int, steps: Sequence[IncidentStep]) -> bool:
    """Whether one of these steps holds once the step of this number is done."""
    return any(one.number <= number and (one.undone_by is None or one.undone_by > number) for one in steps)


def _puts_away(state: IncidentState, step: IncidentStep, alert: Alert) -> bool:
    """Whether this step, while it is not undone, puts away the hit of an alert that the trail has no room for."""
    if step.did == "dismiss" and step.dismissal in TAKES_BACK:
        return not step.alert_ids or alert.alert_id in step.alert_ids or alert.decided_at_ms <= step.at_ms
    if step.did != "misread" or step.alert_id is None:
        return False
    seen = sighting_with(state, step.alert_id)
    is_alike = seen is not None and look_alike_misread(seen, alert.match, alert.read.plate, alert.read.camera_id)
    return step.alert_id == alert.alert_id or is_alike


def _is_new_to_it(before: IncidentState | None, after: IncidentState, one: IncidentSighting, must: bool) -> bool:
    """Whether it is the change from before to after that says whether a person must confirm the hit now. Where `before` lacks the
    hit, a higher revision, sent before Redis lost the incident, stays until a person puts the hit away."""
    if is_put_away(after, one):
        return True
    earlier = None if before is None else sighting_with(before, one.alert_id)
    if before is None or earlier is None:
        return one.revision == 1
    return must_be_confirmed(before, earlier) != must


def _confirmation(state: IncidentState, alert_id: str) -> Confirmation | None:
    """The latest confirmation of this alert that was not undone; None: there is none."""
    for step in reversed(state.steps):
        is_it = step.did == "confirm" and step.alert_id == alert_id and step.undone_by is None
        if is_it and step.action_id is not None and step.action_at is not None:
            return Confirmation(who=step.who, action_id=step.action_id, action_at=step.action_at, at_ms=step.at_ms)
    return None
