"""What happens to an incident: hits, withdrawals, neighbours' answers and time. Pure.

What it amounts to, pipeline.hotlist.standing says. What arrives twice changes nothing the second time: the same object is returned.
"""

from collections.abc import Sequence

import msgspec

from pipeline.hotlist.incidents import plate_of
from pipeline.hotlist.standing import ENDED, derived, sighting_with
from schemas.incidents import (
    MOST_ANSWERS,
    MOST_SIGHTINGS,
    MOST_STEPS,
    Happened,
    IncidentSighting,
    IncidentState,
    IncidentStep,
    NeighbourAnswer,
)
from schemas.outcomes import Alert, Receipt

BY = "incidents"
EXPIRES_MS = 86_400_000
"""After its last change. An alert is open for as long (pipeline.state.alert_memory)."""
_LEFT_FOR_THE_END = 2
_replace = msgspec.structs.replace


def seen(state: IncidentState | None, alert: Alert, zones: Sequence[str], at_ms: int) -> IncidentState:
    """The incident with this alert. zones: those that the read lies in. at_ms: when the broker took the alert, UTC."""
    known = None if state is None else sighting_with(state, alert.alert_id)
    if state is not None and known is not None:
        if alert.revision <= known.revision:
            return state
        later = _replace(known, revision=alert.revision, confirm=alert.confirm)  # our own, sent before Redis forgot it
        return derived(_with_sighting(state, later), at_ms)
    sighting = _sighting_of(alert, zones)
    if state is None:
        state = IncidentState(
            incident_id=alert.incident_id, change=0, entry_id=alert.entry_id, hotlist=alert.hotlist,
            category=alert.category, priority=alert.priority, plate=plate_of(alert), sighting_count=0, sightings=(),
            changed_at_ms=at_ms,
        )  # fmt: skip
    state = _with_sighting(_replace(state, sighting_count=state.sighting_count + 1), sighting)
    if alert.rings:
        state = _replace(state, rings=state.rings + 1)
        state = _with_step(state, _step(state, "rang", at_ms, alert_id=alert.alert_id))
    return derived(state, at_ms)


def withdrawn(state: IncidentState, alert_id: str, at_ms: int) -> IncidentState:
    """The incident after this alert was withdrawn."""
    known = sighting_with(state, alert_id)
    if known is None or known.withdrawn:
        return state
    was_over = state.phase in ENDED
    state = _with_sighting(state, _replace(known, withdrawn=True))
    if not was_over and all(one.withdrawn for one in state.sightings):
        state = _with_step(state, _step(state, "withdrawn", at_ms, alert_id=alert_id))
    return derived(state, at_ms)


def answered(state: IncidentState, receipt: Receipt, at_ms: int) -> IncidentState:
    """The incident with a neighbour's answer."""
    answer = NeighbourAnswer(
        forward_id=receipt.forward_id,
        to_country=receipt.to_country,
        outcome=receipt.outcome,
        detail=receipt.detail,
        reference=receipt.neighbour_reference,
        at_ms=receipt.decided_at_ms,
    )
    if any((one.forward_id, one.outcome) == (answer.forward_id, answer.outcome) for one in state.answers):
        return state
    return derived(_replace(state, answers=(*state.answers, answer)[-MOST_ANSWERS:]), at_ms)


def alarmed(state: IncidentState, desk_id: str, at_ms: int) -> IncidentState:
    """The incident after this desk was alarmed, because nobody had answered."""
    if desk_id in state.alarmed or len(state.steps) >= MOST_STEPS - _LEFT_FOR_THE_END:
        return state
    return derived(_with_step(state, _step(state, "alarmed", at_ms, desk=desk_id)), at_ms)


def expired(state: IncidentState, at_ms: int) -> IncidentState:
    """The incident after its time is over."""
    if state.phase in ENDED:
        return state
    return derived(_with_step(state, _step(state, "expired", at_ms)), at_ms)


def _sighting_of(alert: Alert, zones: Sequence[str]) -> IncidentSighting:
    read = alert.read
    return IncidentSighting(
        alert_id=alert.alert_id,
        camera_id=read.camera_id,
        captured_at_ms=read.captured_at_ms,
        plate=read.plate,
        match=alert.match,
        score=alert.score,
        priority=alert.priority,
        rings=alert.rings,
        asked=alert.confirm or alert.confirmed is not None,
        confirm=alert.confirm,
        revision=alert.revision,
        zones=tuple(zones),
        network=alert.network,
        purposes=alert.purposes,
        list_id=alert.list_id,
    )


def _with_sighting(state: IncidentState, sighting: IncidentSighting) -> IncidentState:
    """The state with this sighting, in place of an earlier one of the same alert. Of too many, the oldest goes but the first,
    and but those of which neighbours or dispatchers were told something else than at first."""
    if sighting_with(state, sighting.alert_id) is not None:
        kept = [sighting if one.alert_id == sighting.alert_id else one for one in state.sightings]
    else:
        kept = [*state.sightings, sighting]
        if len(kept) > MOST_SIGHTINGS:
            plain = (at for at in range(1, len(kept) - 1) if kept[at].revision == 1)
            del kept[next(plain, 1)]
    return _replace(state, sightings=tuple(kept))


def _step(
    state: IncidentState, did: Happened, at_ms: int, *, alert_id: str | None = None, desk: str | None = None
) -> IncidentStep:
    return IncidentStep(number=_next(state), did=did, who=BY, at_ms=at_ms, alert_id=alert_id, desk=desk)


def _next(state: IncidentState) -> int:
    return state.steps[-1].number + 1 if state.steps else 1


def _with_step(state: IncidentState, step: IncidentStep) -> IncidentState:
    """The state with one more step. Of alerts that ring one after the other only the last one is a step."""
    before = state.steps[:-1] if step.did == "rang" and state.steps and state.steps[-1].did == "rang" else state.steps
    return _replace(state, steps=(*before, step)[-MOST_STEPS:])
