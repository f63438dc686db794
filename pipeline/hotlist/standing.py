"""What an incident's steps and sightings amount to: its phase, who holds it, what stands. Pure.

`derived` computes all of it anew after each change, so undoing a step is leaving it out.

A hit is put away when a person called it a misread, or dismissed it because its vehicle is not meant. That says nothing of any
other hit, but for a look-alike of the same text; an exact read is never taken for the misread of another, and of a misread alone
nothing follows for another camera: what that one reads may be the wanted vehicle. Only an undo makes a hit stand again that was put
away. The incident is over when each hit that was not withdrawn is put away, or when a person or time has ended it; what opens it
again, pipeline.hotlist.reopening says, and then nobody holds it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import get_args

import msgspec

from pipeline.hotlist.incidents import URGENCY
from pipeline.hotlist.put_away import is_misread, is_put_away
from schemas.incidents import (
    MOST_SIGHTINGS,
    Did,
    IncidentSighting,
    IncidentState,
    IncidentStep,
    Phase,
)
from schemas.reference import Priority

PERSONS: frozenset[str] = frozenset(get_args(Did))
ENDED: frozenset[Phase] = frozenset(("misread", "dismissed", "closed", "withdrawn", "expired"))
_ENDINGS: Mapping[str, Phase] = {"dismiss": "dismissed", "close": "closed", "expired": "expired"}
_replace = msgspec.structs.replace


def sighting_with(state: IncidentState, alert_id: str) -> IncidentSighting | None:
    """The incident's sighting of this alert; None: it has none."""
    return next((one for one in state.sightings if one.alert_id == alert_id), None)


def standing(state: IncidentState) -> list[IncidentSighting]:
    """The sightings whose alerts were not withdrawn, in the order of their arrival."""
    return [one for one in state.sightings if not one.withdrawn]


def must_be_confirmed(state: IncidentState, sighting: IncidentSighting) -> bool:
    """Whether a person must confirm this hit before anybody acts on it, as its alert should say now."""
    return is_put_away(state, sighting) or (sighting.asked and sighting.alert_id not in state.confirmed)


def is_urgent_ring(state: IncidentState, step: IncidentStep) -> bool:
    """Whether what rang with this step is urgent; also where its hit is not known any more."""
    sighting = sighting_with(state, step.alert_id or "")
    return sighting is None or sighting.priority == "urgent"


def waits_since(state: IncidentState) -> IncidentStep | None:
    """The step since which somebody should answer: the first ring of an incident that nobody has had since it was opened, or its
    handing over; None: nothing rang since it was opened."""
    return _facts(state).since


def ended_by(state: IncidentState) -> IncidentStep | None:
    """The step by which a person or time has ended the incident; None: none did, or it was opened again."""
    return _facts(state).ended_by


def derived(state: IncidentState, at_ms: int) -> IncidentState:
    """The state that follows from sightings and steps. at_ms: the time, UTC. The new `change` is at_ms, or one more than the last
    if that is higher: so it also grows when Redis has forgotten the last one."""
    facts, stand = _facts(state), standing(state)
    meant = [one for one in stand if not is_put_away(state, one)]
    priorities: list[Priority] = [one.priority for one in meant or stand] or [state.priority]
    confirmed = [one for one in meant if one.alert_id in facts.confirmed]
    latest = stand[-1] if stand else None
    return _replace(
        state,
        change=max(state.change + 1, at_ms),
        phase=_phase(state, facts, stand, confirmed),
        holder=facts.holder,
        desk=facts.desk,
        alarmed=tuple(facts.alarmed),
        everybody=facts.everybody,
        confirmed=tuple(one.alert_id for one in confirmed)[-MOST_SIGHTINGS:],
        hotlist=(latest and latest.hotlist) or state.hotlist,
        category=(latest and latest.category) or state.category,
        priority=max(priorities, key=URGENCY.__getitem__),
        changed_at_ms=max(at_ms, state.changed_at_ms),
    )


@dataclass(slots=True)
class _Facts:
    """What the steps amount to. ended_by: see `ended_by`; since: see `waits_since`."""

    holder: str | None = None
    desk: str | None = None
    handed_over: bool = False
    ended_by: IncidentStep | None = None
    confirmed: set[str] = field(default_factory=set)
    alarmed: list[str] = field(default_factory=list)
    everybody: bool = False
    since: IncidentStep | None = None


def _facts(state: IncidentState) -> _Facts:
    facts = _Facts()
    opened = sorted(one.reopens for one in state.sightings if one.reopens is not None)
    for step in state.steps:
        while opened and opened[0] < step.number:
            opened, facts = opened[1:], _opened(facts)
        if step.undone_by is None:
            _take_in(facts, step)
    return _opened(facts) if opened else facts


def _opened(facts: _Facts) -> _Facts:
    """After the incident was opened again: nobody holds it, and nobody was asked."""
    return _Facts(confirmed=facts.confirmed)


def _take_in(facts: _Facts, step: IncidentStep) -> None:
    match step.did:
        case "rang":
            facts.ended_by, facts.since = None, facts.since or step
        case "alarmed" if step.forward_id is not None:  # a neighbour's silence: whoever passed it on has it again
            facts.ended_by = facts.ended_by if step.recall else None
        case "alarmed" if step.desk is None:
            facts.everybody = True
        case "alarmed":
            facts.alarmed.append(step.desk or "")
        case "take" | "confirm" | "misread":
            facts.holder, facts.desk, facts.handed_over = step.who, step.desk, False
            if step.did == "confirm" and step.alert_id is not None:
                facts.confirmed.add(step.alert_id)
        case "hand_over":
            facts.holder, facts.desk, facts.handed_over = None, step.to_desk, True
            facts.alarmed.clear()
            facts.everybody = False
            facts.since = step
        case "dismiss" | "close" | "expired":
            facts.ended_by = step


def _phase(
    state: IncidentState, facts: _Facts, stand: Sequence[IncidentSighting], confirmed: Sequence[IncidentSighting]
) -> Phase:
    if facts.ended_by is not None:
        return _ENDINGS[facts.ended_by.did]
    if not stand:
        return "withdrawn"
    if all(is_put_away(state, one) for one in stand):
        return "misread" if any(is_misread(state, one) for one in stand) else "dismissed"
    if facts.handed_over:
        return "handed_over"
    if facts.holder is None:
        return "new"
    return "confirmed" if confirmed else "taken"
