"""Persons for tests: each builder fills in what does not matter."""

from typing import Any

from pipeline.access.approvals import Approval
from pipeline.access.consumers import digest_of
from pipeline.access.rights import Matter, Person
from schemas.judgements import Consumer
from schemas.people import Designation, Role, User
from schemas.senders import SenderSecret
from tests.builders import NOON_MS, YEAR_MS

ZONE, ELSEWHERE = "ZONE-A", "ZONE-B"


def make_user(user_id: str = "an.peeters", **fields: Any) -> User:
    """A person of police zone 5341."""
    return User(user_id=user_id, **({"name": f"person {user_id}", "service": "zone 5341"} | fields))


def make_designation(role: Role, user_id: str = "an.peeters", **fields: Any) -> Designation:
    """A designation for ZONE, federal cameras and stolen vehicles, from a year before noon to a year after, with valid
    training."""
    defaults: dict[str, Any] = {
        "designation_id": f"{user_id}-{role}",
        "reason": "decision 2025/12 of the zone's chief",
        "granted_by": "the.admin",
        "approved_by": "other.admin",
        "zones": (ZONE,),
        "networks": ("federal",),
        "lists": ("stolen",),
        "valid_from_ms": NOON_MS - YEAR_MS,
        "valid_until_ms": NOON_MS + YEAR_MS,
        "trained_until_ms": NOON_MS + YEAR_MS,
    }
    return Designation(user_id=user_id, role=role, **(defaults | fields))


def make_person(*roles: Role, user_id: str = "an.peeters", **fields: Any) -> Person:
    """A person with a designation for each role. fields: of every designation."""
    return Person(make_user(user_id), tuple(make_designation(role, user_id, **fields) for role in roles))


def make_matter(**fields: Any) -> Matter:
    """A matter that is a read in ZONE by a federal camera of a stolen vehicle, and may serve every purpose."""
    defaults: dict[str, Any] = {
        "zones": frozenset({ZONE}),
        "network": "federal",
        "hotlist": "stolen",
        "purposes": ("hotlist", "section_control", "cross_border"),
    }
    return Matter(**(defaults | fields))


def make_approval(act: Any, digest: str, **fields: Any) -> Approval:
    """Another administrator's approval of this act, which expires a second after noon."""
    defaults = {
        "approval_id": "P-1", "asked_by": "an.peeters", "approved_by": "other.admin", "reason": "case 12/2026",
        "ends_ms": NOON_MS + 1000,
    }  # fmt: skip
    return Approval(act=act, digest=digest, **(defaults | fields))


def make_consumer(consumer_id: str = "flanders", secret: str = "a-secret", **fields: Any) -> tuple[Consumer, str]:
    """A system that may pull violations of federal cameras, wherever they are, at any time; and its token."""
    made = SenderSecret(digest=digest_of(consumer_id, secret), made_at_ms=0)
    defaults: dict[str, Any] = {
        "service": "the tax service", "reason": "decision 7/2026 of the minister", "everywhere": not fields.get("zones"),
        "networks": ("federal",), "since_ms": 0, "valid_from_ms": 0, "valid_until_ms": 4_000_000_000_000, "secrets": (made,),
    }  # fmt: skip
    return Consumer(consumer_id=consumer_id, **(defaults | fields)), f"{consumer_id}:{secret}"
