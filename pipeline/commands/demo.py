"""`vigie demo`: the whole road on this machine, shown live and held against the truth of what was played."""

import asyncio
import contextlib
import fcntl
import shutil
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from pipeline.commands.common import EXIT_INTERRUPTED, EXIT_OK, EXIT_REFUSED, check_data_folder, print_json, run_async
from pipeline.commands.demo_desks import Desks
from pipeline.commands.demo_pictures import Shown, real_pictures, rendered_passages
from pipeline.commands.demo_play import DemoOptions, Performance, ended
from pipeline.commands.demo_report import Report, print_report
from pipeline.errors import Misconfigured
from pipeline.runtime.log import configure_logging
from pipeline.runtime.settings import load_settings
from pipeline.servers.platform import Platform
from pipeline.simulation.network import RoadNetwork
from pipeline.simulation.network_small import small_network
from pipeline.sources.pictures import pictures_of


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
    check_data_folder(settings.data_dir)
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


def _passages(options: DemoOptions, network: RoadNetwork) -> list[Shown]:
    passages = list(rendered_passages(network, options.seconds, options.seed))
    if options.pictures is not None:
        passages += real_pictures(options.pictures, options.seconds)
    return passages


@contextlib.contextmanager
def _own_folder(folder: Path) -> Iterator[contextlib.ExitStack]:
    """An empty folder for this demo alone, removed at the end by what is yielded.

    Empty, because what an earlier demo remembers of its vehicles would silence this one's. Raises Misconfigured.
    """
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.ExitStack() as removing, folder.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Misconfigured("demo", found="running already", allowed="one at a time: stop the other one") from error
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        removing.callback(shutil.rmtree, folder, ignore_errors=True)
        yield removing


def _platform(options: DemoOptions, desks: Desks, console: Console) -> Platform:
    config = desks.settings_file()
    settings = load_settings({"VIGIE_DATA_DIR": str(options.folder), "VIGIE_CONFIG": str(config)})
    return Platform(settings, say=console.print, config=config)


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
