"""Starts, supervises and stops the embedded pair together: the Kafka and the Valkey of one data folder."""

import asyncio
import fcntl
import os
import time
from pathlib import Path
from typing import IO

import msgspec
import structlog

from pipeline.errors import Misconfigured
from pipeline.runtime.accounts import ACCOUNTS, make_accounts
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.principals import ADMIN
from pipeline.runtime.private import WRITABLE, check_folder, open_private, private_folder, read_trusted, write_private
from pipeline.servers import pids
from pipeline.servers.kafka_server import KafkaServer
from pipeline.servers.processes import Supervised
from pipeline.servers.start_stop import StartStop
from pipeline.servers.valkey_server import ValkeyServer
from schemas.base import UNREADABLE

SETTING = "VIGIE_DATA_DIR"
log = structlog.get_logger()


class Endpoints(msgspec.Struct, frozen=True, kw_only=True):
    """The addresses of a running pair, as <data_dir>/run/pair.json holds them. Passwords are in the accounts folder."""

    kafka_url: str
    redis_url: str
    pid: int  # of the process that supervises it
    started: str  # when that process began, so that a reused pid is not taken for it
    started_at_ms: int


def running_pair(data_dir: Path) -> Endpoints | None:
    """The addresses of this data folder's pair, or None when it does not run or is not ready yet. Raises Misconfigured where others
    may have written them: passwords are sent there."""
    file = data_dir / "run" / "pair.json"
    try:
        check_folder(SETTING, data_dir)
        endpoints = msgspec.json.decode(read_trusted(SETTING, file, modes=WRITABLE), type=Endpoints)
    except (OSError, *UNREADABLE):
        return None
    return endpoints if pids.started(endpoints.pid) == endpoints.started else None


class EmbeddedPair(StartStop):
    """Kafka (one or three brokers) and Valkey in a data folder that no other process uses meanwhile.

    ``async with EmbeddedPair(folder) as pair: ...``, or start() and stop(). Both are restarted when they die, until stop().
    """

    def __init__(self, data_dir: Path, brokers: int = 1) -> None:
        """data_dir: made if it is missing. brokers: 1 or 3, always the same for one folder. Raises Misconfigured."""
        self.data_dir = data_dir.absolute()
        self.kafka_server = KafkaServer(self.data_dir, brokers)
        self.valkey_server = ValkeyServer(self.data_dir)
        self._lock: IO[bytes] | None = None

    @property
    def kafka(self) -> KafkaConnection:
        """The admin's connection to Kafka. All other principals have accounts of their own: see pipeline.servers.access."""
        return self.kafka_server.connection

    @property
    def redis_url(self) -> str:
        """The admin's URL of Valkey: unix://admin:PASSWORD@PATH."""
        return self.valkey_server.url

    @property
    def accounts(self) -> Path:
        """The folder with a file for each principal."""
        return self.data_dir / ACCOUNTS

    @property
    def brokers(self) -> tuple[Supervised, ...]:
        """The brokers' processes, for tests that kill(), stop() and start() them."""
        return self.kafka_server.brokers

    @property
    def valkey(self) -> Supervised:
        """Valkey's process, for tests that kill(), stop() and start() it."""
        assert self.valkey_server.process is not None, "start() comes first"
        return self.valkey_server.process

    def env(self) -> dict[str, str]:
        """The VIGIE_* environment by which another process on this machine finds the servers and its account."""
        return {
            "VIGIE_KAFKA_URL": self.kafka.url,
            "VIGIE_REDIS_URL": self.valkey_server.address,
            "VIGIE_ACCOUNTS_DIR": str(self.accounts),
        }

    async def start(self) -> None:
        """Lock the folder, end the processes that a killed predecessor left, start both servers and wait until they answer.

        Raises Misconfigured when another process holds the folder, StartFailed, JarsUnavailable; in each of these cases nothing is
        left running.
        """
        run = self.data_dir / "run"
        private_folder(run)
        for folder in (self.data_dir, run, *(self.data_dir / name for name in (ACCOUNTS, "kafka", "valkey"))):
            if folder.exists():
                check_folder(SETTING, folder)
        self._lock = _take(run / "lock", self.data_dir)
        try:
            make_accounts(self.accounts, (ADMIN,))
            for orphan in await asyncio.to_thread(pids.end_orphans, run):
                log.warning("pair.orphan_ended", pid=orphan.pid, program=orphan.argv[:1])
            async with asyncio.TaskGroup() as group:
                group.create_task(self.kafka_server.start())
                group.create_task(self.valkey_server.start())
        except BaseException as error:
            await self.stop()
            if isinstance(error, BaseExceptionGroup):
                raise error.exceptions[0] from error
            raise
        self._announce(run / "pair.json")

    async def stop(self) -> None:
        """Stop both servers and unlock the folder. Takes up to about 6 s. Does nothing when the pair does not run."""
        if self._lock is None:
            return
        (self.data_dir / "run" / "pair.json").unlink(missing_ok=True)
        await asyncio.gather(self.kafka_server.stop(), self.valkey_server.stop())
        self._lock.close()
        self._lock = None

    def _announce(self, file: Path) -> None:
        endpoints = Endpoints(
            kafka_url=self.kafka.url,
            redis_url=self.valkey_server.address,
            pid=os.getpid(),
            started=pids.started(os.getpid()) or "",
            started_at_ms=time.time_ns() // 1_000_000,
        )
        write_private(file, msgspec.json.encode(endpoints))


def _take(file: Path, data_dir: Path) -> IO[bytes]:
    """Lock the folder for this process. The system drops the lock when the process ends, however it ends.
    Raises Misconfigured where another process has locked it."""
    lock = open_private(file, "change")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = lock.read().decode().strip() or "unknown"
        lock.close()
        allowed = (
            f"a data folder that no other process uses (process {holder} uses it): stop that one, or choose another"
        )
        raise Misconfigured(SETTING, found=str(data_dir), allowed=allowed) from error
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n".encode())
    lock.flush()
    return lock
