"""Simulates wanted vehicles: each drives one route for one entry of the hotlist. Some of its reads are wrong; of some vehicles
all reads arrive late."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from random import Random

from pipeline.simulation.arrivals import LATE_MS, ReadArrival, late_ms, prompt_ms
from pipeline.simulation.misreads import confusable, garbage, one_edit
from pipeline.simulation.network import RoadNetwork
from pipeline.simulation.oracle import WantedRead, expected_alerts, expected_forwards
from pipeline.simulation.passages import DrivenPassage, drive, read_of
from pipeline.simulation.truth import Quiet, Truth
from pipeline.simulation.vehicles import SimulatedVehicle, WantedTexts
from schemas.base import Country
from schemas.outcomes import Match
from schemas.reference import HotlistEntry

_LEAST_GAP_MS = 20_000  # between two reads of a wanted vehicle, so that their order is certain
_MARGIN_MS = 2_000
_ANY_TIME = (0, 1 << 62)


def wanted_case(
    random: Random,
    network: RoadNetwork,
    entry: HotlistEntry,
    window: tuple[int, int],
    wanted: WantedTexts,
    misreads: float,
) -> tuple[list[ReadArrival], Truth]:
    """Drive one wanted vehicle through the window (UTC ms). Returns its reads and what they must lead to.

    misreads: the share of its reads, after the first, that are wrong; the first is wrong a third as often, and always where the
    entry asks for `near`. Reads for a pattern, or for an entry that is shared with another country, are all right; those of a
    shared entry all in time.
    """
    vehicle = _vehicle_of(random, entry)
    late = not entry.share_with and not entry.cameras and random.random() < 0.12
    passages = _journey(random, network, entry, vehicle, _captured_within(window, late=late))
    sights, arrivals = [], []
    for number, passage in enumerate(passages):
        text: str = vehicle.plate
        match: Match | None = _clean(entry)
        wrong = random.random() < misreads if number else entry.near or random.random() < misreads / 3
        if wrong and not entry.share_with and match == "exact":
            text, match = _misread(random, entry, vehicle.plate, wanted)
        due_ms = passage.at_ms + (late_ms(random) if late else prompt_ms(random))
        if late:
            due_ms = max(due_ms, window[0] + random.randint(100, 5_000))
        if due_ms < window[1]:
            confidence = round(random.uniform(0.93, 0.99) if text == vehicle.plate else random.uniform(0.82, 0.92), 3)
            read = read_of(network, vehicle, passage, due_ms=due_ms, plate=text, confidence=confidence)
            sights.append(WantedRead(read, due_ms, match))
            arrivals.append(ReadArrival(due_ms, read, vehicle.plate))
    return arrivals, _truth(network, entry, sights)


def _truth(network: RoadNetwork, entry: HotlistEntry, sights: Sequence[WantedRead]) -> Truth:
    alerts = tuple(expected_alerts(network, entry, sights))
    reads = {sight.read.read_id: sight.read for sight in sights}
    forwards = tuple(
        forward for alert in alerts for forward in expected_forwards(network, entry, alert, reads[alert.read_id])
    )
    silent = tuple(reads.keys() - {alert.read_id for alert in alerts})
    quiet = (Quiet(read_ids=tuple(sorted(silent)), subject=entry.entry_id, reason=_why(entry)),) if silent else ()
    return Truth(alerts=alerts, forwards=forwards, quiet=quiet)


def _why(entry: HotlistEntry) -> str:
    where = ", ".join((*entry.zones, *entry.cameras)) or "everywhere"
    return f"misread, not in force, or outside of where it counts ({where})"


def _clean(entry: HotlistEntry) -> Match:
    return "pattern" if "?" in entry.plate or "*" in entry.plate else "exact"


def _vehicle_of(random: Random, entry: HotlistEntry) -> SimulatedVehicle:
    """A vehicle that carries the entry's plate, or a plate that fits its pattern."""
    country: Country = entry.country or "BE"
    letters = "".join(random.choice("349") if c == "?" else "" if c == "*" else c for c in entry.plate)
    seen = country if entry.country and random.random() < 0.8 else None  # never one that contradicts the entry
    return SimulatedVehicle(plate=letters, country=country, colour=entry.colour, country_seen=seen)


def _misread(random: Random, entry: HotlistEntry, plate: str, wanted: WantedTexts) -> tuple[str, Match | None]:
    lookalike = confusable(random, plate)
    if not entry.near and lookalike and random.random() < 0.5:
        return lookalike, "confusable"
    edited = entry.near or random.random() < 0.6
    while True:
        text = one_edit(random, plate) if edited else garbage(random)
        if not wanted.knows(text) and (edited or wanted.admits(text)):
            return text, "near" if entry.near else None


def _captured_within(window: tuple[int, int], *, late: bool) -> tuple[int, int]:
    start_ms, end_ms = window
    return (start_ms - LATE_MS[1], start_ms - LATE_MS[0]) if late else (start_ms, end_ms - _MARGIN_MS)


def _journey(
    random: Random, network: RoadNetwork, entry: HotlistEntry, vehicle: SimulatedVehicle, captured: tuple[int, int]
) -> list[DrivenPassage]:
    """The passages in these times (from, until; UTC ms) on a route past a camera where the entry counts; at least one is at
    such a camera."""
    goals = _goals(random, network, entry)
    while True:
        route = random.choice(network.routes_past[random.choice(goals)])
        passages = list(drive(random, route, vehicle.vehicle_class, 0, _ANY_TIME))
        anchor = random.choice([passage for passage in passages if passage.camera_id in goals])
        shift_ms = random.randint(*captured) - anchor.at_ms
        if _apart(passages):
            return list(_within(passages, shift_ms, captured))


def _apart(passages: Sequence[DrivenPassage]) -> bool:
    return all(later.at_ms - earlier.at_ms >= _LEAST_GAP_MS for earlier, later in pairwise(passages))


def _within(passages: Sequence[DrivenPassage], shift_ms: int, captured: tuple[int, int]) -> Iterator[DrivenPassage]:
    for passage in passages:
        if captured[0] <= passage.at_ms + shift_ms <= captured[1]:
            yield DrivenPassage(passage.camera_id, passage.at_ms + shift_ms, passage.speed_kmh, passage.lane)


def _goals(random: Random, network: RoadNetwork, entry: HotlistEntry) -> list[str]:
    """The cameras of which the journey must pass at least one: where the entry counts, or at the border of a country it is
    shared with."""
    named = set(entry.cameras)
    for zone in network.zones:
        if zone.zone_id in entry.zones:
            named.update(zone.cameras)
        if zone.kind == "border" and zone.country in entry.share_with[:1] and zone.outbound_heading_deg is not None:
            way_out = [c for c in zone.cameras if _heads(network, c, zone.outbound_heading_deg)]
            named.update(way_out if random.random() < 0.85 else zone.cameras)
    passed = sorted(named & network.routes_past.keys())
    return passed or [c for c in network.routes_past if "hotlist" in (network.by_id[c].purposes or ())]


def _heads(network: RoadNetwork, camera_id: str, heading_deg: float) -> bool:
    own = network.by_id[camera_id].heading_deg
    return own is not None and abs(own - heading_deg) < 60
