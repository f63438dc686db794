"""What happens to an incident: hits, withdrawals, neighbours' answers and time. Pure.

What it amounts to, pipeline.hotlist.standing says. What arrives twice changes nothing the second time: the same object is returned.
"""

from collections.abc import Sequence

import msgspec

from pipeline.hotlist import awaiting, copies
from pipeline.hotlist.incidents import plate_of
from pipeline.hotlist.reopening import step_of, with_hit, with_step
from pipeline.hotlist.standing import ENDED, derived, sighting_with
from schemas.incidents import (
    MOST_SIGHTINGS,
    MOST_STEPS,
    IncidentSighting,
    IncidentState,
    NeighbourAnswer,
    SureSight,
)
from schemas.outcomes import Alert, Receipt, RecordPlace

EXPIRES_MS = 86_400_000
"""How long after its last change an incident that has not ended expires."""
_LEFT_FOR_THE_END = 2
_replace = msgspec.structs.replace


def seen(
    state: IncidentState | None, alert: Alert, zones: Sequence[str], at_ms: int, at: RecordPlace | None = None,
    sure_at: SureSight | None = None,
) -> IncidentState:  # fmt: skip
    """The incident with this alert. zones: those that the read lies in. at_ms: when the broker took the alert, UTC; at: where it
    stands on its topic; None: nowhere, as without servers. sure_at: see pipeline.hotlist.copies."""
    known = None if state is None else sighting_with(state, alert.alert_id)
    if state is not None and known is not None:
        if alert.revision <= known.revision:
            return state
        later = _replace(known, revision=alert.revision, confirm=alert.confirm)  # our own, sent before Redis forgot it
        return derived(_with_sighting(state, later), at_ms)
    if state is None:
        state = IncidentState(
            incident_id=alert.incident_id, change=0, entry_id=alert.entry_id, hotlist=alert.hotlist,
            category=alert.category, priority=alert.priority, plate=plate_of(alert), sighting_count=0, sightings=(),
            changed_at_ms=at_ms, covert_owner=alert.owner if alert.covert else None,
        )  # fmt: skip
    elif _was_dropped(state, at_ms, at) or (alert.revision > 1 and state.sighting_count > len(state.sightings)):
        return state  # a higher revision of one that was dropped is our own (pipeline.hotlist.revising)
    sighting = _replace(_sighting_of(alert, zones), sure_at=sure_at)
    shared, count = state.shared or bool(alert.share_with), state.sighting_count + 1
    state = _with_sighting(_replace(state, sighting_count=count, alerts_at=at, shared=shared), sighting)
    after = derived(with_hit(state, sighting, at_ms), at_ms)
    return after if sure_at is None else copies.with_hit(after, alert.alert_id)


def _was_dropped(state: IncidentState, at_ms: int, at: RecordPlace | None) -> bool:
    """Whether an alert that is no sighting was one before, of too many: the alerts of an incident are read in their order on one
    partition."""
    last = state.alerts_at
    if at is None or last is None or state.sighting_count <= len(state.sightings):
        return False
    return at.partition == last.partition and at.offset <= last.offset and at_ms <= state.changed_at_ms


def withdrawn(state: IncidentState, alert_id: str, at_ms: int) -> IncidentState:
    """The incident after this alert was withdrawn. at_ms: when the broker took the withdrawal, UTC."""
    known = sighting_with(state, alert_id)
    if known is None or known.withdrawn:
        return state
    was_over = state.phase in ENDED
    state = _with_sighting(state, _replace(known, withdrawn=True))
    if not was_over and all(one.withdrawn for one in state.sightings):
        state = with_step(state, step_of(state, "withdrawn", at_ms, alert_id))
    return copies.anew(derived(state, at_ms))


def answered(state: IncidentState, receipt: Receipt, at_ms: int) -> IncidentState:
    """The incident with a neighbour's answer. at_ms: when the broker took the receipt, UTC."""
    answer = NeighbourAnswer(
        forward_id=receipt.forward_id,
        to_country=receipt.to_country,
        outcome=receipt.outcome,
        later=receipt.later,
        reason=receipt.reason,
        detail=receipt.detail,
        reference=receipt.neighbour_reference,
        answer_by_ms=receipt.answer_by_ms,
        recall=receipt.recall,
        at_ms=receipt.decided_at_ms,
    )
    said = answer.forward_id, answer.outcome, answer.later
    known = *state.answers, *state.awaited
    if any((one.forward_id, one.outcome, one.later) == said for one in known):
        return state
    answers, awaited = awaiting.kept(state, (*known, answer))
    if (answers, awaited) == (state.answers, state.awaited):
        return state
    return derived(_replace(state, answers=answers, awaited=awaited), at_ms)


def alarmed(state: IncidentState, desk_id: str | None, at_ms: int) -> IncidentState:
    """The incident after this desk, or everybody (None), was alarmed at at_ms (UTC) because nobody had answered; unchanged where
    the desk was alarmed already, or there are too many steps. To alarm everybody puts off no end of the incident."""
    if desk_id in state.alarmed or len(state.steps) >= MOST_STEPS - _LEFT_FOR_THE_END:
        return state
    after = derived(with_step(state, step_of(state, "alarmed", at_ms, desk=desk_id)), at_ms)
    return after if desk_id is not None else _replace(after, changed_at_ms=state.changed_at_ms)


def unanswered(state: IncidentState, answer: NeighbourAnswer, at_ms: int) -> IncidentState:
    """The incident with a step that says that a neighbour did not get this message, or did not say in time what came of it; open
    again where it was closed as passed on. at_ms: of the step, UTC. Unchanged where there are too many steps."""
    if len(state.steps) >= MOST_STEPS - _LEFT_FOR_THE_END:
        return state
    step = step_of(state, "alarmed", at_ms, desk=state.desk)
    step = _replace(step, to_country=answer.to_country, forward_id=answer.forward_id, recall=answer.recall)
    return derived(with_step(state, step), at_ms)


def expired(state: IncidentState, at_ms: int) -> IncidentState:
    """The incident after it expired at at_ms (UTC); unchanged where it was over before."""
    if state.phase in ENDED:
        return state
    return derived(with_step(state, step_of(state, "expired", at_ms)), at_ms)


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
        hotlist=alert.hotlist,
        category=alert.category,
        sounds=alert.live and not alert.silent,
    )


def _with_sighting(state: IncidentState, sighting: IncidentSighting) -> IncidentState:
    """The state with this sighting, in place of an earlier one of the same alert. Of more than MOST_SIGHTINGS the oldest goes, but
    not the very first; and as long as another can go, none that was sent again or that opened the incident again."""
    if sighting_with(state, sighting.alert_id) is not None:
        kept = [sighting if one.alert_id == sighting.alert_id else one for one in state.sightings]
    else:
        kept = [*state.sightings, sighting]
        if len(kept) > MOST_SIGHTINGS:
            plain = (at for at in range(1, len(kept) - 1) if kept[at].revision == 1 and kept[at].reopens is None)
            del kept[next(plain, 1)]
    return _replace(state, sightings=tuple(kept))
