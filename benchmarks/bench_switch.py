"""How long a whole import takes until it counts everywhere, and what it costs in Redis: a million entries beside a live million.

Load: the entries of bench_hotlist (one in a hundred a pattern) are live, and two workers with the hotlist's index follow them.
Then a CSV file of the next night is imported as `vigie hotlist import --replace` does it: checked, compared, staged, switched,
moved, and told of; by default 5 % of its entries changed (`--changed`), 1 % are new and 1 % gone. No warm-up: an import runs
once. Each worker is a process of its own and says when it has all of the new version in memory; it counts from the moment of the
switch, or from then if that is later. Memory is Redis' own count (used_memory), ten times a second.

    python -m benchmarks.bench_switch [--lines 1000000] [--changed 0.05]

Appends one line to benchmarks/results/switch.jsonl.
"""

import argparse
import asyncio
import json
import multiprocessing
import tempfile
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import msgspec
from redis.asyncio import Redis

from benchmarks.bench_hotlist import entries
from benchmarks.common import append_result, environment
from pipeline.hotlist.matching import Hotlist
from pipeline.runtime.accounts import ACCOUNTS, make_accounts
from pipeline.runtime.principals import ADMIN
from pipeline.servers.valkey_server import ValkeyServer
from pipeline.state.redis_port import open_redis
from pipeline.state.replica import HOTLIST, Follower, ReplicaWriter
from pipeline.state.switching import Refresh
from pipeline.tables.files import TABLES, check_file
from pipeline.tables.reference_checks import dangling_entries
from pipeline.tables.writing import write_file
from schemas.reference import HotlistEntry

NAMESPACE, WORKERS, PATTERNS = "bench-switch", 2, 0.01


def next_night(count: int, changed: float) -> Iterator[HotlistEntry]:
    """Yields the list a day later: the first hundredth is gone, as many are new at the end, and of the others the share
    `changed` has another colour."""
    every = round(1 / changed) if changed else 0
    for number, entry in enumerate(entries(count + count // 100, PATTERNS)):
        if number >= count // 100:
            yield msgspec.structs.replace(entry, colour="red") if every and not number % every else entry


def worker(url: str, told: Connection) -> None:
    """Follow the hotlist as the agent does, without end. Whenever another version is whole in memory, sends that version and
    the moment (UTC ms)."""

    async def run() -> None:
        hotlist, seen = Hotlist(), -1
        async with open_redis(url) as client:
            follower = Follower(
                client, NAMESPACE, [HOTLIST], lambda _, changed, reset: hotlist.take(changed, reset=reset)
            )
            while True:
                await follower.load()
                if follower.versions["hotlist"] != seen:
                    seen = follower.versions["hotlist"]
                    told.send((seen, time.time_ns() // 1_000_000))
                await asyncio.sleep(0.25)

    asyncio.run(run())


class Clock:
    """Since the start of an import, in seconds: the time at the end of each step, and the importer's processor time of each."""

    def __init__(self) -> None:
        self.began, self._cpu = time.time(), time.process_time()
        self.wall_s, self.cpu_s = dict[str, float](), dict[str, float]()

    def note(self, step: str) -> None:
        """The step ends now."""
        self.wall_s[step] = round(time.time() - self.began, 1)
        before, self._cpu = self._cpu, time.process_time()
        self.cpu_s[step] = round(self._cpu - before, 1)


async def used_mb(client: Redis) -> float:
    """The MB that Redis counts as used."""
    return float((await client.info("memory"))["used_memory"]) / 1e6


async def whole_import(client: Redis, path: Path, told: list[Connection]) -> dict[str, Any]:
    """Import the file over what is live, as `--replace` does. Returns the moments since the start in seconds, processor
    seconds, what changed, and Redis' memory: MB before, and at its most as a multiple of that."""
    writer = ReplicaWriter(client, NAMESPACE)
    live_mb, peak_mb, clock = await used_mb(client), 0.0, Clock()

    async def watch() -> None:
        nonlocal peak_mb
        while True:
            peak_mb = max(peak_mb, await used_mb(client))
            await asyncio.sleep(0.1)

    watching = asyncio.create_task(watch())
    with check_file(path, TABLES["hotlist"]) as checked:
        clock.note("checked")
        switching = writer.switching(HOTLIST)
        staged = await switching.stage(checked.pairs(), replace=True)
        clock.note("staged")
        built_mb = peak_mb
        switch = await switching.switch(staged, Refresh())
        assert switch is not None
        await switching.fold()
        clock.note("moved")
        whole_ms = [(await asyncio.to_thread(one.recv))[1] for one in told]
        clock.wall_s["counts_everywhere"] = round(max(switch.at_ms, *whole_ms) / 1_000 - clock.began, 1)
        warned = sum(1 for _ in dangling_entries(checked.items(), (), ()))
        clock.note("told")
    watching.cancel()
    return {
        "seconds": clock.wall_s, "cpu_s": clock.cpu_s, "warned": warned,
        "late_workers": sum(at_ms > switch.at_ms for at_ms in whole_ms), "added": staged.added, "changed": staged.changed,
        "removed": staged.removed, "live_mb": round(live_mb), "while_built": round(built_mb / live_mb, 2),
        "at_most": round(peak_mb / live_mb, 2),
    }  # fmt: skip


async def run(folder: Path, count: int, changed: float) -> dict[str, Any]:
    """Start Redis and the workers, load the live list, and return what importing the next one took."""
    path = folder / "next.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        write_file(stream, TABLES["hotlist"], next_night(count, changed), "csv")
    make_accounts(folder / "valkey" / ACCOUNTS, (ADMIN,))
    server = ValkeyServer(folder / "valkey")
    await server.start()
    context, processes, told = multiprocessing.get_context("spawn"), [], []
    try:
        async with open_redis(server.url) as client:
            await ReplicaWriter(client, NAMESPACE).put(HOTLIST, entries(count, PATTERNS))
            for _ in range(WORKERS):
                ours, theirs = context.Pipe(duplex=False)
                processes.append(context.Process(target=worker, args=(server.url, theirs), daemon=True))
                processes[-1].start()
                told.append(ours)
            for one in told:
                await asyncio.to_thread(one.recv)
            return await whole_import(client, path, told)
    finally:
        for process in processes:
            process.terminate()
        await server.stop()


def main() -> None:
    """Measure one import, print the figures and append them to the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--changed", type=float, default=0.05)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        report = environment("msgspec") | {"lines": options.lines, "share_changed": options.changed}
        report |= asyncio.run(run(Path(name), options.lines, options.changed))
    print(json.dumps(report, indent=1))
    append_result("switch", report)


if __name__ == "__main__":
    main()
