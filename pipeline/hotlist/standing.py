"""What an incident's steps and sightings amount to: its phase, who holds it, what stands. Pure.

`derived` computes all of it anew after each change, so undoing a step is leaving it out.

A hit that a person called a misread counts no more, nor does another one of the same text, unless that is the wanted text itself:
an exact read is never taken for the misread of another. The incident is a misread when no other hit stands. Whatever ended an
incident, the next alert that rings opens it again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import get_args

import msgspec

from pipeline.hotlist.incidents import URGENCY
from schemas.incidents import (
    MOST_SIGHTINGS,
    Did,
    Dismissal,
    IncidentSighting,
    IncidentState,
    IncidentStep,
    Phase,
)
from schemas.reference import Priority

PERSONS: frozenset[str] = frozenset(get_args(Did))
ENDED: frozenset[Phase] = frozenset(("misread", "dismissed", "closed", "withdrawn", "expired"))
TAKES_BACK: frozenset[Dismissal] = frozenset(("not_wanted_any_more", "innocent_vehicle", "exercise"))
"""Dismissed so, no hit of it stands any more, and what crossed the border is recalled. The others only say that nobody acts."""
_replace = msgspec.structs.replace


def sighting_with(state: IncidentState, alert_id: str) -> IncidentSighting | None:
    """The incident's sighting of this alert; None: it has none."""
    return next((one for one in state.sightings if one.alert_id == alert_id), None)


def is_misread(state: IncidentState, sighting: IncidentSighting) -> bool:
    """Whether a person called this hit a misread, or another one that shows the same wrong text."""
    of = [one for one in (sighting_with(state, alert_id) for alert_id in _misread_ids(state)) if one is not None]
    return any(
        one.alert_id == sighting.alert_id
        or (one.plate == sighting.plate and "exact" not in (one.match, sighting.match))
        for one in of
    )


def must_be_confirmed(state: IncidentState, sighting: IncidentSighting) -> bool:
    """Whether a person must confirm this hit before anybody acts on it, as its alert should say now."""
    if is_misread(state, sighting) or _facts(state.steps).taken_back:
        return True
    return sighting.asked and sighting.alert_id not in state.confirmed


def derived(state: IncidentState, at_ms: int) -> IncidentState:
    """The state that follows from sightings and steps, as the next change. Its number is the time, UTC ms, or one more than the
    last: so it also grows when Redis has forgotten the last one."""
    facts = _facts(state.steps)
    standing = [one for one in state.sightings if not one.withdrawn]
    priorities: list[Priority] = [one.priority for one in standing] or [state.priority]
    return _replace(
        state,
        change=max(state.change + 1, at_ms),
        phase=_phase(state, facts, standing),
        holder=facts.holder,
        desk=facts.desk,
        alarmed=tuple(facts.alarmed),
        confirmed=tuple(facts.confirmed[-MOST_SIGHTINGS:]),
        priority=max(priorities, key=URGENCY.__getitem__),
        changed_at_ms=max(at_ms, state.changed_at_ms),
    )


@dataclass(slots=True)
class _Facts:
    """What the steps amount to. ended: by a person or by time."""

    holder: str | None = None
    desk: str | None = None
    handed_over: bool = False
    ended: Phase | None = None
    taken_back: bool = False
    confirmed: list[str] = field(default_factory=list)
    alarmed: list[str] = field(default_factory=list)


def _facts(steps: Sequence[IncidentStep]) -> _Facts:
    facts = _Facts()
    for step in steps:
        if step.undone_by is None:
            _take_in(facts, step)
    return facts


def _take_in(facts: _Facts, step: IncidentStep) -> None:
    match step.did:
        case "rang":
            facts.ended, facts.taken_back = None, False
            facts.alarmed.clear()
        case "alarmed":
            facts.alarmed.append(step.desk or "")
        case "take" | "confirm" | "misread":
            facts.holder, facts.desk, facts.handed_over = step.who, step.desk, False
            if step.did == "confirm" and step.alert_id is not None:
                facts.confirmed.append(step.alert_id)
        case "hand_over":
            facts.holder, facts.desk, facts.handed_over = None, step.to_desk, True
            facts.alarmed.clear()
        case "dismiss":
            facts.ended, facts.taken_back = "dismissed", step.dismissal in TAKES_BACK
        case "close":
            facts.ended = "closed"
        case "expired":
            facts.ended = "expired"


def _phase(state: IncidentState, facts: _Facts, standing: Sequence[IncidentSighting]) -> Phase:
    if facts.ended is not None:
        return facts.ended
    if not standing:
        return "withdrawn"
    if all(is_misread(state, one) for one in standing):
        return "misread"
    if facts.handed_over:
        return "handed_over"
    if facts.confirmed:
        return "confirmed"
    return "new" if facts.holder is None else "taken"


def _misread_ids(state: IncidentState) -> Iterator[str]:
    for step in state.steps:
        if step.did == "misread" and step.undone_by is None and step.alert_id is not None:
            yield step.alert_id
