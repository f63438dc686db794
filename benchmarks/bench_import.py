"""How fast a hotlist comes in: checking a file, writing it to Redis, following it into a worker; with the memory each takes.

Load: one CSV and one JSON-lines file of the same entries (default a million, seed 1), the last line duplicated, so that the check
does all of its work. No warm-up: an import runs once. Peer: the same CSV file through csv.DictReader alone, which is what Python
cannot do without. Every stage runs in a process of its own, so that its peak memory is its own.

    python -m benchmarks.bench_import [--lines N] [--redis URL]

Appends one line to benchmarks/results/import.jsonl. --redis: write to and follow this server, in a namespace that is removed
afterwards; by default a server is started and dropped.
"""

import argparse
import asyncio
import csv
import json
import multiprocessing
import random
import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.common import append_result, environment
from pipeline.reads.versions import Changed
from pipeline.runtime.accounts import ACCOUNTS, make_accounts
from pipeline.runtime.principals import ADMIN
from pipeline.servers.valkey_server import ValkeyServer
from pipeline.state.collections import CollectionKeys
from pipeline.state.redis_port import open_redis
from pipeline.state.replica import HOTLIST, Follower, ReplicaWriter
from pipeline.tables.files import TABLES, check_file
from pipeline.tables.writing import write_file
from schemas.reference import HotlistEntry

NAMESPACE = "bench-import"


def entries(count: int) -> Iterator[HotlistEntry]:
    """Yields a hotlist of `count` entries, seed 1."""
    dice = random.Random(1)
    letters = "ABCDEFGHJKLMNPRSTVXYZ"
    for number in range(count):
        yield HotlistEntry(
            entry_id=f"SIS-{number:07d}",
            plate=f"{dice.randint(1, 7)}{''.join(dice.choices(letters, k=3))}{dice.randint(0, 999):03d}",
            hotlist="sis",
            category="theft",
            owner="federal police",
            legal_basis="SIS art. 38",
            country="BE",
            valid_until_ms=1_893_456_000_000,
            share_with=("NL", "LU"),
        )


def plain_reader(path: Path) -> int:
    """The peer: reads every line as a dictionary of texts and checks nothing. Returns how many lines there are."""
    with path.open(newline="", encoding="utf-8") as stream:
        return sum(1 for _ in csv.DictReader(stream))


def checking(path: Path) -> int:
    """Check a file whose last line is a duplicate. Returns how many lines are good."""
    with check_file(path, TABLES["hotlist"]) as checked:
        assert checked.bad == 1, [str(one) for one in checked.refused]
        return checked.good


def writing(url: str, path: Path) -> int:
    """Check the file and write what is good in it to the store. Returns how many entries were written."""

    async def run() -> int:
        async with open_redis(url) as client:
            with check_file(path, TABLES["hotlist"]) as checked:
                return (await ReplicaWriter(client, NAMESPACE).put_encoded(HOTLIST, checked.pairs())).put

    return asyncio.run(run())


def following(url: str) -> int:
    """Load the collection with a follower whose owner keeps nothing. Returns how many entries it handed over."""
    count = 0

    def on_change(collection: str, changed: Sequence[Changed[Any]], reset: bool) -> None:
        nonlocal count
        count += len(changed)

    async def run() -> None:
        async with open_redis(url) as client:
            await Follower(client, NAMESPACE, [HOTLIST], on_change).load()

    asyncio.run(run())
    return count


def measured(work: Callable[..., int], *arguments: Any) -> dict[str, float]:
    """Run `work`, which returns a number of lines, in a fresh process. Returns the lines, seconds by the clock and of the
    processor, lines a second of either, and peak memory in MB."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(1) as pool:
        return pool.apply(_timed, (work, arguments))


def _timed(work: Callable[..., int], arguments: tuple[Any, ...]) -> dict[str, float]:
    started, cpu_started = time.perf_counter(), time.process_time()
    lines = work(*arguments)
    seconds, cpu_s = time.perf_counter() - started, time.process_time() - cpu_started
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"lines": lines, "s": round(seconds, 2), "cpu_s": round(cpu_s, 2), "lines_per_s": round(lines / seconds),
            "lines_per_cpu_s": round(lines / cpu_s), "peak_mb": round(peak_mb)}  # fmt: skip


def files(folder: Path, count: int) -> tuple[Path, Path]:
    """Write the same entries as CSV and as JSON lines, the last one twice, and return both paths."""
    paths = folder / "hotlist.csv", folder / "hotlist.jsonl"
    for path in paths:
        with path.open("w+", newline="", encoding="utf-8") as stream:
            write_file(stream, TABLES["hotlist"], entries(count), "csv" if path.suffix == ".csv" else "jsonl")
            stream.seek(stream.tell() - 200)
            last = stream.read().splitlines()[-1]
            stream.write(last + "\n")
    return paths


async def with_redis(url: str | None, folder: Path, path: Path) -> dict[str, dict[str, float]]:
    """Measure writing and following, against the server at `url` or, where it is None, against one that is started and
    stopped here. Removes what was written."""
    server = None
    if url is None:
        make_accounts(folder / "valkey" / ACCOUNTS, (ADMIN,))
        server = ValkeyServer(folder / "valkey")
        await server.start()
        url = server.url
    try:
        found = {}
        for name, work, arguments in (("write", writing, (url, path)), ("follow", following, (url,))):
            found[name] = await asyncio.to_thread(measured, work, *arguments)
        async with open_redis(url) as client:
            keys = CollectionKeys.of(NAMESPACE, HOTLIST)
            await client.unlink(*keys.all)
        return found
    finally:
        if server:
            await server.stop()


def main() -> None:
    """Measure every stage, print the figures and append them to the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--redis")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        csv_file, lines_file = files(Path(name), options.lines)
        report = environment("msgspec")
        report |= {
            "csv_mb": round(csv_file.stat().st_size / 1e6),
            "peer_dict_reader": measured(plain_reader, csv_file),
            "check_csv": measured(checking, csv_file),
            "check_jsonl": measured(checking, lines_file),
        }
        report |= asyncio.run(with_redis(options.redis, Path(name), csv_file))
    print(json.dumps(report, indent=1))
    append_result("import", report)


if __name__ == "__main__":
    main()
