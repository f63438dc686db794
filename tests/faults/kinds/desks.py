"""Faults of the desks, from which an authority pulls its feed."""

from random import Random
from typing import ClassVar

from tests.faults.fault import Fault
from tests.faults.road import Road


class KillDesks(Fault):
    """SIGKILL to one of two `vigie desks`, or to both, while an authority pulls its feed from either and dies at random itself.
    The supervisor starts them again."""

    name: ClassVar[str] = "kill_desks"
    promise: ClassVar[str] = (
        "the authority gets each violation and withdrawal, in order, and none again that it acknowledged"
    )
    which: tuple[int, ...] = ()

    def choose(self, random: Random) -> str:
        self.which = random.choice(((0,), (1,), (0, 1)))
        return " and ".join(f"desks-{number + 1}" for number in self.which)

    async def strike(self, road: Road) -> None:
        assert road.authority is not None, "the road was opened without desks"
        for number in self.which:
            road.authority.processes[number].kill()
