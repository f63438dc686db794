"""Disks that are full."""

import asyncio
import resource
from random import Random
from typing import ClassVar

from tests.faults.fault import Fault
from tests.faults.road import Road


class FullDisk(Fault):
    """The agent ocr cannot write: no file may grow, neither the evidence store's pictures nor its log.

    The limit of file size of the process is set from outside, so the system really refuses the writes; this needs neither
    root nor a small file system. Linux only.
    """

    name: ClassVar[str] = "full_disk"
    promise: ClassVar[str] = "pictures wait, none is lost: reads come with evidence as soon as there is room"
    lasts_s = 0.0

    def choose(self, random: Random) -> str:
        self.lasts_s = random.uniform(6.0, 12.0)
        return f"ocr, {self.lasts_s:.0f} s"

    async def strike(self, road: Road) -> None:
        allow_files(road.worker("ocr").process.pid, 0)
        await asyncio.sleep(self.lasts_s)

    async def mend(self, road: Road) -> None:
        allow_files(road.worker("ocr").process.pid, resource.RLIM_INFINITY)


class FullStoreDisk(Fault):
    """Redis's append-only file cannot grow: Redis logs it and refuses to write, as on a full disk."""

    name: ClassVar[str] = "full_redis_disk"
    lasts_s = 0.0

    def choose(self, random: Random) -> str:
        self.lasts_s = random.uniform(5.0, 12.0)
        return f"{self.lasts_s:.0f} s"

    async def strike(self, road: Road) -> None:
        pid = road.pair.valkey.pid
        allow_files(pid, 0)
        await asyncio.sleep(self.lasts_s)
        if pid is None or road.pair.valkey.pid != pid:
            raise AssertionError("Redis did not bear a full disk: it ended")

    async def mend(self, road: Road) -> None:
        allow_files(road.pair.valkey.pid, resource.RLIM_INFINITY)


def allow_files(pid: int | None, size: int) -> None:
    """Let no file of this process grow beyond size bytes. The process ignores SIGXFSZ, because our launcher started it so:
    writes fail instead."""
    if pid is not None:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
