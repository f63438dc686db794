"""Computes what simulated reads must lead to, from the law and from how they were made, without calling the platform's
decisions.

It implements the arithmetic a second time, independently, and the simulation makes no read on whose outcome two careful
readers of the rules could differ.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.simulation.network import RoadNetwork
from pipeline.simulation.truth import ExpectedAlert, ExpectedForward
from schemas import ids
from schemas.outcomes import Match
from schemas.reads import PlateRead
from schemas.reference import HotlistEntry, Zone

MAY_RING_WITHIN_MS = 60_000


@dataclass(frozen=True, slots=True)
class WantedRead:
    """One read of a wanted vehicle. due_ms: when the platform receives it, UTC. match: how its text relates to the entry;
    None: it must not be recognised."""

    read: PlateRead
    due_ms: int
    match: Match | None


def counts_here(network: RoadNetwork, entry: HotlistEntry, read: PlateRead) -> bool:
    """Whether the entry is in force at the read's capture, at its camera, and that camera may be used for hotlists."""
    if "hotlist" not in (network.by_id[read.camera_id].purposes or ()):
        return False
    if not entry.valid_from_ms <= read.captured_at_ms < entry.valid_until_ms:
        return False
    if not entry.cameras and not entry.zones:
        return True
    in_zone = any(zone.zone_id in entry.zones for zone in network.zones_of(read.camera_id))
    return in_zone or read.camera_id in entry.cameras


def makes_no_sound(entry: HotlistEntry) -> bool:
    """Whether nobody is to hear of this entry's vehicle: the entry says so in `silent`, or says nothing there and is of a vehicle
    whose insurance or inspection has lapsed, with priority normal or low."""
    if entry.silent is not None:
        return entry.silent
    return entry.hotlist in ("no_insurance", "no_inspection") and entry.priority in ("normal", "low")


def expected_alerts(network: RoadNetwork, entry: HotlistEntry, sights: Sequence[WantedRead]) -> Iterator[ExpectedAlert]:
    """The alerts that one wanted vehicle must raise. sights: in the order of capture.

    None rings where the entry makes no sound. Otherwise the first live alert rings. Later, the first live one with exactly the
    wanted plate rings too, if all before only resembled it. No others ring, because in the simulation every vehicle drives as
    one vehicle can, and all reads of its own plate are equally sure.
    """
    silent, rung = makes_no_sound(entry), set[Match | None]()
    for sight in sights:
        if sight.match is None or not counts_here(network, entry, sight.read):
            continue
        live = sight.due_ms - sight.read.captured_at_ms <= MAY_RING_WITHIN_MS
        rings = live and not silent and (not rung or (sight.match == "exact" and "exact" not in rung))
        if rings:
            rung.add(sight.match)
        yield ExpectedAlert(
            alert_id=ids.alert_id(sight.read.read_id, entry.entry_id),
            read_id=sight.read.read_id,
            camera_id=sight.read.camera_id,
            captured_at_ms=sight.read.captured_at_ms,
            plate=sight.read.plate,
            entry_id=entry.entry_id,
            match=sight.match,
            incident=entry.entry_id,
            rings=rings,
            live=live,
            silent=silent,
        )


def _outbound(zone: Zone, read: PlateRead) -> bool:
    if read.heading_deg is None or zone.outbound_heading_deg is None:
        raise ValueError(f"camera {read.camera_id} or zone {zone.zone_id} does not know its heading")
    turn = abs(read.heading_deg - zone.outbound_heading_deg) % 360
    return min(turn, 360 - turn) < 90


def expected_forwards(
    network: RoadNetwork, entry: HotlistEntry, alert: ExpectedAlert, read: PlateRead
) -> Iterator[ExpectedForward]:
    """The messages that must go abroad for one alert, at most one for each policy. read: the alert's read. Raises ValueError
    where a border zone or the read has no heading."""
    for policy in network.policies:
        if policy.country not in entry.share_with or entry.hotlist not in policy.lists:
            continue
        if (policy.channel == "sirene") != (entry.hotlist == "sis" or entry.origin == "sis"):
            continue  # what came from SIS goes through its own channel, and nothing else does
        if "cross_border" not in (network.by_id[read.camera_id].purposes or ()):
            continue
        if policy.categories and entry.category not in policy.categories:
            continue
        if policy.per_case and not entry.case_reference:
            continue
        borders = [zone for zone in network.zones_of(read.camera_id) if zone.zone_id in policy.zones]
        ways = {"outbound" if _outbound(zone, read) else "inbound" for zone in borders}
        if (policy.zones and not borders) or (policy.directions and ways.isdisjoint(policy.directions)):
            continue
        yield ExpectedForward(
            forward_id=ids.forward_id(alert.alert_id, policy.country),
            alert_id=alert.alert_id,
            to_country=policy.country,
        )


def corrected_be_kmh(metres: float, travelled_ms: int) -> int | None:
    """The speed held against a Belgian driver who took travelled_ms for the metres, in km/h: the measured speed less 6 km/h up to
    100 and less 6 % above, rounded down.

    None where rounding the measured speed first would change the result: the simulation avoids such speeds.
    """
    measured = metres * 3600.0 / travelled_ms
    whole = int(measured)
    exact = int(measured - 6 if measured <= 100 else measured * 0.94)
    rounded = whole - 6 if whole <= 100 else whole * 94 // 100
    return exact if exact == rounded else None
