"""Which alerts of an incident must be sent again, because a person has confirmed or rejected them, or took that back. Pure.

An alert that is sent again has a higher revision, says whether a person must confirm it now, and does not ring. What it says of the
vehicle stays as it was first decided.
"""

import msgspec

from pipeline.hotlist.standing import is_put_away, must_be_confirmed, sighting_with
from schemas.incidents import IncidentSighting, IncidentState
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
    if sighting is None or sighting.revision == 1:
        return alert
    stands_confirmed = sighting.asked and not sighting.confirm
    return _replace(
        alert,
        revision=sighting.revision,
        confirm=sighting.confirm,
        rings=False,
        confirmed=_confirmation(state, alert.alert_id) if stands_confirmed else None,
    )


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
