"""What a misread says beyond its incident: for a while, the same camera's same wrong text rings nowhere for this entry. Pure.

It is an exclusion like one that somebody writes, but for one camera and QUIET_MS, in the name of the person who looked. As any
exclusion it never covers a read of the wanted text itself; nor is anything excluded of a wanted pattern, for the text may fit it
just as it was read. Undone, it is removed.
"""

from collections.abc import Mapping

from pipeline.hotlist.standing import sighting_with
from schemas.incidents import IncidentState, IncidentStep
from schemas.requests import Exclusion

QUIET_MS = 4 * 3_600_000
"""As long as dirt, light or a fastening that makes a camera misread a plate may last; then somebody looks again."""
PREFIX = "misread-"


def quieted(state: IncidentState | None) -> Mapping[str, Exclusion | None]:
    """By exclusion_id, what the incident's misreads exclude; None: the misread was undone."""
    found: dict[str, Exclusion | None] = {}
    for step in state.steps if state is not None else ():
        if step.did == "misread" and state is not None and step.alert_id is not None:
            name = f"{PREFIX}{step.alert_id}"
            one = _excluded(state, step, name)
            if one is not None:
                found[name] = one if step.undone_by is None else None
    return found


def _excluded(state: IncidentState, step: IncidentStep, name: str) -> Exclusion | None:
    sighting = sighting_with(state, step.alert_id or "")
    if sighting is None or sighting.match in ("exact", "pattern") or step.plate is None or step.plate == state.plate:
        return None
    return Exclusion(
        exclusion_id=name,
        plate=sighting.plate,
        entry_id=state.entry_id,
        cameras=(sighting.camera_id,),
        reason=f"a misread of {step.plate}",
        owner=step.who,
        valid_from_ms=step.at_ms,
        valid_until_ms=step.at_ms + QUIET_MS,
    )
