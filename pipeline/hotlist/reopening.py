"""What opens an incident again that a person or time had ended. Pure.

What was said of some hits says nothing of another one. So an incident that was put away, closed or is too long ago is opened again
by each further hit, but for a look-alike of the same text as one that was put away; the hit is heard if it is live and not silent,
and its entry was not removed meanwhile. A dismissal that only says that nobody acts is opened again by what rings by itself, and by
a hit that its person had not seen. A closing is not opened again by what was captured before it and came too late to be heard: that
joins the trail. Then nobody holds the incident, and nobody has been asked to answer.
"""

import msgspec

from pipeline.hotlist.put_away import TAKES_BACK, is_like_what_was_put_away
from pipeline.hotlist.standing import ENDED, ended_by, is_urgent_ring
from schemas.incidents import MOST_STEPS, Happened, IncidentSighting, IncidentState, IncidentStep

BY = "incidents"
_replace = msgspec.structs.replace


def with_hit(state: IncidentState, sighting: IncidentSighting, at_ms: int, *, unseen: bool = False) -> IncidentState:
    """The incident, of which this hit is a sighting: with a step `rang` where the hit is heard, and opened again where the incident
    is over and the hit opens it. at_ms: when the broker took the message that leads to this, UTC. unseen: the hit stood when a
    person ended the incident who had not seen the hit, or may not see it. The state is yet to be derived (standing.derived)."""
    opens = state.phase in ENDED and (sighting.rings or _opens(state, sighting, unseen=unseen))
    heard = sighting.rings or (opens and sighting.sounds and state.phase != "withdrawn")
    last = state.steps[-1].number if state.steps else 0
    if opens or heard:
        marked = _replace(sighting, rings=heard, reopens=last if opens else None)
        sightings = tuple(marked if one.alert_id == marked.alert_id else one for one in state.sightings)
        state = _replace(state, sightings=sightings)
    if heard:
        state = with_step(_replace(state, rings=state.rings + 1), step_of(state, "rang", at_ms, sighting.alert_id))
    return state


def step_of(
    state: IncidentState, did: Happened, at_ms: int, alert_id: str | None = None, desk: str | None = None
) -> IncidentStep:
    """The next step, of something that happens by itself at at_ms (UTC)."""
    number = state.steps[-1].number + 1 if state.steps else 1
    return IncidentStep(number=number, did=did, who=BY, at_ms=at_ms, alert_id=alert_id, desk=desk)


def with_step(state: IncidentState, step: IncidentStep) -> IncidentState:
    """The state with one more step. Of alerts that ring one after the other only the first, the first urgent one and the last are
    steps, of alarms of everybody the first and the last; of too many steps the first goes that no person did."""
    steps = [*state.steps, step]
    if len(steps) > 2 and all(map(_is_of_everybody, steps[-3:])):
        del steps[-2]
    if [one.did for one in steps[-3:]] == ["rang", "rang", "rang"]:
        first, middle = (is_urgent_ring(state, one) for one in steps[-3:-1])
        if first or not middle:
            del steps[-2]
    if len(steps) > MOST_STEPS:
        del steps[next(at for at, one in enumerate(steps) if one.role is None)]
    return _replace(state, steps=tuple(steps))


def _is_of_everybody(step: IncidentStep) -> bool:
    return step.did == "alarmed" and step.desk is None and step.forward_id is None


def _opens(state: IncidentState, sighting: IncidentSighting, *, unseen: bool) -> bool:
    """Whether a hit that does not ring by itself opens this incident, which is over, again."""
    ending = ended_by(state)
    if not unseen and ending is not None and ending.did == "dismiss" and ending.dismissal not in TAKES_BACK:
        return False
    if not unseen and ending is not None and ending.did == "close" and not sighting.sounds:
        return sighting.captured_at_ms > ending.at_ms and not is_like_what_was_put_away(state, sighting)
    return not is_like_what_was_put_away(state, sighting)
