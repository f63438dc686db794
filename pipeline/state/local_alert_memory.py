"""AlertMemory in this process alone: for deciding without servers."""

from collections.abc import Sequence

from pipeline.hotlist.incidents import Incidents, place, subject_of, without
from pipeline.state.alert_memory import OPEN_MS, open_among
from schemas.base import Position
from schemas.outcomes import Alert


class LocalAlertMemory:
    """AlertMemory in dictionaries. Nothing of it is shared or outlives the process."""

    def __init__(self) -> None:
        self._incidents: dict[str, Incidents] = {}
        self._alerts: dict[str, Alert | None] = {}  # None: withdrawn
        self._told: set[str] = set()

    def after_loss(self, since_ms: int) -> "LocalAlertMemory":
        """The memory after a loss, once the alerts that were decided since since_ms (UTC) were put back, as AlertRecovery does: but
        for covert ones, and without what rang."""
        found = LocalAlertMemory()
        kept = {
            one.alert_id for one in self._alerts.values() if one and not one.covert and one.decided_at_ms >= since_ms
        }
        found._alerts = {name: one for name, one in self._alerts.items() if one is None or name in kept}
        found._told = self._told & found._alerts.keys()
        return found

    async def placed(self, alerts: Sequence[Alert], wheres: Sequence[Position | None]) -> list[Alert | None]:
        """See AlertMemory.placed."""
        for alert, where in zip(alerts, wheres, strict=True):
            if alert.alert_id not in self._alerts:
                subject = subject_of(alert)
                after, placed = place(self._incidents.get(subject, ()), alert, where)
                self._incidents[subject], self._alerts[alert.alert_id] = after, placed
        return [self._alerts[alert.alert_id] for alert in alerts]

    async def told(self, alerts: Sequence[Alert]) -> None:
        """See AlertMemory.told."""
        self._told.update(alert.alert_id for alert in alerts)

    async def entries(self, now_ms: int) -> set[str]:
        """See AlertMemory.entries."""
        return {alert.entry_id for alert in self._alerts.values() if alert and alert.decided_at_ms > now_ms - OPEN_MS}

    async def claimed(self, entry_ids: Sequence[str]) -> list[bool]:
        """True for each entry: nobody else could claim it from this process's memory."""
        return [True] * len(entry_ids)

    async def open_alerts(self, entry_id: str, now_ms: int) -> tuple[list[Alert], bool]:
        """See AlertMemory.open_alerts."""
        mine = (alert for alert in self._alerts.values() if alert and alert.entry_id == entry_id)
        return open_among(((alert, alert.alert_id in self._told) for alert in mine), now_ms)

    async def withdrawn(self, alerts: Sequence[Alert], now_ms: int, *, replaced: bool = False) -> None:
        """See AlertMemory.withdrawn."""
        for alert in alerts:
            self._alerts[alert.alert_id] = None
            if not replaced:
                subject = subject_of(alert)
                self._incidents[subject] = without(self._incidents.get(subject, ()), frozenset((alert.incident_id,)))
