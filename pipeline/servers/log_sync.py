"""Writes a broker's log to the disk once a second, from outside the broker.

Kafka can do it itself (log.flush.interval.ms), but holds the lock of a partition's index until the disk has answered, and the
next record of that partition waits for that lock: beside other programs on the same disk for up to two seconds. It also writes the
indexes, which it makes anew after a crash. Nothing in the broker waits for what is done here.
"""

import asyncio
from pathlib import Path

import structlog

from pipeline.runtime.private import sync_file, sync_folder

EVERY_S = 1.0
log = structlog.get_logger()


class LogSync:
    """Keeps the log files of one broker on the disk. folder: its log folder, which holds a folder for each partition.

    synced: each partition's newest file, and the length in bytes up to which the disk has it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.synced: dict[Path, int] = {}

    async def run(self) -> None:
        """Sync once a second until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            await asyncio.to_thread(self.sync)

    def sync(self) -> None:
        """Write to the disk what each partition's newest file has grown by; an older one Kafka writes when it begins the next.
        Blocks while the disk is busy. A file that cannot be written is logged, and tried again at the next call."""
        synced: dict[Path, int] = {}
        for partition in self._folder.glob("*-*/"):
            try:
                newest = max(partition.glob("*.log"), default=None)
                if newest is not None:
                    synced[newest] = self._written(newest)
            except FileNotFoundError:  # the topic was deleted just now
                continue
            except OSError as error:
                log.error("broker.log_not_written", partition=partition.name, error=repr(error))
        self.synced = synced

    def _written(self, file: Path) -> int:
        """Write what the file has grown by, and its name if it is new. Returns the length that the disk has at least."""
        size = file.stat().st_size
        if self.synced.get(file) != size:
            sync_file(file)
        if file not in self.synced:
            sync_folder(file.parent)
        return size
