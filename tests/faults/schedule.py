"""Draws from a seed which fault strikes when. The same seed gives the same schedule."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from tests.faults.fault import Fault
from tests.faults.kinds import KINDS

CALM_S = (1.0, 5.0)  # from one fault's recovery to the next fault


@dataclass(frozen=True, slots=True)
class Planned:
    """One planned strike. calm_s: seconds without faults before it. what: its target, in words."""

    fault: Fault
    what: str
    calm_s: float


def schedule(seed: int, names: Sequence[str] = tuple(KINDS)) -> Iterator[Planned]:
    """An endless series of faults: every named kind once, in a random order, then all again in another order."""
    random = Random(f"{seed}/faults")
    while True:
        for name in random.sample(list(names), len(names)):
            fault = KINDS[name]()
            yield Planned(fault, fault.choose(Random(random.random())), random.uniform(*CALM_S))
