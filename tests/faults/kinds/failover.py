"""A second Redis that takes over: a real replica, made primary when the first one dies. Later the first one takes over again
without a stop."""

import asyncio
import contextlib
from pathlib import Path
from random import Random
from typing import Any, ClassVar
from urllib.parse import urlsplit

from redis.asyncio import Redis
from redis.exceptions import RedisError

from agents import AGENTS
from pipeline.runtime.ports import HOST, free_ports
from pipeline.runtime.private import write_private
from pipeline.servers.processes import Program, Supervised
from pipeline.servers.valkey_server import SETTINGS, quoted, server_binary
from tests.faults.fault import Fault
from tests.faults.proxy import Proxy
from tests.faults.road import Road


class RedisFailover(Fault):
    """Redis is killed, and its replica takes over, in step or seconds behind. Later the first one copies its data and takes
    over again.

    No client is told of that: clients that are still connected to the second one get its READONLY errors.
    """

    name: ClassVar[str] = "redis_failover"
    promise: ClassVar[str] = (
        "what the replica had not been given is made again from the topics; if that was more than a second, it is said, too"
    )
    may_lose: ClassVar[str | None] = "memory.lost"
    behind_s = stays_s = 0.0

    def __init__(self) -> None:
        self._second: Supervised | None = None
        self._url = ""
        self._way: Proxy | None = None

    def choose(self, random: Random) -> str:
        self.behind_s, self.stays_s = random.choice((0.0, 0.3, 0.8, 3.0)), random.uniform(2.0, 6.0)
        return f"to a replica {self.behind_s:.1f} s behind"

    async def strike(self, road: Road) -> None:
        self._way = await Proxy(road.pair.valkey_server.socket).start()  # the replication's, so that it can be cut
        self._url, self._second = await self._start(road)
        await _ask(self._url, "REPLICAOF", HOST, self._way.port)
        await _until(lambda: _in_step(self._url))
        if self.behind_s:
            await self._way.cut("silent")
            await asyncio.sleep(self.behind_s)
        await road.pair.valkey.stop(kill=True)
        await _ask(self._url, "REPLICAOF", "NO", "ONE")
        _point(road, urlsplit(self._url).port or 0)
        await asyncio.sleep(self.stays_s)

    async def mend(self, road: Road) -> None:
        """Start the first Redis again, let it copy the data, and make it primary."""
        first_url, first = road.pair.redis_url, road.pair.valkey
        await first.start()
        await first.wait_ready()
        if self._second is not None and self._way is not None:
            self._way.mend()
            admin = urlsplit(first_url)
            own = {"masteruser": admin.username, "masterauth": admin.password, "replica-announce-ip": HOST,
                   "replica-announce-port": self._way.port}  # fmt: skip  # replication goes over TCP, whose way to it is the proxy
            for setting, value in own.items():
                await _ask(first_url, "CONFIG", "SET", setting, value or "")
            await _ask(first_url, "REPLICAOF", HOST, urlsplit(self._url).port or 0)
            await _until(lambda: _in_step(first_url))
            await _ask(self._url, "FAILOVER", "TO", HOST, self._way.port, "TIMEOUT", 10_000)
            await _until(lambda: _is_primary(first_url))
            _point(road, road.pair.valkey_server.socket)
            await asyncio.sleep(3.0)  # those who are still connected to the second one must find out
            await self._second.stop(kill=True)
        if self._way is not None:
            await self._way.stop()

    async def _start(self, road: Road) -> tuple[str, Supervised]:
        admin, folder = urlsplit(road.pair.redis_url), road.pair.data_dir / "valkey-2"
        (port,) = free_ports((), 1)
        folder.mkdir(exist_ok=True)
        for file in folder.rglob("*"):
            if file.is_file():
                file.unlink()
        url = f"redis://{admin.username}:{admin.password}@{HOST}:{port}/0"
        users = folder / "users.acl"  # accounts are no data: no replica is given them by itself
        write_private(users, (road.pair.data_dir / "valkey" / "users.acl").read_bytes())
        lines = {
            **SETTINGS, "port": port, "bind": HOST, "aclfile": quoted(users), "masteruser": admin.username,
            "masterauth": admin.password, "dir": quoted(folder), "repl-timeout": 60,
        }  # fmt: skip
        write_private(folder / "valkey.conf", "".join(f"{name} {value}\n" for name, value in lines.items()).encode())
        program = Program(
            name="valkey-2", argv=(str(server_binary()), str(folder / "valkey.conf")),
            health=lambda: _answers(url), restart=False,
        )  # fmt: skip
        process = Supervised(program, road.pair.data_dir)
        await process.start()
        await process.wait_ready()
        return url, process


def _point(road: Road, to: int | Path) -> None:
    """Direct new connections of all agents there; existing ones stay as they are."""
    for agent in AGENTS:
        road.links[agent].redis.to = to


async def _ask(url: str, *command: object) -> Any:
    client = Redis.from_url(url, socket_timeout=5.0)
    try:
        return await client.execute_command(*command)
    finally:
        await client.aclose()


async def _answers(url: str) -> bool:
    return bool(await _ask(url, "PING"))


async def _in_step(url: str) -> bool:
    role = await _ask(url, "ROLE")
    return role[0] == b"slave" and role[3] == b"connected"


async def _is_primary(url: str) -> bool:
    return bool((await _ask(url, "ROLE"))[0] == b"master")


async def _until(holds: Any) -> None:
    async with asyncio.timeout(120.0):
        while True:
            with contextlib.suppress(RedisError, OSError):
                if await holds():
                    return
            await asyncio.sleep(0.1)
