"""What a neighbouring country is told about a hit: whether its policy allows it, and the least that it needs.

A hit of a covert entry is its owner's alone, who tells neighbours himself: it is never forwarded. Any other forward needs the
entry's consent (share_with names the country), a policy of that country for the entry's list and category, and a hit that no
person has to confirm first; a confirmed alert comes again with confirm=False. What came from the Schengen Information System goes
through its own channel alone. What a neighbour may be told at all is the law's (law/tables/may_tell.toml): the rest is left out,
and without a rule nothing is told. Every later hit of an incident is forwarded too, under an id of its own: the neighbour follows
the vehicle. Where a policy is per case, one message tells of a vehicle of a case, and later ones update it (see
recalls.case_of): an entry without a case reference is not forwarded.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, get_args

import msgspec

from pipeline.law.abroad import MayTell, Tellable
from pipeline.law.book import rule_at
from pipeline.neighbours.checks import channel, takes_category
from pipeline.neighbours.offences import offence_of
from pipeline.neighbours.treaties import sirene_fault, treaty_fault
from pipeline.reads.admission import may_serve, trusted_country
from pipeline.reads.geography import Direction, direction_through, heading_of, in_zone, position_of
from schemas import ids
from schemas.base import Country, ForwardId
from schemas.outcomes import Alert, Forward
from schemas.reference import Camera, Policy, Zone
from schemas.topics import FORWARDS_KEPT_MS

MOVING = "moving camera"
_NEEDED: frozenset[Tellable] = frozenset(("plate", "confidence", "time", "place", "offence", "action"))
"""What no forward goes without."""
OPTIONAL: Mapping[str, Tellable] = {
    "plate_country": "plate_country", "position": "position", "heading_deg": "heading", "direction": "direction",
}  # fmt: skip
"""Fields of a forward that it can go without, and what each tells."""


Reason = Literal[
    "own_country", "covert", "needs_confirmation", "not_for_neighbours", "unknown_camera", "no_policy", "list", "category",
    "channel", "treaty", "may_not_tell", "confidence", "no_case", "too_old", "no_zones", "not_there", "other_direction",
    "policy_ended",
]  # fmt: skip
"""Why a hit that is shared with a country does not go there. Where its policies give several reasons, the one that stands last here
is told."""
_ASKED: tuple[Reason, ...] = get_args(Reason)


@dataclass(frozen=True, slots=True)
class NotForwarded:
    """A country that an alert's entry is shared with but that gets no forward, and the reason."""

    country: Country
    reason: Reason


@dataclass(frozen=True, slots=True)
class AllowedForward:
    """A forward, and the policy that allows it."""

    forward: Forward
    policy_id: str


@dataclass(frozen=True, slots=True)
class PolicySaid:
    """What one policy says of an alert. policy_id None: what holds against the country whatever its policies say."""

    country: Country
    policy_id: str | None
    said: AllowedForward | Reason


def forwards_of(
    alert: Alert,
    policies: Iterable[Policy],
    cameras: Mapping[str, Camera],
    zones: Mapping[str, Zone],
    now_ms: int,
    home: Country = "BE",
) -> list[Forward]:
    """The forwards of one alert, at most one per country: of the first policy, by id, that allows it. now_ms: UTC."""
    told = told_abroad(alert, policies, cameras, zones, now_ms, home)
    return [one.forward for one in told if isinstance(one, AllowedForward)]


def forward_id_of(alert: Alert, country: Country) -> ForwardId:
    """The id of this alert's forward to a country."""
    return ids.forward_id_of(alert.alert_id, alert.revision, country)


def told_abroad(
    alert: Alert,
    policies: Iterable[Policy],
    cameras: Mapping[str, Camera],
    zones: Mapping[str, Zone],
    now_ms: int,
    home: Country = "BE",
    *,
    by_law: bool = True,
) -> list[AllowedForward | NotForwarded]:
    """For each country that the alert's entry is shared with, its forward or why there is none.

    policies, cameras, zones: as they held at capture. home: our own country, to which nothing is forwarded. by_law: False leaves
    out what the law says of treaties and of what may be told: the policies let it through while the law was another one.
    """
    found: list[AllowedForward | NotForwarded] = []
    for country, said in _by_country(each_said(alert, policies, cameras, zones, now_ms, home, by_law=by_law)):
        allowed = next((one.said for one in said if isinstance(one.said, AllowedForward)), None)
        reasons = [one.said for one in said if not isinstance(one.said, AllowedForward)]
        found.append(allowed or NotForwarded(country, max(reasons, key=_ASKED.index)))
    return found


def each_said(
    alert: Alert,
    policies: Iterable[Policy],
    cameras: Mapping[str, Camera],
    zones: Mapping[str, Zone],
    now_ms: int,
    home: Country = "BE",
    *,
    by_law: bool = True,
) -> list[PolicySaid]:
    """As told_abroad, but what each policy of each of these countries says, by country and policy; at least one for a country."""
    camera = cameras.get(alert.read.camera_id)
    found: list[PolicySaid] = []
    in_order = sorted(policies, key=lambda policy: policy.policy_id) if alert.share_with else []
    for country in sorted(set(alert.share_with)):
        against = _against_any(alert, country, camera, home)
        if against or camera is None:
            found.append(PolicySaid(country, None, against or "unknown_camera"))
            continue
        law = home if by_law else None
        said = [
            PolicySaid(country, policy.policy_id, _by_policy(alert, policy, camera, cameras, zones, now_ms, law))
            for policy in in_order
            if policy.country == country
        ]
        found += said or [PolicySaid(country, None, "no_policy")]
    return found


def _by_country(said: Iterable[PolicySaid]) -> Iterable[tuple[Country, list[PolicySaid]]]:
    return ((country, list(group)) for country, group in groupby(said, key=lambda one: one.country))


def _against_any(alert: Alert, country: Country, camera: Camera | None, home: Country) -> Reason | None:
    """The reason why no policy at all may forward this alert to the country; None: a policy may."""
    if country == home:
        return "own_country"
    if alert.covert:
        return "covert"
    if alert.confirm:
        return "needs_confirmation"
    if camera is None:
        return "unknown_camera"
    stated = alert.purposes and "cross_border" not in alert.purposes
    return "not_for_neighbours" if stated or not may_serve(alert.read, camera, "cross_border") else None


def _by_policy(
    alert: Alert,
    policy: Policy,
    camera: Camera,
    cameras: Mapping[str, Camera],
    zones: Mapping[str, Zone],
    now_ms: int,
    law: Country | None,
) -> AllowedForward | Reason:
    """The forward that this policy allows, or the reason why it allows none. law: whose law is asked; None: none is."""
    against = _against(alert, policy, now_ms) or (_against_by_law(alert, policy, law) if law else None)
    if against:
        return against
    places = _places(alert, policy, cameras, zones)
    if places is None:
        return "not_there"
    direction = _direction(alert, policy, camera, places)
    if policy.directions and direction not in policy.directions:
        return "other_direction"
    forward = _forward(alert, policy, camera, places, direction, now_ms)
    return AllowedForward(_as_the_law_tells(forward, law) if law else forward, policy.policy_id)


def _against_by_law(alert: Alert, policy: Policy, home: Country) -> Reason | None:
    """The reason in our own law why the forward is forbidden, whatever the policy says; None: none."""
    at_ms = alert.read.captured_at_ms
    if treaty_fault(policy.country, policy.treaty, policy.legal_basis, home=home, at_ms=at_ms) is not None:
        return "treaty"
    if policy.channel == "sirene" and sirene_fault(policy.country, home=home, at_ms=at_ms) is not None:
        return "channel"
    return None if _NEEDED <= _tellable(home, at_ms) else "may_not_tell"


def _against(alert: Alert, policy: Policy, now_ms: int) -> Reason | None:
    """The reason in list, category, channel, certainty, case or age why the policy forbids the forward; None: none. Places are
    checked elsewhere."""
    reasons: dict[Reason, bool] = {
        "list": alert.hotlist not in policy.lists,
        "category": not takes_category(policy, alert.category),
        "channel": policy.channel != channel(alert.hotlist, alert.origin),
        "confidence": alert.score < policy.min_confidence,
        "no_case": policy.per_case and not (alert.case_reference or "").strip(),
        "too_old": _expires_at_ms(alert, policy) <= now_ms,
        "no_zones": not policy.zones and not policy.everywhere,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def _places(
    alert: Alert, policy: Policy, cameras: Mapping[str, Camera], zones: Mapping[str, Zone]
) -> tuple[Zone, ...] | None:
    """The zones with the hit that matter to the policy: the zones that it names, or, if it names none, the borders with its
    country.

    None when the policy names zones and the hit lies in none of them.
    """
    if policy.zones:
        named = (zones[zone_id] for zone_id in policy.zones if zone_id in zones)
        return tuple(zone for zone in named if in_zone(alert.read, zone, cameras)) or None
    borders = (zone for zone in zones.values() if zone.kind == "border" and zone.country == policy.country)
    return tuple(zone for zone in borders if in_zone(alert.read, zone, cameras))


def _direction(alert: Alert, policy: Policy, camera: Camera, places: tuple[Zone, ...]) -> Direction | None:
    """The vehicle's direction through the first of these zones that is a border with the policy's country and has a known
    way out.

    None when it cannot be told; a border with another neighbour does not count.
    """
    heading_deg = heading_of(alert.read, camera)
    borders = (zone for zone in places if zone.country == policy.country)
    directions = (direction_through(zone, heading_deg) for zone in borders)
    return next((direction for direction in directions if direction), None)


def _expires_at_ms(alert: Alert, policy: Policy) -> int:
    """Until when a forward of the alert under this policy is good, UTC. A policy that was accepted before there was a longest time
    may say a longer one."""
    return alert.read.captured_at_ms + min(policy.expires_after_ms, FORWARDS_KEPT_MS)


def nothing_may_be_told(home: Country, at_ms: int) -> str | None:
    """Why a neighbour may be told nothing at all of a hit of that moment (UTC ms), in words; None: our law has a rule for it."""
    if _NEEDED <= _tellable(home, at_ms):
        return None
    return (
        f"no rule in pipeline/law/tables/may_tell.toml lets {home} tell a neighbour of a hit: nothing is forwarded, and what was is"
        " recalled"
    )


def _tellable(home: Country, at_ms: int) -> frozenset[Tellable]:
    """What our law lets a neighbour be told of a hit of that moment; nothing where no rule is known."""
    rule = rule_at(MayTell, home, at_ms)
    return frozenset(rule.tells) if rule else frozenset()


def _as_the_law_tells(forward: Forward, home: Country) -> Forward:
    """The forward without what the law does not let the neighbour be told."""
    tells = _tellable(home, forward.captured_at_ms)
    unsaid = {field: None for field, what in OPTIONAL.items() if what not in tells}
    return msgspec.structs.replace(forward, **unsaid) if unsaid else forward


def _forward(
    alert: Alert, policy: Policy, camera: Camera, places: tuple[Zone, ...], direction: Direction | None, now_ms: int
) -> Forward:
    read = alert.read
    fixed = camera.position is not None
    return Forward(
        forward_id=forward_id_of(alert, policy.country),
        to_country=policy.country,
        case_reference=alert.case_reference or alert.incident_id,
        legal_basis=policy.legal_basis,
        purpose=policy.purpose,
        handling_code=policy.handling_code,
        offence_category=offence_of(alert.category) or alert.category,
        plate=read.plate,
        plate_country=trusted_country(read),
        confidence=alert.score,
        captured_at_ms=read.captured_at_ms,
        place=camera.name if fixed else next((zone.name for zone in places), MOVING),  # not which police car saw it
        position=position_of(read, camera),
        heading_deg=heading_of(read, camera),
        direction=direction,
        action=alert.action,
        contact=policy.contact,
        created_at_ms=now_ms,
        expires_at_ms=_expires_at_ms(alert, policy),
        incident_id=alert.incident_id,
    )
