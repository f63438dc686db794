"""Simulates vehicles on a road network: their reads in the order of arrival, and what these must lead to.

The same network, options and seed give exactly the same reads. The truth follows from how they were made: wanted and
speeding vehicles are planned first, one by one, and ordinary traffic is made so that it leads to nothing.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from pipeline.simulation.arrivals import ReadArrival
from pipeline.simulation.network import RoadNetwork
from pipeline.simulation.section_cases import section_case
from pipeline.simulation.traffic import Traffic
from pipeline.simulation.truth import Misread, Truth, merged, stale
from pipeline.simulation.vehicles import WantedTexts
from pipeline.simulation.wanted_cases import wanted_case


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationOptions:
    """What to simulate. misreads and slow are shares (0..1) of the reads of ordinary traffic, late is a share of its
    vehicles, twice a share of all reads. Wanted vehicles are misread at least at a share of 0.2, unless misreads is 0.

    Capture times are times of the simulation: for live alerts, start_ms must be now and the reads be sent when they are due.
    live=False: the reads will be sent later than that, so that nothing may ring.
    """

    start_ms: int  # UTC; nothing arrives before
    duration_ms: int = 60_000
    reads_per_s: float = 20.0
    seed: int = 1
    live: bool = True
    misreads: float = 0.03
    late: float = 0.005  # uploaded minutes after the capture
    slow: float = 0.02  # overtaken by later ones
    twice: float = 0.01  # sent a second time
    wanted_vehicles: int | None = None  # None: each entry once, at most one in 100 reads
    parked: frozenset[str] = frozenset()  # entries whose vehicle does not drive
    section_vehicles: int | None = None  # None: one each two seconds where there are sections


@dataclass(frozen=True, slots=True)
class Simulation:
    """One simulated period. planned: the reads of wanted vehicles and of those on sections, in the order of arrival. `truth`
    is complete from the start; the reads of ordinary traffic are made while `reads` is iterated."""

    network: RoadNetwork
    options: SimulationOptions
    truth: Truth
    planned: tuple[ReadArrival, ...]
    _wanted: WantedTexts

    @property
    def reads(self) -> Iterator[ReadArrival]:
        """Every read in the order of arrival, some of them twice. Each call begins anew."""
        options = self.options
        traffic = Traffic(
            Random(f"{options.seed}/traffic"),
            self.network,
            self._wanted,
            reads_per_s=options.reads_per_s,
            misreads=options.misreads,
            late=options.late,
            slow=options.slow,
            taken=frozenset(arrival.shown for arrival in self.planned),
        )
        ordinary = traffic.arrivals(options.start_ms, options.start_ms + options.duration_ms)
        in_order = heapq.merge(self.planned, ordinary, key=_due)
        return _some_twice(Random(f"{options.seed}/twice"), in_order, options)


def simulate(network: RoadNetwork, options: SimulationOptions) -> Simulation:
    """Plan a simulation. Raises ValueError when the network has no routes or nothing would ever be read."""
    if not network.routes or options.reads_per_s <= 0 or options.duration_ms <= 0:
        raise ValueError("a simulation needs routes, a rate above 0 and a duration above 0")
    wanted = WantedTexts(network.hotlist)
    cases = list(_cases(network, options, wanted))
    planned = sorted((arrival for arrivals, _ in cases for arrival in arrivals), key=_due)
    truth = merged(truth for _, truth in cases)
    return Simulation(network, options, truth if options.live else stale(truth), tuple(planned), wanted)


def misread_of(arrival: ReadArrival) -> Misread | None:
    """The misread that an arrival is: its text and the plate that the vehicle carries; None where they are the same."""
    read = arrival.read
    return None if read.plate == arrival.shown else Misread(read_id=read.read_id, plate=read.plate, shown=arrival.shown)


def _cases(
    network: RoadNetwork, options: SimulationOptions, wanted: WantedTexts
) -> Iterator[tuple[list[ReadArrival], Truth]]:
    window = (options.start_ms, options.start_ms + options.duration_ms)
    random = Random(f"{options.seed}/cases")
    most = max(25, round(options.reads_per_s * options.duration_ms / 1000 / 100))
    driven = [entry for entry in network.hotlist if entry.entry_id not in options.parked]
    count = min(len(driven), most if options.wanted_vehicles is None else options.wanted_vehicles)
    for entry in random.sample(driven, count):
        yield wanted_case(
            random, network, entry, window, wanted, max(0.2, options.misreads) if options.misreads else 0.0
        )
    if network.sections:
        every_other_second = options.duration_ms // 2_000
        for number in range(every_other_second if options.section_vehicles is None else options.section_vehicles):
            yield section_case(random, network, number, window, wanted)


def _some_twice(random: Random, reads: Iterator[ReadArrival], options: SimulationOptions) -> Iterator[ReadArrival]:
    """Each read once, and some again a little later, as a source does that got no answer."""
    again: list[tuple[int, int, ReadArrival]] = []
    for number, arrival in enumerate(reads):
        while again and again[0][0] <= arrival.due_ms:
            yield heapq.heappop(again)[2]
        yield arrival
        if random.random() < options.twice:
            due_ms = arrival.due_ms + random.randint(50, 3_000)
            heapq.heappush(again, (due_ms, number, arrival._replace(due_ms=due_ms)))
    while again:
        yield heapq.heappop(again)[2]


def _due(arrival: ReadArrival) -> int:
    return arrival.due_ms
