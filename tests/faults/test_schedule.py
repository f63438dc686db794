"""The schedule is drawn from its seed alone."""

from itertools import islice

from tests.faults.kinds import KINDS
from tests.faults.schedule import schedule


def drawn(seed: int, count: int, names: tuple[str, ...] = tuple(KINDS)) -> list[tuple[str, str, float]]:
    """The first strikes of a schedule, as they are told."""
    return [(one.fault.name, one.what, one.calm_s) for one in islice(schedule(seed, names), count)]


def test_a_seed_says_it_all() -> None:
    """The same faults on the same targets; another seed, others."""
    assert drawn(7, 40) == drawn(7, 40)
    assert drawn(7, 40) != drawn(8, 40)


def test_every_kind_strikes_once_in_each_round() -> None:
    """None is left to chance."""
    for start in (0, len(KINDS)):
        assert sorted(KINDS) == sorted(name for name, _, _ in drawn(3, 2 * len(KINDS))[start : start + len(KINDS)])


def test_only_the_named_faults_strike() -> None:
    """As many times as wanted."""
    assert {"zombie", "kill_redis"} == {name for name, _, _ in drawn(1, 12, ("zombie", "kill_redis"))}
