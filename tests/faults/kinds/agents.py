"""Faults of the agents' processes."""

import asyncio
import os
import signal
from random import Random
from typing import ClassVar

from agents import AGENTS
from pipeline.runtime.settings import Settings
from tests.faults.fault import Fault
from tests.faults.road import Road

ZOMBIE_S = Settings().session_timeout_s + 4.0


class KillAgent(Fault):
    """SIGKILL to an agent, without time to commit. The supervisor starts it again."""

    name: ClassVar[str] = "kill_agent"
    agent = ""

    def choose(self, random: Random) -> str:
        self.agent = random.choice(AGENTS)
        return self.agent

    async def strike(self, road: Road) -> None:
        road.worker(self.agent).process.kill()


class TerminateAgent(Fault):
    """SIGTERM, as in a rolling restart: the agent ends its batch, commits and leaves its group. The supervisor starts it
    again."""

    name: ClassVar[str] = "terminate_agent"
    agent = ""

    def choose(self, random: Random) -> str:
        self.agent = random.choice(AGENTS)
        return self.agent

    async def strike(self, road: Road) -> None:
        pid = road.worker(self.agent).process.pid
        if pid is not None:
            os.kill(pid, signal.SIGTERM)


class KillAgainAndAgain(Fault):
    """SIGKILL to one agent five times, each time early: while it loads, joins its group or takes its first batch."""

    name: ClassVar[str] = "kill_storm"
    agent = ""
    pauses_s: tuple[float, ...] = ()

    def choose(self, random: Random) -> str:
        self.agent, self.pauses_s = random.choice(AGENTS), tuple(random.uniform(0.2, 5.0) for _ in range(5))
        return f"{self.agent}, after {', '.join(f'{pause_s:.1f}' for pause_s in self.pauses_s)} s"

    async def strike(self, road: Road) -> None:
        for pause_s in self.pauses_s:
            road.worker(self.agent).process.kill()
            await asyncio.sleep(pause_s)


class AllAgentsAtOnce(Fault):
    """All agents end at once: by SIGKILL, as when the machine fails, or by SIGTERM, as when it is shut down."""

    name: ClassVar[str] = "all_agents"
    killed = False

    def choose(self, random: Random) -> str:
        self.killed = random.random() < 0.5
        return "killed" if self.killed else "told to end"

    async def strike(self, road: Road) -> None:
        for agent in AGENTS:
            process = road.worker(agent).process
            if self.killed:
                process.kill()
            elif process.pid is not None:
                os.kill(process.pid, signal.SIGTERM)


class WorkersJoinAndLeave(Fault):
    """A second worker joins, works for a while and leaves: by SIGTERM, or by SIGKILL, after which its partitions wait for
    the session timeout."""

    name: ClassVar[str] = "join_and_leave"
    agent = ""
    stays_s = 0.0
    killed = False

    def choose(self, random: Random) -> str:
        self.agent, self.stays_s = random.choice(AGENTS), random.uniform(3.0, 8.0)
        self.killed = random.random() < 0.5
        return f"{self.agent}, {self.stays_s:.0f} s, {'killed' if self.killed else 'told to leave'}"

    async def strike(self, road: Road) -> None:
        second = road.worker(self.agent, 2).process
        await second.start()
        await second.wait_ready()
        await asyncio.sleep(self.stays_s)

    async def mend(self, road: Road) -> None:
        await road.worker(self.agent, 2).process.stop(kill=self.killed)


class Zombie(Fault):
    """SIGSTOP for longer than the session timeout, while a second worker takes over; then the first goes on and tries to
    commit."""

    name: ClassVar[str] = "zombie"
    agent = ""

    def choose(self, random: Random) -> str:
        self.agent = random.choice(AGENTS)
        return f"{self.agent}, {ZOMBIE_S:.0f} s"

    async def strike(self, road: Road) -> None:
        second = road.worker(self.agent, 2).process
        await second.start()
        await second.wait_ready()
        pid = road.worker(self.agent).process.pid
        if pid is not None:
            os.kill(pid, signal.SIGSTOP)
            try:
                await asyncio.sleep(ZOMBIE_S)
            finally:
                os.kill(pid, signal.SIGCONT)
            await asyncio.sleep(3.0)  # both run: the one that was away must find out

    async def mend(self, road: Road) -> None:
        await road.worker(self.agent, 2).process.stop()


class StoppedInRebalance(Fault):
    """SIGSTOP, then a second worker joins: the group waits for the stopped one, which goes on in the middle of the
    rebalance."""

    name: ClassVar[str] = "stop_in_rebalance"
    agent = ""
    still_s = 0.0

    def choose(self, random: Random) -> str:
        self.agent, self.still_s = random.choice(AGENTS), random.uniform(1.0, ZOMBIE_S)
        return f"{self.agent}, {self.still_s:.0f} s"

    async def strike(self, road: Road) -> None:
        pid, second = road.worker(self.agent).process.pid, road.worker(self.agent, 2).process
        if pid is None:
            return
        os.kill(pid, signal.SIGSTOP)
        try:
            await second.start()
            await asyncio.sleep(self.still_s)
        finally:
            os.kill(pid, signal.SIGCONT)
        await second.wait_ready()
        await asyncio.sleep(2.0)  # both work

    async def mend(self, road: Road) -> None:
        await road.worker(self.agent, 2).process.stop()
