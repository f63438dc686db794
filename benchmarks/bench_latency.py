"""From capture to the alert in a consumer's hands, through all agents, at a steady pace.

    python benchmarks/bench_latency.py [--rate 5000] [--fault none|rebalance|kill] [--seconds 30] [--stream] [--json]

Load (seed 1): reads of 10,000 cameras, evenly paced, one in 100 wanted; a hotlist of 100,000 entries; all agents, the
neighbours' desks, the embedded Kafka and store, the cameras' producer and the consumer on this machine. The clock starts when a
read was due, whether the producer was ready to take it or not, and ends when the consumer has decoded the alert. The warm-up, 10 s
at the same pace, is not counted. Latencies are whole milliseconds; percentiles are of every alert, none left out.

--fault rebalance: two workers of the hotlist agent, one of which leaves in mid-run and comes back. --fault kill: kill -9 of the
hotlist agent in mid-run. lost: alerts that were due and did not come within 30 s. Without --rate: 1,000, 2,000, 5,000 and 10,000
reads/s, then both faults at 5,000.

--stream: the desks run, too, and a dispatcher's live stream is read; stream_*: from capture until its reader has the alert's bytes.

waited_share: seconds in each second that a process's threads were ready and had no processor, which is also what other programs on
the machine cost. On a machine that others use, give it precedence (a control group of high weight, or `chrt --rr 1`).

What waits for each agent and what each process holds in memory is watched all the while, every 2 s: the first tenth of the time
beside the last. Ten minutes of what an hour after an outage brings: --rate 4000 --seconds 600 --warm-up 60.

Appends to benchmarks/results/latency.jsonl.
"""

import argparse
import asyncio
import contextlib
import gc
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil
import uvloop

from benchmarks.common import append_result, environment, percentile
from benchmarks.dispatcher import dispatcher
from benchmarks.load import Alerts, Load
from benchmarks.steadiness import Steadiness, by_time, processes
from pipeline.demo.network_data import EFFECTIVE_WITHIN_S, load_reference, writer_of_known
from pipeline.receiver.credentials import create_credentials, settings_toml
from pipeline.runtime.log import configure_logging
from pipeline.runtime.settings import load_settings
from pipeline.servers.platform import Platform
from pipeline.simulation.network import RoadNetwork
from pipeline.simulation.network_big import big_network
from pipeline.sources.producer import open_producer
from pipeline.state.redis_port import open_redis
from schemas.topics import READS
from tests.desks import DeskProcess

RATES = (1_000, 2_000, 5_000, 10_000)
DRAIN_S = 30.0
ASIDE = ("decided_p50_ms", "decided_p99_ms", "cpu_share", "waited_share", "sender_late_ms", "back_after_s", "p99_ms_by_tenth",
         "lag_records", "memory_mb", "memory_growth")  # fmt: skip


def main() -> None:
    """Run the measurements that the arguments ask for; each is printed and appended to the results."""
    options = _options()
    configure_logging(level="error")
    uvloop.run(measure_all(options))


async def measure_all(options: argparse.Namespace) -> None:
    """Run every rate and fault that is asked for; those with the same number of hotlist workers share one platform."""
    plan = [(options.rate, options.fault)] if options.rate else [(rate, "none") for rate in RATES]
    if not options.rate:
        plan += [(5_000, "rebalance"), (5_000, "kill")]
    network = big_network(options.cameras, 1, hotlist=options.entries)
    for workers in (1, 2):
        runs = [run for run in plan if (run[1] == "rebalance") == (workers == 2)]
        if runs:
            with tempfile.TemporaryDirectory(prefix="vigie-latency-") as name:
                shape = dict.fromkeys(("frames", "tracks", "reads"), options.partitions) if options.partitions else None
                async with road(Path(name), network, {"hotlist": workers}, shape, desks=options.stream) as platform:
                    for rate, fault in runs:
                        report(await measured(platform, network, rate, fault, options), options)


@contextlib.asynccontextmanager
async def road(
    folder: Path, network: RoadNetwork, workers: dict[str, int], partitions: dict[str, int] | None = None, *,
    desks: bool = False,
) -> Any:  # fmt: skip
    """Run all agents, with their reference data, and the desks of FR, LU and NL while the block lasts. partitions, desks: see
    Platform."""
    files = create_credentials(folder / "keys")
    abroad = [DeskProcess(folder, folder / "keys", country) for country in ("FR", "LU", "NL")]
    await asyncio.gather(*(desk.start() for desk in abroad))
    config = folder / "vigie.toml"
    config.write_text(settings_toml(files, {desk.country: desk.url for desk in abroad}))
    settings = load_settings({"VIGIE_DATA_DIR": str(folder / "data"), "VIGIE_CONFIG": str(config)})
    platform = Platform(settings, workers=workers, partitions=partitions, config=config, desks=desks)
    try:
        await platform.start()
        async with contextlib.aclosing(open_redis(platform.servers.redis_url)) as client:
            await load_reference(network, writer_of_known(client, settings.namespace))
        await asyncio.sleep(EFFECTIVE_WITHIN_S + len(network.hotlist) / 50_000)
        gc.collect()
        gc.freeze()
        yield platform
    finally:
        await platform.stop()
        await asyncio.gather(*(desk.stop() for desk in abroad))


async def measured(
    platform: Platform, network: RoadNetwork, rate: int, fault: str, options: argparse.Namespace
) -> dict[str, Any]:
    """Warm up, then send reads at `rate` a second while the fault is done, and return the figures of this measurement."""
    kwargs, namespace = platform.servers.kafka.client_kwargs(), platform.settings.namespace
    async with contextlib.AsyncExitStack() as stack:
        alerts = await stack.enter_async_context(Alerts(kwargs, namespace))
        producer = await stack.enter_async_context(open_producer(kwargs, namespace=namespace))
        stream = await stack.enter_async_context(dispatcher(platform)) if options.stream else None
        load = Load(network, producer)
        await load.run(rate, options.warm_up)
        await alerts.all_of(list(load.expected), DRAIN_S)
        warm = set(load.expected)
        if stream is not None:
            await asyncio.sleep(1.0)
            await stream.begin()
        before, waited_before, began = cpu_seconds(platform), waited_seconds(platform), time.monotonic()
        steadiness = Steadiness(platform)
        watching = asyncio.create_task(steadiness.watch())
        _, recovered_s = await asyncio.gather(load.run(rate, options.seconds), harm(platform, fault, options.seconds))
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        after, waited_after, took_s = cpu_seconds(platform), waited_seconds(platform), time.monotonic() - began
        counted = {alert_id: at_ms for alert_id, at_ms in load.expected.items() if alert_id not in warm}
        await alerts.all_of(list(counted), DRAIN_S)
        if stream is not None:
            await asyncio.sleep(1.0)
        streamed = {} if stream is None else await stream.figures(len(counted))
    delays = sorted(alerts.seen[one] - at_ms for one, at_ms in counted.items() if one in alerts.seen)
    decided = sorted(alerts.decided[one] - at_ms for one, at_ms in counted.items() if one in alerts.seen)
    return {
        "rate": rate, "p50_ms": percentile(delays, 0.5), "p99_ms": percentile(delays, 0.99),
        "p999_ms": percentile(delays, 0.999), "max_ms": percentile(delays, 1.0), "lost": len(counted) - len(delays),
        "decided_p50_ms": percentile(decided, 0.5), "decided_p99_ms": percentile(decided, 0.99),
        "fault": fault, "alerts": len(counted), "twice": alerts.again, "sender_late_ms": round(load.behind_ms, 1),
        "back_after_s": recovered_s,
        "p99_ms_by_tenth": by_time([(at_ms, alerts.seen[one] - at_ms) for one, at_ms in counted.items()
                                    if one in alerts.seen]),
        **steadiness.figures(),
        **streamed,
        "cpu_share": shares(before, after, took_s), "waited_share": shares(waited_before, waited_after, took_s),
        "seconds": options.seconds, "warm_up_s": options.warm_up, "cameras": options.cameras,
        "entries": options.entries, "partitions": options.partitions or READS.partitions, "seed": 1,
    }  # fmt: skip


async def harm(platform: Platform, fault: str, seconds: float) -> float | None:
    """Do the fault to a hotlist worker a third into the run; do nothing where it is "none". Returns the seconds that the
    worker took to be ready again, counted from its end (kill) or from its new start (rebalance); None without a fault."""
    if fault == "none":
        return None
    assert platform.fleet
    worker = platform.fleet.of("hotlist")[-1].process
    await asyncio.sleep(seconds / 3)
    began = time.monotonic()
    if fault == "kill":
        worker.kill()
    else:
        await worker.stop()
        await asyncio.sleep(seconds / 3)
        began = time.monotonic()
        await worker.start()
    await worker.wait_ready()
    return round(time.monotonic() - began, 2)


def cpu_seconds(platform: Platform) -> dict[str, float]:
    """The processor seconds that each process of the platform has taken so far; `load` is this process."""
    return {**{name: cpu_of(pid) for name, pid in processes(platform)}, "load": time.process_time()}


def waited_seconds(platform: Platform) -> dict[str, float]:
    """The seconds that the threads of each process were ready to run and had no processor so far, as Linux counts them; named as
    in cpu_seconds. 0 for all where the system does not tell."""
    return {**{name: waited_of(pid) for name, pid in processes(platform)}, "load": waited_of(os.getpid())}


def shares(before: Mapping[str, float], after: Mapping[str, float], took_s: float) -> dict[str, float]:
    """By process, the seconds that were added between the two, of each second of took_s; without those that were started anew."""
    return {
        name: round((seconds - before.get(name, 0.0)) / took_s, 3)
        for name, seconds in after.items()
        if seconds >= before.get(name, 0.0)
    }


def cpu_of(pid: int) -> float:
    """The processor seconds that this process has taken so far; 0 where it has ended."""
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return 0.0
    return times.user + times.system


def waited_of(pid: int) -> float:
    """The seconds that this process's threads were ready and had no processor so far, as Linux counts them; 0 where it does not
    tell."""
    waited_ns = 0
    for file in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with contextlib.suppress(OSError):  # the thread has ended
            waited_ns += int(file.read_text("ascii").split()[1])
    return waited_ns / 1e9


def report(figures: dict[str, Any], options: argparse.Namespace) -> None:
    """Append the figures to the results, print the chief ones as one line, and those in ASIDE as JSON to standard error."""
    append_result("latency", {**figures, **environment("faust-streaming", "aiokafka")})
    if options.json:
        names = (
            "rate",
            "p50_ms",
            "p99_ms",
            "p999_ms",
            "max_ms",
            "lost",
            *(one for one in figures if one.startswith("stream_")),
        )
        print(json.dumps({name: figures[name] for name in names}), flush=True)
    else:
        print(f"{figures['rate']:>6,} reads/s  {figures['fault']:9}  p50 {figures['p50_ms']} ms  p99 {figures['p99_ms']} ms  "
              f"p99.9 {figures['p999_ms']} ms  max {figures['max_ms']} ms  lost {figures['lost']} of {figures['alerts']}, "
              f"twice {figures['twice']}", flush=True)  # fmt: skip
    if options.stream:
        print(
            "  dispatcher's stream:",
            {name: figures[name] for name in figures if name.startswith("stream_")},
            flush=True,
        )
    print(json.dumps({name: figures[name] for name in ASIDE}), file=sys.stderr)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object a line on standard output")
    parser.add_argument("--rate", type=int, help="reads per second; without it, all of them")
    parser.add_argument("--fault", choices=("none", "rebalance", "kill"), default="none")
    parser.add_argument("--stream", action="store_true", help="how late a dispatcher's live stream has it, too")
    parser.add_argument("--seconds", type=float, default=30.0, help="that are measured")
    parser.add_argument("--warm-up", type=float, default=10.0, help="seconds at the same pace before")
    parser.add_argument(
        "--partitions", type=int, help="of frames, tracks and reads; without it, as new data folders have"
    )
    parser.add_argument("--cameras", type=int, default=10_000)
    parser.add_argument("--entries", type=int, default=100_000, help="on the hotlist")
    return parser.parse_args()


if __name__ == "__main__":
    main()
