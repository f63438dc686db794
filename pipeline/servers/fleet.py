"""Starts, watches, restarts and stops the agents' worker processes on this machine."""

import asyncio
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agents import AGENTS
from pipeline.runtime.accounts import ACCOUNTS, make_metrics_token
from pipeline.runtime.back_off import BackOff
from pipeline.runtime.ports import free_ports
from pipeline.runtime.private import OPEN, read_trusted
from pipeline.servers.launch import ISOLATED
from pipeline.servers.processes import Program, Supervised

STOP_WITHIN_S = 8.0


@dataclass(frozen=True, slots=True)
class Worker:
    """One agent's process, and the port where it serves its metrics."""

    agent: str
    metrics_port: int
    process: Supervised
    token: str = field(repr=False)

    def metrics(self, timeout_s: float = 2.0) -> str:
        """The worker's metrics in Prometheus' format. Blocks. Raises OSError where it does not answer within timeout_s."""
        return _metrics(self.metrics_port, self.token, timeout_s)


class Fleet:
    """The worker processes of every agent. counts: how many of each agent; one of an agent that it does not name. env: the
    environment that names their servers.

    command: the program of a worker's process; the agent's name is added as its last argument.
    """

    def __init__(
        self,
        data_dir: Path,
        env: Mapping[str, str],
        counts: Mapping[str, int] | None = None,
        *,
        command: Sequence[str] = (*ISOLATED, "-m", "pipeline.cli", "worker"),
    ) -> None:
        token_file = make_metrics_token(data_dir / ACCOUNTS)
        token = read_trusted("VIGIE_METRICS_TOKEN_FILE", token_file, modes=OPEN).decode()
        env = {**env, "VIGIE_METRICS_TOKEN_FILE": str(token_file)}
        self.workers = [
            _worker(agent, number, data_dir, env, command, token)
            for agent in AGENTS
            for number in range(1, (counts or {}).get(agent, 1) + 1)
        ]

    async def start(self) -> None:
        """Start all workers at once and wait until every one is ready. Raises StartFailed with the end of the log of one
        that is not."""
        for worker in self.workers:
            await worker.process.start()
        await asyncio.gather(*(worker.process.wait_ready() for worker in self.workers))

    async def stop(self) -> None:
        """Stop all workers at once; each ends its batch and leaves its consumer group, or is killed after STOP_WITHIN_S
        seconds."""
        await asyncio.gather(*(worker.process.stop() for worker in self.workers))

    def of(self, agent: str) -> list[Worker]:
        """The workers of one agent."""
        return [worker for worker in self.workers if worker.agent == agent]


def _worker(
    agent: str, number: int, data_dir: Path, env: Mapping[str, str], command: Sequence[str], token: str
) -> Worker:
    (port,) = free_ports((), 1)
    name = agent if number == 1 else f"{agent}-{number}"
    program = Program(
        name=name,
        argv=(*command, agent),
        env={**env, "VIGIE_METRICS_PORT": str(port), "VIGIE_DATA_DIR": str(data_dir)},
        health=lambda: asyncio.to_thread(_ready, port, token),
        health_every_s=0.2,
        ready_within_s=180.0,
        stop_within_s=STOP_WITHIN_S,
        back_off=BackOff(first_s=0.2, cap_s=10.0),
    )
    return Worker(agent, port, Supervised(program, data_dir), token)


def _ready(port: int, token: str) -> bool:
    lines = _metrics(port, token, 2.0).splitlines()
    return any(line.startswith("vigie_ready{") and line.endswith(" 1.0") for line in lines)


def _metrics(port: int, token: str, timeout_s: float) -> str:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/metrics", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=timeout_s) as answer:
        return str(answer.read().decode())
