"""Sets the clock of a machine wrong, or right again, while an agent runs on it."""

import asyncio
from random import Random
from typing import ClassVar

from agents import AGENTS
from tests.faults.fault import Fault
from tests.faults.road import Road


class ClockStepsBack(Fault):
    """An agent's clock is suddenly minutes slow: reads seem to come from the future."""

    name: ClassVar[str] = "clock_back"
    sign = -1
    agent = ""
    minutes = lasts_s = 0.0

    def choose(self, random: Random) -> str:
        self.agent, self.minutes, self.lasts_s = random.choice(AGENTS), random.uniform(0.2, 10), random.uniform(4, 8)
        return f"{self.agent}, {self.sign * self.minutes:+.1f} min, {self.lasts_s:.0f} s"

    async def strike(self, road: Road) -> None:
        road.set_clock(self.agent, round(self.sign * self.minutes * 60_000))
        await asyncio.sleep(self.lasts_s)

    async def mend(self, road: Road) -> None:
        road.set_clock(self.agent, 0)


class ClockRunsAhead(ClockStepsBack):
    """An agent's clock is suddenly minutes fast: new reads seem old."""

    name: ClassVar[str] = "clock_ahead"
    sign = 1
    promise: ClassVar[str] = "nothing is lost; an alert may say that it is not live, and then does not ring"
