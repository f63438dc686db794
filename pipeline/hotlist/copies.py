"""Whether the hits of an incident are of two vehicles with one plate: at two places that no vehicle could reach in the time. Pure.

One of them bears a copy, and the other may be an innocent owner's. So it is said only where nothing else explains it: both texts
are the wanted one and sure, and no other vehicle may bear one that readers count as the same; both clocks state how far they may be
off; both places are known; and nothing says that the two come from two countries. It rings nowhere. It follows from the set of the
hits that stand: their order of arrival makes no difference.
"""

from collections.abc import Iterable
from itertools import combinations

import msgspec

from pipeline.hotlist.incidents import MOST_KMH, POSITION_DOUBT_M
from pipeline.hotlist.put_away import is_put_away
from pipeline.plates.shared import written
from pipeline.plates.twins import issued_twins
from pipeline.reads.admission import trusted_country
from pipeline.reads.drift import DRIFT_PPM
from pipeline.reads.geography import beeline_m, position_of
from schemas.incidents import Copied, IncidentSighting, IncidentState, SureSight
from schemas.outcomes import Alert
from schemas.reads import PlateRead
from schemas.reference import Camera

LEAST_CONFIDENCE = 0.95
MOST_ELSE = 0.01
"""So sure must the read be of the text, and so improbable what else it may show. An own choice."""


def sure_sight(alert: Alert, camera: Camera | None) -> SureSight | None:
    """Where this hit was, and by how far its time may be off; None: its text, place or time is not sure, so it cannot tell two
    vehicles apart. camera: as it was at capture."""
    read = alert.read
    if alert.match != "exact" or not is_one_plate(read.plate, trusted_country(read)):
        return None
    return seen_surely(read, camera)


def seen_surely(read: PlateRead, camera: Camera | None) -> SureSight | None:
    """Where this read was, and by how far its time may be off; None: its text, place or time is not sure. camera: as it was at
    capture."""
    where, doubt_ms = position_of(read, camera), clock_doubt_ms(read)
    if where is None or doubt_ms is None or not is_sure_of_text(read):
        return None
    return SureSight(position=where, doubt_ms=doubt_ms, country=trusted_country(read))


def is_sure_of_text(read: PlateRead) -> bool:
    """Whether the reader is sure of the text. Silence is no proof."""
    if not read.confidence_stated or read.confidence < LEAST_CONFIDENCE:
        return False
    return all(one.text == read.plate or one.probability <= MOST_ELSE for one in read.alternatives)


def is_one_plate(text: str, country: str | None) -> bool:
    """Whether no two plates of this country, or of any where it is None, are read as this text."""
    return issued_twins(text, country) == frozenset() and not written(text, country)


def clock_doubt_ms(read: PlateRead) -> float | None:
    """By how far the capture time may be off, in ms; None: the read does not say, which proves nothing."""
    clock = read.clock
    if (
        clock is None
        or not clock.synced
        or clock.source == "none"
        or not clock.worst_error_ms
        or clock.sync_age_ms is None
    ):
        return None
    return clock.worst_error_ms + clock.sync_age_ms * DRIFT_PPM / 1e6 + read.time_doubt_ms


def with_hit(state: IncidentState, alert_id: str) -> IncidentState:
    """The incident, which holds this hit already as its last one, after the hit was held against the others: `copied` names two
    hits that must be of two vehicles, if there are any."""
    hits = _counted(state)
    new = next((one for one in hits if one.alert_id == alert_id), None)
    found = [] if new is None else [(one, new) for one in hits if one is not new and _are_two(one, new)]
    known = [state.copied] if state.copied is not None else []
    return _with(state, [*map(_copied, found), *known])


def anew(state: IncidentState) -> IncidentState:
    """The incident with all its hits held against each other: after a person or the platform took some back, or an undo."""
    return _with(state, [_copied(pair) for pair in combinations(_counted(state), 2) if _are_two(*pair)])


def _counted(state: IncidentState) -> list[IncidentSighting]:
    return [
        one for one in state.sightings if one.sure_at is not None and not one.withdrawn and not is_put_away(state, one)
    ]


def no_vehicle_could(between_ms: int, here: SureSight, there: SureSight) -> bool:
    """Whether no vehicle could have been at both places, so long apart. Doubts about times and places count for the vehicle."""
    if None not in (here.country, there.country) and here.country != there.country:
        return False
    most_ms = abs(between_ms) + here.doubt_ms + there.doubt_ms
    least_m = beeline_m(here.position, there.position) - POSITION_DOUBT_M
    return least_m > MOST_KMH / 3_600.0 * most_ms


def _are_two(one: IncidentSighting, other: IncidentSighting) -> bool:
    here, there = one.sure_at, other.sure_at
    return (
        here is not None
        and there is not None
        and no_vehicle_could(one.captured_at_ms - other.captured_at_ms, here, there)
    )


def _copied(pair: tuple[IncidentSighting, IncidentSighting]) -> Copied:
    first, second = sorted(pair, key=lambda one: (one.captured_at_ms, one.alert_id))
    return Copied(
        first=first.alert_id, second=second.alert_id, first_ms=first.captured_at_ms, second_ms=second.captured_at_ms
    )


def _with(state: IncidentState, found: Iterable[Copied]) -> IncidentState:
    """The incident with the earliest of these pairs."""
    pairs = sorted(found, key=lambda one: (one.second_ms, one.first_ms, one.second, one.first))
    copied = pairs[0] if pairs else None
    return state if copied == state.copied else msgspec.structs.replace(state, copied=copied)
