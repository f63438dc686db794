"""Faults of gateways, to which some of the cameras send over HTTP until they are told yes."""

import asyncio
from random import Random
from typing import ClassVar

from tests.faults.fault import Fault
from tests.faults.gateways import Gateways
from tests.faults.road import Road


class KillGateway(Fault):
    """SIGKILL to one of two gateways behind one address, or to both, while cameras wait for their yes. The supervisor starts them
    again."""

    name: ClassVar[str] = "kill_gateway"
    promise: ClassVar[str] = "what was answered with a yes is there; what was not comes again, and is there once"
    which: tuple[int, ...] = ()

    def choose(self, random: Random) -> str:
        self.which = random.choice(((0,), (1,), (0, 1)))
        return " and ".join(f"gateway-{number + 1}" for number in self.which)

    async def strike(self, road: Road) -> None:
        for number in self.which:
            _of(road).processes[number].kill()


class GatewaysWithoutKafka(Fault):
    """Both gateways lose Kafka: connections break and none is accepted. Cameras are told to come again, and do."""

    name: ClassVar[str] = "gateways_no_kafka"
    promise: ClassVar[str] = KillGateway.promise
    lasts_s = 0.0

    def choose(self, random: Random) -> str:
        self.lasts_s = random.uniform(10.0, 30.0)
        return f"{self.lasts_s:.0f} s"

    async def strike(self, road: Road) -> None:
        for proxy in _of(road).links:
            await proxy.cut("refused")
        await asyncio.sleep(self.lasts_s)

    async def mend(self, road: Road) -> None:
        for proxy in _of(road).links:
            proxy.mend()


class CamerasRepeat(Fault):
    """Cameras send each message twice at the same time, to either gateway, and again where neither says yes."""

    name: ClassVar[str] = "cameras_repeat"
    lasts_s = 0.0

    def choose(self, random: Random) -> str:
        self.lasts_s = random.uniform(5.0, 12.0)
        return f"{self.lasts_s:.0f} s"

    async def strike(self, road: Road) -> None:
        _of(road).twice = True
        await asyncio.sleep(self.lasts_s)

    async def mend(self, road: Road) -> None:
        _of(road).twice = False


def _of(road: Road) -> Gateways:
    assert road.gateways is not None, "the road was opened without gateways"
    return road.gateways
