"""Watches memory and open files of every process while faults strike."""

import asyncio
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import psutil

from tests.faults.report import Growth
from tests.faults.road import Road

EVERY_S = 5.0
SETTLED_S = 60.0


@dataclass(slots=True)
class Life:
    """The samples of one process from its start to its end: seconds, MB resident, open files."""

    name: str
    samples: list[tuple[float, float, int]] = field(default_factory=list)

    @property
    def lasted_s(self) -> float:
        """Seconds from the first sample to the last."""
        return self.samples[-1][0] - self.samples[0][0]

    def growth(self, lives: Sequence["Life"]) -> Growth:
        """Memory (MB) and open files from SETTLED_S after the first sample to the last sample; if the process ended earlier,
        from the first one. lives: all processes of this name; they give the count and the largest values."""
        settled = [sample for sample in self.samples if sample[0] - self.samples[0][0] >= SETTLED_S] or self.samples
        (_, first_mb, first_files), (_, last_mb, last_files) = settled[0], settled[-1]
        return Growth(
            process=self.name, lived_s=self.lasted_s, rss_mb=(first_mb, last_mb), files=(first_files, last_files),
            lives=len(lives), most_mb=max(mb for life in lives for _, mb, _ in life.samples),
            most_files=max(files for life in lives for _, _, files in life.samples),
        )  # fmt: skip


class GrowthWatch:
    """Samples every process of the platform under test, and this one, until cancelled."""

    def __init__(self, road: Road, now_s: Callable[[], float]) -> None:
        self._road, self._now_s = road, now_s
        self._lives: dict[int, Life] = {}

    async def run(self) -> None:
        """Take samples until cancelled."""
        while True:
            for name, pid in self._processes():
                sample = _sample(pid)
                if sample is not None:
                    self._lives.setdefault(pid, Life(name)).samples.append((self._now_s(), *sample))
            await asyncio.sleep(EVERY_S)

    def report(self) -> list[Growth]:
        """For each process name, the growth of the process that lived longest."""
        by_name: dict[str, list[Life]] = {}
        for life in self._lives.values():
            by_name.setdefault(life.name, []).append(life)
        return [max(lives, key=lambda life: life.lasted_s).growth(lives) for lives in by_name.values()]

    def _processes(self) -> Iterable[tuple[str, int]]:
        road = self._road
        supervised = [*road.pair.brokers, road.pair.valkey, *(worker.process for worker in road.workers())]
        for process in supervised:
            if process.pid is not None:
                yield process.program.name, process.pid
        yield "the harness", os.getpid()


def _sample(pid: int) -> tuple[float, int] | None:
    try:
        process = psutil.Process(pid)
        return process.memory_info().rss / 2**20, process.num_fds()
    except psutil.Error:
        return None
