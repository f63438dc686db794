"""A quick size of the simulated drives; `python -m tests.section_drives` draws two million."""

from random import SystemRandom

from tests.section_drives import simulated


def test_simulated_drives_are_decided_as_the_second_opinion_decides_them() -> None:
    """None is fined falsely, none is missed, and a fair share proves something. The seed is drawn anew each time."""
    seed = SystemRandom().randrange(2**32)
    tally = simulated(3_000, seed)
    assert (0, 0) == (tally.false, tally.missing), f"seed {seed}: {tally.first}"
    assert 500 < tally.proven < 2_500
