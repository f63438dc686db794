"""The life of one plate on one section: its reads arrive, settle, are decided, and wait or are forgotten. Pure.

Reads settle together while each arrives within the settling time after the one before, by the broker's clock. When they have
settled they are decided, with what was kept of earlier ones; so neither their order nor how they were cut into batches counts, and
deciding later, or again, comes to the same. Who is decided innocent is forgotten at once: only a digest of each read's id is kept,
by which a copy that comes later is known and left out, for half of a passage could prove what the whole does not. What some
maximum pairing leaves without partner waits for it; the reads of a violation are kept for as long as something that arrives late
may help the driver. Such a late arrival withdraws a violation or corrects it to a lesser one; it never makes one worse.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.law.book import Book
from pipeline.reads.admission import FUTURE_BOUND_MS
from pipeline.sections.doubts import Innocent
from pipeline.sections.moment import Reference
from pipeline.sections.outcomes import Outcome, ProvesNothing, Withdrawn, changes
from pipeline.sections.pairing import Edge, best_pairing, standing, without_partner
from pipeline.sections.passages import End, Name, Passage, names, passages_of, without_repeats
from pipeline.sections.speed import badness
from pipeline.sections.verdict import verdict_on
from schemas.outcomes import Violation

SETTLE_MS = 10_000
PROVEN_KEEP_MS = (
    24 * 3_600_000
)  # so long after their arrival the reads of a violation wait for what may help the driver
MOST_PASSAGES = 32  # of one side at a time; a plate that is seen more often is not one vehicle


@dataclass(frozen=True, slots=True)
class Vehicle:
    """What is remembered of one plate on one section.

    fresh: reads that are not decided yet. kept: decided reads that wait, or prove a violation. proven: violations that were decided
    and not taken back.
    """

    section_id: str
    fresh: tuple[End, ...] = ()
    kept: tuple[End, ...] = ()
    proven: tuple[Violation, ...] = ()

    @property
    def is_forgotten(self) -> bool:
        """Whether nothing is left to remember."""
        return not (self.fresh or self.kept or self.proven)


@dataclass(frozen=True, slots=True)
class Rules:
    """What a decision is made by. book: other rules of law than those that are installed.

    whole_since_ms: of the reads that the broker took before this (UTC ms) some are not remembered; what they could have changed
    proves nothing.
    """

    reference: Reference
    settle_ms: int = SETTLE_MS
    whole_since_ms: int = 0
    book: Book | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """The result of one decision: the vehicle as it is remembered from now on, and the outcomes in order.

    next_ms: when to decide the vehicle again, in the broker's time (UTC ms); None: never. forgotten: the reads that are not
    remembered any more; a copy of one that comes later must not be taken.
    """

    vehicle: Vehicle
    outcomes: tuple[Outcome, ...]
    next_ms: int | None
    forgotten: frozenset[Name] = frozenset()


def decide(vehicle: Vehicle, until_ms: int, rules: Rules, *, decided_at_ms: int) -> Decision:
    """Decide the reads of this vehicle that have settled.

    until_ms: every read that the broker took before this time (UTC ms) is in the vehicle.
    """
    outcomes: list[Outcome] = []
    forgotten: set[Name] = set()
    fresh = sorted(vehicle.fresh, key=lambda end: end.arrived_ms)
    while fresh:
        group = _first_group(fresh, rules.settle_ms)
        if group[-1].arrived_ms + rules.settle_ms >= until_ms:
            break
        before = _aged(vehicle, group[0].arrived_ms, rules)
        vehicle, found = _decided(before, group, rules, decided_at_ms)
        outcomes += found
        forgotten |= (names(before.kept) | names(group)) - names(vehicle.kept)
        fresh = [end for end in fresh[len(group) :] if end.name not in forgotten]
    vehicle = Vehicle(vehicle.section_id, tuple(fresh), vehicle.kept, vehicle.proven)
    if not fresh:
        vehicle = _aged(vehicle, until_ms, rules)
    return Decision(vehicle, tuple(outcomes), _next_ms(vehicle, fresh, rules), frozenset(forgotten))


def _first_group(fresh: list[End], settle_ms: int) -> list[End]:
    """The reads that settle together, from the first on."""
    count = 1
    while count < len(fresh) and fresh[count].arrived_ms - fresh[count - 1].arrived_ms <= settle_ms:
        count += 1
    return fresh[:count]


def _next_ms(vehicle: Vehicle, fresh: list[End], rules: Rules) -> int | None:
    if fresh:
        return _first_group(fresh, rules.settle_ms)[-1].arrived_ms + rules.settle_ms
    return min((_expires_ms(vehicle, end, rules) for end in vehicle.kept), default=None)


def _expires_ms(vehicle: Vehicle, end: End, rules: Rules) -> int:
    """When a kept read is forgotten."""
    for violation in vehicle.proven:
        if end.read.read_id in (violation.entry.read_id, violation.exit.read_id):
            return end.arrived_ms + PROVEN_KEEP_MS
    return end.arrived_ms + rules.reference.longest_wait_ms(vehicle.section_id)


def _aged(vehicle: Vehicle, now_ms: int, rules: Rules) -> Vehicle:
    """The vehicle without what has waited long enough."""
    kept = tuple(end for end in vehicle.kept if _expires_ms(vehicle, end, rules) >= now_ms)
    if len(kept) == len(vehicle.kept):
        return vehicle
    left = {end.read.read_id for end in kept}
    proven = tuple(one for one in vehicle.proven if {one.entry.read_id, one.exit.read_id} <= left)
    return Vehicle(vehicle.section_id, vehicle.fresh, kept, proven)


def _decided(vehicle: Vehicle, group: Iterable[End], rules: Rules, decided_at_ms: int) -> tuple[Vehicle, list[Outcome]]:
    """The vehicle after these reads, which have settled, and what comes of them."""
    ends = without_repeats((*vehicle.kept, *group))
    entries, exits = passages_of("entry", ends), passages_of("exit", ends)
    section_id = vehicle.section_id
    if max(len(entries), len(exits)) > MOST_PASSAGES:
        taken_back = [Withdrawn(one, "too_many_passages") for one in vehicle.proven]
        return Vehicle(section_id), [*taken_back, ProvesNothing(section_id, "too_many_passages")]
    longest_ms = rules.reference.longest_travel_ms(section_id)
    edges = {
        (i, j)
        for i, entry in enumerate(entries)
        for j, exit_ in enumerate(exits)
        if 0 < exit_.at_ms - entry.at_ms <= longest_ms
    }
    if not edges:
        return Vehicle(section_id, kept=tuple(ends), proven=vehicle.proven), []
    scene = _Scene(section_id, entries, exits, edges, rules, decided_at_ms)
    return scene.decided(vehicle.proven)


@dataclass(slots=True)
class _Scene:
    """The passages of one plate at both sides of a section, and which may belong together."""

    section_id: str
    entries: list[Passage]
    exits: list[Passage]
    edges: set[Edge]
    rules: Rules
    decided_at_ms: int

    def decided(self, before: tuple[Violation, ...]) -> tuple[Vehicle, list[Outcome]]:
        """What stands now, beside the violations that stood before."""
        counts = len(self.entries), len(self.exits)
        verdicts = {edge: self._verdict(edge) for edge in self.edges}
        proven = {edge: found for edge, found in verdicts.items() if isinstance(found, Violation)}
        known = {one.violation_id for one in before}
        bad = {edge: badness(found) for edge, found in proven.items()}
        stand = standing(*counts, self.edges, bad) if bad else set()

        def worth(edge: Edge) -> tuple[float, ...]:
            if edge not in stand:
                return (0.0, 0.0, 0.0, 0.0)
            excess, speed = bad[edge]
            return 1.0, float(proven[edge].violation_id in known), -float(excess), -float(speed)

        pairing = best_pairing(*counts, self.edges, worth)
        chosen = {edge: proven[edge] for edge in pairing if edge in stand}
        outcomes, kept = changes(before, [(found, self._reads_of(edge)) for edge, found in chosen.items()])
        for edge in pairing:
            if edge not in chosen:
                outcomes.append(self._innocent(verdicts[edge]))
        return self._remembered(kept), outcomes

    def _reads_of(self, edge: Edge) -> frozenset[str]:
        return frozenset(read.read_id for one in (self.entries[edge[0]], self.exits[edge[1]]) for read in one.reads)

    def _verdict(self, edge: Edge) -> Violation | ProvesNothing | Innocent:
        entry, exit_ = self.entries[edge[0]], self.exits[edge[1]]
        rules = self.rules
        found = verdict_on(
            self.section_id, entry, exit_, rules.reference, decided_at_ms=self.decided_at_ms, book=rules.book
        )
        if isinstance(found, Violation) and not self._is_whole():
            return ProvesNothing(self.section_id, "memory_incomplete")
        if isinstance(found, Violation) and (self._is_too_late(entry) or self._is_too_late(exit_)):
            return ProvesNothing(self.section_id, "uploaded_too_late")
        return found

    def _is_too_late(self, passage: Passage) -> bool:
        """Whether every read of it arrived when its partner and whatever else belongs to it may already be forgotten."""
        wait_ms = self.rules.reference.longest_wait_ms(self.section_id)
        return all(end.arrived_ms - end.read.captured_at_ms > wait_ms for end in passage.ends)

    def _is_whole(self) -> bool:
        """Whether every read is remembered that could change which of these belong together."""
        first_ms = min(one.at_ms for one in (*self.entries, *self.exits))
        reach_ms = self.rules.reference.longest_travel_ms(self.section_id)
        return self.rules.whole_since_ms == 0 or first_ms - reach_ms - FUTURE_BOUND_MS >= self.rules.whole_since_ms

    def _innocent(self, verdict: Violation | ProvesNothing | Innocent) -> ProvesNothing:
        if isinstance(verdict, Violation):
            return ProvesNothing(self.section_id, "not_in_every_pairing")
        if isinstance(verdict, Innocent):
            return ProvesNothing(self.section_id, verdict.reason, verdict.detail)
        return verdict

    def _remembered(self, proven: tuple[Violation, ...]) -> Vehicle:
        """What waits for a partner, and what proves a violation; the rest is forgotten."""
        waiting = without_partner(len(self.entries), len(self.exits), self.edges)
        kept = [one for i, one in enumerate(self.entries) if i in waiting[0] or proves(one, proven)]
        kept += [one for j, one in enumerate(self.exits) if j in waiting[1] or proves(one, proven)]
        return Vehicle(self.section_id, kept=tuple(end for one in kept for end in one.ends), proven=proven)


def proves(passage: Passage, proven: tuple[Violation, ...]) -> bool:
    """Whether a violation rests on this passage."""
    reads = {read.read_id for read in passage.reads}
    return any(one.entry.read_id in reads or one.exit.read_id in reads for one in proven)
