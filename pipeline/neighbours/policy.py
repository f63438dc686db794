"""What a neighbouring country is told about a hit: whether its policy allows it, the least that it needs, and taking it back.

A forward needs the entry's consent (share_with names the country, for covert entries too), a policy of that country for the
entry's list and category, and a hit that no person has to confirm first; a confirmed alert comes again with confirm=False. Every
later hit of an incident is forwarded too, under an id of its own: the neighbour follows the vehicle. Where a policy is per case,
each message is about one case: an entry without a case reference is not forwarded.
"""

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from zlib import crc32

import msgspec

from pipeline.reads.admission import may_serve, trusted_country
from pipeline.reads.geography import Direction, direction_through, heading_of, in_zone, position_of
from schemas import ids
from schemas.base import Position
from schemas.outcomes import Alert, Forward
from schemas.reference import Camera, Policy, Zone

COUNTRIES = (
    "AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GR", "HR", "HU",
    "IE", "IS", "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK",
    "AD", "AL", "BA", "BY", "GI", "MC", "MD", "ME", "MK", "RS", "SM", "TR", "UA", "VA", "XK",
)  # fmt: skip
"""The EU, EFTA and the United Kingdom, then the rest of Europe. New ones only at the end: the place decides the partition."""
WITHDRAWAL_EXPIRES_MS = 7 * 86_400_000  # recalls and corrections are tried for as long as the forwards topic holds them
MOVING = "moving camera"


def partition_of_country(country: str, partitions: int) -> int:
    """The partition of forwards to this country: its own for the first 32 countries, so that one that is down holds up no other.

    >>> partition_of_country("NL", 32) != partition_of_country("FR", 32)
    True
    """
    place = COUNTRIES.index(country) if country in COUNTRIES else crc32(country.encode())
    return place % partitions


def forwards_of(
    alert: Alert,
    policies: Iterable[Policy],
    cameras: Mapping[str, Camera],
    zones: Mapping[str, Zone],
    now_ms: int,
) -> list[Forward]:
    """The forwards of one alert, at most one per country: of the first policy, by id, that allows it. now_ms: UTC."""
    camera = cameras.get(alert.read.camera_id)
    if alert.confirm or not alert.share_with or camera is None or not may_serve(alert.read, camera, "cross_border"):
        return []
    found: dict[str, Forward] = {}
    for policy in sorted(policies, key=lambda policy: policy.policy_id):
        if policy.country in found or not _policy_covers(alert, policy, now_ms):
            continue
        places = _places(alert, policy, cameras, zones)
        if places is None:
            continue
        direction = _direction(alert, camera, places)
        if not policy.directions or direction in policy.directions:
            found[policy.country] = _forward(alert, policy, camera, places, direction, now_ms)
    return list(found.values())


def _policy_covers(alert: Alert, policy: Policy, now_ms: int) -> bool:
    """Whether consent, list, category, certainty, case and age allow it; where it was seen is another question."""
    return (
        policy.country in alert.share_with
        and alert.hotlist in policy.lists
        and (not policy.categories or alert.category in policy.categories)
        and alert.score >= policy.min_confidence
        and not (policy.per_case and not alert.case_reference)
        and alert.read.captured_at_ms + policy.expires_after_ms > now_ms
    )


def _places(
    alert: Alert, policy: Policy, cameras: Mapping[str, Camera], zones: Mapping[str, Zone]
) -> tuple[Zone, ...] | None:
    """The zones that the hit lies in and that matter to the policy: those it names, else the borders with its country.

    None when the policy names zones and the hit lies in none of them.
    """
    if policy.zones:
        named = (zones[zone_id] for zone_id in policy.zones if zone_id in zones)
        return tuple(zone for zone in named if in_zone(alert.read, zone, cameras)) or None
    borders = (zone for zone in zones.values() if zone.kind == "border" and zone.country == policy.country)
    return tuple(zone for zone in borders if in_zone(alert.read, zone, cameras))


def _direction(alert: Alert, camera: Camera, places: tuple[Zone, ...]) -> Direction | None:
    """Which way the vehicle goes through the first of these zones that knows its way out; None when it cannot be told."""
    heading_deg = heading_of(alert.read, camera)
    directions = (direction_through(zone, heading_deg) for zone in places)
    return next((direction for direction in directions if direction), None)


def _forward(
    alert: Alert, policy: Policy, camera: Camera, places: tuple[Zone, ...], direction: Direction | None, now_ms: int
) -> Forward:
    read = alert.read
    fixed = camera.position is not None
    return Forward(
        forward_id=ids.forward_id(alert.alert_id, policy.country),
        to_country=policy.country,
        case_reference=alert.case_reference or alert.incident_id,
        legal_basis=policy.legal_basis,
        purpose=policy.purpose,
        handling_code=policy.handling_code,
        offence_category=alert.category,
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
        expires_at_ms=read.captured_at_ms + policy.expires_after_ms,
    )


def recall_of(forward: Forward, *, now_ms: int) -> Forward:
    """The message that takes a forward back: the vehicle is not wanted (any more), or was never seen. One per forward."""
    return msgspec.structs.replace(
        forward,
        forward_id=ids.forward_id(forward.forward_id, forward.to_country, "recall"),
        kind="recall",
        refers_to=forward.forward_id,
        created_at_ms=now_ms,
        expires_at_ms=now_ms + WITHDRAWAL_EXPIRES_MS,
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
