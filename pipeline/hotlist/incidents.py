"""Which incident a hit belongs to, and whether it rings. The one rule; it keeps nothing itself.

An incident is the trail of one wanted plate of one entry, or of one plate that fits an entry's pattern: hits by time of capture,
none further than WINDOW_MS from the next, in any order of arrival. It bears the id of its alert that was decided first.

A live hit rings when nothing of its incident rang before. It rings again
- when it is surer: the first that shows the wanted text itself after others that only look alike, and the first that no person
  needs to confirm, so that a look-alike never silences the real one;
- when it is more urgent than all that rang;
- when it is where no vehicle that rang before could have got to at MOST_KMH: there are two, or the first was another one.
A better score alone is no news. What was uploaded late, or is silent, never rings and silences nothing.
"""

from collections.abc import Mapping
from enum import IntEnum

import msgspec

from pipeline.reads.geography import beeline_m
from schemas.base import Position
from schemas.outcomes import Alert
from schemas.reference import Priority

WINDOW_MS = 30 * 60_000
MOST_INCIDENTS = 32
"""Kept for each wanted plate; the oldest goes first."""
MOST_KMH = 250.0
"""No vehicle on a road gets further than this in a straight line, however it hurries."""
POSITION_DOUBT_M = 1_000.0
"""By how far two cameras' positions and clocks together may be wrong."""
MOST_TRAILS = 8
"""Vehicles told apart in one incident; the one not seen for longest goes first."""
URGENCY: Mapping[Priority, int] = {"urgent": 4, "high": 3, "normal": 2, "low": 1}


class Sureness(IntEnum):
    """How sure a hit is that its vehicle is the wanted one. An incident keeps the highest of its hits that rang;
    NOTHING_RANG if none did."""

    NOTHING_RANG = 0
    LOOKS_ALIKE = 1
    SAYS_SO = 2  # the text read is the wanted one; a person must still look
    SURE = 3


class Trail(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Where and when one vehicle, for which a hit rang, was last seen. Degrees, WGS 84; UTC ms."""

    at_ms: int
    lat: float
    lon: float


class Incident(msgspec.Struct, array_like=True, frozen=True):
    """Hits on one wanted plate, or on one plate that fits an entry's pattern, each at most WINDOW_MS after the one before.

    first_ms, last_ms: when the earliest and the latest hit were captured, UTC ms. sureness, urgency: the highest among the hits
    that rang at dispatch (see Sureness, URGENCY), 0 when none did. trails: for each vehicle that can be told apart among those,
    where and when it was seen last; at most MOST_TRAILS.
    """

    incident_id: str
    first_ms: int
    last_ms: int
    sureness: int = Sureness.NOTHING_RANG
    urgency: int = 0
    trails: tuple[Trail, ...] = ()


Incidents = tuple[Incident, ...]
"""Those of one subject in the order of time. They never overlap: a hit belongs to the nearest one."""


def plate_of(alert: Alert) -> str:
    """The plate that the incident is about: the wanted plate, or, where a pattern is wanted, the plate that fits it.

    It is also the key of the alert's record.
    """
    return alert.read.plate if alert.match == "pattern" else alert.wanted_plate


def subject_of(alert: Alert) -> str:
    """The key under which incidents are kept, entry_id/plate: each plate of each entry has incidents of its own."""
    return f"{alert.entry_id}/{plate_of(alert)}"


def place(
    incidents: Incidents, alert: Alert, where: Position | None, *, window_ms: int = WINDOW_MS
) -> tuple[Incidents, Alert]:
    """Put a hit into its incident. Returns the subject's incidents with it, and the alert with incident_id and rings set.

    incidents: those of subject_of(alert). where: the position of the capture; None: unknown.
    """
    home = _home(incidents, alert.read.captured_at_ms, window_ms)
    before = home or Incident(alert.alert_id, alert.read.captured_at_ms, alert.read.captured_at_ms)
    why = _why_it_rings(before, alert, where)
    after = _with_hit(before, alert, where, rings=why is not None)
    others = [one for one in incidents if one is not home]
    kept = sorted([*others, after], key=lambda one: one.first_ms)[-MOST_INCIDENTS:]
    notes = (*alert.notes, why) if why else alert.notes
    placed = msgspec.structs.replace(alert, incident_id=after.incident_id, rings=why is not None, notes=notes)
    return tuple(kept), placed


def without(incidents: Incidents, incident_ids: frozenset[str]) -> Incidents:
    """These incidents without the ones of incident_ids, whose alerts were withdrawn: the next hit begins a new incident."""
    return tuple(one for one in incidents if one.incident_id not in incident_ids)


def _home(incidents: Incidents, at_ms: int, window_ms: int) -> Incident | None:
    """The incident nearest in time to at_ms (of two equally near ones the earlier); None when none is within window_ms."""

    def away_ms(one: Incident) -> int:
        return max(one.first_ms - at_ms, at_ms - one.last_ms, 0)

    nearest = min(incidents, key=away_ms, default=None)
    return nearest if nearest is not None and away_ms(nearest) <= window_ms else None


def sureness_of(alert: Alert) -> Sureness:
    """How sure a hit is that its vehicle is the wanted one."""
    if alert.match != "exact":
        return Sureness.LOOKS_ALIKE
    return Sureness.SAYS_SO if alert.confirm else Sureness.SURE


def _why_it_rings(incident: Incident, alert: Alert, where: Position | None) -> str | None:
    """Why the alert rings, in words for a person when others rang before, else empty; None: it does not ring."""
    if not alert.live or alert.silent:
        return None
    if incident.sureness == Sureness.NOTHING_RANG:
        return ""
    if sureness_of(alert) > incident.sureness:
        return "rings again: surer than what rang before"
    if URGENCY[alert.priority] > incident.urgency:
        return "rings again: more urgent than what rang before"
    if where is not None and incident.trails and _trail_to(incident, alert.read.captured_at_ms, where) is None:
        return f"rings again: no vehicle that rang before could be here by now at {MOST_KMH:.0f} km/h"
    return None


def _with_hit(incident: Incident, alert: Alert, where: Position | None, *, rings: bool) -> Incident:
    at_ms = alert.read.captured_at_ms
    return Incident(
        incident.incident_id,
        min(incident.first_ms, at_ms),
        max(incident.last_ms, at_ms),
        max(incident.sureness, sureness_of(alert)) if rings else incident.sureness,
        max(incident.urgency, URGENCY[alert.priority]) if rings else incident.urgency,
        _trails(incident, at_ms, where, begins=rings) if where else incident.trails,
    )


def _trails(incident: Incident, at_ms: int, where: Position, *, begins: bool) -> tuple[Trail, ...]:
    """The incident's trails after a hit at this position: the trail whose vehicle it may be is extended to it.

    Where it can be none of their vehicles, the hit begins a new trail if it rings (`begins`).
    """
    trail = _trail_to(incident, at_ms, where)
    here = Trail(at_ms, where.lat, where.lon)
    if trail is None:
        found = (*incident.trails, here) if begins else incident.trails
        return tuple(sorted(found, key=lambda one: one.at_ms)[-MOST_TRAILS:])
    if trail.at_ms >= at_ms:
        return incident.trails
    return tuple(here if one is trail else one for one in incident.trails)


def _trail_to(incident: Incident, at_ms: int, where: Position) -> Trail | None:
    """The trail whose vehicle could be there at at_ms; of several, that which would have driven slowest; None when none could."""

    def kmh(trail: Trail) -> float:
        beyond_m = max(0.0, beeline_m(where, Position(lat=trail.lat, lon=trail.lon)) - POSITION_DOUBT_M)
        return beyond_m / max(abs(at_ms - trail.at_ms), 1) * 3_600.0

    slowest = min(incident.trails, key=kmh, default=None)
    return slowest if slowest is not None and kmh(slowest) <= MOST_KMH else None
