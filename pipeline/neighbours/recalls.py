"""Taking back, correcting and updating what a neighbour was told. Pure."""

from collections.abc import Mapping
from hashlib import blake2b

import msgspec

from pipeline.neighbours.passages import plate_meant
from pipeline.neighbours.policy import AllowedForward, each_said
from schemas import ids
from schemas.base import Country, Identifier, Message
from schemas.outcomes import Alert, Forward, RecordPlace
from schemas.reference import Camera, Policy, Zone

WITHDRAWAL_EXPIRES_MS = 7 * 86_400_000  # recalls and corrections are tried for as long as the forwards topic holds them


def recall_of(forward: Forward, *, now_ms: int, withdrawn_at: RecordPlace | None = None) -> Forward:
    """The message that takes a forward back, because the vehicle is not wanted any more or was never seen. A forward has one
    recall, always with the same id.

    withdrawn_at: partition and offset, in the topic of alerts, of the withdrawal of its alert, or of its revision that must be
    confirmed anew; None where a policy ended the forward.
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


TERMS = ("legal_basis", "purpose", "handling_code", "contact")
"""Under which rule a forward is told, and what its reader may do with it: what its policy alone says."""


def terms_of(forward: Forward) -> tuple[str, ...]:
    """The terms of a forward (see TERMS)."""
    return tuple(getattr(forward, name) for name in TERMS)


def correction_of(forward: Forward, allowed: Forward, *, now_ms: int) -> Forward:
    """The message that replaces the terms of a forward, which was sent already, by those of `allowed`. The same terms give the same
    id, so a replay makes the same message again. now_ms: UTC."""
    return msgspec.structs.replace(
        forward,
        forward_id=correction_id_of(forward.forward_id, allowed),
        kind="correction",
        refers_to=forward.forward_id,
        created_at_ms=now_ms,
        expires_at_ms=now_ms + WITHDRAWAL_EXPIRES_MS,
        first_at=forward.alert_at,
        **dict(zip(TERMS, terms_of(allowed), strict=True)),
    )


def correction_id_of(forward_id: str, allowed: Forward) -> str:
    """The id of the message that corrects the terms of this forward to those of `allowed`."""
    content = blake2b(msgspec.json.encode(terms_of(allowed)), digest_size=12).hexdigest()
    return ids.forward_id(forward_id, allowed.to_country, f"correction {content}")


def corrects_terms(forward: Forward) -> bool:
    """Whether the message corrects the terms of a forward (see TERMS). A correction that does not says that a case has
    a later hit."""
    return forward.kind == "correction" and forward.first_at is not None and forward.first_at == forward.alert_at


def update_of(first_id: str, first_at: RecordPlace | None, later: Forward) -> Forward:
    """The later forward of a case as an update of its first one. first_id: that one's forward_id. first_at: partition and
    offset of the alert that the first one was made of; None: it is in no topic, as without servers."""
    return msgspec.structs.replace(later, kind="correction", refers_to=first_id, first_at=first_at)


def again_id_of(forward_id: str, country: Country) -> str:
    """The id under which this later forward of a case is told again, after what it updated was recalled."""
    return ids.forward_id(forward_id, country, "again")


def told_again(update: Forward, *, now_ms: int) -> Forward:
    """The later forward of a case as a message of its own, because the one that it updated was recalled: whoever keeps one message
    a case must not take the vehicle for no longer wanted."""
    forward_id = again_id_of(update.forward_id, update.to_country)
    return msgspec.structs.replace(hit_of(update), forward_id=forward_id, created_at_ms=now_ms)


def hit_of(update: Forward) -> Forward:
    """The later forward of a case as a message of its own: for a neighbour that never got the first one."""
    return msgspec.structs.replace(update, kind="hit", refers_to=None, first_at=None)


class Sent(Message, frozen=True, kw_only=True):
    """A forward that may have to be recalled, with the alert and the policy on which it rests."""

    forward: Forward
    alert: Alert
    policy_id: Identifier
    per_case: bool = False  # its policy allows one message a case
    correction: Forward | None = None  # the last one of its terms that was sent


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


def case_of(alert: Alert) -> tuple[str, str, str]:
    """What the hits of one case have in common: the service that asked, its own reference, and the vehicle.

    A later hit of a case is told as an update of the first one. Two services may use one reference, and one case may be about
    several vehicles: what is told of one vehicle never corrects what was told of another.
    """
    return alert.owner, (alert.case_reference or "").strip(), plate_meant(alert)


def same_case(one: Sent, other: Sent) -> bool:
    """Whether two forwards are of one case, vehicle and country."""
    return one.forward.to_country == other.forward.to_country and case_of(one.alert) == case_of(other.alert)


def why_recalled(
    sent: Sent, policies: Mapping[str, Policy], cameras: Mapping[str, Camera], zones: Mapping[str, Zone], home: Country
) -> str | None:
    """Why a forward must be recalled: policy_corrected or policy_removed; None: one of these policies, which are those of
    now, still allows it. cameras, zones: as they held at capture."""
    if allowed_still(sent, policies, cameras, zones, home) is not None:
        return None
    return "policy_corrected" if sent.policy_id in policies else "policy_removed"


def allowed_still(
    sent: Sent, policies: Mapping[str, Policy], cameras: Mapping[str, Camera], zones: Mapping[str, Zone], home: Country
) -> AllowedForward | None:
    """The forward as one of these policies allows it: the one on which it rests, else the first other; None: none does. Arguments:
    as of why_recalled."""
    captured_ms = sent.alert.read.captured_at_ms
    allowed = [
        one.said
        for one in each_said(sent.alert, policies.values(), cameras, zones, captured_ms, home)
        if one.country == sent.forward.to_country and isinstance(one.said, AllowedForward)
    ]
    own = (one for one in allowed if one.policy_id == sent.policy_id)
    return next(own, next(iter(allowed), None))


def as_now(
    sent: Sent, policies: Mapping[str, Policy], cameras: Mapping[str, Camera], zones: Mapping[str, Zone], home: Country
) -> Sent | None:
    """The forward, which was not sent yet, under the terms of now; None: the policies of now do not allow it. Arguments: as of
    why_recalled."""
    allowed = allowed_still(sent, policies, cameras, zones, home)
    if allowed is None or terms_of(allowed.forward) == terms_of(sent.forward):
        return sent if allowed else None
    forward = msgspec.structs.replace(allowed.forward, created_at_ms=sent.forward.created_at_ms)
    return sent_of(sent.alert, AllowedForward(forward, allowed.policy_id), policies, sent.forward.alert_at)


def corrected(sent: Sent, allowed: AllowedForward, policies: Mapping[str, Policy], now_ms: int) -> Sent | None:
    """The forward as it is stored after its terms were corrected to those of now, with the message that says so; None: they are
    what the neighbour was told. policies: those of now, by id. now_ms: UTC."""
    if terms_of(allowed.forward) == terms_of(sent.correction or sent.forward):
        return None
    correction = correction_of(sent.forward, allowed.forward, now_ms=now_ms)
    per_case = policies[allowed.policy_id].per_case
    return msgspec.structs.replace(sent, policy_id=allowed.policy_id, per_case=per_case, correction=correction)
