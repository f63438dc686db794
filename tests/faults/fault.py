"""What a fault is: done to a road and undone again, with a name and a sentence about what must come of it."""

from random import Random
from typing import ClassVar

from tests.faults.road import Road


class Fault:
    """One kind of fault. A fresh one is made for each strike, so it may keep what it did."""

    name: ClassVar[str]
    promise: ClassVar[str] = "nothing is lost, nothing is there twice, each camera's order holds"
    """What the platform must do, for people."""
    may_lose: ClassVar[str | None] = None
    """The event with which an agent's log must tell of what may be lost here; None: nothing may."""

    def choose(self, random: Random) -> str:
        """Decide what it is done to; in words. Uses nothing but `random`, so that a seed says it all."""
        raise NotImplementedError

    async def strike(self, road: Road) -> None:
        """Do it. For a fault that lasts: hold it, too."""
        raise NotImplementedError

    async def mend(self, road: Road) -> None:
        """Undo it, where it does not mend itself."""
