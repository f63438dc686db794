"""Faults of Redis: killed, replaced by an empty one, slow."""

import asyncio
import shutil
from random import Random
from typing import ClassVar

from agents import AGENTS
from tests.faults.fault import Fault
from tests.faults.road import Road


class KillRedis(Fault):
    """SIGKILL to Redis; after a while it starts again with its append-only file."""

    name: ClassVar[str] = "kill_redis"
    away_s = 0.0

    def choose(self, random: Random) -> str:
        self.away_s = random.uniform(1.0, 10.0)
        return f"{self.away_s:.0f} s"

    async def strike(self, road: Road) -> None:
        await road.pair.valkey.stop(kill=True)
        await asyncio.sleep(self.away_s)

    async def mend(self, road: Road) -> None:
        await road.pair.valkey.start()
        await road.pair.valkey.wait_ready()


class EmptyRedis(Fault):
    """Redis is replaced by an empty one. Seconds later the operator, who read of it in the log, imports the reference data
    again."""

    name: ClassVar[str] = "empty_redis"
    promise: ClassVar[str] = (
        "decisions go on from memory, open section passages are made anew; an incident may ring again, and that is said"
    )
    may_lose: ClassVar[str | None] = "memory.lost"
    empty_s = 0.0

    def choose(self, random: Random) -> str:
        self.empty_s = random.uniform(2.0, 5.0)
        return f"empty for {self.empty_s:.0f} s"

    async def strike(self, road: Road) -> None:
        await self.empty(road)
        await asyncio.sleep(self.empty_s)

    async def empty(self, road: Road) -> None:
        """Replace Redis by an empty one."""
        valkey = road.pair.valkey
        await valkey.stop(kill=True)
        shutil.rmtree(road.pair.data_dir / "valkey" / "appendonlydir")
        await valkey.start()
        await valkey.wait_ready()

    async def mend(self, road: Road) -> None:
        await road.load_reference(replace=True)


class KillOnEmptyRedis(EmptyRedis):
    """Redis is replaced by an empty one, and an agent is killed meanwhile: before or after it has noticed, or while it reads
    again what Redis lost. It starts again while Redis holds no reference data."""

    name: ClassVar[str] = "empty_and_kill"
    promise: ClassVar[str] = (
        "an agent that knows no camera waits, and refuses nothing, until the reference data is there again"
    )
    agent = ""
    alive_s = 0.0

    def choose(self, random: Random) -> str:
        self.agent = random.choice(("hotlist", "section_control", "cross_border"))
        words = super().choose(random)
        self.alive_s = random.uniform(0.0, self.empty_s)
        return f"{self.agent} after {self.alive_s:.1f} s, {words}"

    async def strike(self, road: Road) -> None:
        await self.empty(road)
        await asyncio.sleep(self.alive_s)
        road.worker(self.agent).process.kill()
        await asyncio.sleep(max(1.0, self.empty_s - self.alive_s))
        await road.worker(self.agent).process.wait_ready()


class SlowRedis(Fault):
    """Every answer of Redis is delayed, for all agents."""

    name: ClassVar[str] = "slow_redis"
    delay_s = lasts_s = 0.0

    def choose(self, random: Random) -> str:
        self.delay_s, self.lasts_s = random.uniform(0.1, 1.0), random.uniform(5.0, 12.0)
        return f"{2000 * self.delay_s:.0f} ms a round trip, {self.lasts_s:.0f} s"

    async def strike(self, road: Road) -> None:
        for agent in AGENTS:
            road.links[agent].redis.delay_s = self.delay_s
        await asyncio.sleep(self.lasts_s)

    async def mend(self, road: Road) -> None:
        for agent in AGENTS:
            road.links[agent].redis.delay_s = 0.0
