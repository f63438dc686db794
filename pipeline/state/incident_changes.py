"""The changes of what is kept of an incident (pipeline.state.incident_memory), one for each kind of message, and for time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from pipeline.hotlist import copies, life
from pipeline.hotlist.acting import acted
from pipeline.hotlist.answering import next_alarm
from pipeline.hotlist.awaiting import next_overdue
from pipeline.hotlist.revising import revised
from pipeline.hotlist.standing import ENDED
from pipeline.state.incident_memory import MOST_WAITING, Change, Kept, WaitingAction, WaitingAnswer
from schemas.incidents import IncidentState, SureSight
from schemas.outcomes import Alert, Receipt, RecordPlace, Withdrawal
from schemas.people import Desk


@dataclass(slots=True)
class Batch:
    """What a batch brings for each incident: changes in their order, alerts to keep, and the incidents of which everything is sent
    again even where nothing changed."""

    changes: dict[str, list[Change]] = field(default_factory=dict)
    alerts: dict[str, list[Alert]] = field(default_factory=dict)
    again: set[str] = field(default_factory=set)

    def add(self, incident_id: str, change: Change, *, again: bool = True) -> None:
        """Add one change. again: everything about the incident is sent again, even where nothing changed."""
        self.changes.setdefault(incident_id, []).append(change)
        if again:
            self.again.add(incident_id)

    def folded(self) -> dict[str, Change]:
        """One change for each incident, with the revisions that it calls for."""
        return {incident_id: partial(all_of, tuple(some)) for incident_id, some in self.changes.items()}


def all_of(changes: Iterable[Change], kept: Kept) -> Kept:
    """What is kept after these changes, with the revisions that they call for."""
    after = kept
    for change in changes:
        after = change(after)
    if after.state is None or after.state is kept.state:
        return after
    state, _ = revised(kept.state, after.state)
    return _with_state(after, state)


def _with_state(kept: Kept, state: IncidentState) -> Kept:
    return kept if state is kept.state else Kept(state, kept.waiting, kept.answers)


def seen(
    alert: Alert, zones: Sequence[str], sure_at: SureSight | None, at_ms: int, at: RecordPlace, kept: Kept
) -> Kept:
    """What is kept after this alert. Actions and answers that came before the first alert are taken in after it.

    zones, sure_at: see life.seen. at_ms, at: when the broker took the alert, and where it stands.
    """
    state = life.seen(kept.state, alert, zones, at_ms, at, sure_at)
    state = _with_waiting(state, kept)
    return kept if state is kept.state else Kept(state)


def _with_waiting(state: IncidentState, kept: Kept) -> IncidentState:
    """The state with the actions and answers that came before it was known."""
    for one in kept.waiting:
        state = _acted(state, one)
    for answer in kept.answers:
        state = life.answered(state, answer.receipt, answer.at_ms)
    return state


def _acted(state: IncidentState, one: WaitingAction) -> IncidentState:
    """The state after a person's action: other hits may stand, and so others may show two vehicles."""
    return copies.anew(acted(state, one.action, one.at_ms, one.at))


def acted_on(one: WaitingAction, kept: Kept) -> Kept:
    """What is kept after a person's action; one that came before its incident waits for it."""
    if kept.state is not None:
        return _with_state(kept, _acted(kept.state, one))
    if any(other.action.action_id == one.action.action_id for other in kept.waiting):
        return kept
    return Kept(None, (*kept.waiting, one)[-MOST_WAITING:], kept.answers)


def withdrawn(message: Withdrawal, at_ms: int, kept: Kept) -> Kept:
    """What is kept after an alert's withdrawal, which the broker took at at_ms (UTC)."""
    return kept if kept.state is None else _with_state(kept, life.withdrawn(kept.state, message.id, at_ms))


def answered(receipt: Receipt, at_ms: int, kept: Kept) -> Kept:
    """What is kept after a neighbour's answer, which the broker took at at_ms (UTC); one that was read before its incident waits
    for it."""
    if kept.state is not None:
        return _with_state(kept, life.answered(kept.state, receipt, at_ms))
    if any((one.receipt.receipt_id, one.receipt.later) == (receipt.receipt_id, receipt.later) for one in kept.answers):
        return kept
    return Kept(None, kept.waiting, (*kept.answers, WaitingAnswer(receipt, at_ms))[-MOST_WAITING:])


def restored(state: IncidentState, kept: Kept) -> Kept:
    """What is kept after this state was put back: with what has come meanwhile, where the incident was not known."""
    return kept if kept.state is not None else Kept(state, kept.waiting, kept.answers)


def due_ms(state: IncidentState, desks: Mapping[str, Desk]) -> int | None:
    """When `passed` changes something next, UTC ms; None: never."""
    due = [one[0] for one in (next_alarm(state, desks), next_overdue(state)) if one is not None]
    return min(due if state.phase in ENDED else [state.changed_at_ms + life.EXPIRES_MS, *due], default=None)


def passed(desks: Mapping[str, Desk], now_ms: int, kept: Kept) -> Kept:
    """What is kept after what time brings until now_ms (UTC): the alarm of further desks, the neighbours' silence, and the end."""
    state = kept.state
    if state is None:
        return kept
    state = _with_waiting(state, kept)
    while (alarm := next_alarm(state, desks)) is not None and alarm[0] <= now_ms:
        after = life.alarmed(state, alarm[1], now_ms)
        if after is state:
            break
        state = after
    while (overdue := next_overdue(state)) is not None and overdue[0] <= now_ms:
        after = life.unanswered(state, overdue[1], now_ms)
        if after is state:
            break
        state = after
    if now_ms >= state.changed_at_ms + life.EXPIRES_MS:
        state = life.expired(state, now_ms)
    return Kept(state) if kept.waiting or kept.answers else _with_state(kept, state)
