"""The longest way through sections in a row: as by trying every way, and soon where these are too many to try."""

from collections.abc import Mapping, Sequence

from hypothesis import given
from hypothesis import strategies as st

from pipeline.sections.longest_way import longest_way_ms

NAMES = "ABCDEFG"
Net = Mapping[str, Sequence[str]]


def by_trying(travel_ms: Mapping[str, int], onward: Net, here: str, to_id: str, seen: frozenset[str]) -> int | None:
    """The longest of all ways from the exit of `here`, one after the other."""
    ways = [0] if to_id in onward[here] else []
    for one in onward[here]:
        if one not in seen and (on := by_trying(travel_ms, onward, one, to_id, seen | {one})) is not None:
            ways.append(travel_ms[one] + on)
    return max(ways, default=None)


@given(
    st.fixed_dictionaries({name: st.sets(st.sampled_from(NAMES)).map(sorted) for name in NAMES}),
    st.fixed_dictionaries({name: st.integers(0, 9) for name in NAMES}),
)
def test_it_is_the_longest_of_all_ways(onward: Net, travel_ms: Mapping[str, int]) -> None:
    """Whichever sections follow one another, in circles, too."""
    expected = by_trying(travel_ms, onward, "A", "G", frozenset("AG"))
    assert expected == longest_way_ms(travel_ms, onward, "A", "G")


def test_many_ways_beside_each_other_are_not_tried_one_by_one() -> None:
    """Forty times two sections side by side: a million million ways, of which the longest takes the slower section each time."""
    steps = range(40)
    onward: dict[str, Sequence[str]] = {
        f"{side}{step}": [f"X{step + 1}", f"Y{step + 1}"] if step < 39 else ["G"] for step in steps for side in "XY"
    }
    travel_ms = {one: 10 if one.startswith("X") else 15 for one in onward} | {"A": 7, "G": 7}
    assert 40 * 15 == longest_way_ms(travel_ms, {**onward, "A": ["X0", "Y0"], "G": []}, "A", "G")


def test_a_net_in_which_everything_leads_everywhere_makes_the_way_longer_never_shorter() -> None:
    """In doubt two violations are of one journey: all sixty sections may have lain between."""
    between = [f"S{number}" for number in range(60)]
    onward = {one: [*between, "G"] for one in (*between, "A")} | {"G": []}
    assert 60 * 10 == longest_way_ms(dict.fromkeys(onward, 10), onward, "A", "G")


def test_a_ring_has_one_way() -> None:
    """Of three hundred sections 96 lie between the two on the way out, and the other 202 on the way back."""
    ring = [f"R{number}" for number in range(300)]
    onward = {one: [ring[(at + 1) % 300]] for at, one in enumerate(ring)}
    assert 96 * 10 == longest_way_ms(dict.fromkeys(ring, 10), onward, "R3", "R100")
    assert 202 * 10 == longest_way_ms(dict.fromkeys(ring, 10), onward, "R100", "R3")
