"""A country's cameras on gateways: from the moment that an event was due until Kafka had it and the camera its yes.

    uv run python -m benchmarks.bench_gateway_country [--rates 1900 4000] [--seconds 20] [--agents] [--gateways 1]

Load (seed 1): 10,000 cameras of the big network, each over a kept-alive connection of its own with name and password, in Vigie's
JSON; one event in ten has a plate and an overview of 60 kB together, each another. Events are due at an even pace, whatever is
answered. The warm-up, 5 s at the same pace, is not counted; every event after it is, none left out. Kafka and Valkey are the
embedded pair; with --agents all agents run, too, with a hotlist of 100,000 entries on which one read in a hundred stands.

cores: processor seconds a second of each process, this one (load) with them; core_us: the same for one event, in microseconds;
waited_share: seconds a second for which a process's threads were ready and had no processor, which is also what other programs on
the machine cost. captured_before_due_ms: by how much the warm-up ended late. On a machine that others use, give it precedence (a
control group of high weight, or `chrt --rr 1`).

Appends to benchmarks/results/gateway_country.jsonl.
"""

import argparse
import asyncio
import contextlib
import gc
import json
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uvloop

from benchmarks.bench_gateway import PARTITIONS, started
from benchmarks.bench_latency import cpu_of, road, shares, waited_of
from benchmarks.common import append_result, environment, percentile
from benchmarks.gateway_country import Answers, messages_of, opened, sender_of, sent
from benchmarks.gateway_peers import Where
from benchmarks.steadiness import Steadiness, by_time, processes
from pipeline.demo.network_data import load_reference, writer_of_known
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.log import configure_logging
from pipeline.runtime.topics import create_topics
from pipeline.servers.pair import EmbeddedPair
from pipeline.servers.platform import Platform
from pipeline.simulation.network import RoadNetwork
from pipeline.simulation.network_big import big_network
from pipeline.state.collections import SENDERS
from pipeline.state.redis_port import open_redis

PREPARED_PER_S = 10_000
"""So many messages a second are made before they are sent, at least: their capture times are those at which they are due."""


def main() -> None:
    """Measure, print, append."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rates", type=float, nargs="+", default=[1_900.0, 4_000.0], help="events a second")
    options.add_argument("--seconds", type=float, default=20.0, help="that are measured")
    options.add_argument("--warm-up", type=float, default=5.0, help="seconds at the same pace before")
    options.add_argument("--connections", type=int, default=10_000, help="and as many cameras")
    options.add_argument("--pictures-in", type=int, default=10, help="one event in so many has pictures; 0: none")
    options.add_argument("--gateways", type=int, default=1, help="processes that share the connections")
    options.add_argument("--agents", action="store_true", help="with all agents")
    configure_logging(level="error")
    uvloop.run(measure(options.parse_args()))


async def measure(options: argparse.Namespace) -> None:
    """Every rate that is asked for, on the same servers."""
    network = big_network(options.connections, 1, hotlist=100_000 if options.agents else 5_000)
    with tempfile.TemporaryDirectory(prefix="vigie-country-") as name:
        async with contextlib.AsyncExitStack() as running:
            servers = with_agents if options.agents else alone
            where, platform, pids = await running.enter_async_context(servers(Path(name), network))
            await let_in(where, network)
            urls: list[str] = []
            for number in range(options.gateways):
                url, pid = await running.enter_async_context(started("gateway", where))
                urls, pids = [*urls, url], {**pids, f"gateway-{number}": pid}
            gc.collect()
            gc.freeze()
            gc.set_threshold(100_000, 50, 50)
            for rate in options.rates:
                figures = await one(network, urls, pids, rate, options, platform)
                print(json.dumps(figures), flush=True)
                append_result("gateway_country", {**figures, **environment("aiohttp", "aiokafka", "uvloop")})


@contextlib.asynccontextmanager
async def alone(folder: Path, network: RoadNetwork) -> AsyncIterator[tuple[Where, None, Mapping[str, int]]]:
    """Kafka and Valkey, with the network's cameras, and nothing else."""
    async with EmbeddedPair(folder / "servers") as pair:
        where = Where(pair.kafka, pair.redis_url, "bench", folder)
        await create_topics(where.kafka, where.namespace, partitions={"reads": PARTITIONS})
        async with contextlib.aclosing(open_redis(where.redis_url)) as client:
            await load_reference(network, writer_of_known(client, where.namespace))
        running = (*pair.brokers, pair.valkey)
        yield where, None, {one.program.name: one.pid for one in running if one.pid is not None}


@contextlib.asynccontextmanager
async def with_agents(folder: Path, network: RoadNetwork) -> AsyncIterator[tuple[Where, Platform, Mapping[str, int]]]:
    """Kafka, Valkey, all agents with the network's reference data, and the neighbours' desks."""
    async with road(folder, network, {}) as platform:
        servers = platform.servers
        yield (
            Where(servers.kafka, servers.redis_url, platform.settings.namespace, folder),
            platform,
            dict(processes(platform)),
        )


async def let_in(where: Where, network: RoadNetwork) -> None:
    """Make every camera of the network a sender."""
    async with contextlib.aclosing(open_redis(where.redis_url)) as client:
        await writer_of_known(client, where.namespace).put(SENDERS, map(sender_of, network.cameras))


async def one(
    network: RoadNetwork,
    urls: Sequence[str],
    pids: Mapping[str, int],
    rate: float,
    options: argparse.Namespace,
    platform: Platform | None,
) -> dict[str, Any]:
    """The figures of one rate."""
    answers = Answers()
    addresses = [(where.hostname or "", where.port or 0) for where in map(urlsplit, urls)]
    connections = await opened(answers, addresses, options.connections)
    warm, measured = round(rate * options.warm_up), round(rate * options.seconds)
    begins_ms = platform_now_ms() + (warm + measured) * 1000 // PREPARED_PER_S
    times_ms = [begins_ms + round(number * 1000 / rate) for number in range(warm + measured)]
    messages = list(messages_of(network, network.cameras, times_ms, options.pictures_in))
    await asyncio.sleep(max(0.0, (begins_ms - platform_now_ms()) / 1000))
    await sent(connections, messages[:warm], rate, answers)
    late_ms, warmed = platform_now_ms() - times_ms[warm], len(answers.seconds)
    steadiness = Steadiness(platform) if platform is not None else None
    watching = asyncio.create_task(steadiness.watch()) if steadiness is not None else None
    before, waited, began = used(pids), _waited(pids), time.monotonic()
    await sent(connections, messages[warm:], rate, answers)
    took_s = time.monotonic() - began
    cores = shares(before, used(pids), took_s)
    waited_share = shares(waited, _waited(pids), took_s)
    if watching is not None:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    for connection in connections:
        connection.close()
    found = answers.seconds[warmed:]
    ordered = sorted(seconds * 1000 for _, seconds in found)
    return {
        "rate": rate, "agents": options.agents, "gateways": options.gateways, "answered": len(found), "refused": answers.refused,
        "lost": answers.lost, "p50_ms": round(percentile(ordered, 0.5), 1), "p99_ms": round(percentile(ordered, 0.99), 1),
        "p999_ms": round(percentile(ordered, 0.999), 1), "max_ms": round(percentile(ordered, 1.0), 1),
        "p99_ms_by_tenth": [round(one, 1) for one in by_time([(round(due * 1e6), took * 1000) for due, took in found])],
        "cores": cores, "core_us": {name: round(share * took_s / measured * 1e6, 1) for name, share in cores.items()},
        "waited_share": waited_share, "captured_before_due_ms": late_ms,
        **({} if steadiness is None else {"lag_records": steadiness.figures()["lag_records"]}),
        "seconds": options.seconds, "warm_up_s": options.warm_up, "connections": options.connections,
        "pictures_in": options.pictures_in, "seed": 1,
    }  # fmt: skip


def used(pids: Mapping[str, int]) -> dict[str, float]:
    """The processor seconds that each process has taken so far; `load` is this one."""
    return {**{name: cpu_of(pid) for name, pid in pids.items()}, "load": time.process_time()}


def _waited(pids: Mapping[str, int]) -> dict[str, float]:
    return {name: waited_of(pid) for name, pid in pids.items()}


if __name__ == "__main__":
    main()
