"""Decides one cluster of passages: which pairs prove a violation, which of these stand, and why the others do not. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.reads.admission import FUTURE_BOUND_MS
from pipeline.sections.clusters import Cluster
from pipeline.sections.crowds import MOST_PASSAGES, TOO_MANY
from pipeline.sections.doubts import Innocent
from pipeline.sections.outcomes import LATE_READS, LATE_REFERENCE, Outcome, ProvesNothing, Withdrawn, changes, pair_of
from pipeline.sections.pairing import Edge, best_pairing, standing, without_partner
from pipeline.sections.passages import End, Name, Passage, names
from pipeline.sections.rules import Rules
from pipeline.sections.speed import badness
from pipeline.sections.verdict import verdict_on
from schemas.outcomes import Violation

Known = tuple[Cluster, tuple[Violation, ...]]
"""A cluster, and the violations that stood in it before."""
Decided = tuple[tuple[End, ...], tuple[Violation, ...], list[Outcome]]
"""Of one cluster: the reads that are kept, the violations that stand, and what is said."""


def standing_in(clusters: Iterable[Cluster], proven: Sequence[Violation]) -> list[Known]:
    """Each of these clusters with those of the violations that rest on a read of it."""
    resting: dict[str, list[int]] = {}
    for at, one in enumerate(proven):
        for read_id in pair_of(one):
            resting.setdefault(read_id, []).append(at)
    found: list[Known] = []
    for cluster in clusters:
        places = {at for end in cluster.ends for at in resting.get(end.read.read_id, ())}
        found.append((cluster, tuple(proven[at] for at in sorted(places))))
    return found


def is_open(cluster: Cluster) -> bool:
    """Whether some maximum pairing leaves one of its passages without partner, so that it may yet find one."""
    return not cluster.edges or any(without_partner(len(cluster.entries), len(cluster.exits), cluster.edges))


@dataclass(slots=True)
class Scene:
    """One cluster of passages, and what is new in it. fresh: the reads that have just settled; empty: it is looked at again,
    because reference data or law may have been corrected. before: the violations that stood. told: those that stand by their topic
    although the memory lost them: where one of their pairs proves a violation again, it is the one that stood."""

    section_id: str
    cluster: Cluster
    fresh: set[Name]
    rules: Rules
    decided_at_ms: int
    before: tuple[Violation, ...] = ()
    told: tuple[Violation, ...] = ()

    def decided(self) -> Decided:
        """What this cluster comes to now (see Decided), given the violations that stood in it before."""
        cluster, before, why = self.cluster, self.before, LATE_READS if self.fresh else LATE_REFERENCE
        if cluster.size > MOST_PASSAGES:
            crowd = MOST_PASSAGES + 1  # of each side: what is left is still one
            latest = (*cluster.entries[-crowd:], *cluster.exits[-crowd:])
            gone = [Withdrawn(one, TOO_MANY) for one in before]
            left = tuple(end for passage in latest for end in passage.ends)  # to be counted with what follows
            return left, (), [*gone, ProvesNothing(self.section_id, TOO_MANY)]
        if not cluster.edges:
            outcomes, stands = changes(before, [], why)
            return cluster.ends, stands, outcomes
        verdicts = {edge: self._verdict(edge) for edge in cluster.edges}
        proven = {edge: found for edge, found in verdicts.items() if isinstance(found, Violation)}
        pairing, stand = self._pairing(proven, {pair_of(one) for one in before})
        chosen = {edge: proven[edge] for edge in pairing if edge in stand and self._may_prove(edge)}
        before = self._with_told(chosen.values())
        outcomes, stands = changes(before, [(found, self._reads_of(edge)) for edge, found in chosen.items()], why)
        outcomes += [self._innocent(verdicts[edge]) for edge in pairing if edge not in chosen]
        counts = bool(proven) and any(end.of_crowd for end in cluster.ends)
        return cluster.ends if stands or counts or is_open(cluster) else (), stands, outcomes

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

    def _with_told(self, found: Iterable[Violation]) -> tuple[Violation, ...]:
        """The violations that stood before, with those of `told` that are found again in place of any of the same pair."""
        pairs = {pair_of(one) for one in found}
        again = [one for one in self.told if pair_of(one) in pairs]
        pairs = {pair_of(one) for one in again}
        return (*(one for one in self.before if pair_of(one) not in pairs), *again)

    def _may_prove(self, edge: Edge) -> bool:
        """Whether a violation of this pair may be told of: one of its passages is new, or a violation that stood rests on one.

        What was decided once, and proved nothing, proves nothing later.
        """
        both = self.cluster.entries[edge[0]], self.cluster.exits[edge[1]]
        return any(names(one.ends) <= self.fresh or proves(one, self.before) for one in both)

    def _reads_of(self, edge: Edge) -> frozenset[str]:
        both = self.cluster.entries[edge[0]], self.cluster.exits[edge[1]]
        return frozenset(read.read_id for one in both for read in one.reads)

    def _verdict(self, edge: Edge) -> Violation | ProvesNothing | Innocent:
        entry, exit_ = self.cluster.entries[edge[0]], self.cluster.exits[edge[1]]
        rules = self.rules
        found = verdict_on(
            self.section_id, entry, exit_, rules.reference, decided_at_ms=self.decided_at_ms, book=rules.book
        )
        if isinstance(found, Violation) and self.fresh and not self._is_whole():
            return ProvesNothing(self.section_id, "memory_incomplete")
        if isinstance(found, Violation) and (self._is_too_late(entry) or self._is_too_late(exit_)):
            return ProvesNothing(self.section_id, "uploaded_too_late")
        return found

    def _is_too_late(self, passage: Passage) -> bool:
        """Whether every read of it arrived when its partner and whatever else belongs to it may already be forgotten. Where a
        violation rests on it, it was in time: a read that was put back arrived earlier than is known."""
        if proves(passage, self.before):
            return False
        wait_ms = self.rules.reference.longest_wait_ms(self.section_id, self._first_ms())
        return all(end.arrived_ms - end.read.captured_at_ms > wait_ms for end in passage.ends)

    def _first_ms(self) -> int:
        return min(one.at_ms for one in (*self.cluster.entries, *self.cluster.exits))

    def _is_whole(self) -> bool:
        """Whether every read is remembered that could change which of these belong together."""
        reach_ms = self.rules.reference.longest_travel_ms(self.section_id, self._first_ms())
        since_ms = self.rules.whole_since_ms
        return since_ms == 0 or self._first_ms() - reach_ms - FUTURE_BOUND_MS >= since_ms

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
