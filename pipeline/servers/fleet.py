"""The agents' worker processes on this machine: started, watched, restarted, stopped together."""

import asyncio
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agents import AGENTS
from pipeline.runtime.back_off import BackOff
from pipeline.servers.launch import ISOLATED
from pipeline.servers.ports import free_ports
from pipeline.servers.processes import Program, Supervised

STOP_WITHIN_S = 8.0


@dataclass(frozen=True, slots=True)
class Worker:
    """One agent's process and where it serves its metrics."""

    agent: str
    metrics_port: int
    process: Supervised

    @property
    def metrics_url(self) -> str:
        """Prometheus text, on this machine only."""
        return f"http://127.0.0.1:{self.metrics_port}/metrics"


class Fleet:
    """Workers of every agent. counts: how many of each agent; those not named run once. env: their servers' addresses.

    command: what a worker's process runs, with the agent's name added as the last argument.
    """

    def __init__(
        self,
        data_dir: Path,
        env: Mapping[str, str],
        counts: Mapping[str, int] | None = None,
        *,
        command: Sequence[str] = (*ISOLATED, "-m", "pipeline.cli", "worker"),
    ) -> None:
        self.workers = [
            _worker(agent, number, data_dir, env, command)
            for agent in AGENTS
            for number in range(1, (counts or {}).get(agent, 1) + 1)
        ]

    async def start(self) -> None:
        """Start all at once and wait until every one is ready. Raises StartFailed with the end of its log."""
        for worker in self.workers:
            await worker.process.start()
        await asyncio.gather(*(worker.process.wait_ready() for worker in self.workers))

    async def stop(self) -> None:
        """Stop all at once; each ends its batch and leaves its group, or is killed after a few seconds."""
        await asyncio.gather(*(worker.process.stop() for worker in self.workers))

    def of(self, agent: str) -> list[Worker]:
        """The workers of one agent."""
        return [worker for worker in self.workers if worker.agent == agent]


def _worker(agent: str, number: int, data_dir: Path, env: Mapping[str, str], command: Sequence[str]) -> Worker:
    (port,) = free_ports((), 1)
    name = agent if number == 1 else f"{agent}-{number}"
    program = Program(
        name=name,
        argv=(*command, agent),
        env={**env, "VIGIE_METRICS_PORT": str(port), "VIGIE_DATA_DIR": str(data_dir)},
        health=lambda: asyncio.to_thread(_ready, port),
        health_every_s=0.2,
        ready_within_s=180.0,
        stop_within_s=STOP_WITHIN_S,
        back_off=BackOff(first_s=0.2, cap_s=10.0),
    )
    return Worker(agent, port, Supervised(program, data_dir))


def _ready(port: int) -> bool:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=2.0) as answer:
        return any(line.startswith(b"vigie_ready{") and line.endswith(b" 1.0\n") for line in answer)
