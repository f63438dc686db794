"""The life of one plate on one section: its reads arrive, settle, are decided, and wait or are forgotten. Pure.

Reads settle together while each arrives within the settling time after the one before, by the broker's clock. When they have
settled they are decided, with what was kept of earlier ones; so neither their order nor how they were cut into batches counts, and
deciding later, or again, comes to the same. Who is decided innocent is forgotten at once: only a digest of each read's id is kept,
by which a copy that comes later is known and left out, for half of a passage could prove what the whole does not. What some
maximum pairing leaves without partner waits for it, together with all that could be its partner. The reads of a violation are kept
for as long as something that arrives late may help the driver: another read, or a corrected version of the section, a camera or
the law. Such a late arrival withdraws a violation or corrects it to a lesser one; it never makes one worse.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.law.book import Book
from pipeline.reads.admission import FUTURE_BOUND_MS
from pipeline.sections.clusters import Cluster, clusters_of
from pipeline.sections.doubts import Innocent
from pipeline.sections.moment import Reference
from pipeline.sections.outcomes import LATE_READS, LATE_REFERENCE, Outcome, ProvesNothing, Withdrawn, changes, pair_of
from pipeline.sections.pairing import Edge, best_pairing, standing, without_partner
from pipeline.sections.passages import End, Name, Passage, names, without_repeats
from pipeline.sections.review import is_lessened
from pipeline.sections.speed import badness
from pipeline.sections.verdict import verdict_on
from schemas.outcomes import Violation

SETTLE_MS = 10_000
PROVEN_KEEP_MS = (
    6 * 24 * 3_600_000
)  # so long after their arrival the reads of a violation wait for what may help the driver
TOO_MANY = "too_many_passages"
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
    """What a decision is made by. settle_ms: the settling time (see the module). book: other rules of law than those that
    are installed.

    whole_since_ms: of the reads that the broker took before this (UTC ms) some are not remembered; what they could have
    changed proves nothing. 0: all are remembered.
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
    """Decide the reads of this vehicle that have settled, and look again at the violations that stand.

    until_ms: every read that the broker took before this time (UTC ms) is in the vehicle. decided_at_ms: the time of
    deciding that violations state.
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
    before = vehicle
    vehicle, found = _reviewed(before, rules, decided_at_ms)
    outcomes += found
    forgotten |= names(before.kept) - names(vehicle.kept)
    fresh = [end for end in fresh if end.name not in forgotten]
    vehicle = Vehicle(vehicle.section_id, tuple(fresh), vehicle.kept, vehicle.proven)
    if not fresh:
        vehicle = _aged(vehicle, until_ms, rules)
    return Decision(vehicle, tuple(outcomes), next_ms_of(vehicle, rules), frozenset(forgotten))


def _reviewed(vehicle: Vehicle, rules: Rules, decided_at_ms: int) -> tuple[Vehicle, list[Outcome]]:
    """The vehicle, and what to send, when reference data or law was corrected since its violations were decided."""
    ends = without_repeats(vehicle.kept)
    if not any(is_lessened(one, ends, rules.reference, rules.book) for one in vehicle.proven):
        return vehicle, []
    return _decided(vehicle, (), rules, decided_at_ms)


def _first_group(fresh: list[End], settle_ms: int) -> list[End]:
    """The reads that settle together, from the first on."""
    count = 1
    while count < len(fresh) and fresh[count].arrived_ms - fresh[count - 1].arrived_ms <= settle_ms:
        count += 1
    return fresh[:count]


def next_ms_of(vehicle: Vehicle, rules: Rules) -> int | None:
    """When to decide this vehicle next if nothing more arrives, in the broker's time (UTC ms); None: never."""
    if vehicle.fresh:
        fresh = sorted(vehicle.fresh, key=lambda end: end.arrived_ms)
        return _first_group(fresh, rules.settle_ms)[-1].arrived_ms + rules.settle_ms
    return min((until_ms for _, until_ms in _lifetimes(vehicle, rules)), default=None)


def _lifetimes(vehicle: Vehicle, rules: Rules) -> list[tuple[Cluster, int]]:
    """The clusters of kept reads, and when each is forgotten: a cluster as a whole, with the last of its reads."""
    if not vehicle.kept:
        return []
    proving = {read_id for one in vehicle.proven for read_id in pair_of(one)}
    wait_ms = rules.reference.longest_wait_ms(vehicle.section_id)

    def until_ms(end: End) -> int:
        return end.arrived_ms + (PROVEN_KEEP_MS if end.read.read_id in proving else wait_ms)

    clusters = clusters_of(without_repeats(vehicle.kept), rules.reference.longest_travel_ms(vehicle.section_id))
    return [(cluster, max(map(until_ms, cluster.ends))) for cluster in clusters]


def _aged(vehicle: Vehicle, now_ms: int, rules: Rules) -> Vehicle:
    """The vehicle without what has waited long enough."""
    lifetimes = _lifetimes(vehicle, rules)
    if all(until_ms >= now_ms for _, until_ms in lifetimes):
        return vehicle
    kept = tuple(end for cluster, until_ms in lifetimes if until_ms >= now_ms for end in cluster.ends)
    left = {end.read.read_id for end in kept}
    proven = tuple(one for one in vehicle.proven if left.issuperset(pair_of(one)))
    return Vehicle(vehicle.section_id, vehicle.fresh, kept, proven)


def _decided(vehicle: Vehicle, group: Sequence[End], rules: Rules, decided_at_ms: int) -> tuple[Vehicle, list[Outcome]]:
    """The vehicle after these reads, which have settled, and what comes of them. Without reads it proves nothing new."""
    section_id, fresh = vehicle.section_id, names(group)
    kept: list[End] = []
    proven: dict[str, Violation] = {}
    ends = without_repeats((*vehicle.kept, *group))
    clusters = clusters_of(ends, rules.reference.longest_travel_ms(section_id))
    known = [(cluster, _standing_in(cluster, vehicle.proven)) for cluster in clusters]
    crowd = [cluster for cluster, before in known if not before]
    is_crowded = max(sum(len(one.entries) for one in crowd), sum(len(one.exits) for one in crowd)) > MOST_PASSAGES
    outcomes: list[Outcome] = [ProvesNothing(section_id, TOO_MANY)] if is_crowded else []
    for cluster, before in known:
        if is_crowded and not before:
            continue
        if fresh and fresh.isdisjoint(names(cluster.ends)):
            left, stands, found = cluster.ends, before, list[Outcome]()
        else:
            left, stands, found = _Scene(section_id, cluster, fresh, rules, decided_at_ms).decided(before)
        kept += left
        proven |= {one.violation_id: one for one in stands}
        outcomes += [one for one in found if one not in outcomes]
    return Vehicle(section_id, kept=tuple(kept), proven=tuple(proven.values())), outcomes


def _standing_in(cluster: Cluster, proven: tuple[Violation, ...]) -> tuple[Violation, ...]:
    """Those of these violations that rest on a read of the cluster."""
    reads = {end.read.read_id for end in cluster.ends}
    return tuple(one for one in proven if reads & {*pair_of(one)})


Decided = tuple[tuple[End, ...], tuple[Violation, ...], list[Outcome]]
"""Of one cluster: the reads that are kept, the violations that stand, and what is said."""


@dataclass(slots=True)
class _Scene:
    """One cluster of passages, and what is new in it. fresh: the reads that have just settled; empty: it is looked at again,
    because reference data was corrected."""

    section_id: str
    cluster: Cluster
    fresh: set[Name]
    rules: Rules
    decided_at_ms: int

    def decided(self, before: tuple[Violation, ...]) -> Decided:
        """What stands now, beside the violations that stood before."""
        cluster, why = self.cluster, LATE_READS if self.fresh else LATE_REFERENCE
        if cluster.size > MOST_PASSAGES:
            return (), (), [*(Withdrawn(one, TOO_MANY) for one in before), ProvesNothing(self.section_id, TOO_MANY)]
        if not cluster.edges:
            outcomes, stands = changes(before, [], why)
            return cluster.ends, stands, outcomes
        counts = len(cluster.entries), len(cluster.exits)
        verdicts = {edge: self._verdict(edge) for edge in cluster.edges}
        proven = {edge: found for edge, found in verdicts.items() if isinstance(found, Violation)}
        pairing, stand = self._pairing(proven, {pair_of(one) for one in before})
        chosen = {edge: proven[edge] for edge in pairing if edge in stand and self._may_prove(edge, before)}
        outcomes, stands = changes(before, [(found, self._reads_of(edge)) for edge, found in chosen.items()], why)
        outcomes += [self._innocent(verdicts[edge]) for edge in pairing if edge not in chosen]
        is_open = stands or any(without_partner(*counts, cluster.edges))
        return cluster.ends if is_open else (), stands, outcomes

    def _pairing(self, proven: Mapping[Edge, Violation], known: set[tuple[str, str]]) -> tuple[list[Edge], set[Edge]]:
        """The pairing that is told of, and the pairs that stand. known: the reads of pairs that stood before."""
        cluster = self.cluster
        counts = len(cluster.entries), len(cluster.exits)
        bad = {edge: badness(found) for edge, found in proven.items()}
        stand = standing(*counts, cluster.edges, bad) if bad else set[Edge]()

        def worth(edge: Edge) -> tuple[float, ...]:
            if edge not in stand:
                return (0.0, 0.0, 0.0, 0.0)
            excess, speed = bad[edge]
            return 1.0, float(pair_of(proven[edge]) in known), -float(excess), -float(speed)

        return best_pairing(*counts, cluster.edges, worth), stand

    def _may_prove(self, edge: Edge, before: tuple[Violation, ...]) -> bool:
        """Whether a violation of this pair may be told of: one of its passages is new, or a violation that stood rests on one.

        What was decided once, and proved nothing, proves nothing later.
        """
        both = self.cluster.entries[edge[0]], self.cluster.exits[edge[1]]
        return any(names(one.ends) <= self.fresh or proves(one, before) for one in both)

    def _reads_of(self, edge: Edge) -> frozenset[str]:
        both = self.cluster.entries[edge[0]], self.cluster.exits[edge[1]]
        return frozenset(read.read_id for one in both for read in one.reads)

    def _verdict(self, edge: Edge) -> Violation | ProvesNothing | Innocent:
        entry, exit_ = self.cluster.entries[edge[0]], self.cluster.exits[edge[1]]
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
        first_ms = min(one.at_ms for one in (*self.cluster.entries, *self.cluster.exits))
        reach_ms = self.rules.reference.longest_travel_ms(self.section_id)
        return self.rules.whole_since_ms == 0 or first_ms - reach_ms - FUTURE_BOUND_MS >= self.rules.whole_since_ms

    def _innocent(self, verdict: Violation | ProvesNothing | Innocent) -> ProvesNothing:
        if isinstance(verdict, Violation):
            return ProvesNothing(self.section_id, "not_in_every_pairing")
        if isinstance(verdict, Innocent):
            return ProvesNothing(self.section_id, verdict.reason, verdict.detail)
        return verdict


def proves(passage: Passage, proven: tuple[Violation, ...]) -> bool:
    """Whether one of these violations rests on a read of this passage."""
    reads = {read.read_id for read in passage.reads}
    return any(one.entry.read_id in reads or one.exit.read_id in reads for one in proven)
