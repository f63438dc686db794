"""The base of all faults: a fault is done to the platform and undone again; it has a name and a promise of what must hold."""

from random import Random
from typing import ClassVar

from tests.faults.road import Road


class Fault:
    """One kind of fault. Each strike makes a new instance, which may store what it did."""

    name: ClassVar[str]
    promise: ClassVar[str] = "nothing is lost, nothing is there twice, each camera's order holds"
    """What the platform must do, for people."""
    may_lose: ClassVar[str | None] = None
    """The event with which an agent's log must tell of what may be lost here; None: nothing may."""

    def choose(self, random: Random) -> str:
        """Choose the target with `random` alone, so that the seed decides everything. Returns it in words."""
        raise NotImplementedError

    async def strike(self, road: Road) -> None:
        """Cause the fault; if it lasts, return when it is to be undone."""
        raise NotImplementedError

    async def mend(self, road: Road) -> None:
        """Undo the fault, unless it ends by itself."""
