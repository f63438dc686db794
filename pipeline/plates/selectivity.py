"""Computes how many plates a wanted pattern matches: the share of the plates on the road, from how countries write them.

>>> share_matched("1ABC23?", "BE") < 1e-6 < 0.05 < share_matched("*1*2*")
True
"""

from collections.abc import Iterator
from functools import lru_cache

from pipeline.plates import COUNTRIES, ON_THE_ROAD
from pipeline.plates.grammar import Series

States = frozenset[int]


@lru_cache(maxsize=1024)
def share_matched(pattern: str, country: str | None = None) -> float:
    """The share, 0..1, of vehicles on Belgian roads whose plate fits the pattern (? one character, * any number).

    country: of this country's vehicles alone. None, or a country whose plates are not known: the larger of the shares among
    all vehicles and among those of Belgium.
    """
    if country is not None and country in COUNTRIES:
        return _of_country(pattern, country)
    everybody = sum(share * _of_country(pattern, name) for name, share in ON_THE_ROAD.items())
    return max(everybody, _of_country(pattern, "BE"))


def _of_country(pattern: str, country: str) -> float:
    series = COUNTRIES[country].GRAMMAR.series
    return min(1.0, sum(one.share * share_of_series(pattern, one) for one in series))


def share_of_series(pattern: str, series: Series) -> float:
    """The share, 0..1, of the texts of the series that fit the pattern."""
    total = fitting = 0
    for places in series.texts():
        count = 1
        for characters in places:
            count *= len(characters)
        total += count
        fitting += _fitting(pattern, places)
    return fitting / total if total else 0.0


def _fitting(pattern: str, places: tuple[str, ...]) -> int:
    """How many texts fit the pattern, among those with one of these characters in each place."""
    reached = {_closed(pattern, {0}): 1}
    for characters in places:
        after: dict[States, int] = {}
        for states, count in reached.items():
            for next_states, ways in _steps(pattern, states, characters):
                after[next_states] = after.get(next_states, 0) + count * ways
        reached = after
    return sum(count for states, count in reached.items() if len(pattern) in states)


def _steps(pattern: str, states: States, characters: str) -> Iterator[tuple[States, int]]:
    """The positions in the pattern that can be reached by one of these characters, with how many of the characters lead
    there."""
    alive = [at for at in states if at < len(pattern)]
    named = [character for character in characters if character in {pattern[at] for at in alive}]
    ways = [*((character, 1) for character in named), ("", len(characters) - len(named))]
    for character, count in ways:
        after = {at + (pattern[at] != "*") for at in alive if pattern[at] in ("*", "?", character)}
        if after and count:
            yield _closed(pattern, after), count


def _closed(pattern: str, states: set[int]) -> States:
    """These positions in the pattern, and the positions reached from these by a star that matches nothing."""
    reached = set(states)
    for at in sorted(states):
        step = at
        while step < len(pattern) and pattern[step] == "*":
            step += 1
            reached.add(step)
    return frozenset(reached)
