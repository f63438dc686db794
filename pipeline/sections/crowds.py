"""Tells when a plate is seen so often on a section that it is not one vehicle: copied, or no plate at all but a text that many
vehicles show. Then none of its passages proves anything."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.sections.clusters import Cluster
from pipeline.sections.passages import Passage

TOO_MANY = "too_many_passages"
MOST_PASSAGES = 32  # of one side within the longest wait for a partner
MOST_IN_ALL = 256  # of one side in all that is remembered, which is six days of violations: one each half hour


@dataclass(frozen=True, slots=True)
class Crowd:
    """Which clusters are of a crowd, as indexes.

    found: each that has a passage among too many. latest: those of them with the latest of such passages, which are alone still
    too many. lasting: those of the latest that are too many within kept_ms.
    """

    found: frozenset[int]
    latest: frozenset[int]
    lasting: frozenset[int]


def crowded(clusters: Sequence[Cluster], wait_ms: int, kept_ms: int) -> Crowd:
    """The clusters that have a passage among too many of one side: more than MOST_PASSAGES that lie within wait_ms of each other,
    or more than MOST_IN_ALL within kept_ms. Both are durations.

    Counted by the time of passing, so that it comes to the same whether they are decided together or one by one.
    """
    found: set[int] = set()
    latest: dict[int, set[int]] = {wait_ms: set(), kept_ms: set()}
    for passages in ([_timed(one.entries) for one in clusters], [_timed(one.exits) for one in clusters]):
        times = sorted((at_ms, index) for index, some in enumerate(passages) for at_ms in some)
        for span_ms, most in ((wait_ms, MOST_PASSAGES), (kept_ms, MOST_IN_ALL)):
            crowd: set[int] = set()
            for last in range(most, len(times)):
                if times[last][0] - times[last - most][0] <= span_ms:
                    crowd = {index for _, index in times[last - most : last + 1]}
                    found |= crowd
            latest[span_ms] |= crowd
    return Crowd(frozenset(found), frozenset(set().union(*latest.values())), frozenset(latest[kept_ms]))


def _timed(passages: Sequence[Passage]) -> list[int]:
    return [one.at_ms for one in passages]
