"""The longest way through sections that follow one another, in a time that grows little with their number.

A way takes no section twice. Where sections lie in circles, ways are tried one by one as long as there are few; where there are
more, each section of the circles is taken to lie on the way, which makes it longer, and never shorter, than it is.
"""

from collections.abc import Collection, Mapping

MOST_TRIED = 2_000  # ways within circles from one section on; six sections that all lead to each other have fewer


def longest_way_ms(
    travel_ms: Mapping[str, int], onward: Mapping[str, Collection[str]], from_id: str, to_id: str
) -> int | None:
    """The sum of the travel times of the sections between these two, on the longest way from one to the other; None: there is
    no way.

    travel_ms: of each section, by id. onward: the sections that are entered where each is left.

    >>> longest_way_ms({"A": 1, "B": 20, "C": 300, "D": 4}, {"A": "BC", "B": "C", "C": "D", "D": ""}, "A", "D")
    320
    """
    inner = travel_ms.keys() - {from_id, to_id}
    reached = {one: _reached(one, onward, inner) for one in inner}
    leading = {one for one in inner if any(to_id in onward[other] for other in (one, *reached[one]))}
    begins = leading.intersection(onward[from_id])
    wanted = begins.union(*(reached[one] & leading for one in begins))
    best: dict[str, int] = {}
    for one in sorted(
        wanted, key=lambda one: (len(reached[one]), one)
    ):  # who leads to another reaches more than that one
        if one not in best:
            circle = {one, *(other for other in reached[one] if one in reached[other])}
            best |= _best_in(circle, travel_ms, onward, best, to_id)
    ways = [best[one] for one in begins]
    return max([*ways, 0] if to_id in onward[from_id] else ways, default=None)


def _reached(start: str, onward: Mapping[str, Collection[str]], inner: Collection[str]) -> set[str]:
    """The inner sections that can be reached from this one; itself only if a circle leads back to it."""
    found, left = set[str](), [start]
    while left:
        more = [one for one in onward[left.pop()] if one in inner and one not in found]
        found.update(more)
        left += more
    return found


def _best_in(
    circle: Collection[str],
    travel_ms: Mapping[str, int],
    onward: Mapping[str, Collection[str]],
    best: Mapping[str, int],
    to_id: str,
) -> dict[str, int]:
    """For each of these sections, which can all be reached from each other, the longest way from its entry to to_id. best: the
    same of the sections after them."""
    after = {
        one: max([best[other] for other in onward[one] if other in best] + [0] * (to_id in onward[one]), default=None)
        for one in circle
    }
    ends = {one: left for one, left in after.items() if left is not None}
    found: dict[str, int] = {}
    for one in circle:
        way_ms = _longest_within(one, circle, travel_ms, onward, ends)
        if way_ms is None:
            return dict.fromkeys(circle, sum(travel_ms[other] for other in circle) + max(ends.values()))
        found[one] = way_ms
    return found


def _longest_within(
    start: str,
    circle: Collection[str],
    travel_ms: Mapping[str, int],
    onward: Mapping[str, Collection[str]],
    ends: Mapping[str, int],
) -> int | None:
    """The longest way from the entry of `start` through sections of the circle and on from one of `ends`, with what follows it;
    None: there are too many ways to try."""
    longest, tried, left = -1, 0, [(start, travel_ms[start], frozenset((start,)))]
    while left:
        here, sum_ms, seen = left.pop()
        tried += 1
        if tried > MOST_TRIED:
            return None
        if here in ends:
            longest = max(longest, sum_ms + ends[here])
        left += [
            (one, sum_ms + travel_ms[one], seen | {one}) for one in onward[here] if one in circle and one not in seen
        ]
    return longest
