"""A disk that takes nothing more."""

import asyncio
import resource
from random import Random
from typing import ClassVar

from tests.faults.fault import Fault
from tests.faults.road import Road


class FullDisk(Fault):
    """No file of ocr can grow: the evidence store's pictures, and its log too. Set from outside by the process's own limit,
    so that the real store meets a real refusal of the system; root and a small file system are not needed. Linux alone has it.
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
    """Redis's append-only file cannot grow: it says so and refuses to write, as on a real full disk."""

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
    """Let no file of this process grow beyond so many bytes. What our launcher starts ignores SIGXFSZ: to write fails, then."""
    if pid is not None:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
