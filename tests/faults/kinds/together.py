"""Two faults at the same time."""

import asyncio
from random import Random
from typing import ClassVar

from tests.faults.fault import Fault
from tests.faults.kinds.agents import AllAgentsAtOnce, KillAgainAndAgain, KillAgent, TerminateAgent, WorkersJoinAndLeave
from tests.faults.kinds.brokers import KillAllBrokers, KillBroker, KillController
from tests.faults.kinds.network import CutNetwork, PullCable
from tests.faults.kinds.pauses import PauseBroker, PauseKafka, PauseRedis
from tests.faults.kinds.store import KillRedis, SlowRedis
from tests.faults.road import Road

OF_AGENTS: tuple[type[Fault], ...] = (
    KillAgent,
    KillAgainAndAgain,
    TerminateAgent,
    AllAgentsAtOnce,
    WorkersJoinAndLeave,
)
OF_BROKERS: tuple[type[Fault], ...] = (KillBroker, KillController, KillAllBrokers, PauseBroker, PauseKafka)
OF_REDIS: tuple[type[Fault], ...] = (KillRedis, SlowRedis, PauseRedis)
OF_NETWORKS: tuple[type[Fault], ...] = (CutNetwork, PullCable)


class TwoAtOnce(Fault):
    """Two faults of different parts, the second within two seconds of the first."""

    name: ClassVar[str] = "two_at_once"

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.apart_s = 0.0

    def choose(self, random: Random) -> str:
        parts = random.sample((OF_AGENTS, OF_BROKERS, OF_REDIS, OF_NETWORKS), 2)
        self.faults = [random.choice(kinds)() for kinds in parts]
        self.apart_s = random.uniform(0.0, 2.0)
        return " with ".join(f"{fault.name} {fault.choose(random)}" for fault in self.faults)

    async def strike(self, road: Road) -> None:
        async def second() -> None:
            await asyncio.sleep(self.apart_s)
            await self._one(self.faults[1], road)

        await asyncio.gather(self._one(self.faults[0], road), second())

    @staticmethod
    async def _one(fault: Fault, road: Road) -> None:
        """Cause one of the two faults, for as long as it would last alone."""
        try:
            await fault.strike(road)
        finally:
            await fault.mend(road)
