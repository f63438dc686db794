"""Whether a road stays as it is while it works: what waits, and what each process holds in memory, over time."""

import asyncio
import statistics
import time
from collections.abc import Iterator, Sequence
from typing import Any

import psutil

from benchmarks.common import percentile
from pipeline.demo.agent_metrics import parse
from pipeline.servers.fleet import Worker
from pipeline.servers.platform import Platform

EVERY_S = 2.0
PARTS = 10  # of the time measured; the first and the last are compared


class Steadiness:
    """Samples every agent and every process until cancelled."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._lags: dict[str, list[float]] = {}  # by agent: records of its source that are not settled, all workers
        self._memory: dict[tuple[str, int], list[float]] = {}  # by process and its id: MB

    async def watch(self) -> None:
        """Sample every EVERY_S seconds until cancelled."""
        assert self._platform.fleet
        while True:
            lags: dict[str, float] = {}
            for worker in self._platform.fleet.workers:
                lag = await asyncio.to_thread(_lag, worker)
                if lag is not None:
                    lags[worker.agent] = lags.get(worker.agent, 0.0) + lag
            for agent, lag in lags.items():
                self._lags.setdefault(agent, []).append(lag)
            for name, pid in processes(self._platform):
                memory = _memory_mb(pid)
                if memory is not None:
                    self._memory.setdefault((name, pid), []).append(memory)
            await asyncio.sleep(EVERY_S)

    def figures(self) -> dict[str, Any]:
        """Each agent's lag in records (in the first and the last tenth of the samples, and the most), and each process's
        memory in MB at both ends and how much it grew (0.1: by 10 %). Of a process that was started anew, the longest life
        counts."""
        lives: dict[str, list[float]] = {}
        for (name, _), samples in self._memory.items():
            lives[name] = max(lives.get(name, []), samples, key=len)
        memory = {name: _ends(samples) for name, samples in lives.items()}
        return {
            "lag_records": {agent: [*_ends(samples), max(samples)] for agent, samples in self._lags.items()},
            "memory_mb": {name: [round(first, 1), round(last, 1)] for name, (first, last) in memory.items()},
            "memory_growth": {name: round(last / first - 1, 4) for name, (first, last) in memory.items()},
        }


def by_time(delays: Sequence[tuple[int, float]]) -> list[float]:
    """The p99 of each tenth of the delays, in order of time. delays: (when it began, how long it was), in any order."""
    ordered = [delay for _, delay in sorted(delays)]
    size = max(1, -(-len(ordered) // PARTS))
    return [percentile(sorted(ordered[at : at + size]), 0.99) for at in range(0, len(ordered), size)]


def processes(platform: Platform) -> Iterator[tuple[str, int]]:
    """Name and process id of each worker and server that runs."""
    assert platform.fleet
    running = [worker.process for worker in platform.fleet.workers]
    if platform.pair is not None:
        running += [*platform.pair.brokers, platform.pair.valkey]
    return ((process.program.name, process.pid) for process in running if process.pid is not None)


def _ends(samples: Sequence[float]) -> tuple[float, float]:
    part = max(1, len(samples) // PARTS)
    return statistics.median(samples[:part]), statistics.median(samples[-part:])


def _lag(worker: Worker) -> float | None:
    try:
        return parse(worker.metrics(1.5), time.monotonic()).lag
    except OSError:
        return None


def _memory_mb(pid: int) -> float | None:
    try:
        return psutil.Process(pid).memory_info().rss / 1e6
    except psutil.Error:
        return None
