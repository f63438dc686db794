"""What a gateway takes beside a bare aiohttp handler that only writes the body to Kafka.

    uv run python -m benchmarks.bench_gateway [--makers vigie hikvision ...] [--events 6000] [--rounds 3] [--connections 10000]

Load (seed 1): reads of the small simulated network in each maker's words, alone and with a plate and an overview of 60 kB
together, over kept-alive connections, each with name and password, every message another passage. First as fast as 64
connections are answered: events a processor second of the server's process with all its threads, without Kafka and the load.
Then --rate events a second, whatever is answered, with as many connections as asked for: from the moment that an event was due
until its answer was whole. Both servers answer when Kafka has acknowledged (acks=all, idempotence, the same compression); the
gateway keeps pictures in a folder, the bare handler writes them to Kafka with the rest. Servers take turns in each round, the
figures are medians of the rounds; the first fifth is a warm-up. Kafka and Valkey are the embedded pair, on the same machine.

Appends a line a maker to benchmarks/results/gateway.jsonl.
"""

import argparse
import asyncio
import base64
import contextlib
import json
import multiprocessing
import random
import statistics
import tempfile
from collections.abc import AsyncIterator, Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import psutil
import uvloop

from benchmarks.common import append_result, environment, percentile
from benchmarks.gateway_load import Outcome, opened, paced, saturated
from benchmarks.gateway_peers import PEERS, Where, serve
from pipeline.gateway.senders import digest_of
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.log import configure_logging
from pipeline.runtime.topics import create_topics
from pipeline.servers.pair import EmbeddedPair
from pipeline.simulation.network_small import small_network
from pipeline.simulation.simulate import SimulationOptions, simulate
from pipeline.simulation.speaking import VOICES, Shown
from pipeline.state.collections import SENDERS
from pipeline.state.redis_port import open_redis
from pipeline.state.replica_writer import ReplicaWriter
from schemas import ids
from schemas.reads import PlateRead
from schemas.senders import Sender, SenderCamera, SenderSecret

CLOSELY = 64
SECRET = "abcdefghijkmnpqrstuv"
PARTITIONS = 8
_context = multiprocessing.get_context("spawn")


def main() -> None:
    """Measure, print, append."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--makers", nargs="+", choices=list(VOICES), default=list(VOICES))
    options.add_argument("--events", type=int, default=6_000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--rate", type=float, default=300.0)
    options.add_argument("--connections", type=int, default=CLOSELY, help="at the set rate")
    options.add_argument("--no-pictures", action="store_true")
    options.add_argument(
        "--pictures-in", type=int, default=0, help="one event in so many has pictures; this kind alone"
    )
    configure_logging(level="error")
    uvloop.run(measure(options.parse_args()))


async def measure(options: argparse.Namespace) -> None:
    """All makers, one after the other, on both servers."""
    with tempfile.TemporaryDirectory(prefix="vigie-gateway-") as name:
        async with EmbeddedPair(Path(name) / "servers") as pair:
            where = Where(pair.kafka, pair.redis_url, "bench", Path(name))
            await create_topics(where.kafka, where.namespace, partitions={"reads": PARTITIONS})
            await let_in(where)
            async with contextlib.AsyncExitStack() as running:
                urls = {peer: await running.enter_async_context(started(peer, where)) for peer in PEERS}
                for maker in options.makers:
                    kinds = (options.pictures_in,) if options.pictures_in else (0,) if options.no_pictures else (0, 1)
                    for pictures in kinds:
                        await compare(maker, pictures, urls, options)


async def compare(maker: str, pictures: int, urls: dict[str, tuple[str, int]], options: argparse.Namespace) -> None:
    """One maker, in turns; print and append."""
    events = options.events // (4 if pictures == 1 else 1)
    rounds: dict[str, list[dict[str, float]]] = {peer: [] for peer in urls}
    for number in range(options.rounds):
        for peer in random.Random(number).sample(list(urls), len(urls)):
            rounds[peer].append(await one(maker, pictures, urls[peer], events, options))
    found = {
        peer: {name: round(statistics.median(one[name] for one in some), 1) for name in some[0]}
        for peer, some in rounds.items()
    }
    shares = [
        ours["events_per_cpu_s"] / bare["events_per_cpu_s"]
        for ours, bare in zip(rounds["gateway"], rounds["bare"], strict=True)
    ]
    share = round(statistics.median(shares), 3)
    kind = ("alone", "with pictures")[pictures] if pictures < 2 else f"pictures 1:{pictures}"
    print(
        f"{maker:10} {kind:14} {share:5.2f} of the bare handler  {json.dumps(found)}",
        flush=True,
    )
    append_result("gateway", {"maker": maker, "pictures": pictures, "share_of_bare": share, **found, "rounds": rounds,
                              "events": events, "rate": options.rate, "connections": options.connections, "seed": 1,
                              **environment("aiohttp", "aiokafka", "uvloop")})  # fmt: skip


async def one(
    maker: str, pictures: int, peer: tuple[str, int], events: int, options: argparse.Namespace
) -> dict[str, float]:
    """The figures of one server in one round. Raises RuntimeError where it refuses anything."""
    url, pid = peer
    process, where = psutil.Process(pid), urlsplit(url)
    assert where.hostname is not None
    assert where.port is not None
    messages = list(requests(maker, pictures, events))
    cameras = await opened(where.hostname, where.port, CLOSELY)
    await saturated(cameras, messages[: events // 5])
    before = process.cpu_times()
    outcome = await saturated(cameras, messages[events // 5 :])
    after = process.cpu_times()
    used_s = after.user + after.system - before.user - before.system
    for camera in cameras:
        camera.close()
    cameras = await opened(where.hostname, where.port, options.connections)
    slow = await paced(cameras, list(requests(maker, pictures, events)), options.rate)
    for camera in cameras:
        camera.close()
    if outcome.refused or slow.refused:
        raise RuntimeError(f"{maker}: {outcome.refused + slow.refused} were refused")
    return {
        "events_per_cpu_s": len(outcome.seconds) / used_s,
        **latencies(slow),
        "rss_mb": process.memory_info().rss / 1e6,
    }


def latencies(outcome: Outcome) -> dict[str, float]:
    """Percentiles in milliseconds, without the warm-up."""
    ordered = sorted(outcome.seconds[len(outcome.seconds) // 5 :])
    return {
        name: percentile(ordered, share) * 1000 for name, share in (("p50_ms", 0.5), ("p99_ms", 0.99), ("max_ms", 1.0))
    }


_serial = iter(range(10**9))


def requests(maker: str, pictures: int, count: int) -> Iterator[bytes]:
    """So many HTTP requests, each of another passage of now. pictures: one in so many has some; 0: none."""
    reads = driven()
    plate, overview = jpeg(4_000, 1), jpeg(56_000, 2)
    now_ms = platform_now_ms() - 5_000
    for number in range(count):
        read = reads[number % len(reads)]
        at_ms = now_ms - next(_serial) % 50_000
        read = _at(read, at_ms)
        shown = Shown(plate=another(plate, number), overview=another(overview, number))
        spoken = VOICES[maker](read, shown if pictures and number % pictures == 0 else None)
        who = base64.b64encode(f"{read.camera_id}:{SECRET}".encode()).decode()
        head = {
            "Host": "127.0.0.1",
            "Authorization": f"Basic {who}",
            "Content-Length": str(len(spoken.body)),
            **spoken.headers,
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        yield f"POST {spoken.target} HTTP/1.1\r\n{lines}\r\n".encode() + spoken.body


def _at(read: PlateRead, at_ms: int) -> PlateRead:
    named = ids.read_id(read.camera_id, at_ms, read.plate)
    return msgspec.structs.replace(read, captured_at_ms=at_ms, read_id=named)


def jpeg(size: int, seed: int) -> bytes:
    """Bytes that begin and end as a JPEG does, and cannot be compressed."""
    return (
        b"\xff\xd8\xff\xe0\x00\x04\x00\x00\xff\xda"
        + random.Random(seed).randbytes(size).replace(b"\xff", b"\x00")
        + b"\xff\xd9"
    )


def another(picture: bytes, number: int) -> bytes:
    """A picture of the same size with other content: no two passages have the same one."""
    return picture[:20] + (next(_serial) + number).to_bytes(8).replace(b"\xff", b"\xfe") + picture[28:]


@cache
def driven() -> list[PlateRead]:
    """The reads of ten minutes on the small network."""
    options = SimulationOptions(start_ms=platform_now_ms(), duration_ms=600_000, reads_per_s=5.0, seed=1)
    return [arrival.read for arrival in simulate(small_network(), options).reads]


async def let_in(where: Where) -> None:
    """Make every camera of the network a sender."""
    senders = [
        Sender(sender_id=camera.camera_id, cameras=(SenderCamera(camera_id=camera.camera_id),),
               secrets=(SenderSecret(digest=digest_of(camera.camera_id, SECRET), made_at_ms=0),))
        for camera in small_network().cameras
    ]  # fmt: skip
    async with open_redis(where.redis_url) as client:
        since_ms = platform_now_ms() - 3_600_000  # before any of the reads
        await ReplicaWriter(client, where.namespace, now_ms=lambda: since_ms).put(SENDERS, senders)


@contextlib.asynccontextmanager
async def started(peer: str, where: Where) -> AsyncIterator[tuple[str, int]]:
    """A server in a process of its own; yields its address and process id."""
    mine, theirs = _context.Pipe()
    process: Any = _context.Process(target=serve, args=(peer, where, theirs))
    process.start()
    theirs.close()
    try:
        yield await asyncio.to_thread(mine.recv), process.pid
    finally:
        mine.send(None)
        await asyncio.to_thread(process.join, 20.0)
        process.kill()


if __name__ == "__main__":
    main()
