"""The life of covert incidents, in the memory of each process of the desks.

It comes from their sealed topic alone, which holds the alerts and what their owner's people decided, in one order for each owner's
key. No agent, no other topic and no Redis knows of them. Every process reads the topic from its beginning and comes to the same
states, by the rules of all incidents (pipeline.hotlist.life, acting). What is different: nothing quiets a confusion or makes an
exclusion, which others would see, and nothing crosses the border.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

from pipeline.desks.directory import Directory
from pipeline.hotlist.revising import revision_of
from pipeline.hotlist.standing import ENDED, sighting_with
from pipeline.state import incident_changes as changes
from pipeline.state.collections import DESKS
from pipeline.state.incident_memory import KEPT_MS, Change, Kept, WaitingAction
from schemas.incidents import IncidentAction, IncidentState
from schemas.outcomes import Alert, RecordPlace, Withdrawal
from schemas.people import Desk

SKEW_MS = 1_000
"""By how much this machine's clock may be ahead of the broker's."""
Opened = Alert | Withdrawal | IncidentAction
"""The messages on the sealed topic, once opened."""
Told = Alert | Withdrawal | IncidentState

_NOTHING = Kept()


@dataclass(slots=True)
class CovertLives:
    """The covert incidents by id, and their alerts as first decided."""

    directory: Directory
    _kept: dict[str, Kept] = field(default_factory=dict)
    _alerts: dict[str, dict[str, Alert]] = field(default_factory=dict)

    def take(self, message: Opened, at: RecordPlace, at_ms: int) -> Iterator[Told]:
        """Yields what to show of a message: it itself unless it is an action, and how its incident stands afterwards. at, at_ms:
        where it stands on the topic, and when the broker took it (UTC). An action on an incident that is not known counts for
        nothing."""
        if not isinstance(message, IncidentAction):
            yield message
        incident_id = (message.incident_id or message.id) if isinstance(message, Withdrawal) else message.incident_id
        yield from self._passed(incident_id, at_ms)
        match message:
            case Alert():
                self._alerts.setdefault(incident_id, {}).setdefault(message.alert_id, message)
                zones, sure_at = self.directory.where(message)
                yield from self._changed(incident_id, partial(changes.seen, message, zones, sure_at, at_ms, at))
            case Withdrawal():
                yield from self._changed(incident_id, partial(changes.withdrawn, message, at_ms))
            case IncidentAction() if incident_id in self._kept:
                yield from self._changed(incident_id, partial(changes.acted_on, WaitingAction(message, at_ms, at)))

    def due(self, known_ms: int) -> Iterator[Told]:
        """Yields what time has brought. known_ms: everything that was sent until then was taken in, UTC; so every
        process decides what time brings after the same records."""
        for incident_id in list(self._kept):
            yield from self._passed(incident_id, known_ms - SKEW_MS)
            state = self._kept[incident_id].state
            if state is None or (state.phase in ENDED and known_ms - state.changed_at_ms > KEPT_MS):
                del self._kept[incident_id]
                self._alerts.pop(incident_id, None)

    def _passed(self, incident_id: str, until_ms: int) -> Iterator[Told]:
        """What time brings by until_ms, each at the moment at which it is due."""
        desks: dict[str, Desk] = dict(self.directory.of(DESKS).as_of(until_ms))
        while (state := self._kept.get(incident_id, _NOTHING).state) is not None:
            due_ms = changes.due_ms(state, desks)
            if due_ms is None or due_ms > until_ms:
                return
            told = list(self._changed(incident_id, partial(changes.passed, desks, due_ms)))
            if not told:
                return
            yield from told

    def _changed(self, incident_id: str, change: Change) -> Iterator[Told]:
        before = self._kept.get(incident_id, _NOTHING)
        after = changes.all_of((change,), before)
        if after is before or after.state is None:
            return
        self._kept[incident_id] = after
        yield after.state
        yield from self._sent_again(before.state, after.state)

    def _sent_again(self, before: IncidentState | None, after: IncidentState) -> Iterator[Alert]:
        """The alerts of which a person has since confirmed or rejected the hit, or taken that back, each in its new revision. The
        alerts of sightings that were dropped are forgotten."""
        alerts = self._alerts.get(after.incident_id, {})
        for alert_id in [one for one in alerts if sighting_with(after, one) is None]:
            del alerts[alert_id]
        for one in after.sightings:
            known = None if before is None else sighting_with(before, one.alert_id)
            if one.revision > (known.revision if known else 1) and one.alert_id in alerts and not one.withdrawn:
                yield revision_of(after, alerts[one.alert_id])
