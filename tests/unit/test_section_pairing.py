"""Which ends belong together: the pairings, held against trying every one."""

from collections.abc import Iterator
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.sections.pairing import Edge, best_pairing, most_pairs, standing, without_partner

SIDES = st.integers(0, 4)


@st.composite
def scenes(draw: st.DrawFn) -> tuple[int, int, set[Edge], dict[Edge, int]]:
    """So many entries and exits, which may belong together, and how bad the pairs are that prove a violation."""
    entries, exits = draw(SIDES), draw(SIDES)
    every = [(i, j) for i in range(entries) for j in range(exits)]
    edges = set(draw(st.lists(st.sampled_from(every), unique=True))) if every else set()
    proven = {edge: draw(st.integers(1, 4)) for edge in sorted(edges) if draw(st.booleans())}
    return entries, exits, edges, proven


def every_pairing(edges: set[Edge]) -> Iterator[set[Edge]]:
    """All pairings in order of time, by trying every choice of pairs."""
    for count in range(len(edges) + 1):
        for chosen in combinations(sorted(edges), count):
            if all(a[0] < b[0] and a[1] < b[1] for a, b in combinations(chosen, 2)):
                yield set(chosen)


def maximum(edges: set[Edge]) -> list[set[Edge]]:
    """Those with the most pairs."""
    found = list(every_pairing(edges))
    most = max(map(len, found))
    return [one for one in found if len(one) == most]


@given(scenes())
def test_what_stands_is_in_every_maximum_pairing_or_outdone_there(
    scene: tuple[int, int, set[Edge], dict[Edge, int]],
) -> None:
    """Each maximum pairing contains it or a worse one, and one of them contains it."""
    entries, exits, edges, proven = scene
    pairings = maximum(edges)
    expected = {
        edge
        for edge, bad in proven.items()
        if any(edge in one for one in pairings)
        and all(edge in one or any(proven.get(other, 0) > bad for other in one) for one in pairings)
    }
    strict = {edge: (bad, edge) for edge, bad in proven.items()}  # two that are equally bad are told apart somehow
    assert standing(entries, exits, edges, strict) <= {
        edge
        for edge in proven
        if all(edge in one or any(strict.get(other, (0, edge)) > strict[edge] for other in one) for one in pairings)
    }
    if len(set(proven.values())) == len(proven):
        assert expected == standing(entries, exits, edges, proven)


@given(scenes())
def test_whoever_may_be_without_partner_is_so_in_some_maximum_pairing(
    scene: tuple[int, int, set[Edge], dict[Edge, int]],
) -> None:
    """And nobody else."""
    entries, exits, edges, _ = scene
    pairings = maximum(edges)
    expected = (
        {i for i in range(entries) if any(i not in {edge[0] for edge in one} for one in pairings)},
        {j for j in range(exits) if any(j not in {edge[1] for edge in one} for one in pairings)},
    )
    assert expected == without_partner(entries, exits, edges)


@given(scenes())
def test_the_best_pairing_is_a_maximum_one_that_is_worth_most(
    scene: tuple[int, int, set[Edge], dict[Edge, int]],
) -> None:
    """Of all maximum pairings none is worth more."""
    entries, exits, edges, proven = scene
    best = best_pairing(entries, exits, edges, lambda edge: (float(proven.get(edge, 0)),))
    assert set(best) in maximum(edges)
    assert most_pairs(entries, exits, edges) == len(best)
    assert max(sum(proven.get(edge, 0) for edge in one) for one in maximum(edges)) == sum(
        proven.get(edge, 0) for edge in best
    )
