"""Taking back, correcting and updating what a neighbour was told. Pure."""

from collections.abc import Mapping
from hashlib import blake2b

import msgspec

from pipeline.neighbours.policy import AllowedForward, told_abroad
from schemas import ids
from schemas.base import Country, Identifier, Message, Position
from schemas.outcomes import Alert, Forward, RecordPlace
from schemas.reference import Camera, Policy, Zone

WITHDRAWAL_EXPIRES_MS = 7 * 86_400_000  # recalls and corrections are tried for as long as the forwards topic holds them
SAME_PASSAGE_MS = 2_000
"""Hits of one entry and plate at one camera within this time are one passage, under whatever ids they come: it is told once."""


def recall_of(forward: Forward, *, now_ms: int, withdrawn_at: RecordPlace | None = None) -> Forward:
    """The message that takes a forward back, because the vehicle is not wanted any more or was never seen. A forward has one
    recall, always with the same id.

    withdrawn_at: partition and offset, in the topic of alerts, of the withdrawal of its alert; None where a policy ended the
    forward.
    """
    return msgspec.structs.replace(
        forward,
        forward_id=ids.forward_id(forward.forward_id, forward.to_country, "recall"),
        kind="recall",
        refers_to=forward.forward_id,
        created_at_ms=now_ms,
        expires_at_ms=now_ms + WITHDRAWAL_EXPIRES_MS,
        first_at=None,
        withdrawn_at=withdrawn_at,
    )


def correction_of(
    forward: Forward,
    *,
    now_ms: int,
    plate: str | None = None,
    plate_country: str | None = None,
    confidence: float | None = None,
    place: str | None = None,
    position: Position | None = None,
) -> Forward:
    """The message that corrects a forward; what is not given stays as it was. One id per content, so a replay makes it again."""
    corrected = msgspec.structs.replace(
        forward,
        kind="correction",
        refers_to=forward.forward_id,
        plate=plate or forward.plate,
        plate_country=plate_country or forward.plate_country,
        confidence=forward.confidence if confidence is None else confidence,
        place=place or forward.place,
        position=position or forward.position,
    )
    content = blake2b(msgspec.json.encode(corrected), digest_size=12).hexdigest()
    return msgspec.structs.replace(
        corrected,
        forward_id=ids.forward_id(forward.forward_id, forward.to_country, f"correction {content}"),
        created_at_ms=now_ms,
        expires_at_ms=now_ms + WITHDRAWAL_EXPIRES_MS,
    )


def update_of(first_id: str, first_at: RecordPlace | None, later: Forward) -> Forward:
    """The later forward of a case as an update of its first one. first_id: that one's forward_id. first_at: partition and
    offset of the alert that the first one was made of; None: it is in no topic, as without servers."""
    return msgspec.structs.replace(later, kind="correction", refers_to=first_id, first_at=first_at)


def hit_of(update: Forward) -> Forward:
    """The later forward of a case as a message of its own: for a neighbour that never got the first one."""
    return msgspec.structs.replace(update, kind="hit", refers_to=None, first_at=None)


class Sent(Message, frozen=True, kw_only=True):
    """A forward that may have to be recalled, with the alert and the policy on which it rests."""

    forward: Forward
    alert: Alert
    policy_id: Identifier
    per_case: bool = False  # its policy allows one message a case


def sent_of(
    alert: Alert, allowed: AllowedForward, policies: Mapping[str, Policy], alert_at: RecordPlace | None = None
) -> Sent:
    """The forward as it is to be stored, with its alert and its policy; it names the alert's place.

    policies: by id, as they held when it was allowed. alert_at: partition and offset of the alert; None: it is in no topic,
    as without servers.
    """
    policy = policies[allowed.policy_id]
    forward = msgspec.structs.replace(allowed.forward, alert_at=alert_at)
    return Sent(forward=forward, alert=alert, policy_id=policy.policy_id, per_case=policy.per_case)


def same_passage(one: Alert, other: Alert) -> bool:
    """Whether two alerts are of one passage of one vehicle, read under several ids."""
    near = abs(one.read.captured_at_ms - other.read.captured_at_ms) <= SAME_PASSAGE_MS
    return near and passage_of(one) == passage_of(other)


def passage_of(alert: Alert) -> str:
    """The key that alerts of one passage have in common: entry, plate and camera; their times only lie close together."""
    return f"{alert.entry_id}/{_plate_meant(alert)}/{alert.read.camera_id}"


def case_of(alert: Alert) -> tuple[str, str, str]:
    """What the hits of one case have in common: the service that asked, its own reference, and the vehicle.

    A later hit of a case is told as an update of the first one. Two services may use one reference, and one case may be about
    several vehicles: what is told of one vehicle never corrects what was told of another.
    """
    return alert.owner, (alert.case_reference or "").strip(), _plate_meant(alert)


def _plate_meant(alert: Alert) -> str:
    """The plate that the alert is about: the wanted one, or the one read where a pattern is wanted."""
    return alert.read.plate if alert.match == "pattern" else alert.wanted_plate


def why_recalled(
    sent: Sent, policies: Mapping[str, Policy], cameras: Mapping[str, Camera], zones: Mapping[str, Zone], home: Country
) -> str | None:
    """Why a forward must be recalled: policy_corrected or policy_removed; None: one of these policies, which are those of
    now, still allows it. cameras, zones: as they held at capture."""
    captured_ms = sent.alert.read.captured_at_ms
    told = told_abroad(sent.alert, policies.values(), cameras, zones, captured_ms, home)
    if any(isinstance(one, AllowedForward) and one.forward.to_country == sent.forward.to_country for one in told):
        return None
    return "policy_corrected" if sent.policy_id in policies else "policy_removed"
