"""Divides the passages of one plate on a section into clusters that have nothing to do with each other.

Two passages are in one cluster when a chain of possible pairs joins them. Whether a pair belongs together depends on its cluster
alone: of two pairs that cross in time, the earlier entry fits the earlier exit, too, and so all four are in one cluster. For the
same reason a cluster is everything between its first passage and its last.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.sections.pairing import Edge
from pipeline.sections.passages import End, Passage, passages_of


@dataclass(frozen=True, slots=True)
class Cluster:
    """Entries and exits, each in the order of time, and the pairs (entry, exit) of them that may belong together."""

    entries: tuple[Passage, ...]
    exits: tuple[Passage, ...]
    edges: frozenset[Edge]

    @property
    def ends(self) -> tuple[End, ...]:
        """The reads of all passages of the cluster, first those of the entries, then those of the exits."""
        return tuple(end for passage in (*self.entries, *self.exits) for end in passage.ends)

    @property
    def size(self) -> int:
        """How many passages there are at the side of the cluster that has more."""
        return max(len(self.entries), len(self.exits))


def clusters_of(ends: Sequence[End], longest_ms: Callable[[int], int]) -> list[Cluster]:
    """The clusters of these reads, in the order of time. ends: in the order of capture.

    longest_ms: gives the longest travel time of who enters at a time (UTC ms).
    """
    if len(ends) == 1:  # nearly always
        (one,) = ends
        alone = (Passage(one.side, (one,)),)
        return [Cluster(alone, (), frozenset()) if one.side == "entry" else Cluster((), alone, frozenset())]
    passages = [*passages_of("exit", ends), *passages_of("entry", ends)]
    passages.sort(key=lambda passage: passage.at_ms)  # of two at one moment the exit is first: they are no pair
    reach_ms = {one.at_ms: longest_ms(one.at_ms) for one in passages if one.side == "entry"}
    furthest = at = 0
    found: list[list[Passage]] = []
    for at, passage in enumerate(passages):
        if at == 0 or at > furthest:
            found.append([])
            furthest = at
        found[-1].append(passage)
        if passage.side == "entry":
            furthest = max(furthest, _last_partner(at, passages, reach_ms[passage.at_ms]))
    return [_cluster(some, reach_ms) for some in found]


def _last_partner(at: int, passages: Sequence[Passage], reach_ms: int) -> int:
    """The index of the last exit that the entry at this index may belong with; of the entry itself where there is none. reach_ms:
    the longest travel time of who enters then."""
    found, entered_ms = at, passages[at].at_ms
    for other in range(at + 1, len(passages)):
        if passages[other].at_ms - entered_ms > reach_ms:
            break
        if passages[other].side == "exit" and passages[other].at_ms > entered_ms:
            found = other
    return found


def _cluster(passages: Sequence[Passage], reach_ms: Mapping[int, int]) -> Cluster:
    """The cluster of these passages. reach_ms: the longest travel time, by the time of entry."""
    entries = tuple(one for one in passages if one.side == "entry")
    exits = tuple(one for one in passages if one.side == "exit")
    edges = frozenset(
        (i, j) for i, entry in enumerate(entries) for j, exit_ in enumerate(exits) if _may_pair(entry, exit_, reach_ms)
    )
    return Cluster(entries, exits, edges)


def _may_pair(entry: Passage, other: Passage, reach_ms: Mapping[int, int]) -> bool:
    return other.side == "exit" and 0 < other.at_ms - entry.at_ms <= reach_ms[entry.at_ms]
