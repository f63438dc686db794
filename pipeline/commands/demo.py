"""`vigie demo`: the whole road on this machine, shown live and held against the truth of what was played."""

import asyncio
import contextlib
import shutil
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.live import Live

from pipeline.commands.agent_metrics import AgentMetrics, follow
from pipeline.commands.common import EXIT_INTERRUPTED, EXIT_OK, EXIT_REFUSED, print_json, run_async
from pipeline.commands.demo_desks import Desks
from pipeline.commands.demo_pictures import (
    PICTURE_CAMERAS,
    REAL,
    WANTED,
    Shown,
    judge,
    play_pictures,
    real_pictures,
    rendered_passages,
)
from pipeline.commands.demo_report import Delivery, Report, make_report, print_report
from pipeline.commands.demo_screen import Screen, alert_line
from pipeline.commands.demo_watch import Watch, watch_topics
from pipeline.commands.network_data import EFFECTIVE_WITHIN_S, load_reference
from pipeline.compare import compare, compare_outcome, order_breaks
from pipeline.errors import Misconfigured
from pipeline.runtime.app import platform_now_ms
from pipeline.runtime.log import configure_logging
from pipeline.runtime.pair import running_pair
from pipeline.runtime.platform import Platform
from pipeline.runtime.settings import load_settings
from pipeline.sources.gateway import Gateway, open_gateway, play
from pipeline.sources.network import RoadNetwork
from pipeline.sources.network_small import small_network
from pipeline.sources.simulate import Simulation, SimulationOptions, simulate
from pipeline.state.redis_port import open_redis
from pipeline.state.replica_writer import ReplicaWriter
from schemas.reads import PlateRead

_HEAD_START_MS = 700
_SETTLE_WITHIN_S = 40.0
_QUIET_S = 2.0  # after the last that was expected: for what should not come


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """What to show. seconds: of traffic; folder: of the demo's data, emptied first."""

    folder: Path
    seconds: float = 75.0
    reads_per_s: float = 20.0
    seed: int = 1
    pictures: Path | None = None
    keep: bool = False


def demo(
    seconds: Annotated[float, typer.Option(help="Seconds of traffic.", min=10, max=3600)] = 75.0,
    rate: Annotated[float, typer.Option(help="Simulated reads a second.", min=1, max=5000)] = 20.0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same traffic.")] = 1,
    pictures: Annotated[
        Path | None, typer.Option(help="Folder of real pictures to play too; a .txt beside each ends with its plate.")
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave it running after the table, until Ctrl-C.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as one JSON object, too.")] = False,
) -> None:
    """See everything work: Kafka, the store, all agents and three neighbours' desks start on this machine; pictures and
    simulated reads of a small Belgian network are played; alerts, violations and forwards appear; and all of it is held
    against what must come of it. Exit code 0 only if they agree.

    Example: vigie demo --seconds 75 --pictures my-pictures
    """
    settings = load_settings()
    options = DemoOptions(
        folder=settings.data_dir / "demo", seconds=seconds, reads_per_s=rate, seed=seed, pictures=pictures, keep=keep
    )
    console = Console(stderr=True, highlight=False)
    if not console.is_terminal:
        console.width = 120
    configure_logging(level="error", form=settings.log_format)
    reports: list[Report] = []
    run_async(lambda: _until_told(lambda: run_demo(options, console, reports.append)))
    if not reports:
        raise SystemExit(EXIT_INTERRUPTED)
    (report,) = reports
    if as_json:
        print_json(msgspec.to_builtins(report))
    raise SystemExit(EXIT_OK if report.agrees else EXIT_REFUSED)


async def run_demo(options: DemoOptions, console: Console, tell: Callable[[Report], None]) -> None:
    """The whole demo. tell: called with how it went, before it is left running.

    Everything is stopped and cleaned up at the end, also when it is cancelled.
    """
    _empty(options.folder)
    network = small_network()
    async with contextlib.AsyncExitStack() as closing:
        closing.callback(shutil.rmtree, options.folder, ignore_errors=True)
        rendering = asyncio.create_task(asyncio.to_thread(_passages, options, network))
        closing.push_async_callback(_ended, rendering)
        desks = Desks(options.folder, sorted({policy.country for policy in network.policies}))
        platform = _platform(options, desks, console)
        closing.push_async_callback(lambda: asyncio.gather(platform.stop(), desks.stop()))
        await asyncio.gather(desks.start(), platform.start())
        stage = _Stage(options, network, platform, desks, console)
        await stage.load()
        report = await stage.show(await rendering)
        print_report(report, console)
        tell(report)
        if options.keep:
            await stage.keep()


def _passages(options: DemoOptions, network: RoadNetwork) -> list[Shown]:
    passages = list(rendered_passages(network, options.seconds, options.seed))
    if options.pictures is not None:
        passages += real_pictures(options.pictures, options.seconds)
    return passages


def _empty(folder: Path) -> None:
    """Begin with an empty folder: what an earlier demo remembers of its vehicles would silence this one's."""
    running = running_pair(folder)
    if running is not None:
        raise Misconfigured("demo", found=f"running as process {running.pid}", allowed="one at a time: stop that one")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)


def _platform(options: DemoOptions, desks: Desks, console: Console) -> Platform:
    config = desks.settings_file()
    settings = load_settings({"VIGIE_DATA_DIR": str(options.folder), "VIGIE_CONFIG": str(config)})
    return Platform(settings, say=console.print, config=config)


@dataclass(slots=True)
class _Stage:
    """A running platform with its desks, and the play on it."""

    options: DemoOptions
    network: RoadNetwork
    platform: Platform
    desks: Desks
    console: Console

    async def load(self) -> None:
        servers = self.platform.servers
        everything = replace(
            self.network, cameras=(*self.network.cameras, REAL), hotlist=(*self.network.hotlist, *WANTED)
        )
        async with open_redis(servers.redis_url) as client:
            await load_reference(everything, ReplicaWriter(client, self.platform.settings.namespace))
        await asyncio.sleep(EFFECTIVE_WITHIN_S)

    async def show(self, passages: list[Shown]) -> Report:
        """Play everything once and compare."""
        kwargs, namespace = self.platform.servers.kafka.client_kwargs(), self.platform.settings.namespace
        watch, watching = Watch(), asyncio.Event()
        async with contextlib.AsyncExitStack() as closing:
            _beside(closing, watch_topics(kwargs, namespace, watch, watching))
            await watching.wait()
            gateway = await closing.enter_async_context(open_gateway(kwargs, namespace=namespace))
            starts_ms = platform_now_ms() + _HEAD_START_MS
            simulation = self._simulation(starts_ms, self.options.seed)
            screen = self._screen(watch, simulation, closing)
            _beside(closing, self._refresh(screen, starts_ms))
            await self._play(gateway, simulation, passages, starts_ms)
            screen.note = "waiting for the last ones"
            await self._settled(watch, simulation, passages, starts_ms)
            screen.note = "done"
        return self._report(watch, simulation, passages, starts_ms)

    async def keep(self) -> None:
        """Go on with ordinary and wanted traffic until cancelled."""
        kwargs, namespace = self.platform.servers.kafka.client_kwargs(), self.platform.settings.namespace
        folder = self.options.folder
        self.console.print(f"Left running until Ctrl-C. To look inside: VIGIE_DATA_DIR={folder} vigie tail alerts")
        async with open_gateway(kwargs, namespace=namespace) as gateway:
            seed = self.options.seed
            while True:
                seed += 1
                simulation = self._simulation(platform_now_ms(), seed)
                await play(simulation.reads, gateway.put, starts_ms=simulation.options.start_ms)

    def _simulation(self, starts_ms: int, seed: int) -> Simulation:
        options = SimulationOptions(
            start_ms=starts_ms, duration_ms=round(self.options.seconds * 1000), reads_per_s=self.options.reads_per_s,
            seed=seed,
        )  # fmt: skip
        return simulate(self.network.without(PICTURE_CAMERAS), options)

    def _screen(self, watch: Watch, simulation: Simulation, closing: contextlib.AsyncExitStack) -> Screen:
        workers = self.platform.fleet.workers if self.platform.fleet else []
        agents = [AgentMetrics(worker.agent, worker) for worker in workers]
        _beside(closing, follow(agents))
        cameras = {camera.camera_id: camera for camera in (*self.network.cameras, REAL)}
        return Screen(watch, cameras, agents, simulation.truth, self.options.seconds)

    async def _play(self, gateway: Gateway, simulation: Simulation, passages: list[Shown], starts_ms: int) -> None:
        await asyncio.sleep(max(0.0, (starts_ms - platform_now_ms()) / 1000))
        async with asyncio.TaskGroup() as group:
            group.create_task(play_pictures(passages, gateway.put_frame, starts_ms, platform_now_ms))
            group.create_task(_all(play(simulation.reads, gateway.put, starts_ms=starts_ms)))
        await gateway.flush()

    async def _settled(self, watch: Watch, simulation: Simulation, passages: list[Shown], starts_ms: int) -> None:
        """Until everything expected was seen and nothing more comes, or until waiting is no use any more."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_SETTLE_WITHIN_S):
                while not (self._complete(watch, simulation) and _all_read(watch, passages, starts_ms)):
                    watch.news.clear()
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(watch.news.wait(), 8.0 if self._complete(watch, simulation) else 1.0)
                        continue
                    if self._complete(watch, simulation):
                        break  # pictures that nobody could read stay unread
        await asyncio.sleep(_QUIET_S)

    def _complete(self, watch: Watch, simulation: Simulation) -> bool:
        truth, seen = simulation.truth, watch.simulated
        return (
            {alert.alert_id for alert in truth.alerts} <= {alert.alert_id for alert in seen.alerts}
            and {one.violation_id for one in truth.violations} <= {one.violation_id for one in seen.violations}
            and {forward.forward_id for forward in truth.forwards} <= watch.receipts.keys()
        )

    def _report(self, watch: Watch, simulation: Simulation, passages: list[Shown], starts_ms: int) -> Report:
        judged, _ = judge(passages, watch.picture_reads, starts_ms)
        from_pictures = {*PICTURE_CAMERAS, REAL.camera_id}
        seen = [read for read in watch.reads if read.camera_id not in from_pictures]
        sent = [arrival.read for arrival in simulation.reads]
        acknowledged = [name for name, receipt in watch.receipts.items() if receipt.outcome == "acknowledged"]
        return make_report(
            compare_outcome(simulation.truth, watch.simulated),
            [forward.forward_id for forward in simulation.truth.forwards],
            Delivery(self.desks.taken(), acknowledged),
            judged,
            watch.picture_alerts,
            order_breaks(sent, seen),
            compare(_ids(sent), _ids(seen)),
        )

    async def _refresh(self, screen: Screen, starts_ms: int) -> None:
        """Keep the screen true; without a terminal, a line each five seconds and one for each alert that rings."""
        if self.console.is_terminal:
            with Live(console=self.console, screen=True, auto_refresh=False) as live:
                while True:
                    screen.passed_s = max(0.0, (platform_now_ms() - starts_ms) / 1000)
                    live.update(screen.render(self.console.height), refresh=True)
                    await asyncio.sleep(0.25)
        told: set[str] = set()
        while True:
            screen.passed_s = max(0.0, (platform_now_ms() - starts_ms) / 1000)
            self.console.print(screen.progress_line(), markup=False, soft_wrap=True)
            for alert in list(screen.watch.latest_alerts):
                if alert.rings and alert.alert_id not in told:
                    told.add(alert.alert_id)
                    self.console.print(alert_line(alert, screen.cameras), soft_wrap=True)
            await asyncio.sleep(5.0)


def _all_read(watch: Watch, passages: list[Shown], starts_ms: int) -> bool:
    judged, _ = judge(passages, watch.picture_reads, starts_ms)
    return all(one.read is not None for one in judged)


def _ids(reads: list[PlateRead]) -> list[str]:
    return [read.read_id for read in reads]


async def _all(work: Awaitable[int]) -> None:
    await work


def _beside(closing: contextlib.AsyncExitStack, work: Awaitable[None]) -> None:
    """Run it until the stack closes."""
    closing.push_async_callback(_ended, asyncio.ensure_future(work))


async def _ended(task: "asyncio.Future[Any]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _until_told(work: Callable[[], Awaitable[None]]) -> None:
    """Do the work; on Ctrl-C or SIGTERM cancel it and let it clean up."""
    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    task, waiter = asyncio.ensure_future(work()), asyncio.ensure_future(told.wait())
    await asyncio.wait({task, waiter}, return_when=asyncio.FIRST_COMPLETED)
    waiter.cancel()
    if told.is_set() and not task.done():
        print("Stopping...", file=sys.stderr)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return
    task.result()
