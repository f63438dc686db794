"""Servers that are stopped with SIGSTOP, as when a machine swaps or its disk hangs: connections stay open, and nothing
answers."""

import asyncio
import os
import signal
from random import Random
from typing import ClassVar

from pipeline.servers.processes import Supervised
from tests.faults.fault import Fault
from tests.faults.road import Road


class PauseRedis(Fault):
    """Redis is stopped. When it goes on, it executes the commands received meanwhile, although no client waits for them any
    more."""

    name: ClassVar[str] = "pause_redis"
    still_s = 0.0

    def choose(self, random: Random) -> str:
        self.still_s = random.uniform(2.0, 14.0)
        return f"{self.still_s:.0f} s"

    async def strike(self, road: Road) -> None:
        await stand_still(self._processes(road), self.still_s)

    def _processes(self, road: Road) -> tuple[Supervised, ...]:
        return (road.pair.valkey,)


class PauseBroker(PauseRedis):
    """One of three brokers is stopped for so long that others become leaders in its place; then it goes on."""

    name: ClassVar[str] = "pause_broker"
    node = 0

    def choose(self, random: Random) -> str:
        self.node = random.randrange(3)
        return f"broker {self.node}, {super().choose(random)}"

    def _processes(self, road: Road) -> tuple[Supervised, ...]:
        return (road.pair.brokers[self.node],)


class PauseKafka(PauseRedis):
    """All brokers are stopped."""

    name: ClassVar[str] = "pause_kafka"

    def _processes(self, road: Road) -> tuple[Supervised, ...]:
        return road.pair.brokers


async def stand_still(processes: tuple[Supervised, ...], still_s: float) -> None:
    """Send SIGSTOP to these processes, and SIGCONT after still_s seconds."""
    pids = [process.pid for process in processes if process.pid is not None]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(still_s)
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
