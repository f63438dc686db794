"""How the platform grows: the hotlist from 10 thousand to 10 million entries, cameras from 100 to 10,000, workers from 1 to 4.

    python benchmarks/bench_scale.py [--part hotlist|cameras|start|workers ...] [--json]

Load (seed 1): reads of which one in 100 is wanted. Each measurement runs in a process of its own.
hotlist: microseconds of processor time to match one read (20,000 different reads; all sizes in turns, a hundred after one to warm
up: the best of them, and the median of what each turn took of the smallest size's), bytes of resident memory per entry, seconds to
take the entries in. cameras: microseconds of one read's whole decision but the section memory, over a network of so many cameras,
the best of seven passes. start: a worker's state from the store: seconds until the hotlist is in memory, and bytes of resident
memory per entry, the follower's included. workers: so many of the hotlist agent and of section_control, on 200,000 reads that were
written at once, 50 a record: reads per second until the last is committed, and processor microseconds of these agents per read.

Appends to benchmarks/results/scale.jsonl and draws docs/scale-*.svg.
"""

import argparse
import asyncio
import contextlib
import gc
import json
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import uvloop
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.structs import TopicPartition

from benchmarks.bench_latency import cpu_seconds
from benchmarks.common import DOCS, append_result, environment, rss_mb
from benchmarks.stream_job import Job, reads_of
from benchmarks.stream_topic import filled_topic
from benchmarks.svg import line_chart
from pipeline.demo.network_data import EFFECTIVE_WITHIN_S, load_reference, writer_of_known
from pipeline.hotlist.matching import Hotlist, match_reads
from pipeline.reads.versions import Changed, Versions, since_ever
from pipeline.runtime.accounts import ACCOUNTS, make_accounts
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.log import configure_logging
from pipeline.runtime.principals import ADMIN
from pipeline.runtime.settings import load_settings
from pipeline.servers.platform import Platform
from pipeline.servers.valkey_server import ValkeyServer
from pipeline.simulation.network_big import big_network
from pipeline.state.redis_port import open_redis
from pipeline.state.replica import HOTLIST, Follower, ReplicaWriter
from schemas import topics
from schemas.reads import PlateRead
from schemas.reference import Camera, HotlistEntry, Zone

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
CAMERAS = (100, 1_000, 10_000)
STARTS = (10_000, 100_000, 1_000_000)  # the store itself would take 5 GB for ten million
WORKERS = (1, 2, 4)
READS = 20_000
BATCH = 5_000  # reads decided at once, as a busy worker does
PASSES, TURNS = 7, 100
LETTERS = "ABCDEFGHJKLMNPRSTVXYZ"
SPREAD = 37_199_143  # without a common factor with the number of plates: neighbours get plates far apart
PLATES = 7 * 21**3 * 1000


def plate_of(number: int) -> str:
    """A plate in the Belgian form, a different one for each number below PLATES."""
    rest, digits = divmod(number * SPREAD % PLATES, 1000)
    rest, first = divmod(rest, 21)
    rest, second = divmod(rest, 21)
    lead, third = divmod(rest, 21)
    return f"{lead + 1}{LETTERS[first]}{LETTERS[second]}{LETTERS[third]}{digits:03d}"


def entries(count: int) -> Iterator[HotlistEntry]:
    """Yields `count` entries, no plate twice."""
    for number in range(count):
        yield HotlistEntry(
            entry_id=f"SIS-{number:08d}", plate=plate_of(number), hotlist="sis", category="theft", country="BE",
            owner="federal police", legal_basis="SIS art. 38", valid_until_ms=1_893_456_000_000,
        )  # fmt: skip


def reads(count: int, wanted_of: int) -> list[PlateRead]:
    """`count` reads of one camera: every hundredth is of the plate of a number below `wanted_of`, the others are of plates
    that nobody wants."""
    random = Random(1)
    plates = [
        plate_of(random.randrange(wanted_of)) if number % 100 == 0
        else f"9{''.join(random.choices(LETTERS, k=3))}{random.randrange(1000):03d}"
        for number in range(count)
    ]  # fmt: skip
    return [PlateRead(read_id=f"r-{number}", camera_id="C-1", captured_at_ms=1_700_000_000_000, received_at_ms=0,
                      plate=plate, confidence=0.95, country="BE") for number, plate in enumerate(plates)]  # fmt: skip


def pass_us(work: Callable[[], object], count: int) -> float:
    """Run `work`, which decides on `count` reads, and return the processor microseconds per read."""
    started = time.process_time()
    work()
    return (time.process_time() - started) / count * 1e6


def of_hotlists(sizes: Sequence[int]) -> dict[int, dict[str, float]]:
    """By size the figures of a hotlist of so many entries: memory, taking it in, and matching. Each size has a process of
    its own; they match in turns."""
    context, found, pipes = multiprocessing.get_context("spawn"), dict[int, dict[str, float]](), dict[int, Any]()
    for size in sizes:
        pipes[size], there = context.Pipe()
        context.Process(target=hotlist_in_turns, args=(size, there), daemon=True).start()
        found[size] = pipes[size].recv()
    turns = [{size: _asked(pipe) for size, pipe in pipes.items()} for _ in range(1 + TURNS)][1:]
    for size in sizes:
        found[size]["us_per_read"] = round(min(turn[size] for turn in turns), 3)
        found[size]["of_smallest"] = round(median(turn[size] / turn[sizes[0]] for turn in turns), 2)
    return found


def _asked(pipe: Any) -> float:
    pipe.send("a turn")
    cost: float = pipe.recv()
    return cost


def hotlist_in_turns(size: int, pipe: Any) -> None:
    """Fill a hotlist and send the figures of that; then, for each message received, send the microseconds of matching one
    read. Ends with its parent."""
    sample, cameras = reads(READS, size), Versions({"C-1": Camera(camera_id="C-1", name="one", network="local")})
    zones = Versions[Zone]()
    hotlist, source, seconds = Hotlist(), entries(size), 0.0
    gc.collect()
    before = rss_mb()
    while chunk := list(islice(source, 2_000)):
        started = time.process_time()
        hotlist.take([since_ever(entry.entry_id, entry) for entry in chunk])
        seconds += time.process_time() - started
    memory = (rss_mb() - before) * 1e6 / size

    def hits() -> list[Any]:
        return [
            hit
            for at in range(0, READS, BATCH)
            for hit in match_reads(sample[at : at + BATCH], hotlist, cameras, zones)
        ]

    found = len(hits())
    assert found >= READS // 100, found  # of ten million, some may be taken for one another
    pipe.send({"bytes_per_entry": round(memory, 1), "load_cpu_s": round(seconds, 2)})
    with contextlib.suppress(EOFError):
        while pipe.recv():
            pipe.send(pass_us(hits, READS))


def of_cameras(count: int) -> dict[str, float]:
    """The cost per read of intake, matching and section lines over a network of `count` cameras."""
    job, now_ms = Job.load(100_000, count), platform_now_ms()
    sample = list(reads_of(job, READS, now_ms))

    def work() -> None:
        for at in range(0, len(sample), BATCH):
            job.alerts_of(sample[at : at + BATCH], now_ms)
            job.sightings_of(sample[at : at + BATCH])

    work()
    return {"us_per_read": round(min(pass_us(work, READS) for _ in range(PASSES)), 3)}


def of_start(url: str, size: int) -> dict[str, float]:
    """Load a hotlist of `size` entries from the store as a worker does. Returns seconds by the clock and of the processor,
    and bytes per entry."""
    hotlist = Hotlist()

    def take(_collection: str, changed: Sequence[Changed[Any]], reset: bool) -> None:
        hotlist.take(changed, reset=reset)

    async def run() -> dict[str, float]:
        async with contextlib.aclosing(open_redis(url)) as client:
            await client.ping()
            gc.collect()
            before, started, cpu = rss_mb(), time.perf_counter(), time.process_time()
            follower = Follower(client, f"n{size}", [HOTLIST], take)
            await follower.load()
            seconds, cpu_s = time.perf_counter() - started, time.process_time() - cpu
            assert len(hotlist) == size
            return {"seconds": round(seconds, 2), "cpu_s": round(cpu_s, 2),
                    "bytes_per_entry": round((rss_mb() - before) * 1e6 / size, 1)}  # fmt: skip

    return uvloop.run(run())


async def starts(sizes: Sequence[int]) -> dict[int, dict[str, float]]:
    """Write a hotlist of each size to one store, and return by size what of_start measures of it in a process of its own."""
    found = {}
    with tempfile.TemporaryDirectory(prefix="vigie-scale-") as name:
        make_accounts(Path(name) / ACCOUNTS, (ADMIN,))
        server = ValkeyServer(Path(name))
        await server.start()
        try:
            async with contextlib.aclosing(open_redis(server.url)) as client:
                for size in sizes:
                    await ReplicaWriter(client, f"n{size}").put(HOTLIST, entries(size))
                    found[size] = await asyncio.to_thread(apart, of_start, server.url, size)
        finally:
            await server.stop()
    return found


async def of_workers(count: int) -> dict[str, float]:
    """Run `count` workers of either agent that reads the reads. Returns how many reads a second they settle, and the
    processor microseconds per read of all of them."""
    network = big_network(10_000, 1, hotlist=5_000)
    job = Job.of(network)
    with tempfile.TemporaryDirectory(prefix="vigie-scale-") as name:
        settings = load_settings({"VIGIE_DATA_DIR": name})
        agents = ("hotlist", "section_control")
        async with Platform(settings, workers=dict.fromkeys(agents, count)) as platform:
            kafka = platform.servers.kafka
            async with contextlib.aclosing(open_redis(platform.servers.redis_url)) as client:
                writer = writer_of_known(client, settings.namespace)
                await load_reference(network, writer)
            await asyncio.sleep(EFFECTIVE_WITHIN_S)
            await filled_topic(job, kafka, settings.namespace, 50, 20_000, 32)  # the warm-up
            await committed(kafka, settings.namespace, agents)
            before, began = cpu_seconds(platform), time.monotonic()
            await filled_topic(job, kafka, settings.namespace, 50, 200_000, 32)
            await committed(kafka, settings.namespace, agents)
            seconds, after = time.monotonic() - began, cpu_seconds(platform)
    cpu = sum(after[name] - before.get(name, 0.0) for name in after if name.startswith(agents))
    return {"reads_per_s": round(200_000 / seconds), "agents_us_per_read": round(cpu / 200_000 * 1e6, 2)}


async def committed(kafka: Any, namespace: str, agents: Sequence[str]) -> None:
    """Wait until the groups of all these agents have committed up to the present end of the reads."""
    topic = f"{namespace}.reads"
    consumer, admin = AIOKafkaConsumer(**kafka.client_kwargs()), AIOKafkaAdminClient(**kafka.client_kwargs())
    await consumer.start()
    await admin.start()
    try:
        places = [TopicPartition(topic, number) for number in range(topics.READS.partitions)]
        ends = {place: end for place, end in (await consumer.end_offsets(places)).items() if end}
        while True:
            done = [await admin.list_consumer_group_offsets(f"{namespace}-{agent}") for agent in agents]
            if all(one.get(place) and one[place].offset >= end for one in done for place, end in ends.items()):
                return
            await asyncio.sleep(0.1)
    finally:
        await consumer.stop()
        await admin.close()


def apart(work: Callable[..., Any], *arguments: Any) -> Any:
    """Call `work` in a fresh process and return its result."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


def main() -> None:
    """Measure the parts asked for, print and append each result, and draw the plots of each part."""
    options = _options()
    configure_logging(level="error")
    for part in options.part:
        where = environment("faust-streaming", "aiokafka", "redis", "msgspec")
        found: dict[int, dict[str, float]] = {}
        for size, figures in measured(part, options.most):
            found[size] = figures
            line = {"part": part, "size": size, **figures}
            print(json.dumps(line) if options.json else _words(line), flush=True)
            append_result("scale", {**line, "seed": 1, **where})
        draw(part, found, f"{where['machine']}, Python {where['python']}, Vigie {where['vigie']}, {where['at'][:10]}")


def measured(part: str, most: int) -> Iterator[tuple[int, dict[str, float]]]:
    """Yields each size of the part with its figures. most: entries at most, for the parts that have sizes of a hotlist."""
    if part == "hotlist":
        yield from of_hotlists([size for size in SIZES if size <= most]).items()
    elif part == "cameras":
        yield from ((count, apart(of_cameras, count)) for count in CAMERAS)
    elif part == "start":
        yield from asyncio.run(starts([size for size in STARTS if size <= most])).items()
    else:
        yield from ((count, uvloop.run(of_workers(count))) for count in WORKERS)


def draw(part: str, found: dict[int, dict[str, float]], note: str) -> None:
    """Write the plots of the part to docs/; none where only one size was measured."""
    for name, (title, x_label, y_label, key) in PLOTS.items():
        if name.startswith(part) and len(found) > 1:
            points = {key.replace("_", " "): [(size, figures[key]) for size, figures in found.items()]}
            DOCS.mkdir(exist_ok=True)
            (DOCS / f"scale-{name}.svg").write_text(line_chart(title, x_label, y_label, points, note), "utf-8")


PLOTS = {
    "hotlist-cost": ("Matching one read", "entries on the hotlist", "µs of processor time", "us_per_read"),
    "hotlist-memory": ("Memory of the hotlist", "entries on the hotlist", "bytes per entry", "bytes_per_entry"),
    "cameras-cost": ("Deciding on one read", "cameras", "µs of processor time", "us_per_read"),
    "start-seconds": ("Start of a worker: its state from the store", "entries on the hotlist", "seconds", "seconds"),
    "start-memory": ("Memory of a worker's hotlist, with its follower", "entries on the hotlist", "bytes per entry",
                     "bytes_per_entry"),
    "workers-rate": ("Both agents that read the reads", "workers of each", "reads/s", "reads_per_s"),
}  # fmt: skip


def _words(line: dict[str, Any]) -> str:
    return f"{line['part']:8} {line['size']:>10,}  " + "  ".join(f"{name} {value}" for name, value in line.items()
                                                                 if name not in ("part", "size"))  # fmt: skip


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = ("hotlist", "cameras", "start", "workers")
    parser.add_argument("--part", nargs="+", choices=parts, default=parts)
    parser.add_argument("--most", type=int, default=SIZES[-1], help="entries at most")
    parser.add_argument("--json", action="store_true", help="one JSON object a line on standard output")
    return parser.parse_args()


if __name__ == "__main__":
    main()
