"""What the API says and takes of incidents."""

from typing import Annotated

import msgspec

from schemas.accesses import Who
from schemas.base import AlertId, Count, Country, EpochMs, Identifier, Message, Plate, Text
from schemas.incidents import (
    MOST_ALARMED,
    MOST_SIGHTINGS,
    Copied,
    Dismissal,
    Ending,
    IncidentAction,
    IncidentSighting,
    IncidentState,
    IncidentStep,
    NeighbourAnswer,
    Phase,
    RefusedAction,
)
from schemas.reference import HotList, Priority

PAGE = 100
Note = Annotated[Text, msgspec.Meta(min_length=1)]


class IncidentTold(Message, frozen=True, kw_only=True):
    """An incident without its trail, as lists and the live stream have it: see IncidentState. last: the latest step."""

    incident_id: AlertId
    change: Count
    revision: Count
    rings: Count
    phase: Phase
    holder: Who | None = None
    desk: Identifier | None = None
    alarmed: Annotated[tuple[Identifier, ...], msgspec.Meta(max_length=MOST_ALARMED)] = ()
    everybody: bool = False
    confirmed: Annotated[tuple[AlertId, ...], msgspec.Meta(max_length=MOST_SIGHTINGS)] = ()
    hotlist: HotList
    priority: Priority
    plate: Annotated[str, msgspec.Meta(max_length=16)]
    last: IncidentStep | None = None
    changed_at_ms: EpochMs


class IncidentShown(Message, frozen=True, kw_only=True):
    """An incident with its trail. sightings: those that this person may see. steps, refused: who did what and when, and what
    did not count; answers: of neighbours. copied: two of the sightings, which no vehicle could both have been."""

    incident: IncidentTold
    copied: Copied | None = None
    sightings: Annotated[tuple[IncidentSighting, ...], msgspec.Meta(max_length=MOST_SIGHTINGS)]
    steps: Annotated[tuple[IncidentStep, ...], msgspec.Meta(max_length=128)] = ()
    refused: Annotated[tuple[RefusedAction, ...], msgspec.Meta(max_length=16)] = ()
    answers: Annotated[tuple[NeighbourAnswer, ...], msgspec.Meta(max_length=32)] = ()


class Seen(Message, frozen=True, kw_only=True):
    """What the person sees who acts: `revision` and `rings` of the incident. The action counts only while the incident has both."""

    revision: Count
    rings: Count
    note: Note | None = None


class Confirming(Seen, frozen=True, kw_only=True):
    """Which alert was looked at and is the wanted vehicle."""

    alert_id: AlertId


class MisreadBody(Seen, frozen=True, kw_only=True):
    """Which alert was looked at, and what its plate really is."""

    alert_id: AlertId
    plate: Plate
    plate_country: Country | None = None


class Dismissing(Seen, frozen=True, kw_only=True):
    """Why it is dismissed; `other` needs a note."""

    dismissal: Dismissal


class HandingOver(Seen, frozen=True, kw_only=True):
    """The desk that takes it on."""

    to_desk: Identifier


class Closing(Seen, frozen=True, kw_only=True):
    """How it ended."""

    ending: Ending


def told_of(state: IncidentState) -> IncidentTold:
    """The incident without its trail."""
    return IncidentTold(
        incident_id=state.incident_id,
        change=state.change,
        revision=state.revision,
        rings=state.rings,
        phase=state.phase,
        holder=state.holder,
        desk=state.desk,
        alarmed=state.alarmed,
        everybody=state.everybody,
        confirmed=state.confirmed,
        hotlist=state.hotlist,
        priority=state.priority,
        plate=state.plate,
        last=state.steps[-1] if state.steps else None,
        changed_at_ms=state.changed_at_ms,
    )


def refused_in(state: IncidentState, action: IncidentAction) -> RefusedAction | None:
    """Why the action did not count; None: it counted, or is not decided."""
    return next((one for one in state.refused if one.action_id == action.action_id), None)
