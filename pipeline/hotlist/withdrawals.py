"""Decides whether an open alert still stands under the entry as it is now. Pure.

An alert depends on its entry. When the entry is removed or expires, the alert is withdrawn. When the entry is corrected, the
read is matched again with the entry as it is now: an alert that no longer results is withdrawn; one whose content differs
(category, priority, action, consent to share, ...) is replaced by a new alert that names the old one in `corrects`, and then
withdrawn. A change that does not alter the alert, such as a longer validity, withdraws nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from pipeline.hotlist.exclusions import may_be
from pipeline.hotlist.matching import AFTERWARDS, alert_of, found_afterwards
from pipeline.hotlist.watches import hits_of
from schemas import ids
from schemas.outcomes import Alert, Withdrawal
from schemas.reference import Camera, HotlistEntry, Zone

REMOVED, EXPIRED, CORRECTED = "entry_removed", "entry_expired", "entry_corrected"
BY = "hotlist"
_DECIDED = frozenset(
    ("alert_id", "incident_id", "rings", "live", "notes", "revision", "corrects", "decided_at_ms", "read")
)
"""Fields that say how an alert was decided, not what it says."""


@dataclass(frozen=True, slots=True)
class TakenBack:
    """An open alert that must be withdrawn, and the reason. instead: the alert that replaces it, not yet in its incident;
    None: there is none."""

    alert: Alert
    reason: str
    instead: Alert | None = None

    def withdrawal(self, at_ms: int) -> Withdrawal:
        """The message that withdraws the alert. at_ms: UTC."""
        return Withdrawal(kind="alert", id=self.alert.alert_id, reason=self.reason, by=BY, at_ms=at_ms,
                          incident_id=self.alert.incident_id)  # fmt: skip


def taken_back(
    alert: Alert, entry: HotlistEntry | None, cameras: Mapping[str, Camera], zones: Mapping[str, Zone], now_ms: int
) -> TakenBack | None:
    """The withdrawal of an open alert under the entry as it is at now_ms (UTC); None: the alert stands. entry None: it was removed.
    cameras, zones: as they held at capture."""
    if entry is None:
        return TakenBack(alert, REMOVED)
    if entry.valid_until_ms <= now_ms:
        return TakenBack(alert, EXPIRED)
    hits = hits_of(alert.read, entry, cameras, zones)
    if not hits:
        return TakenBack(alert, CORRECTED)
    hit = found_afterwards(hits[0]) if AFTERWARDS in alert.notes else hits[0]
    again = alert_of(hit, alert.read, cameras.get(alert.read.camera_id), decided_at_ms=now_ms)
    if alert.excluded is not None and _is_excluded_still(alert, again, entry):
        again = msgspec.structs.replace(again, excluded=alert.excluded, silent=True)
    if _says(again) == _says(alert):
        return None
    content = msgspec.json.encode(_says(again), order="deterministic").decode()
    instead = msgspec.structs.replace(
        again, alert_id=ids.corrected_alert_id(alert.alert_id, content), corrects=alert.alert_id
    )
    return TakenBack(alert, CORRECTED, instead)


def as_of_arrival(
    alert: Alert, entry: HotlistEntry | None, cameras: Mapping[str, Camera], zones: Mapping[str, Zone], now_ms: int
) -> Alert | None:
    """A new alert as the entry is when it is decided; None: since the capture the entry was removed, has expired, or was corrected
    so that the read matches it no more, so nobody is told of the hit. What the entry says only now, such as whom to share it with,
    counts.

    entry: as it is then. cameras, zones: as they held at capture. now_ms: when it is decided, UTC.
    """
    back = taken_back(alert, entry, cameras, zones, now_ms)
    if back is None or back.instead is None:
        return alert if back is None else None
    now, rings = back.instead, alert.live and not back.instead.silent
    notes = now.notes if now.excluded is None else alert.notes
    return msgspec.structs.replace(
        now, alert_id=alert.alert_id, corrects=None, live=alert.live, rings=rings, notes=notes
    )


def _is_excluded_still(alert: Alert, again: Alert, entry: HotlistEntry) -> bool:
    """Whether what was excluded stays so. Which exclusions hold now changes nothing about it; but where the entry wants another
    text now, none covers a read of that text or of one that fits it."""
    if again.match == "exact" or may_be(alert.read, entry.plate):
        return False
    return again.match != "pattern" or alert.match == "pattern"


def _says(alert: Alert) -> dict[str, object]:
    """The content of an alert for its reader, by field."""
    return {name: getattr(alert, name) for name in alert.__struct_fields__ if name not in _DECIDED}
