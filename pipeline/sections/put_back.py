"""Violations that are put back after the memory was lost. Pure.

Their topic says which violations stand. Each is put back with its two reads, which settle at the time when it was put back: later
than every read that is read again, so that these are decided as they were the first time. Where that proves the same pair once
more, the violation that stands is the one that was sent, under whatever id. All others stand from then on as if they had been
remembered, and are looked at again: a corrected version of section, camera or law takes them back or lessens them, and so does
a read that arrives late. Where it is not known any more what section and cameras were, nothing is said of them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.sections.clusters import Cluster
from pipeline.sections.moment import Reference
from pipeline.sections.outcomes import pair_of
from pipeline.sections.passages import End
from schemas.outcomes import Violation


@dataclass(frozen=True, slots=True)
class PutBack:
    """A violation that stands by its topic. at_ms: when it was put back, in the broker's time (UTC ms)."""

    violation: Violation
    at_ms: int

    @property
    def ends(self) -> tuple[End, End]:
        """The violation's two reads, as they are to be taken again."""
        return End("entry", self.violation.entry, self.at_ms), End("exit", self.violation.exit, self.at_ms)


def joining(
    waiting: Iterable[PutBack], group: Sequence[End], clusters: Iterable[Cluster], reference: Reference
) -> tuple[PutBack, ...]:
    """The waiting violations that stand from now on as if they had been remembered: their reads have settled with this group and
    belong together in one of these clusters, and it is known what section and cameras were. An empty group settles none."""
    until_ms = max((end.arrived_ms for end in group), default=0)
    due = [one for one in waiting if one.at_ms <= until_ms and reference.knew(one.violation)]
    if not due:
        return ()
    together = [{end.read.read_id for end in cluster.ends} for cluster in clusters]
    return tuple(one for one in due if any(reads.issuperset(pair_of(one.violation)) for reads in together))
