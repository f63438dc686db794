"""A whole history decided in memory: the very decisions of the agent `section_control`, without servers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from pipeline.sections.certainty import folded
from pipeline.sections.in_a_row import beside, only_the_worst
from pipeline.sections.lines import Sighting
from pipeline.sections.outcomes import Outcome, Withdrawn
from pipeline.sections.passages import End, Name
from pipeline.sections.put_back import PutBack
from pipeline.sections.rules import Rules
from pipeline.sections.vehicle import Decision, Vehicle, decide, next_ms_of
from schemas.outcomes import Violation

FOREVER_MS = 2**63
Key = tuple[str, str]
"""Section and folded plate: what reads are remembered under."""


def key_of(sighting: Sighting) -> Key:
    """The key under which the plate of a sighting is remembered on its section."""
    return sighting.section_id, folded(sighting.read.plate)


@dataclass(slots=True)
class Histories:
    """What is remembered of all vehicles on all sections. For tests, and for trying out; agents keep it in Redis."""

    rules: Rules
    vehicles: dict[Key, Vehicle] = field(default_factory=dict)
    forgotten: set[tuple[Key, Name]] = field(default_factory=set)
    _due: dict[Key, int] = field(default_factory=dict)  # no later than each is to be decided next

    def take(self, sightings: Iterable[Sighting], arrived_ms: int) -> None:
        """Remember sightings that the broker took at arrived_ms (UTC). Copies of reads that were decided and forgotten are
        left out."""
        for sighting in sightings:
            key = key_of(sighting)
            vehicle = self.vehicles.get(key) or Vehicle(sighting.section_id)
            end = End(sighting.side, sighting.read, arrived_ms)
            if (key, end.name) in self.forgotten:
                continue  # a copy of a read that was decided
            self.vehicles[key] = replace(vehicle, fresh=(*vehicle.fresh, end))
            self._due[key] = min(self._due.get(key, FOREVER_MS), arrived_ms + self.rules.settle_ms)

    def put_back(self, violations: Iterable[Violation], at_ms: int) -> None:
        """Put back violations that stand by their topic, after what was remembered was lost. at_ms: no earlier than the arrival of
        every read that is taken again (UTC)."""
        for one in violations:
            key = one.section_id, folded(one.entry.plate)
            vehicle = self.vehicles.get(key) or Vehicle(one.section_id)
            self.vehicles[key] = vehicle.with_put_back(PutBack(one, at_ms))
            self._due[key] = min(self._due.get(key, FOREVER_MS), at_ms + self.rules.settle_ms)

    def review(self) -> None:
        """Have the next `settle` look again at every violation, because reference data has changed."""
        self._due.update({key: 0 for key, vehicle in self.vehicles.items() if vehicle.proven})

    def settle(self, until_ms: int, *, decided_at_ms: int | None = None) -> list[Outcome]:
        """Decide the reads that have settled before until_ms, in the order of the keys. Every read that the broker took
        before until_ms (UTC) must have been given to `take`.

        decided_at_ms: the time of deciding that violations state; None: until_ms.
        """
        outcomes: list[Outcome] = []
        for key in sorted(key for key, due_ms in self._due.items() if due_ms < until_ms):
            if key in self.vehicles:  # another section's violation may just have ended it
                decision = self._decided(key, until_ms, until_ms if decided_at_ms is None else decided_at_ms)
                outcomes += decision.outcomes
        return outcomes

    def next_ms(self) -> int | None:
        """When something is to be decided or forgotten next if nothing more arrives, in the broker's time (UTC ms); None:
        nothing is remembered."""
        times = (next_ms_of(vehicle, self.rules) for vehicle in self.vehicles.values())
        return min((at_ms for at_ms in times if at_ms is not None), default=None)

    def next_settled_ms(self) -> int | None:
        """When the first of the reads that are not decided yet will have settled if nothing more arrives, in the broker's
        time (UTC ms); None: all are decided."""
        times = (next_ms_of(vehicle, self.rules) for vehicle in self.vehicles.values() if vehicle.fresh)
        return min((at_ms for at_ms in times if at_ms is not None), default=None)

    def _decided(self, key: Key, until_ms: int, decided_at_ms: int) -> Decision:
        decision = decide(self.vehicles[key], until_ms, self.rules, decided_at_ms=decided_at_ms)
        if any(isinstance(one, Violation) for one in decision.outcomes):
            decision = self._among_others(key, decision)
        self._remember(key, decision.vehicle, decision.next_ms, decision.forgotten)
        return decision

    def _remember(self, key: Key, vehicle: Vehicle, next_ms: int | None, forgotten: Iterable[Name]) -> None:
        """Replace what is remembered of a vehicle; the reads in `forgotten` are not taken again."""
        self.forgotten |= {(key, name) for name in forgotten}
        if vehicle.is_forgotten:
            del self.vehicles[key], self._due[key]
            return
        self.vehicles[key] = vehicle
        self._due[key] = FOREVER_MS if next_ms is None else next_ms

    def _among_others(self, key: Key, decision: Decision) -> Decision:
        """The decision, beside what the same plate did on other sections in a row; these are remembered without what it made
        the lesser."""
        keys = [(other, key[1]) for other in sorted(beside(decision, self.rules))]
        others = [vehicle for one in keys if (vehicle := self.vehicles.get(one)) is not None and vehicle.standing]
        if not others:
            return decision
        decision, lessened = only_the_worst(decision, others, self.rules)
        for one in lessened:
            self._remember((one.vehicle.section_id, key[1]), one.vehicle, one.next_ms, one.forgotten)
        return decision


def violations_of(history: Iterable[tuple[int, Iterable[Sighting]]], rules: Rules) -> Mapping[str, Violation]:
    """The violations that stand after a history of sightings (arrival in UTC ms, and what arrived) has settled, by id."""
    memory, standing = Histories(rules), dict[str, Violation]()
    last_ms = 0
    for arrived_ms, sightings in sorted(history, key=lambda one: one[0]):
        _take_over(memory.settle(arrived_ms), standing)
        memory.take(sightings, arrived_ms)
        last_ms = arrived_ms
    _take_over(memory.settle(last_ms + rules.settle_ms + 1), standing)
    return standing


def _take_over(outcomes: Iterable[Outcome], standing: dict[str, Violation]) -> None:
    for outcome in outcomes:
        if isinstance(outcome, Violation):
            standing[outcome.violation_id] = outcome
        elif isinstance(outcome, Withdrawn):
            standing.pop(outcome.violation.violation_id, None)
