"""The life of an incident: what persons decide about it, and the state that follows.

An incident is the trail of one wanted plate (pipeline.hotlist.incidents); it bears the id of its first alert.
"""

from typing import Annotated, Literal

import msgspec

from schemas.accesses import Who
from schemas.base import (
    AccessId,
    ActionId,
    AlertId,
    Count,
    Country,
    EpochMs,
    ForwardId,
    Identifier,
    Message,
    Plate,
    Position,
    Probability,
    Text,
)
from schemas.outcomes import LaterOutcome, Match, ReceiptOutcome, RecordPlace
from schemas.people import Role
from schemas.reads import Network
from schemas.reference import HotList, Priority, Purposes, References

Did = Literal["take", "confirm", "misread", "dismiss", "hand_over", "close", "undo"]
"""What a person does: takes the incident on; confirms that a hit is the wanted vehicle; says what a misread plate really is;
dismisses the incident; hands it over to a desk; closes it with its outcome; undoes the last of these."""
Happened = Literal["rang", "alarmed", "withdrawn", "expired"]
"""What happens by itself: an alert rang; a desk or everybody was alarmed, as nobody here or no neighbour had answered; all alerts
were withdrawn; the last change is too long ago."""
Phase = Literal[
    "new", "taken", "confirmed", "handed_over", "misread", "dismissed", "closed", "withdrawn", "expired"
]  # fmt: skip
Dismissal = Literal["not_wanted_any_more", "innocent_vehicle", "duplicate", "no_unit", "exercise", "other"]
Ending = Literal["stopped", "observed", "lost", "not_found", "passed_on", "no_unit"]
WhyRefused = Literal[
    "acted_before", "rang_since", "over", "held", "not_yours", "unknown_alert", "needs_none", "changes_nothing",
    "nothing_to_undo", "too_many",
]  # fmt: skip
"""acted_before: somebody else acted on the state that the person saw. rang_since: an alert rang that the person had not seen.
over: it was withdrawn, has expired or was ended. held: another person holds it. not_yours: who hands over or closes must hold it.
needs_none: the alert needs no confirmation."""
MOST_SIGHTINGS, MOST_STEPS, MOST_REFUSED, MOST_ANSWERS, MOST_ALARMED = 64, 128, 16, 32, 16
MOST_AWAITED = MOST_STEPS - MOST_ANSWERS  # of more silences than it has steps an incident cannot tell
AlertIds = Annotated[tuple[AlertId, ...], msgspec.Meta(max_length=MOST_SIGHTINGS)]
_NEEDS = {
    "confirm": ("alert_id",),
    "misread": ("alert_id", "plate"),
    "dismiss": ("dismissal",),
    "hand_over": ("to_desk",),
    "close": ("ending",),
}


class IncidentAction(Message, frozen=True, kw_only=True):
    """What a person decided about an incident. Topic vigie.actions, key incident_id; written by desks, read by incidents, and by
    liaison before it signs what rests on a confirmation. Of a covert incident: sealed, on vigie.alerts_covert.

    It counts only if the incident is still in the state that the person saw: revision and rings of IncidentState.
    """

    action_id: ActionId  # ids.action_id(who, the request's key): a repeated request is the same action
    incident_id: AlertId
    did: Did
    revision: Count
    rings: Count
    who: Who
    role: Role
    desk: Identifier | None = None
    alert_id: AlertId | None = None  # confirm, misread: which hit was looked at
    alert_ids: AlertIds = ()  # dismiss, close: the hits that stood as the person saw it; empty: all that stand now
    dismissal: Dismissal | None = None
    ending: Ending | None = None
    plate: Plate | None = None  # misread: what it really is
    plate_country: Country | None = None
    to_desk: Identifier | None = None  # hand_over: to whom
    left: bool = False  # hand_over: the platform did it, because nobody worked for `who` any more
    note: Text | None = None
    access_id: AccessId | None = None  # its entry in the record
    at_ms: EpochMs

    def __post_init__(self) -> None:
        """Raise ValueError when what this kind of action needs is missing."""
        missing = [name for name in _NEEDS.get(self.did, ()) if getattr(self, name) is None]
        if self.did == "dismiss" and self.dismissal == "other" and not (self.note or "").strip():
            missing.append("note")
        if missing:
            raise ValueError(f"{self.did} needs {', '.join(missing)}")


class SureSight(Message, frozen=True, kw_only=True):
    """Where a hit was whose text and time are sure. doubt_ms: by how far its time may be off. country: of the plate, if read."""

    position: Position
    doubt_ms: Annotated[float, msgspec.Meta(ge=0.0)]
    country: Country | None = None


class Copied(Message, frozen=True, kw_only=True):
    """Two hits of one plate at two places that no vehicle could reach in the time: there are two vehicles, and one bears a copy."""

    first: AlertId
    second: AlertId
    first_ms: EpochMs
    second_ms: EpochMs


class IncidentSighting(Message, frozen=True, kw_only=True):
    """One hit of an incident, and as what its alert stands now.

    asked: whether the alert needed a person's confirmation when it was decided. revision, confirm: of the alert as it was sent
    last. zones, network, purposes, list_id, hotlist: what the right to see it depends on. sounds: it is live and not silent, so
    it may ring. reopens: the number of the last step before it, where the incident was over and this hit opened it again.
    """

    alert_id: AlertId
    camera_id: Identifier
    captured_at_ms: EpochMs
    plate: Plate
    match: Match
    score: Probability
    priority: Priority
    rings: bool = False
    asked: bool
    confirm: bool
    revision: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)] = 1
    withdrawn: bool = False
    zones: References = ()
    network: Network | None = None
    purposes: Purposes = ()
    list_id: Identifier | None = None  # the list that the alert's entry is on
    hotlist: HotList | None = None  # that list's kind; None: the incident's, in messages before hits named theirs
    category: Text | None = None
    sounds: bool = False
    sure_at: SureSight | None = None  # None: it cannot tell two vehicles apart
    reopens: Count | None = None


class IncidentStep(Message, frozen=True, kw_only=True):
    """One thing that changed an incident: a person's action that counted, or what happened by itself.

    number: 1 for the first step. undone_by: the number of the step that undid it.
    """

    number: Count
    did: Did | Happened
    who: Who  # a person, or the agent's name
    role: Role | None = None
    desk: Identifier | None = None  # where the person works; alarmed: the desk that is; None: everybody
    at_ms: EpochMs  # the broker's time
    action_id: ActionId | None = None
    action_at: RecordPlace | None = None  # of a person's action: where it stands on the topic actions
    alert_id: AlertId | None = None
    alert_ids: AlertIds = ()  # dismiss, close: the hits that it is about; empty: all, in messages before steps named them
    dismissal: Dismissal | None = None
    ending: Ending | None = None
    plate: Plate | None = None
    plate_country: Country | None = None
    to_desk: Identifier | None = None
    left: bool = False  # hand_over: by the platform, because the person's shift or session had ended
    to_country: Country | None = None  # alarmed: this neighbour did not get its message, or did not say what came of it
    forward_id: ForwardId | None = None  # alarmed: of which message
    recall: bool = False  # alarmed: that message is a recall, so the neighbour may act on what was taken back
    note: Text | None = None
    undone_by: Count | None = None


class RefusedAction(Message, frozen=True, kw_only=True):
    """An action that did not count, why, and who was first. first_*: the step that stood in its way, where there is one."""

    action_id: ActionId
    did: Did
    who: Who
    at_ms: EpochMs
    why: WhyRefused
    first_who: Who | None = None
    first_did: Did | Happened | None = None
    first_at_ms: EpochMs | None = None


class NeighbourAnswer(Message, frozen=True, kw_only=True):
    """What became of a forward of one of the incident's alerts, as its receipt says. later, answer_by_ms, recall: see Receipt."""

    forward_id: ForwardId
    to_country: Country
    outcome: ReceiptOutcome
    later: LaterOutcome | None = None
    reason: Identifier | None = None
    detail: Text | None = None
    reference: Text | None = None
    answer_by_ms: EpochMs | None = None
    recall: bool = False
    at_ms: EpochMs


class IncidentState(Message, frozen=True, kw_only=True):
    """The state of an incident. Topic vigie.incidents, key incident_id; written by incidents; read by desks,
    `vigie retention`, and by incidents itself after Redis lost something.

    change: grows with each state of the incident, and is at least the time in UTC ms: a reader drops a lower one. revision: how
    many actions of persons counted; rings: how many alerts rang. holder, desk: who has it, and where that person works; of one
    handed over, the desk that it waits for. alarmed: desks that were told because nobody had answered; everybody: whoever may see
    it was. sightings: the first and the latest, of sighting_count. confirmed: hits that stand and that a person confirmed.
    awaited: answers that leave something open and for which `answers` has no room. alerts_at: where the alert stands that was read
    last, so that one which comes again is known after its sighting was dropped.
    """

    incident_id: AlertId
    change: Count
    revision: Count = 0
    rings: Count = 0
    phase: Phase = "new"
    holder: Who | None = None
    desk: Identifier | None = None
    alarmed: Annotated[tuple[Identifier, ...], msgspec.Meta(max_length=MOST_ALARMED)] = ()
    everybody: bool = False
    confirmed: AlertIds = ()
    entry_id: Identifier
    hotlist: HotList
    category: Text
    priority: Priority
    plate: Annotated[str, msgspec.Meta(pattern=r"\A[A-Z0-9?*]+\Z", max_length=16)]  # wanted, or the one that fits
    sighting_count: Count
    sightings: Annotated[tuple[IncidentSighting, ...], msgspec.Meta(max_length=MOST_SIGHTINGS)]
    steps: Annotated[tuple[IncidentStep, ...], msgspec.Meta(max_length=MOST_STEPS)] = ()
    refused: Annotated[tuple[RefusedAction, ...], msgspec.Meta(max_length=MOST_REFUSED)] = ()
    answers: Annotated[tuple[NeighbourAnswer, ...], msgspec.Meta(max_length=MOST_ANSWERS)] = ()
    awaited: Annotated[tuple[NeighbourAnswer, ...], msgspec.Meta(max_length=MOST_AWAITED)] = ()
    copied: Copied | None = None  # the earliest such pair of hits that stand
    alerts_at: RecordPlace | None = None
    changed_at_ms: EpochMs  # the broker's time
    shared: bool = False  # the entry of one of its hits is shared with neighbours: they may say something for weeks
    covert_owner: Text | None = None  # of a covert one, which stands on no topic: the only service that may know of it
