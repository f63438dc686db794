"""The live stream: from an alert's sending to Kafka until each reader has it, and what one process of the desks costs.

    python -m benchmarks.bench_live [--readers 300] [--rate 50] [--seconds 30] [--json]

Load: so many alerts a second, evenly paced, to one topic; so many readers, each a person with a session, a shift, and designations
from a day of his own, in ten groups of different rights, all of whom see every alert. Readers are a process of their own; sender
and servers run on this machine.

A delay begins when the alert was made and ends when the reader's process has its bytes, in whole milliseconds; percentiles are of
every alert at every reader. The warm-up of 5 s is not counted. processor: seconds of the serving process a second, user and system.

The peer, in the same run: a bare aiohttp server that writes each record of the topic to each reader, without logins, rights,
frames of 100 ms, ids or bounds for slow readers.

Appends one line to benchmarks/results/live.jsonl.
"""

import argparse
import asyncio
import contextlib
import json
import os
import secrets
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import psutil
import uvloop
from redis.asyncio import Redis

from benchmarks.common import append_result, environment, percentile
from pipeline.access.login import Bounds, Shift
from pipeline.desks.cookies import SESSION
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.log import configure_logging
from pipeline.runtime.ports import free_ports
from pipeline.runtime.sender import Outgoing, Sender
from pipeline.servers.access import provide
from pipeline.servers.pair import EmbeddedPair
from pipeline.state.collections import CAMERAS, DESIGNATIONS, DESKS, USERS, ZONES
from pipeline.state.record_keys import RecordKeys
from pipeline.state.replica_writer import ReplicaWriter
from pipeline.state.session_store import SessionStore
from pipeline.stream import codec
from schemas.people import Desk
from schemas.topics import ALERTS, TOPICS
from tests.builders import make_alert, make_camera, make_entry, make_read, make_zone
from tests.people import ZONE, make_designation, make_user

GROUPS = 10
WARM_UP_S = 5.0
NAMESPACE, REASON = "live", "the night shift at the desk of the bench"
DAY_MS = 86_400_000


class Process:
    """A process that is told and tells lines."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.seconds = psutil.Process(process.pid)

    @classmethod
    @contextlib.asynccontextmanager
    async def running(cls, *arguments: str, env: dict[str, str] | None = None) -> AsyncIterator["Process"]:
        """The process, until the block ends."""
        pipe = asyncio.subprocess.PIPE
        made = await asyncio.create_subprocess_exec(
            sys.executable, *arguments, stdin=pipe, stdout=pipe, env=os.environ | (env or {}), limit=1 << 24
        )
        try:
            yield cls(made)
        finally:
            with contextlib.suppress(ProcessLookupError):
                made.kill()
            await made.wait()

    async def tell(self, line: str) -> None:
        """Send it a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())
        await self._process.stdin.drain()

    async def line(self) -> str:
        """Its next line."""
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        assert line, "the process has ended"
        return line.decode()

    def cpu_s(self) -> float:
        """The processor time that it has used."""
        times = self.seconds.cpu_times()
        return float(times.user + times.system)


async def staffed(redis: Redis, readers: int) -> list[str]:
    """Persons at work, as many as there are readers. Returns the cookie of each."""
    now_ms, writer = platform_now_ms(), ReplicaWriter(redis, NAMESPACE)
    await RecordKeys(redis, NAMESPACE).make(now_ms)
    lists = ("stolen", "sis", "national_wanted", "ad_hoc")
    await writer.put(CAMERAS, [make_camera("CAM", position=None)])
    await writer.put(ZONES, [make_zone(ZONE, cameras=("CAM",)), *(make_zone(f"Z-{one}") for one in range(GROUPS))])
    await writer.put(DESKS, [Desk(desk_id="DESK", name="dispatch", everywhere=True, lists=lists)])
    users = [make_user(f"u-{number}") for number in range(readers)]
    await writer.put(USERS, users)
    designations = [
        make_designation(
            "dispatcher", one.user_id, zones=(ZONE, f"Z-{number % GROUPS}"), lists=lists,
            valid_from_ms=now_ms - DAY_MS - number, valid_until_ms=now_ms + DAY_MS + number,
            trained_until_ms=now_ms + 2 * DAY_MS + number,
        )
        for number, one in enumerate(users)
    ]  # fmt: skip
    await writer.put(DESIGNATIONS, designations)
    store, cookies = SessionStore(redis, NAMESPACE, Bounds()), []
    shift = Shift(desk_id="DESK", reason=REASON, access_id="e-0", began_ms=now_ms)
    for one in users:
        token, session = await store.open(one.user_id, "password", now_ms)
        await store.keep(token, msgspec.structs.replace(session, shift=shift), now_ms)
        cookies.append(f"{SESSION}={token}")
    return cookies


async def send(sender: Sender, rate: float, seconds: float) -> int:
    """Send alerts, evenly paced. Returns how many."""
    began, count = time.monotonic(), round(rate * seconds)
    for number in range(count):
        await asyncio.sleep(began + number / rate - time.monotonic())
        read = make_read(camera_id="CAM", captured_at_ms=time.time_ns() // 1_000_000)
        entry = make_entry(entry_id=f"E-{secrets.token_hex(6)}")
        alert = make_alert(entry, read, network="federal", purposes=("hotlist",))
        await sender.send_all([Outgoing(f"{NAMESPACE}.{ALERTS.name}", codec.encode(ALERTS, alert), partition=0)])
    return count


async def measured(
    server: Process, sender: Sender, place: dict[str, Any], options: argparse.Namespace
) -> dict[str, Any]:
    """The figures of one server."""
    async with Process.running("-m", "benchmarks.live_readers") as readers:
        await readers.tell(json.dumps(place))
        assert "connected\n" == await readers.line()
        await send(sender, options.rate, WARM_UP_S)
        await asyncio.sleep(1.0)
        await readers.tell("anew")
        cpu, began = server.cpu_s(), time.monotonic()
        sent = await send(sender, options.rate, options.seconds)
        used = (server.cpu_s() - cpu) / (time.monotonic() - began)
        await asyncio.sleep(2.0)
        await readers.tell("end")
        counted = {int(delay): count for delay, count in json.loads(await readers.line()).items()}
    delays = [delay for delay in sorted(counted) for _ in range(counted[delay])]
    return {
        "p50_ms": percentile(delays, 0.5), "p99_ms": percentile(delays, 0.99), "max_ms": delays[-1] if delays else None,
        "processor": round(used, 4), "missing": sent * options.readers - len(delays),
    }  # fmt: skip


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Both servers, one after the other."""
    with tempfile.TemporaryDirectory(prefix="vigie-live-") as name:
        async with EmbeddedPair(Path(name) / "pair") as pair, Redis.from_url(pair.redis_url) as redis:
            partitions = {topic.name: 1 for topic in TOPICS}
            await provide(pair.kafka, pair.redis_url, NAMESPACE, pair.accounts, partitions=partitions)
            cookies = await staffed(redis, options.readers)
            sender = Sender(pair.kafka.client_kwargs())
            env = pair.env() | {"VIGIE_NAMESPACE": NAMESPACE, "VIGIE_DATA_DIR": name, "VIGIE_LOG_LEVEL": "warning"}
            program = ("-c", "from pipeline.cli import main; main()", "desks")
            async with Process.running(*program, env=env) as desks:
                host = json.loads(await desks.line())["url"].removeprefix("http://")
                place = {
                    "host": host,
                    "port": int(host.rpartition(":")[2]),
                    "path": "/api/v1/stream",
                    "cookies": cookies,
                }
                ours = await measured(desks, sender, place, options)
            (port,) = free_ports((), 1)
            asked = {"kafka": _plain(pair), "topic": f"{NAMESPACE}.{ALERTS.name}", "port": port}
            async with Process.running("-m", "benchmarks.live_peer") as peer:
                await peer.tell(json.dumps(asked))
                assert "serves\n" == await peer.line()
                place = {"host": "localhost", "port": port, "path": "/", "cookies": ["none"] * options.readers}
                bare = await measured(peer, sender, place, options)
            await sender.stop()
    return {
        **environment("aiohttp", "aiokafka", "uvloop"), "readers": options.readers, "alerts_per_s": options.rate,
        "seconds": options.seconds, "vigie_desks": ours, "bare_aiohttp": bare,
    }  # fmt: skip


def _plain(pair: EmbeddedPair) -> dict[str, Any]:
    """The arguments of the admin's Kafka client that are text."""
    return {key: value for key, value in pair.kafka.client_kwargs().items() if isinstance(value, str | int | list)}


def main() -> None:
    """Measure, print and append."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--readers", type=int, default=300)
    options.add_argument("--rate", type=float, default=50.0)
    options.add_argument("--seconds", type=float, default=30.0)
    options.add_argument("--json", action="store_true", help="the figures alone, as one line")
    asked = options.parse_args()
    configure_logging(level="error")
    figures = uvloop.run(measure(asked))
    append_result("live", figures)
    print(json.dumps(figures, indent=None if asked.json else 2))


if __name__ == "__main__":
    main()
