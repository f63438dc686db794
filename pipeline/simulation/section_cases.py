"""Simulates vehicles on controlled sections: clearly too fast, clearly not, one km/h above the limit after the tolerance,
exactly at it, and every kind of doubt."""

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import NamedTuple

from pipeline.plates.shared import written
from pipeline.plates.twins import issued_twins
from pipeline.simulation.arrivals import ReadArrival, prompt_ms
from pipeline.simulation.network import RoadNetwork
from pipeline.simulation.oracle import corrected_be_kmh
from pipeline.simulation.passages import CLOCKS, DrivenPassage, read_of, travel_ms
from pipeline.simulation.truth import ExpectedViolation, Quiet, Truth
from pipeline.simulation.vehicles import SimulatedVehicle, WantedTexts, draw_plate
from schemas import ids
from schemas.base import Country
from schemas.reads import ClockState, VehicleClass
from schemas.reference import Distance, Section

_MARGIN_MS = 2_000
_UPLOADED_LATE_MS = (12_000, 25_000)  # longer than reads take to settle
_AGAIN_MS = 1_900  # between two reads of one passage
_CLEARLY, _IN_DOUBT = (0.5, 0.3, 0.15, 0.05), (0.03, 0.02, 0.01, 0.005)  # km/h above a whole number


class DrivingManner(NamedTuple):
    """How a vehicle drives over a section. corrected: its speed after tolerance, in km/h, as a function of the limit. why:
    the reason why it proves nothing; None for a violation."""

    name: str
    corrected: Callable[[Random, int], int]
    why: str | None = None
    vehicle_class: VehicleClass = "car"
    entry_clock: ClockState | None = None
    exit_clock: ClockState | None = None
    backwards: bool = False
    late: bool = False  # the exit's read arrives when its entry has long settled
    reversed_arrival: bool = False
    exit_class: VehicleClass | None = None  # None: the same
    exit_confidence: float | None = None
    seen_again: bool = False  # the exit camera reads it once more, so late that the mean speed is none too high


def _above(random: Random, limit: int) -> int:
    return limit + random.randint(8, 35)


def _just_above(_random: Random, limit: int) -> int:
    return limit + 1


def _just_not(_random: Random, limit: int) -> int:
    return limit


def _below(random: Random, limit: int) -> int:
    return limit - random.randint(5, 25)


_UNSYNCED = ClockState(source="ntp", synced=False, worst_error_ms=10.0, sync_age_ms=0)
_POOR = ClockState(source="ntp", worst_error_ms=900.0, sync_age_ms=0)
_DOUBTFUL = ClockState(source="ntp", worst_error_ms=95.0, sync_age_ms=0)
_SILENT = ClockState(source="ntp")
MANNERS = (
    DrivingManner("too fast", _above),
    DrivingManner("just above the tolerance", _just_above),
    DrivingManner("at the limit after the tolerance", _just_not, why="not above the limit after the tolerance"),
    DrivingManner("lawful", _below, why="below the limit"),
    DrivingManner("lorry too fast", _above, vehicle_class="lorry"),
    DrivingManner("too fast, uploaded late", _above, late=True),
    DrivingManner("too fast, the exit arrives first", _above, reversed_arrival=True),
    DrivingManner("too fast by a clock not in sync", _above, why="entry clock not in sync", entry_clock=_UNSYNCED),
    DrivingManner("too fast by a poor clock", _above, why="exit clock worse than the section allows", exit_clock=_POOR),
    DrivingManner("within the clocks' error", _just_above, why="the clocks' error could tip the verdict", entry_clock=_DOUBTFUL,
           exit_clock=_DOUBTFUL),
    DrivingManner("wrong way", _above, why="passed the exit before the entry", backwards=True),
    DrivingManner("too fast by a clock that says nothing of itself", _above, why="nothing is stated of the exit clock",
           exit_clock=_SILENT),
    DrivingManner("another vehicle out than in", _above, why="a car in, a motorcycle out", exit_class="motorcycle"),
    DrivingManner("too fast, misread at the exit perhaps", _above, why="the reads are not sure together", exit_confidence=0.55),
    DrivingManner("two reads of the exit", _just_above, why="driven well at the second read", seen_again=True),
)  # fmt: skip


def section_case(
    random: Random, network: RoadNetwork, number: int, window: tuple[int, int], wanted: WantedTexts
) -> tuple[list[ReadArrival], Truth]:
    """Drive one vehicle over one section within the window (UTC ms), in the manner that the number selects. Returns its reads
    and what they must lead to; no reads and an empty truth if one would arrive after the window."""
    manner = MANNERS[number % len(MANNERS)]
    weights = [8 if _certified(section, window[0]) else 1 for section in network.sections]
    section = random.choices(network.sections, weights)[0]
    distance = random.choice(section.distances)
    country: Country = random.choice(("BE", "BE", "BE", "FR", "NL", "DE"))
    vehicle = SimulatedVehicle(
        plate=_sure_plate(random, country, wanted),
        country=country,
        vehicle_class=manner.vehicle_class,
        country_seen=random.choice((country, None)),
    )
    limit = section.class_limits_kmh.get(manner.vehicle_class, section.limit_kmh)
    took_ms, speed_kmh = _speed(random, distance, manner, limit)
    latest_ms = max(window[0], window[1] - _MARGIN_MS - took_ms)
    entered_ms = random.randint(window[0], latest_ms)
    first, last = distance.entry_camera_id, distance.exit_camera_id
    passages = [DrivenPassage(first, entered_ms, speed_kmh), DrivenPassage(last, entered_ms + took_ms, speed_kmh)]
    if manner.backwards:
        passages = [DrivenPassage(last, entered_ms, speed_kmh), DrivenPassage(first, entered_ms + took_ms, speed_kmh)]
    arrivals = _arrivals(random, network, manner, vehicle, passages, window)
    if any(arrival.due_ms >= window[1] for arrival in arrivals):
        return [], Truth()
    return arrivals, _truth(section, distance, manner, vehicle, limit, took_ms, arrivals)


def _sure_plate(random: Random, country: Country, wanted: WantedTexts) -> str:
    """A random plate of the country that no other vehicle may seem to carry, whether the country is read or not."""
    while True:
        plate = draw_plate(random, country, wanted)
        if not (written(plate, "DE") or any(issued_twins(plate, one) != frozenset() for one in (country, None))):
            return plate


def _arrivals(
    random: Random,
    network: RoadNetwork,
    manner: DrivingManner,
    vehicle: SimulatedVehicle,
    passages: list[DrivenPassage],
    window: tuple[int, int],
) -> list[ReadArrival]:
    dues = [passage.at_ms + prompt_ms(random) for passage in passages]
    if manner.late:
        dues[1] += random.randint(*_UPLOADED_LATE_MS)
    if manner.reversed_arrival:
        dues[0] = dues[1] + random.randint(200, 900)
    clocks = [manner.entry_clock, manner.exit_clock]
    vehicles = [vehicle, replace(vehicle, vehicle_class=manner.exit_class or vehicle.vehicle_class)]
    if manner.seen_again:
        again = replace(passages[1], at_ms=passages[1].at_ms + _AGAIN_MS)
        passages, dues, clocks, vehicles = (
            [*passages, again],
            [*dues, dues[1] + 900],
            [*clocks, None],
            [*vehicles, vehicle],
        )
    arrivals = []
    for number, (passage, due_ms, clock, seen) in enumerate(zip(passages, dues, clocks, vehicles, strict=True)):
        usual = CLOCKS[network.by_id[passage.camera_id].network]
        confidence = round(random.uniform(0.9, 0.99), 3)
        if number and manner.exit_confidence is not None:
            confidence = manner.exit_confidence
        read = read_of(network, seen, passage, due_ms=due_ms, confidence=confidence, clock=clock or usual)
        arrivals.append(ReadArrival(due_ms, read, vehicle.plate))
    return arrivals


def _speed(random: Random, distance: Distance, manner: DrivingManner, limit: int) -> tuple[int, float]:
    """The travel time in ms and the speed in km/h that give the corrected speed of the manner.

    With doubtful clocks or a second read, the speed is so little above a whole number that the doubt lowers the corrected
    speed. Raises ValueError where no speed gives it.
    """
    wish = manner.corrected(random, limit)
    clocks = [clock for clock in (manner.entry_clock, manner.exit_clock) if clock is _DOUBTFUL]
    error_ms = _AGAIN_MS if manner.seen_again else round(sum(clock.worst_error_ms for clock in clocks))
    for whole in range(wish + 6, wish + 40):
        for share in _IN_DOUBT if error_ms else _CLEARLY:
            took_ms = travel_ms(distance.metres, whole + share)
            slower = corrected_be_kmh(distance.metres, took_ms + error_ms)
            if corrected_be_kmh(distance.metres, took_ms) == wish and (not error_ms or slower != wish):
                return took_ms, round(whole + share, 1)
    raise ValueError(f"no measured speed is corrected to {wish} km/h")


def _certified(section: Section, at_ms: int) -> bool:
    return section.certificate.valid_from_ms <= at_ms < section.certificate.valid_until_ms


def _truth(
    section: Section,
    distance: Distance,
    manner: DrivingManner,
    vehicle: SimulatedVehicle,
    limit: int,
    took_ms: int,
    arrivals: list[ReadArrival],
) -> Truth:
    entry, exit_ = arrivals[0].read, arrivals[-1].read
    why = manner.why if _certified(section, exit_.captured_at_ms) else "certificate lapsed"
    if why is not None:
        return Truth(
            quiet=(
                Quiet(
                    read_ids=tuple(arrival.read.read_id for arrival in arrivals), subject=section.section_id, reason=why
                ),
            )
        )
    corrected = corrected_be_kmh(distance.metres, took_ms)
    assert corrected is not None, "speeds on which the rules could be read in two ways are not driven"
    return Truth(
        violations=(
            ExpectedViolation(
                violation_id=ids.violation_id(section.section_id, entry.read_id, exit_.read_id),
                section_id=section.section_id,
                plate=vehicle.plate,
                entry_read_id=entry.read_id,
                exit_read_id=exit_.read_id,
                corrected_kmh=corrected,
                limit_kmh=limit,
            ),
        )
    )
