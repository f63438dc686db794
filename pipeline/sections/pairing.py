"""Pairs the ends of a plate's passages, where more than one pairing is possible.

A pairing joins entries and exits in order of time: an exit after its entry, by no more than the longest travel time; of two
pairs, the vehicle that entered first leaves first. It is maximum when none has more pairs. A pair that is in one maximum
pairing and not in another is not known to have happened: a violation stands only if every maximum pairing contains it or a
worse one.

Entries and exits are numbered in the order of time. `edges` holds (entry, exit) for every two that may belong together.
"""

from collections.abc import Callable, Collection, Mapping, Sequence

Edge = tuple[int, int]


def most_pairs(entries: int, exits: int, edges: Collection[Edge]) -> int:
    """How many pairs a maximum pairing has.

    >>> most_pairs(2, 2, {(0, 0), (0, 1), (1, 0), (1, 1)}), most_pairs(2, 1, {(0, 0), (1, 0)})
    (2, 1)
    """
    return _prefixes(entries, exits, edges)[entries][exits]


def _prefixes(entries: int, exits: int, edges: Collection[Edge]) -> list[list[int]]:
    """most_pairs of the first i entries and the first j exits, at [i][j]."""
    found = [[0] * (exits + 1) for _ in range(entries + 1)]
    for i in range(entries):
        for j in range(exits):
            with_both = found[i][j] + 1 if (i, j) in edges else 0
            found[i + 1][j + 1] = max(with_both, found[i][j + 1], found[i + 1][j])
    return found


def standing(entries: int, exits: int, edges: Collection[Edge], proven: Mapping[Edge, object]) -> set[Edge]:
    """The pairs of `proven` that stand. proven: the pairs that prove a violation, with how bad it is, to be compared by `<`."""
    if len(edges) == 1:
        return set(proven)
    most = most_pairs(entries, exits, edges)
    return {
        edge
        for edge, bad in proven.items()
        if _in_some(entries, exits, edges, edge, most)
        and most_pairs(entries, exits, {one for one in edges if one not in proven or proven[one] < bad}) < most  # type: ignore[operator]  # comparable, as said above
    }


def _in_some(entries: int, exits: int, edges: Collection[Edge], edge: Edge, most: int) -> bool:
    """Whether some maximum pairing contains this pair."""
    i, j = edge
    before = {one for one in edges if one[0] < i and one[1] < j}
    after = {one for one in edges if one[0] > i and one[1] > j}
    return most_pairs(entries, exits, before) + 1 + most_pairs(entries, exits, after) == most


def without_partner(entries: int, exits: int, edges: Collection[Edge]) -> tuple[set[int], set[int]]:
    """The entries and the exits that some maximum pairing leaves without partner: they may yet find one."""
    if len(edges) == 1:  # nearly always: the same, at a tenth of the cost
        ((entry, exit_),) = edges
        return set(range(entries)) - {entry}, set(range(exits)) - {exit_}
    most = most_pairs(entries, exits, edges)
    return (
        {i for i in range(entries) if most_pairs(entries, exits, {one for one in edges if one[0] != i}) == most},
        {j for j in range(exits) if most_pairs(entries, exits, {one for one in edges if one[1] != j}) == most},
    )


def best_pairing(
    entries: int, exits: int, edges: Collection[Edge], worth: Callable[[Edge], Sequence[float]]
) -> list[Edge]:
    """A maximum pairing; of several, the one worth most in sum. worth: figures, the first counts before the next."""
    if len(edges) == 1:
        return list(edges)
    size = len(worth((0, 0)))
    nothing: tuple[tuple[float, ...], tuple[Edge, ...]] = ((0.0,) * (size + 1), ())
    row = [nothing] * (exits + 1)
    for i in range(entries):
        above, row = row, [nothing] * (exits + 1)
        for j in range(exits):
            row[j + 1] = max(above[j + 1], row[j], key=_value)
            if (i, j) in edges:
                values, pairs = above[j]
                more = tuple(a + b for a, b in zip(values, (1.0, *worth((i, j))), strict=True))
                row[j + 1] = max(row[j + 1], (more, (*pairs, (i, j))), key=_value)
    return list(row[exits][1])


def _value(found: tuple[tuple[float, ...], tuple[Edge, ...]]) -> tuple[float, ...]:
    return found[0]
