"""`vigie simulate`: simulates vehicles on a road network, and writes the truth of what their reads must lead to."""

import asyncio
import contextlib
import sys
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Annotated

import msgspec
import typer
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from pipeline.commands.common import print_json, run_async
from pipeline.commands.recording import operation_here, recorded_at
from pipeline.commands.simulate_report import SimulationReport, in_words
from pipeline.commands.simulate_through import through_gateway
from pipeline.demo.network_data import EFFECTIVE_WITHIN_S, load_reference, writer_of_known
from pipeline.errors import Misconfigured
from pipeline.runtime.log import configure_logging
from pipeline.runtime.private import open_private
from pipeline.runtime.settings import Settings, load_settings
from pipeline.runtime.terminal import Terminal
from pipeline.servers.endpoints import Servers, servers_of
from pipeline.simulation.arrivals import ReadArrival
from pipeline.simulation.network import RoadNetwork
from pipeline.simulation.network_big import big_network
from pipeline.simulation.network_small import small_network
from pipeline.simulation.play import play
from pipeline.simulation.simulate import Simulation, SimulationOptions, misread_of, simulate
from pipeline.simulation.truth import write_lines
from pipeline.sources.producer import open_producer
from pipeline.state.redis_port import open_redis
from schemas.reads import PlateRead

console = Terminal(stderr=True, soft_wrap=False)
_REMEMBERED = 20_000
LONGEST_SPED_UP_S = 2_700.0  # older hits are not forwarded any more, so the truth would not hold


def simulate_command(
    cameras: Annotated[
        int | None, typer.Option(help="A network of so many cameras; without it the demo's 40.", min=40, max=100_000)
    ] = None,
    rate: Annotated[float, typer.Option(help="Reads a second.", min=0.1, max=100_000)] = 20.0,
    duration: Annotated[float, typer.Option(help="Seconds of traffic.", min=1, max=7 * 86_400)] = 60.0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same traffic.")] = 1,
    misreads: Annotated[float, typer.Option(help="Share of the reads that go wrong.", min=0, max=0.5)] = 0.03,
    truth: Annotated[
        Path | None, typer.Option(help="File for what must come of it: alerts, violations, forwards, misreads.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the reads here as JSON lines and send nothing.")] = None,
    speed_up: Annotated[
        float, typer.Option(help="Times faster than time; then nothing is live, so nothing rings.", min=1, max=1000)
    ] = 1.0,
    reference: Annotated[
        bool, typer.Option("--reference/--no-reference", help="Load the network's cameras, sections, hotlist... first.")
    ] = True,
    through: Annotated[
        str | None, typer.Option(metavar="URL", help="Send to this gateway, as cameras do, instead of to Kafka.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as one JSON object.")] = False,
) -> None:
    """Simulate vehicles on a road network: hits, speeding, misreads, late and repeated reads, from a seed.

    Sends their reads to the running platform, each when it is due, and loads the network's reference data first.

    Examples:

      vigie simulate --duration 120 --truth truth.jsonl

      vigie simulate --cameras 10000 --rate 2000 --duration 300

      vigie simulate --out reads.jsonl --truth truth.jsonl --seed 7

      vigie simulate --through http://127.0.0.1:8460
    """
    if speed_up > 1 and duration > LONGEST_SPED_UP_S:
        raise Misconfigured("--duration", found=duration, allowed=f"at most {LONGEST_SPED_UP_S:.0f} s with --speed-up")
    settings = load_settings()
    configure_logging(level="warning" if sys.stderr.isatty() else settings.log_level, form=settings.log_format)
    network = small_network() if cameras is None else big_network(cameras, seed)
    if through is not None and (out is not None or speed_up > 1):
        raise Misconfigured("--through", found=through, allowed="without --out and --speed-up")
    job = _Job(network, rate, duration, seed, misreads, truth, speed_up, through)
    report = job.write(out) if out is not None else run_async(lambda: job.send(reference))
    if as_json:
        print_json(msgspec.to_builtins(report))
    else:
        console.print(in_words(report))


@dataclass(slots=True)
class _Job:
    network: RoadNetwork
    rate: float
    duration_s: float
    seed: int
    misread_share: float
    truth: Path | None
    speed_up: float
    through: str | None = None
    misreads: int = 0

    def _simulation(self) -> Simulation:
        """A simulation that begins now; one that is sped up lies in the past, so far that its last read is past the live
        bound."""
        live, now_ms = self.speed_up == 1, time.time_ns() // 1_000_000
        ago_ms = 0 if live else round(self.duration_s * 1000) + 120_000
        options = SimulationOptions(
            start_ms=now_ms - ago_ms, duration_ms=round(self.duration_s * 1000), reads_per_s=self.rate, seed=self.seed,
            misreads=self.misread_share, live=live,
        )  # fmt: skip
        return simulate(self.network, options)

    def write(self, out: Path) -> SimulationReport:
        simulation, began, encoder = self._simulation(), time.monotonic(), msgspec.json.Encoder()
        with _opened(out) as file, self._watched(simulation) as arrivals:
            count = 0
            for arrival in arrivals:
                file.write(encoder.encode(arrival.read) + b"\n")
                count += 1
        return self._report(simulation, count, time.monotonic() - began)

    async def send(self, reference: bool) -> SimulationReport:
        settings = load_settings()
        servers = servers_of(settings, "simulator")
        operation = operation_here("send", "vigie simulate", on=(self.network.name,))
        async with recorded_at(settings, servers, operation) as done:
            report = await self._send(settings, servers, reference=reference)
            done.count = report.reads
        return report

    async def _send(self, settings: Settings, servers: Servers, *, reference: bool) -> SimulationReport:
        if reference:
            async with contextlib.aclosing(
                open_redis(servers.redis_url, ca_file=settings.redis_ca_file)
            ) as redis_client:
                # what is played as the past must meet the network of the past
                starts_ms = self._simulation().options.start_ms
                writer = writer_of_known(redis_client, settings.namespace, starts_ms)
                changed = await load_reference(self.network, writer)
            if changed:
                console.print(f"Loaded {changed} items of reference data.")
                await asyncio.sleep(EFFECTIVE_WITHIN_S)
        async with self._way(settings, servers) as put:
            simulation, began = self._simulation(), time.monotonic()
            with self._watched(simulation) as arrivals:
                starts_ms = simulation.options.start_ms
                count = await play(arrivals, put, starts_ms=starts_ms, speed_up=self.speed_up)
        return self._report(simulation, count, time.monotonic() - began)

    @contextlib.asynccontextmanager
    async def _way(self, settings: Settings, servers: Servers) -> AsyncIterator[Callable[[PlateRead], Awaitable[None]]]:
        """Yields what sends a read: to Kafka, or through a gateway."""
        if self.through is not None:
            async with through_gateway(self.through, self.network, settings) as gateway:
                yield gateway.put
        else:
            async with open_producer(servers.kafka.client_kwargs(), namespace=settings.namespace) as producer:
                yield producer.put

    @contextlib.contextmanager
    def _watched(self, simulation: Simulation) -> Iterator[Iterator[ReadArrival]]:
        """The reads, counted on the screen. The truth is written first, and each misread when it comes."""
        with _progress() as progress, _opened(self.truth) if self.truth else nullcontext() as truth_file:
            task = progress.add_task("reads", total=round(self.rate * self.duration_s))
            if truth_file:
                write_lines(simulation.truth.lines(), truth_file)
            yield self._each(simulation, progress, task, truth_file)

    def _each(
        self, simulation: Simulation, progress: Progress, task: TaskID, truth_file: IO[bytes] | None
    ) -> Iterator[ReadArrival]:
        known: OrderedDict[str, None] = (
            OrderedDict()
        )  # read_ids of misreads not long ago, so that one sent twice is told once
        for number, arrival in enumerate(simulation.reads):
            misread = misread_of(arrival)
            if misread and misread.read_id not in known:
                known[misread.read_id] = None
                if len(known) > _REMEMBERED:
                    known.popitem(last=False)
                self.misreads += 1
                if truth_file:
                    write_lines((misread,), truth_file)
            if number % 100 == 0:
                progress.update(task, completed=number)
            yield arrival

    def _report(self, simulation: Simulation, reads: int, seconds: float) -> SimulationReport:
        return SimulationReport(
            network=self.network.name, cameras=len(self.network.cameras), reads=reads, seconds=round(seconds, 2),
            misreads=self.misreads, expected_alerts=len(simulation.truth.alerts),
            expected_violations=len(simulation.truth.violations), expected_forwards=len(simulation.truth.forwards),
        )  # fmt: skip


def _opened(path: Path) -> AbstractContextManager[IO[bytes]]:
    try:
        return open_private(path, "truncate")
    except OSError as error:
        raise Misconfigured("file", found=str(path), allowed=f"a file that can be written ({error})") from error


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,.0f} of about {task.total:,.0f}"),
        TimeRemainingColumn(), console=console, disable=not console.is_terminal, transient=True,
    )  # fmt: skip
