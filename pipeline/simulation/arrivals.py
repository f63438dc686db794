"""Simulates how reads reach the platform: promptly, out of order, minutes late or twice."""

from random import Random
from typing import NamedTuple

from schemas.reads import PlateRead

LATE_MS = (90_000, 240_000)  # a buffered upload: well beyond the live bound of 60 s
SLOW_MS = (2_000, 15_000)  # out of order, but live


class ReadArrival(NamedTuple):
    """One read on its arrival at the platform. due_ms: when it arrives, UTC. shown: the text of the plate that the vehicle
    carries."""

    due_ms: int
    read: PlateRead
    shown: str


def prompt_ms(random: Random) -> int:
    """A random delay of an ordinary read, in ms."""
    return 40 + int(random.random() * 360)


def slow_ms(random: Random) -> int:
    """A random delay, in ms, so long that later reads arrive first."""
    return random.randint(*SLOW_MS)


def late_ms(random: Random) -> int:
    """A random time, in ms, for which a camera without connection keeps a read."""
    return random.randint(*LATE_MS)
