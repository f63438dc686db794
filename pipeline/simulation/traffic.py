"""Simulates ordinary traffic: vehicles that are not wanted and keep to every limit, and are sometimes misread."""

import heapq
from collections.abc import Iterator
from dataclasses import replace
from random import Random

from pipeline.simulation.arrivals import SLOW_MS, ReadArrival, late_ms, prompt_ms, slow_ms
from pipeline.simulation.misreads import misread
from pipeline.simulation.network import RoadNetwork, RoadRoute
from pipeline.simulation.passages import HOUR_MS, DrivenPassage, drive, duration_ms, read_of
from pipeline.simulation.vehicles import SimulatedVehicle, WantedTexts, draw_class, draw_vehicle
from schemas.reads import Alternative, VehicleClass


class Traffic:
    """Makes ordinary reads in the order of arrival, for any period. The same state of `random` gives the same reads."""

    def __init__(
        self,
        random: Random,
        network: RoadNetwork,
        wanted: WantedTexts,
        *,
        reads_per_s: float,
        misreads: float,
        late: float,
        slow: float,
        taken: frozenset[str],
    ) -> None:
        """reads_per_s: the mean of all routes together. misreads, slow: shares of the reads; late: share of the vehicles.
        taken: plates that no ordinary vehicle may carry."""
        self._random, self._network, self._wanted = random, network, wanted
        self._misreads, self._late, self._slow = misreads, late, slow
        controlled = {line.camera_id for section in network.sections for line in (*section.entries, *section.exits)}
        self._routes = [(route, not controlled.isdisjoint(route.camera_ids)) for route in network.routes]
        weight = sum(route.weight * len(route.legs) for route in network.routes)
        self._pauses_ms = [1000.0 * weight / (reads_per_s * route.weight) for route in network.routes]
        self._reserved = taken
        self._plates: tuple[set[str], set[str]] = (set(), set())  # on controlled roads: this hour's, and the last one's
        self._hour = 0

    def arrivals(self, start_ms: int, end_ms: int) -> Iterator[ReadArrival]:
        """Every read that arrives from start to end (UTC ms, end excluded), as if traffic had always been flowing."""
        starts = [(start_ms - duration_ms(route) - SLOW_MS[1], i) for i, (route, _) in enumerate(self._routes)]
        departures = [(at + self._random.expovariate(1 / self._pauses_ms[i]), i) for at, i in starts]
        heapq.heapify(departures)
        waiting: list[tuple[int, int, ReadArrival]] = []
        number = 0
        while departures[0][0] < end_ms:
            at_ms, index = departures[0]
            heapq.heapreplace(departures, (at_ms + self._random.expovariate(1 / self._pauses_ms[index]), index))
            while waiting and waiting[0][0] < at_ms:
                yield heapq.heappop(waiting)[2]
            for arrival in self._vehicle(self._routes[index], int(at_ms), start_ms, end_ms):
                number += 1
                heapq.heappush(waiting, (arrival.due_ms, number, arrival))
        while waiting:
            yield heapq.heappop(waiting)[2]

    def _vehicle(
        self, taken_route: tuple[RoadRoute, bool], at_ms: int, start_ms: int, end_ms: int
    ) -> Iterator[ReadArrival]:
        route, controlled = taken_route
        vehicle_class, vehicle = draw_class(self._random), None
        ago_ms = late_ms(self._random) if self._random.random() < self._late else 0  # its cameras had no connection
        for passage in drive(self._random, route, vehicle_class, at_ms, (start_ms - SLOW_MS[1], end_ms)):
            due_ms = passage.at_ms + self._delay_ms()
            if start_ms <= due_ms < end_ms:
                vehicle = vehicle or self._draw(vehicle_class, controlled, at_ms)
                yield self._arrival(
                    vehicle, replace(passage, at_ms=passage.at_ms - ago_ms) if ago_ms else passage, due_ms
                )

    def _draw(self, vehicle_class: VehicleClass, controlled: bool, at_ms: int) -> SimulatedVehicle:
        while True:
            vehicle = draw_vehicle(self._random, self._wanted, vehicle_class)
            if vehicle.plate in self._reserved:
                continue
            if not controlled or self._claim(vehicle.plate, at_ms // HOUR_MS):
                return vehicle

    def _claim(self, plate: str, hour: int) -> bool:
        if hour != self._hour:
            self._hour, self._plates = hour, (set(), self._plates[0])
        if plate in self._plates[0] or plate in self._plates[1]:
            return False
        self._plates[0].add(plate)
        return True

    def _delay_ms(self) -> int:
        return slow_ms(self._random) if self._random.random() < self._slow else prompt_ms(self._random)

    def _arrival(self, vehicle: SimulatedVehicle, passage: DrivenPassage, due_ms: int) -> ReadArrival:
        text, confidence = vehicle.plate, self._random.uniform(0.9, 0.995)
        alternatives: tuple[Alternative, ...] = ()
        if self._random.random() < self._misreads:
            text, confidence = misread(self._random, vehicle.plate, self._wanted), self._random.uniform(0.5, 0.85)
            alternatives = (Alternative(text=vehicle.plate, probability=round(1 - confidence, 3)),)
        read = read_of(
            self._network, vehicle, passage, due_ms=due_ms, plate=text, confidence=round(confidence, 3),
            alternatives=alternatives,
        )  # fmt: skip
        return ReadArrival(due_ms, read, vehicle.plate)
