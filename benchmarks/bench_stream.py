"""Throughput of the honest job: Vigie's stage beside a plain aiokafka loop, quixstreams and bytewax.

    uv run --group bench python benchmarks/bench_stream.py [--json]

Load (seed 1): reads of 10,000 cameras, one in 100 wanted, one in 40 on a controlled section; a hotlist of a million entries in
memory; sections in Redis by one round trip a batch; alerts and violations to their topics. First 50 reads a record, then one.
Every engine reads the same records, in a topic of its own from its beginning, with the same decoding, matching and section
functions, in a process of its own that is forked after the hotlist was loaded once; the engines take turns, in another order
each round; the figures are each engine's median. The warm-up, the first tenth of the reads, is not counted, nor are start and
stop; what comes after the warm-up can be fetched when it is done, not before (see stream_topic). Vigie, aiokafka and quixstreams
commit every half second; bytewax, which cannot, keeps its offsets in its recovery store as often. Vigie runs as it is set by
default; peers that take batches are given its size, in records that are decided together. All check what they fetch against its
checksum, and write with acks=all, idempotence and the same compression. CPU is that of the engine's process with all its threads,
without the servers. Servers: the embedded pair, on the same machine. Every run must give the same alerts and violations.

Appends to benchmarks/results/stream.jsonl.
"""

import argparse
import asyncio
import gc
import importlib.util
import json
import multiprocessing
import random
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from benchmarks.common import append_result, environment
from benchmarks.stream_engines import ENGINES, Progress, Run
from benchmarks.stream_job import Job
from benchmarks.stream_topic import Load, fill
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.log import configure_logging
from pipeline.servers.pair import EmbeddedPair

PACKINGS = (50, 1)
BATCH = {True: 100, False: 2000}  # records that a peer takes at once, packed and not: as many as Vigie's stage
LIMIT_S = 240.0
_context = multiprocessing.get_context("fork")


def main() -> None:
    """Measure every packing asked for; the figures are printed and appended to the results."""
    options = _options()
    print("Loading the hotlist...", file=sys.stderr)
    job = Job.load(options.entries)
    gc.collect()
    gc.freeze()  # for all engines: nobody's collector walks the job
    with tempfile.TemporaryDirectory(prefix="vigie-stream-") as name, servers(Path(name)) as where:
        for packing in options.packing:
            reads = options.reads if packing > 1 else options.singles
            measure(job, packing, reads, options, Path(name), where)


def measure(
    job: Job, packing: int, reads: int, options: argparse.Namespace, folder: Path, where: tuple[KafkaConnection, str]
) -> None:
    """Run all engines, in turns, on the same reads, `packing` of them a record."""
    (kafka, redis_url), warm_up = where, reads // 10
    print(f"Making {reads:,} reads, {packing} a record...", file=sys.stderr)
    load = Load.of(job, packing, reads, warm_up, options.partitions)
    found: dict[str, list[dict[str, Any]]] = {engine: [] for engine in options.engines}
    outcomes = set()
    for number in range(options.rounds):
        order = random.Random(number).sample(options.engines, len(options.engines))
        for engine in order:
            namespace = f"{engine}{packing}-{number}"
            with held_back(load, kafka, namespace, options.partitions) as warm:
                progress = Progress(total=reads, warm_up=warm_up, warm=warm.set)
                run = Run(
                    job,
                    progress,
                    kafka,
                    redis_url,
                    namespace,
                    namespace,
                    BATCH[packing > 1],
                    options.partitions,
                    folder,
                )
                figures = forked(partial(measured, engine, run))
            print(f"  round {number + 1} {engine}: {figures}", file=sys.stderr)
            found[engine].append(figures)
            outcomes.add((figures["reads"], figures["alerts"], figures["violations"]))
    report(packing, found, options, agree=len(outcomes) == 1)


def report(packing: int, found: dict[str, list[dict[str, Any]]], options: argparse.Namespace, *, agree: bool) -> None:
    """Print a line for each engine and append it to the results. Exits with an error where the engines did not agree."""
    for engine, rounds in found.items():
        names = ("reads_per_s", "reads_per_cpu_s", "rss_mb")
        line = {"engine": engine, "packing": packing,
                **{name: round(statistics.median(figures[name] for figures in rounds)) for name in names}}  # fmt: skip
        cpu_of = {other: ratio(rounds, theirs) for other, theirs in found.items() if other != engine}
        if options.json:
            print(json.dumps(line), flush=True)
        else:
            of = ", ".join(f"{share} of {other}" for other, share in cpu_of.items())
            print(f"{engine:12} {packing:3} a record  {line['reads_per_s']:>9,} reads/s  "
                  f"{line['reads_per_cpu_s']:>9,} per CPU second ({of})  {line['rss_mb']} MB",
                  flush=True)  # fmt: skip
        append_result("stream", {**line, "cpu_of": cpu_of, "rounds": rounds, "entries": options.entries,
                                 "partitions": options.partitions, "seed": 1, "outcomes_agree": agree,
                                 **environment("faust-streaming", "aiokafka", "quixstreams", "bytewax")})  # fmt: skip
    if not agree:
        sys.exit("the engines did not come to the same alerts and violations")


def ratio(rounds: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> float:
    """The reads a CPU second as a share of another engine's: the median over the rounds, in each of which both ran shortly
    after each other."""
    shares = [a["reads_per_cpu_s"] / b["reads_per_cpu_s"] for a, b in zip(rounds, theirs, strict=True)]
    return round(statistics.median(shares), 3)


def measured(engine: str, run: Run) -> dict[str, Any]:
    """Run one engine to the end and return its figures."""
    ENGINES[engine](run)
    return run.progress.figures()


@contextmanager
def held_back(load: Load, kafka: KafkaConnection, namespace: str, partitions: int) -> Iterator[Event]:
    """Fill a run's topics in a process of its own, which lives as long as the block. Yields the event that releases what
    comes after the warm-up; exits where the topics are not filled within LIMIT_S."""
    filled, warm = _context.Event(), _context.Event()

    def work() -> None:
        configure_logging(level="error")
        asyncio.run(fill(load, kafka, namespace, partitions, filled, warm))

    process = _context.Process(target=work, daemon=True)
    process.start()
    try:
        if not filled.wait(LIMIT_S):
            sys.exit("the reads could not be written")
        yield warm
    finally:
        process.kill()
        process.join()


def forked(work: Callable[[], Any]) -> Any:
    """Call `work` in a forked process, which has what is loaded here without loading it again, and return its result. Exits
    where that fails or takes longer than LIMIT_S."""
    mine, theirs = _context.Pipe(duplex=False)
    process = _context.Process(target=_send, args=(theirs, work))
    process.start()
    theirs.close()
    if not mine.poll(LIMIT_S):
        process.kill()
        sys.exit(f"a measurement took more than {LIMIT_S:.0f} s")
    try:
        return mine.recv()
    except EOFError:
        sys.exit("a measurement failed; see above")
    finally:
        process.join(10.0)
        process.kill()


def _send(connection: Connection, work: Callable[[], Any]) -> None:
    connection.send(work())


@contextmanager
def servers(folder: Path) -> Iterator[tuple[KafkaConnection, str]]:
    """Run the embedded pair while the block lasts; yields how to reach Kafka, and Redis' URL. A process of its own keeps it:
    this one must have no threads when it forks."""
    mine, theirs = _context.Pipe()
    process = _context.Process(target=_serve, args=(mine, theirs, folder))
    process.start()
    theirs.close()
    try:
        yield mine.recv()
    finally:
        mine.send(None)
        process.join(20.0)


def _serve(other: Connection, connection: Connection, folder: Path) -> None:
    other.close()  # so that the end of the benchmark, however it ends, is the end of the line

    async def run() -> None:
        configure_logging(level="error")
        async with EmbeddedPair(folder / "servers") as pair:
            connection.send((pair.kafka, pair.redis_url))
            await asyncio.to_thread(connection.poll, None)

    asyncio.run(run())


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object a line, nothing else")
    parser.add_argument("--reads", type=int, default=250_000, help="with 50 a record")
    parser.add_argument("--singles", type=int, default=60_000, help="reads with one a record")
    parser.add_argument("--entries", type=int, default=1_000_000, help="on the hotlist")
    parser.add_argument("--partitions", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=15, help="many short ones: others on the machine come and go")
    parser.add_argument("--packing", type=int, nargs="+", default=PACKINGS, help="reads a record, 1..100")
    parser.add_argument("--engines", nargs="+", choices=list(ENGINES), default=list(ENGINES))
    options = parser.parse_args()
    absent = [name for name in options.engines if name not in ("vigie",) and importlib.util.find_spec(name) is None]
    if absent:
        print(f"Not installed, left out: {', '.join(absent)}. uv run --group bench brings them.", file=sys.stderr)
    options.engines = [name for name in options.engines if name not in absent]
    return options


if __name__ == "__main__":
    main()
