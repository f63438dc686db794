"""How reads reach the platform: promptly, out of order, hours late or twice."""

from random import Random
from typing import NamedTuple

from schemas.reads import PlateRead

LATE_MS = (90_000, 240_000)  # a buffered upload: well beyond the live bound of 60 s
SLOW_MS = (2_000, 15_000)  # out of order, but live


class Arrival(NamedTuple):
    """One read at the platform's door. due_ms: when, UTC; shown: the plate that the vehicle really carries."""

    due_ms: int
    read: PlateRead
    shown: str


def prompt_ms(random: Random) -> int:
    """How long an ordinary read is on its way."""
    return 40 + int(random.random() * 360)


def slow_ms(random: Random) -> int:
    """How long a read takes that others overtake."""
    return random.randint(*SLOW_MS)


def late_ms(random: Random) -> int:
    """For how many milliseconds a camera without connection kept a read."""
    return random.randint(*LATE_MS)
