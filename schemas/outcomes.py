"""What the platform decides: alerts, violations, forwards, their withdrawals and receipts, and dead letters.

The topics alerts, violations and forwards carry withdrawals, too, each under the same key as what it withdraws.
"""

from typing import Annotated, Literal

import msgspec

from schemas.accesses import Who
from schemas.base import (
    DIGEST,
    ActionId,
    AlertId,
    Count,
    Country,
    DeadLetterId,
    Degrees,
    EpochMs,
    ForwardId,
    Identifier,
    Message,
    Plate,
    Position,
    Probability,
    ReceiptId,
    Text,
    ViolationId,
)
from schemas.reads import ClockState, Network, PlateRead, VehicleClass
from schemas.reference import Action, Certificate, HotList, Origin, Priority, Purposes

MAX_NOTES = 32
MAX_PAYLOAD_BYTES = 12 * 1024 * 1024
"""The largest record that any topic takes fits into a dead letter whole."""
MAX_SIGNED_CHARACTERS = 96 * 1024
RevisionNumber = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
KmhMeasured = Annotated[float, msgspec.Meta(ge=0.0, le=1000.0)]
Kmh = Annotated[int, msgspec.Meta(ge=0, le=1000)]

Match = Literal["exact", "confusable", "near", "pattern"]
LaterOutcome = Literal["accepted", "stopped", "not_found", "refused"]
"""What a neighbour says later of a message that it took: that it acts, stopped or did not find the vehicle, or does not act."""
ReceiptOutcome = Literal["acknowledged", "refused", "expired"]
WITHDRAWN = "withdrawn"
"""The reason of a receipt: expired, because the forward was taken back before it was delivered."""


class Withdrawal(Message, frozen=True, kw_only=True, tag_field="type", tag="withdrawal"):
    """Takes back one alert, violation or forward. It is sent on the same topic and under the same key, after what it takes back.

    A message that takes another's place names that one in its field `corrects`; the withdrawal of that one follows. The field
    `type` marks a withdrawal: who decodes it as an alert, violation or forward fails, because required fields are missing.
    """

    kind: Literal["alert", "violation", "forward"]
    id: Annotated[
        str, msgspec.Meta(pattern=rf"\A[avf]-{DIGEST}\Z", max_length=26)
    ]  # alert_id, violation_id or forward_id
    reason: Annotated[Text, msgspec.Meta(min_length=1)]  # short and stable, for counting, or a person's words
    by: Annotated[Text, msgspec.Meta(min_length=1)]  # who or what took it back: an agent's or a person's name
    at_ms: EpochMs
    incident_id: AlertId | None = None  # of an alert: the incident that it is of


class RecordPlace(Message, frozen=True, kw_only=True):
    """Where a record stands in a topic."""

    partition: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
    offset: Count


class Confirmation(Message, frozen=True, kw_only=True):
    """Who confirmed an alert, and where that action stands on the topic actions: only desks may write there."""

    who: Who
    action_id: ActionId
    action_at: RecordPlace
    at_ms: EpochMs


MOST_OF_A_PASSAGE = 64


class Revision(Message, frozen=True, kw_only=True):
    """One revision of an alert."""

    alert_id: AlertId
    revision: RevisionNumber


class Alert(Message, frozen=True, kw_only=True):
    """One hit on a hotlist entry. Topic vigie.alerts, key plate; written by hotlist and, for later revisions, by incidents;
    read by both of them, cross_border, liaison, desks and `vigie retention`.

    A later message with the same alert_id and a higher revision replaces this one, as when somebody confirmed the alert, or
    took that back; the agent incidents sends it. Only the first revision rings.
    """

    alert_id: AlertId  # ids.alert_id(read_id, entry_id)
    revision: RevisionNumber = 1
    corrects: AlertId | None = None  # the alert_id that this one stands for; its withdrawal follows
    incident_id: AlertId  # the alert_id that rang first; this one adds to its trail when they differ
    rings: bool  # first of its incident and live: a dispatcher hears it
    live: bool  # captured within the live bound of being decided
    entry_id: Identifier
    hotlist: HotList
    category: Text
    priority: Priority  # after downgrading
    action: Action
    owner: Text
    legal_basis: Text
    match: Match
    score: Probability  # that this is the vehicle meant
    confirm: bool  # a person must confirm before anyone is stopped
    covert: bool = False
    wanted_plate: Annotated[str, msgspec.Meta(pattern=r"\A[A-Z0-9?*]+\Z", max_length=16)]  # as the entry has it
    share_with: Annotated[tuple[Country, ...], msgspec.Meta(max_length=64)] = ()
    case_reference: Text | None = None
    notes: Annotated[
        tuple[Text, ...], msgspec.Meta(max_length=MAX_NOTES)
    ] = ()  # why it was downgraded, what does not fit
    origin: Origin = "national"  # of the entry
    list_id: Identifier | None = None  # the list that the entry is on
    silent: bool = False  # it never rings
    excluded: Identifier | None = None  # the exclusion of the innocent vehicle that it shows, which is why it is silent
    network: Network | None = None  # of the camera, at capture
    purposes: Purposes = ()  # what the read may be used for; empty: not stated, as in older alerts
    confirmed: Confirmation | None = None  # of a higher revision: by whom; only then confirm is false where it was true
    taken_back_with: Annotated[
        tuple[Revision, ...], msgspec.Meta(max_length=MOST_OF_A_PASSAGE)
    ] = ()  # of one that must be confirmed anew: those of the same passage that the same change has confirmed anew
    read: PlateRead
    decided_at_ms: EpochMs


class Violation(Message, frozen=True, kw_only=True):
    """One average-speed violation with its evidence. Topic vigie.violations, key section_id; written by section_control."""

    violation_id: (
        ViolationId  # ids.violation_id(section_id, entry.read_id, exit.read_id), or ids.lesser_violation_id of it
    )
    corrects: ViolationId | None = None  # the violation_id that this one stands for; its withdrawal follows
    section_id: Identifier
    plate: Plate
    country: Country | None = None
    entry: PlateRead
    exit: PlateRead
    distance_m: Annotated[float, msgspec.Meta(gt=0.0, le=200_000.0)]
    travel_ms: Count
    measured_kmh: KmhMeasured
    corrected_kmh: Kmh  # after the country's tolerance, rounded down
    limit_kmh: Kmh
    vehicle_class: VehicleClass
    tolerance: Text  # the rule applied, in words
    rule: Text = ""  # its name: tolerance.BE; empty in messages written before rules had names
    rule_version: Text = ""  # the day from which it is in force and a digest of its figures
    certificate: Certificate
    entry_clock: ClockState
    exit_clock: ClockState
    notes: Annotated[
        tuple[Text, ...], msgspec.Meta(max_length=8)
    ] = ()  # what an officer should look at: what does not fit
    decided_at_ms: EpochMs


class Forward(Message, frozen=True, kw_only=True):
    """One minimised message for one country. Topic vigie.forwards, key to_country; written by cross_border; read by liaison,
    desks, and by cross_border itself after Redis lost something.

    It never holds owner, passage history, occupants or overview pictures. alert_at, first_at, withdrawn_at and incident_id stay
    in our country: they are neither signed nor delivered. With the first three liaison finds the alert and checks that the
    forward follows from it.
    """

    forward_id: ForwardId  # ids.forward_id(alert_id, to_country)
    kind: Literal["hit", "recall", "correction"] = "hit"
    refers_to: ForwardId | None = None  # forward_id that a recall or correction is about
    corrects: ForwardId | None = None  # the forward_id that this one stands for; its withdrawal follows
    to_country: Country
    case_reference: Text
    legal_basis: Text
    purpose: Text
    handling_code: Text
    offence_category: Text
    plate: Plate
    plate_country: Country | None = None
    confidence: Probability
    captured_at_ms: EpochMs
    place: Text
    position: Position | None = None
    heading_deg: Degrees | None = None
    direction: Literal["outbound", "inbound"] | None = None
    action: Action
    contact: Text
    created_at_ms: EpochMs
    expires_at_ms: EpochMs
    alert_at: RecordPlace | None = None  # the alert, on the topic alerts; None: liaison does not sign it
    first_at: RecordPlace | None = None  # of a later hit of a case: the alert of the forward that refers_to names
    withdrawn_at: RecordPlace | None = (
        None  # of a recall: the alert's withdrawal, or its revision that has to be confirmed anew, if that is why
    )
    incident_id: AlertId | None = None  # of the alert; for our own side, as alert_at


class Receipt(Message, frozen=True, kw_only=True):
    """What became of a delivery, or what the neighbour said later (`later`). Topic vigie.receipts, key forward_id; written by
    liaison; read by incidents, desks, and by liaison itself after Redis lost something."""

    receipt_id: ReceiptId  # ids.receipt_id(forward_id, outcome); with `later` the second copy is known by
    forward_id: ForwardId
    to_country: Country
    outcome: ReceiptOutcome
    later: LaterOutcome | None = None  # said after it was acknowledged; then outcome is refused or acknowledged alike
    reason: Identifier | None = None  # why it was refused, short and stable; withdrawn: it was taken back undelivered
    detail: Text | None = None
    neighbour_reference: Text | None = None
    signed: Annotated[str, msgspec.Meta(max_length=MAX_SIGNED_CHARACTERS)] | None = (
        None  # the neighbour's signed acknowledgement, JWS compact
    )
    attempts: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)] = 1
    first_sent_at_ms: EpochMs | None = None
    incident_id: AlertId | None = None  # of the forward's alert
    recall: bool = False  # of a recall: one that was not delivered leaves the neighbour with what was taken back
    answer_by_ms: EpochMs | None = None  # acknowledged: until when the neighbour has promised to say what came of it
    decided_at_ms: EpochMs


class DeadLetter(Message, frozen=True, kw_only=True):
    """A record that could not be processed, why, and where it came from. Topic vigie.dead_letters, key origin topic."""

    dead_letter_id: DeadLetterId
    stage: Identifier  # the agent that refused it
    reason: Identifier  # short, stable, for counting: undecodable, unknown_camera, captured_in_future, ...
    detail: Text  # for a person
    topic: Annotated[str, msgspec.Meta(max_length=249)]  # Kafka's own bound
    partition: Count
    offset: Annotated[int, msgspec.Meta(ge=-1, le=2**63 - 1)]  # -1: an output that its topic is too small for
    index: Count | None = None  # of the read within its batch
    recorded_at_ms: EpochMs  # Kafka's timestamp of the origin
    refused_at_ms: EpochMs
    payload: Annotated[
        bytes, msgspec.Meta(max_length=MAX_PAYLOAD_BYTES)
    ]  # the original; empty where the law lets nobody keep it
