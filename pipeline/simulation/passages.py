"""Simulates driving: a vehicle's passages along a route, and the reads that cameras make of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from pipeline.simulation.network import RoadNetwork, RoadRoute
from pipeline.simulation.vehicles import SimulatedVehicle
from schemas import ids
from schemas.reads import Alternative, ClockState, PlateRead, VehicleClass

HOUR_MS = 3_600_000
CLOCKS = {
    "federal": ClockState(source="ptp", offset_ms=0.2, worst_error_ms=2.0, sync_age_ms=1_000),
    "local": ClockState(source="ntp", offset_ms=1.5, worst_error_ms=15.0, sync_age_ms=64_000),
    "lez": ClockState(source="ntp", offset_ms=2.0, worst_error_ms=20.0, sync_age_ms=64_000),
    "public_transport": ClockState(source="ntp", offset_ms=3.0, worst_error_ms=30.0, sync_age_ms=64_000),
    "vehicle": ClockState(source="gnss", offset_ms=0.1, worst_error_ms=1.0, sync_age_ms=1_000),
}
READER = "camera-anpr/4.2"
_LORRY_KMH = 88.0
SLOW_CLASSES = ("lorry", "bus")
_SLOWEST = 0.84  # of what is driven there; 1 at most, so every limit is kept


@dataclass(frozen=True, slots=True)
class DrivenPassage:
    """One vehicle passing one camera. at_ms: UTC."""

    camera_id: str
    at_ms: int
    speed_kmh: float
    lane: int = 1


def travel_ms(metres: float, speed_kmh: float) -> int:
    """The travel time in ms."""
    return round(metres * HOUR_MS / 1000.0 / speed_kmh)


def draw_pace(random: Random) -> float:
    """A random pace of a vehicle that keeps to every limit: its speed as a share of the speed driven there."""
    return random.uniform(_SLOWEST, 1.0)


@lru_cache(maxsize=50_000)
def timetable(route: RoadRoute, slow: bool) -> tuple[tuple[float, float], ...]:
    """For each camera of the route: ms since the start at full pace, and the speed there in km/h. slow: no faster than 88
    km/h."""
    at_ms, table = 0.0, []
    for leg in route.legs:
        speed_kmh = min(_LORRY_KMH, leg.limit_kmh) if slow else float(leg.limit_kmh)
        at_ms += leg.metres * HOUR_MS / 1000.0 / speed_kmh
        table.append((at_ms, speed_kmh))
    return tuple(table)


def drive(
    random: Random, route: RoadRoute, vehicle_class: VehicleClass, start_ms: int, window: tuple[int, int]
) -> Iterator[DrivenPassage]:
    """The passages of a vehicle that starts at start_ms and keeps to every limit, as far as they lie in the window (UTC ms,
    end excluded)."""
    pace = draw_pace(random)
    for leg, (after_ms, speed_kmh) in zip(route.legs, timetable(route, vehicle_class in SLOW_CLASSES), strict=True):
        at_ms = start_ms + int(after_ms / pace)
        if window[0] <= at_ms < window[1]:
            yield DrivenPassage(leg.camera_id, at_ms, round(speed_kmh * pace, 1), 1 + int(random.random() * 2))


def duration_ms(route: RoadRoute) -> int:
    """The longest time in ms that a vehicle of drive() takes for the route."""
    return int(timetable(route, True)[-1][0] / _SLOWEST) + 1


def read_of(
    network: RoadNetwork,
    vehicle: SimulatedVehicle,
    passage: DrivenPassage,
    *,
    due_ms: int,
    plate: str | None = None,
    confidence: float = 0.97,
    alternatives: tuple[Alternative, ...] = (),
    clock: ClockState | None = None,
) -> PlateRead:
    """The read that the camera makes of a passage. plate: the text that it reads; None: the plate that the vehicle carries.
    due_ms: when the platform receives it, UTC."""
    camera = network.by_id[passage.camera_id]
    patrol = network.patrols.get(passage.camera_id)
    text = plate or vehicle.plate
    return PlateRead(
        read_id=ids.read_id(passage.camera_id, passage.at_ms, text),
        camera_id=passage.camera_id,
        captured_at_ms=passage.at_ms,
        received_at_ms=due_ms,
        plate=text,
        confidence=confidence,
        alternatives=alternatives,
        country=vehicle.country_seen,
        country_confidence=0.9 if vehicle.country_seen else 0.0,
        lane=passage.lane,
        heading_deg=camera.heading_deg,
        position=patrol.position_at(passage.at_ms) if patrol else None,
        speed_kmh=passage.speed_kmh,
        vehicle_class=vehicle.vehicle_class,
        colour=vehicle.colour,
        network=camera.network,
        clock=clock or CLOCKS[camera.network],
        reader=READER,
    )
