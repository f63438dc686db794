"""The rights table as data: what each role may do. docs/access.md holds it as ``python -m pipeline.access.roles`` prints it.

What is not in the table is denied. It holds only what the law or its guarantees give to a role; settings cannot widen it.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from schemas.people import Role
from schemas.reads import Purpose

Act = Literal[
    "alerts.see",
    "alerts.decide",
    "violations.see",
    "violations.judge",
    "pictures.see",
    "cameras.see",
    "cameras.change",
    "cameras.look",
    "zones.see",
    "zones.change",
    "sections.see",
    "sections.change",
    "hotlist.see",
    "hotlist.change",
    "exclusions.see",
    "exclusions.change",
    "watches.see",
    "watches.change",
    "watches.long",
    "policies.see",
    "policies.change",
    "desks.see",
    "desks.change",
    "users.see",
    "users.change",
    "users.move",
    "credentials.replace",
    "designations.see",
    "designations.grant",
    "signing_keys.see",
    "signing_keys.enrol",
    "signing_keys.register",
    "signing_keys.revoke",
    "sessions.end",
    "approvals.give",
    "record.see",
]
"""What a person asks to do. `see` and `look` read, every other word changes something. cameras.look: at the last passages of a
camera, with their pictures, to see how it sees. users.move: to another service, which changes what is covert for the person;
credentials.replace: a password for somebody's first login, with which its maker could log in, too; watches.long: a request
that holds for more than a day."""
ACTS: tuple[Act, ...] = get_args(Act)
ROLES: tuple[Role, ...] = get_args(Role)

CONSULTING = "Directive (EU) 2016/680, articles 25 and 29; Police function act, article 44/11/3decies"
"""On what a refusal to consult rests."""
ACCOUNTABILITY = "Directive (EU) 2016/680, articles 4 (4) and 29 (2)"
"""On what the separation of duties rests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """How far a role may do an act. zones, networks, lists: only within those of the designation.

    purpose: only for what may serve this purpose. two: a second person must have approved exactly this. own: only to what is one's
    own.
    """

    zones: bool = False
    networks: bool = False
    lists: bool = False
    purpose: Purpose | None = None
    two: bool = False
    own: bool = False


_ANY = Right()
_PLACE = Right(zones=True, networks=True)
_HIT = Right(zones=True, networks=True, lists=True, purpose="hotlist")
_WATCH = Right(zones=True, lists=True)
_DRIVEN = Right(zones=True, networks=True, purpose="section_control")
_TWO = Right(two=True)
_OWN = Right(own=True)
_NETWORK: Mapping[Act, Right] = {"cameras.see": _ANY, "zones.see": _ANY, "desks.see": _ANY}
"""The network itself: where cameras, zones and desks are. It shows no vehicle."""

RIGHTS: Mapping[Role, Mapping[Act, Right]] = {
    "dispatcher": {
        **_NETWORK,
        "alerts.see": _HIT,
        "alerts.decide": _HIT,
        "pictures.see": _HIT,
        "exclusions.see": _ANY,
        "watches.see": _WATCH,
        "watches.change": _WATCH,
    },
    "investigator": {
        **_NETWORK,
        "alerts.see": _HIT,
        "hotlist.see": Right(lists=True),
        "exclusions.see": _ANY,
        "watches.see": _WATCH,
        "watches.change": _WATCH,
        "watches.long": Right(zones=True, lists=True, two=True),
        "pictures.see": _HIT,
        "approvals.give": _ANY,
    },
    "magistrate": {
        **_NETWORK,
        "hotlist.see": Right(lists=True),
        "watches.see": Right(lists=True),
        "watches.long": Right(lists=True, two=True),
        "signing_keys.see": _OWN,
        "signing_keys.enrol": _OWN,
        "signing_keys.revoke": _OWN,
        "approvals.give": _ANY,
    },
    "authority_officer": {
        **_NETWORK,
        "sections.see": _ANY,
        "violations.see": _DRIVEN,
        "violations.judge": _DRIVEN,
        "pictures.see": _DRIVEN,
    },
    "liaison_officer": {
        **_NETWORK,
        "policies.see": _ANY,
        "policies.change": _TWO,
        "alerts.see": Right(zones=True, networks=True, lists=True, purpose="cross_border"),
        "approvals.give": _ANY,
    },
    "list_manager": {
        **_NETWORK,
        "hotlist.see": Right(lists=True),
        "hotlist.change": Right(lists=True),
        "exclusions.see": _ANY,
        "exclusions.change": _ANY,
        "approvals.give": _ANY,
    },
    "camera_manager": {
        **_NETWORK,
        "cameras.change": _PLACE,
        "cameras.look": _PLACE,
        "zones.change": Right(zones=True, two=True),
        "sections.see": _ANY,
        "sections.change": _TWO,
        "approvals.give": _ANY,
    },
    "auditor": {
        "users.see": _ANY,
        "designations.see": _ANY,
        "signing_keys.see": _ANY,
        "record.see": _ANY,
    },
    "oversight": {
        "users.see": _ANY,
        "designations.see": _ANY,
        "signing_keys.see": _ANY,
        "record.see": _ANY,
        "policies.see": _ANY,
    },
    "administrator": {
        **_NETWORK,
        "desks.change": _ANY,
        "users.see": _ANY,
        "users.change": _ANY,
        "users.move": _TWO,
        "credentials.replace": _TWO,
        "designations.see": _ANY,
        "designations.grant": _TWO,
        "signing_keys.see": _ANY,
        "signing_keys.register": _TWO,
        "signing_keys.revoke": _ANY,
        "sessions.end": _ANY,
        "approvals.give": _ANY,
    },
}

SHOWS_PLATES: frozenset[Act] = frozenset((
    "alerts.see", "alerts.decide", "violations.see", "violations.judge", "pictures.see", "cameras.look", "hotlist.see",
    "hotlist.change", "exclusions.see", "exclusions.change", "watches.see", "watches.change", "watches.long",
))  # fmt: skip
"""Acts whose answer holds plates or shows them."""
LIVE: frozenset[Act] = frozenset(
    {"alerts.see", "alerts.decide", "violations.see", "violations.judge", "pictures.see", "cameras.look"}
)
"""Acts that show what happens, or happened, on the road."""
GIVING: frozenset[Act] = frozenset(
    {"users.change", "users.move", "credentials.replace", "designations.grant", "signing_keys.register"}
)
"""Acts that nobody does for himself."""
SECOND: Mapping[Act, tuple[Act, ...]] = {
    "designations.grant": ("designations.grant",),
    "policies.change": ("policies.change",),
    "sections.change": ("sections.change",),
    "zones.change": ("zones.change", "designations.grant"),
    "signing_keys.register": ("signing_keys.register",),
    "users.move": ("users.move",),
    "credentials.replace": ("credentials.replace",),
    "watches.long": ("watches.long",),
}
"""Acts that need two persons, and what the second must be allowed to do himself: one of these. A zone's extent decides what
everybody designated for it sees, as granting does."""
WITH_APPROVAL: frozenset[Act] = frozenset(SECOND) | {"users.change", "watches.change"}
"""The acts of requests that may name an approval: these, and those that may turn out to be one of them."""


def as_markdown() -> str:
    """The table as docs/access.md holds it: a row for each act, a column for each role."""
    lines = [
        f"| act | {' | '.join(role.replace('_', ' ') for role in ROLES)} |",
        f"|---|{'---|' * len(ROLES)}",
    ]
    for act in ACTS:
        cells = [_cell(RIGHTS[role].get(act)) for role in ROLES]
        lines.append(f"| `{act}`{' (plates)' if act in SHOWS_PLATES else ''} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _cell(right: Right | None) -> str:
    if right is None:
        return "-"
    bounds = [name for name in ("zones", "networks", "lists") if getattr(right, name)]
    words = ["own " + ", ".join(bounds)] if bounds else ["own"] if right.own else ["all"]
    words += [f"for {right.purpose}"] if right.purpose else []
    words += ["two persons"] if right.two else []
    return "; ".join(words)


if __name__ == "__main__":
    sys.stdout.write(as_markdown())
