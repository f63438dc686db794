"""Tells when a plate is seen so often on a section that it is not one vehicle: copied, or no plate at all but a text that many
vehicles show. Then none of its passages proves anything."""

from collections.abc import Sequence

from pipeline.sections.clusters import Cluster
from pipeline.sections.passages import Passage

TOO_MANY = "too_many_passages"
MOST_PASSAGES = 32  # of one side within the longest wait for a partner
MOST_IN_ALL = 256  # of one side in all that is remembered, which is six days of violations: one each half hour


def crowded(clusters: Sequence[Cluster], wait_ms: int, kept_ms: int) -> tuple[frozenset[int], frozenset[int]]:
    """The indexes of the clusters that have a passage among too many of one side, within wait_ms or within kept_ms; and those of
    them that hold the latest of such passages, which are alone still too many.

    Counted by the time of passing, so that it comes to the same whether they are decided together or one by one.
    """
    found: set[int] = set()
    latest: set[int] = set()
    for passages in ([_timed(one.entries) for one in clusters], [_timed(one.exits) for one in clusters]):
        times = sorted((at_ms, index) for index, some in enumerate(passages) for at_ms in some)
        for span_ms, most in ((wait_ms, MOST_PASSAGES), (kept_ms, MOST_IN_ALL)):
            crowd: set[int] = set()
            for last in range(most, len(times)):
                if times[last][0] - times[last - most][0] <= span_ms:
                    crowd = {index for _, index in times[last - most : last + 1]}
                    found |= crowd
            latest |= crowd
    return frozenset(found), frozenset(latest)


def _timed(passages: Sequence[Passage]) -> list[int]:
    return [one.at_ms for one in passages]
