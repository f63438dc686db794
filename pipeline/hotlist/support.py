"""Checks whether an alert follows from its entry and its read: it is made again and must say the same of vehicle and entry.
Priority, incident and whether it rings are not compared. Pure."""

from collections.abc import Iterable, Mapping

from pipeline.hotlist.matching import Hotlist, alert_of, match_read
from schemas.incidents import IncidentAction
from schemas.outcomes import Alert
from schemas.reference import Camera, HotlistEntry, Zone

_SAID = (
    "entry_id", "hotlist", "category", "action", "owner", "legal_basis", "match", "score", "covert", "wanted_plate", "share_with",
    "case_reference", "origin", "read",
)  # fmt: skip
"""What an alert says of vehicle and entry. How it rings, its incident and its priority are not asked."""


def follows(
    alert: Alert,
    entries: Iterable[HotlistEntry],
    places: Iterable[tuple[Mapping[str, Camera], Mapping[str, Zone]]],
) -> bool:
    """Whether some version of the alert's entry makes this alert of its read.

    entries: the versions of the entry. places: cameras and zones as they were at the capture, or are now; one that agrees is
    enough. A hit that a person must confirm follows only if the alert still says so, or names the confirmation: that is
    checked by confirmation_fault.
    """
    versions, read = tuple(entries), alert.read
    for cameras, zones in places:
        camera = cameras.get(read.camera_id)
        for entry in versions:
            for hit in match_read(read, Hotlist((entry,)), cameras, zones):
                made = alert_of(hit, read, camera, decided_at_ms=alert.decided_at_ms)
                confirmed = alert.confirm >= made.confirm or alert.confirmed is not None
                if confirmed and all(getattr(alert, name) == getattr(made, name) for name in _SAID):
                    return True
    return False


def confirmation_fault(alert: Alert, action: IncidentAction | None) -> str | None:
    """Why an alert's confirmation does not hold; None: it does, or the alert names none. action: what stands where the
    confirmation says; None: no action does."""
    said = alert.confirmed
    if said is None:
        return None
    if action is None:
        return "no action stands where its confirmation says"
    is_it = action.did == "confirm" and action.alert_id == alert.alert_id and action.incident_id == alert.incident_id
    same = action.action_id == said.action_id and action.who == said.who
    return None if is_it and same and alert.revision > 1 else "its confirmation names an action that did not confirm it"
