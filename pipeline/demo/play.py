"""Plays traffic and pictures on a running platform, watches the results live, then compares them with the truth."""

import asyncio
import contextlib
from collections.abc import Awaitable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live

from pipeline.access.roles import ROLES
from pipeline.demo.agent_metrics import AgentMetrics, follow
from pipeline.demo.desks import Desks
from pipeline.demo.lists import import_lists, on_lists
from pipeline.demo.makers import MAKERS, MakersCameras
from pipeline.demo.network_data import EFFECTIVE_WITHIN_S, KNOWN_FOR_MS, load_reference, writer_of_known
from pipeline.demo.people import LOGIN, add_people
from pipeline.demo.pictures import PICTURE_CAMERAS, REAL, WANTED, ShownPassage, judge, play_pictures
from pipeline.demo.report import Delivery, DemoReport, make_report
from pipeline.demo.screen import Screen, alert_line
from pipeline.demo.watch import Watch, watch_covert, watch_topics
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.terminal import styled
from pipeline.servers.platform import Platform
from pipeline.simulation.compare import compare, compare_outcome, order_breaks
from pipeline.simulation.network import RoadNetwork
from pipeline.simulation.play import play
from pipeline.simulation.simulate import Simulation, SimulationOptions, simulate
from pipeline.sources.producer import CameraProducer, open_producer
from pipeline.state.redis_port import open_redis
from schemas.reads import PlateRead

_HEAD_START_MS = 700
_SETTLE_WITHIN_S = 40.0
_QUIET_S = 2.0  # after the last that was expected: for what should not come


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOptions:
    """What the demo plays. seconds: of traffic. folder: for the demo's data, emptied first. pictures: a folder of real
    pictures to play too; None: none. keep: go on with more traffic until Ctrl-C. desks_port: of the desks; 0: a free one."""

    folder: Path
    seconds: float = 75.0
    reads_per_s: float = 20.0
    seed: int = 1
    pictures: Path | None = None
    keep: bool = False
    desks_port: int = 0


@dataclass(slots=True)
class Performance:
    """A running platform with its neighbours' desks, and the traffic played on it."""

    options: DemoOptions
    network: RoadNetwork
    platform: Platform
    desks: Desks
    console: Console
    password: str = ""
    makers: MakersCameras = field(init=False)

    async def load(self) -> None:
        """Load the network's reference data, add the demo's persons, let its makers' cameras in, print where the desks are, and
        wait EFFECTIVE_WITHIN_S: by then every worker follows it."""
        servers, namespace = self.platform.servers_as("simulator"), self.platform.settings.namespace
        roads = replace(self.network, cameras=(*self.network.cameras, REAL), hotlist=())
        async with open_redis(self.platform.servers_as("operator").redis_url) as client:
            earlier = writer_of_known(client, namespace, platform_now_ms() - KNOWN_FOR_MS)
            await import_lists(on_lists((*self.network.hotlist, *WANTED)), earlier, writer_of_known(client, namespace))
            async with open_redis(servers.redis_url) as simulator:
                await load_reference(roads, writer_of_known(simulator, namespace))
            self.password = await add_people(client, namespace)
            assert self.platform.gateway is not None, "the demo starts a gateway"
            self.makers = MakersCameras(self.platform.gateway.url)
            await self.makers.let_in(client, namespace)
        self.tell_of_desks()
        await asyncio.sleep(EFFECTIVE_WITHIN_S)

    def tell_of_desks(self) -> None:
        """Print where the desks are, and who may log in there."""
        assert self.platform.desks is not None, "the demo starts the desks"
        logins = ", ".join(f"{LOGIN}{role}" for role in ROLES)
        self.console.print(styled("The desks are open at ", (self.platform.desks.url, "bold")))
        self.console.print(f"Log in as {logins}.")
        self.console.print(styled("All have the password ", (self.password, "bold"), ", in this demo alone."))

    async def show(self, passages: list[ShownPassage]) -> DemoReport:
        """Play all reads and pictures once, wait for the results, and compare them with the truth."""
        sees, namespace = self.platform.servers_as("tail").kafka.client_kwargs(), self.platform.settings.namespace
        sends = self.platform.servers_as("camera").kafka.client_kwargs()
        watch, watching = Watch(), asyncio.Event()
        async with contextlib.AsyncExitStack() as closing:
            _beside(closing, watch_topics(sees, namespace, watch, watching))
            await watching.wait()
            _beside(
                closing,
                watch_covert(self.platform.servers_as("covert").kafka.client_kwargs(), self.platform.settings, watch),
            )
            producer = await closing.enter_async_context(open_producer(sends, namespace=namespace))
            starts_ms = platform_now_ms() + _HEAD_START_MS
            simulation = self._simulation(starts_ms, self.options.seed)
            screen = self._screen(watch, simulation, closing)
            _beside(closing, self._refresh(screen, starts_ms))
            await self._play(producer, simulation, passages, starts_ms)
            screen.note = "waiting for the last ones"
            await self._settled(watch, simulation, passages, starts_ms)
            screen.note = "done"
        return self._report(watch, simulation, passages, starts_ms)

    async def keep(self) -> None:
        """Play more ordinary and wanted traffic until cancelled."""
        sends, namespace = self.platform.servers_as("camera").kafka.client_kwargs(), self.platform.settings.namespace
        folder = self.options.folder
        self.tell_of_desks()
        self.console.print(f"Left running until Ctrl-C. To look inside: VIGIE_DATA_DIR={folder} vigie tail alerts")
        async with open_producer(sends, namespace=namespace) as producer:
            seed = self.options.seed
            while True:
                seed += 1
                simulation = self._simulation(platform_now_ms(), seed)
                await play(simulation.reads, producer.put, starts_ms=simulation.options.start_ms)

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

    async def _play(
        self, producer: CameraProducer, simulation: Simulation, passages: list[ShownPassage], starts_ms: int
    ) -> None:
        async def put(read: PlateRead) -> None:
            await (self.makers if read.camera_id in MAKERS else producer).put(read)

        await asyncio.sleep(max(0.0, (starts_ms - platform_now_ms()) / 1000))
        async with self.makers.sending(), asyncio.TaskGroup() as group:
            group.create_task(play_pictures(passages, producer.put_frame, starts_ms, platform_now_ms))
            group.create_task(_all(play(simulation.reads, put, starts_ms=starts_ms)))
        await producer.flush()

    async def _settled(
        self, watch: Watch, simulation: Simulation, passages: list[ShownPassage], starts_ms: int
    ) -> None:
        """Wait until everything expected has arrived and nothing more comes, or until the time for that is over."""
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
            and self.makers.by_tcp <= {read.read_id for read in watch.reads}  # nobody answers whether they have come
        )

    def _report(self, watch: Watch, simulation: Simulation, passages: list[ShownPassage], starts_ms: int) -> DemoReport:
        judged, _ = judge(passages, watch.picture_reads, starts_ms)
        from_pictures = {*PICTURE_CAMERAS, REAL.camera_id}
        seen = [read for read in watch.reads if read.camera_id not in from_pictures]
        sent = [arrival.read for arrival in simulation.reads]
        letters = watch.dead_letters["gateway: unknown_camera"]
        acknowledged = [name for name, receipt in watch.receipts.items() if receipt.outcome == "acknowledged"]
        return make_report(
            compare_outcome(simulation.truth, watch.simulated),
            [forward.forward_id for forward in simulation.truth.forwards],
            Delivery(self.desks.taken(), acknowledged),
            judged,
            watch.picture_alerts,
            order_breaks(sent, seen),
            compare(_ids(sent), _ids(seen)),
            compare(self.makers.intrusions.tried, self.makers.intrusions.kept_out(letters)),
        )

    async def _refresh(self, screen: Screen, starts_ms: int) -> None:
        """Update the screen. Without a terminal, print a line every five seconds and one for each alert that rings."""
        if self.console.is_terminal:
            with Live(console=self.console, screen=True, auto_refresh=False) as live:
                while True:
                    screen.passed_s = max(0.0, (platform_now_ms() - starts_ms) / 1000)
                    live.update(screen.render(self.console.height), refresh=True)
                    await asyncio.sleep(0.25)
        told: set[str] = set()
        while True:
            screen.passed_s = max(0.0, (platform_now_ms() - starts_ms) / 1000)
            self.console.print(screen.progress_line(), soft_wrap=True)
            for alert in list(screen.watch.latest_alerts):
                if alert.rings and alert.alert_id not in told:
                    told.add(alert.alert_id)
                    self.console.print(alert_line(alert, screen.cameras), soft_wrap=True)
            await asyncio.sleep(5.0)


def _all_read(watch: Watch, passages: list[ShownPassage], starts_ms: int) -> bool:
    judged, _ = judge(passages, watch.picture_reads, starts_ms)
    return all(one.read is not None for one in judged)


def _ids(reads: list[PlateRead]) -> list[str]:
    return [read.read_id for read in reads]


async def _all(work: Awaitable[int]) -> None:
    await work


def _beside(closing: contextlib.AsyncExitStack, work: Awaitable[None]) -> None:
    """Run the coroutine until the stack closes."""
    closing.push_async_callback(ended, asyncio.ensure_future(work))


async def ended(task: "asyncio.Future[Any]") -> None:
    """Cancel a task and wait until it has ended."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
