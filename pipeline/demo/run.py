"""Runs the whole demo: servers, agents, desks and a network of vehicles, in an empty folder that is removed afterwards."""

import asyncio
import contextlib
import fcntl
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console

from pipeline.demo.desks import Desks
from pipeline.demo.pictures import ShownPassage, real_pictures, rendered_passages
from pipeline.demo.play import DemoOptions, Performance, ended
from pipeline.demo.report import DemoReport, print_report
from pipeline.errors import Misconfigured
from pipeline.runtime.private import open_private, private_folder
from pipeline.runtime.settings import load_settings
from pipeline.servers.platform import Platform
from pipeline.simulation.network import RoadNetwork
from pipeline.simulation.network_small import small_network
from pipeline.sources.pictures import pictures_of


async def run_demo(options: DemoOptions, console: Console, tell: Callable[[DemoReport], None]) -> None:
    """Run the whole demo. tell: called with the report when the traffic has been played.

    Everything is stopped at the end, also when it is cancelled, and the folder is removed, unless the report does not agree.
    Raises Misconfigured when another demo runs or the pictures cannot be found.
    """
    network = small_network()
    if options.pictures is not None:
        pictures_of(options.pictures)  # a wrong path is said now, not when everything runs
    async with contextlib.AsyncExitStack() as closing:
        removing = closing.enter_context(_own_folder(options.folder))
        rendering = asyncio.create_task(asyncio.to_thread(_passages, options, network))
        closing.push_async_callback(ended, rendering)
        desks = Desks(options.folder, sorted({policy.country for policy in network.policies}))
        platform = _platform(options, desks, console)
        closing.push_async_callback(lambda: asyncio.gather(platform.stop(), desks.stop()))
        await asyncio.gather(desks.start(), platform.start())
        stage = Performance(options, network, platform, desks, console)
        await stage.load()
        report = await stage.show(await rendering)
        print_report(report, console)
        tell(report)
        if not report.agrees:
            removing.pop_all()
            console.print(f"Everything that was written, logs included, is kept in {options.folder}", soft_wrap=True)
        if options.keep:
            await stage.keep()


def _passages(options: DemoOptions, network: RoadNetwork) -> list[ShownPassage]:
    passages = list(rendered_passages(network, options.seconds, options.seed))
    if options.pictures is not None:
        passages += real_pictures(options.pictures, options.seconds)
    return passages


@contextlib.contextmanager
def _own_folder(folder: Path) -> Iterator[contextlib.ExitStack]:
    """Make an empty folder for this demo alone. The exit stack that it yields removes it at the end.

    The folder is empty because incidents of an earlier demo would keep this one's alerts from ringing. Raises Misconfigured.
    """
    private_folder(folder.parent)
    with contextlib.ExitStack() as removing, open_private(folder.with_suffix(".lock"), "truncate") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Misconfigured("demo", found="running already", allowed="one at a time: stop the other one") from error
        shutil.rmtree(folder, ignore_errors=True)
        private_folder(folder)
        removing.callback(shutil.rmtree, folder, ignore_errors=True)
        yield removing


def _platform(options: DemoOptions, desks: Desks, console: Console) -> Platform:
    config = desks.settings_file()
    settings = load_settings(
        {
            "VIGIE_DATA_DIR": str(options.folder),
            "VIGIE_CONFIG": str(config),
            "VIGIE_DESKS_PORT": str(options.desks_port),
        }
    )
    return Platform(settings, say=console.print, config=config, desks=True)
