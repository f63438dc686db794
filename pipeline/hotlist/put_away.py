"""Which hits of an incident a person put away: called a misread, or dismissed because the vehicle is not meant. Pure."""

from collections.abc import Iterator

from schemas.incidents import Dismissal, IncidentSighting, IncidentState, IncidentStep
from schemas.outcomes import Match

TAKES_BACK: frozenset[Dismissal] = frozenset(("not_wanted_any_more", "innocent_vehicle", "exercise"))
"""Dismissed so, the hits that stood then stand no more, and what crossed the border of them is recalled. The others only say that
nobody acts."""


def is_misread(state: IncidentState, sighting: IncidentSighting) -> bool:
    """Whether a person called this hit a misread, or another one that shows the same wrong text."""
    ids = set(_misread_ids(state))
    return sighting.alert_id in ids or any(
        look_alike_misread(one, sighting.match, sighting.plate, sighting.camera_id)
        for one in state.sightings
        if one.alert_id in ids
    )


def look_alike_misread(misread: IncidentSighting, match: Match, plate: str, camera_id: str) -> bool:
    """Whether a hit of this match, text and camera is a misread because this one is: both only look alike, and the same camera
    read the same text."""
    return _same_look_alike(misread, match, plate) and misread.camera_id == camera_id


def is_put_away(state: IncidentState, sighting: IncidentSighting) -> bool:
    """Whether this hit is a misread, or was dismissed because its vehicle is not meant."""
    return is_misread(state, sighting) or _is_not_meant(state, sighting)


def is_like_what_was_put_away(state: IncidentState, sighting: IncidentSighting) -> bool:
    """Whether this hit only looks alike, and shows the same text as another hit that only looks alike and was put away: because its
    vehicle is not meant, whichever camera read it, or as a misread of this hit's camera."""
    return any(
        _same_look_alike(one, sighting.match, sighting.plate)
        and (_is_not_meant(state, one) or (one.camera_id == sighting.camera_id and is_misread(state, one)))
        for one in state.sightings
        if one.alert_id != sighting.alert_id
    )


def _same_look_alike(one: IncidentSighting, match: Match, plate: str) -> bool:
    """Whether this hit and another of this match and text only look alike, and show the same text."""
    return "exact" not in (one.match, match) and one.plate == plate


def _is_not_meant(state: IncidentState, sighting: IncidentSighting) -> bool:
    """Whether a person dismissed this hit because its vehicle is not meant."""
    return any(_is_about(step, sighting) for step in _taking_back(state))


def _misread_ids(state: IncidentState) -> Iterator[str]:
    for step in state.steps:
        if step.did == "misread" and step.undone_by is None and step.alert_id is not None:
            yield step.alert_id


def _taking_back(state: IncidentState) -> Iterator[IncidentStep]:
    for step in state.steps:
        if step.did == "dismiss" and step.undone_by is None and step.dismissal in TAKES_BACK:
            yield step


def _is_about(step: IncidentStep, sighting: IncidentSighting) -> bool:
    return not step.alert_ids or sighting.alert_id in step.alert_ids
