"""Faults of the network between one agent and its servers."""

import asyncio
from random import Random
from typing import ClassVar, Literal

from agents import AGENTS
from tests.faults.fault import Fault
from tests.faults.proxy import Proxy
from tests.faults.road import Road

Side = Literal["kafka", "redis", "both"]


class CutNetwork(Fault):
    """Connections break and none is accepted."""

    name: ClassVar[str] = "cut_network"
    how: Literal["silent", "refused"] = "refused"
    agent = ""
    side: Side = "both"
    lasts_s = 0.0

    def choose(self, random: Random) -> str:
        self.agent, self.side = random.choice(AGENTS), random.choice(("kafka", "redis", "both"))
        self.lasts_s = random.uniform(3.0, 14.0)
        return f"{self.agent} from {self.side}, {self.lasts_s:.0f} s"

    async def strike(self, road: Road) -> None:
        for proxy in self._proxies(road):
            await proxy.cut(self.how)
        await asyncio.sleep(self.lasts_s)

    async def mend(self, road: Road) -> None:
        for proxy in self._proxies(road):
            proxy.mend()

    def _proxies(self, road: Road) -> tuple[Proxy, ...]:
        links = road.links[self.agent]
        return {"kafka": links.brokers, "redis": (links.redis,), "both": links.all}[self.side]


class PullCable(CutNetwork):
    """No data passes and no connection is closed. What was on its way arrives when the cable is plugged in again."""

    name: ClassVar[str] = "pull_cable"
    how: Literal["silent", "refused"] = "silent"
