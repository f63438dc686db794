"""`vigie demo`: runs the whole platform on this machine, shows it live, and compares its results with the truth of what was
played."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from pipeline.commands.common import EXIT_INTERRUPTED, EXIT_OK, EXIT_REFUSED, check_data_folder, print_json, run_async
from pipeline.demo.play import DemoOptions
from pipeline.demo.report import DemoReport
from pipeline.demo.run import run_demo
from pipeline.runtime.log import configure_logging
from pipeline.runtime.settings import load_settings
from pipeline.runtime.signals import stop_on_signals
from pipeline.runtime.terminal import Terminal


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
    """See everything work: Kafka, Valkey (Redis), all agents and three neighbours' desks start on this machine; pictures
    and simulated reads of a small Belgian network are played; alerts, violations and forwards appear; and all of it is
    compared with what the traffic must lead to. Exit code 0 only if they agree.

    Example: vigie demo --seconds 75 --pictures my-pictures
    """
    settings = load_settings()
    check_data_folder(settings.data_dir)
    options = DemoOptions(
        folder=settings.data_dir / "demo", seconds=seconds, reads_per_s=rate, seed=seed, pictures=pictures, keep=keep,
        desks_port=settings.desks_port,
    )  # fmt: skip
    console = Terminal(stderr=True, soft_wrap=False)
    if not console.is_terminal:
        console.width = 120
    configure_logging(level="error", form=settings.log_format)
    reports: list[DemoReport] = []
    run_async(lambda: _until_told(lambda: run_demo(options, console, reports.append)))
    if not reports:
        raise SystemExit(EXIT_INTERRUPTED)
    (report,) = reports
    if as_json:
        print_json(msgspec.to_builtins(report))
    raise SystemExit(EXIT_OK if report.agrees else EXIT_REFUSED)


async def _until_told(work: Callable[[], Awaitable[None]]) -> None:
    """Run the coroutine; on Ctrl-C or SIGTERM cancel it and let it clean up."""
    told = stop_on_signals()
    task, waiter = asyncio.ensure_future(work()), asyncio.ensure_future(told.wait())
    await asyncio.wait({task, waiter}, return_when=asyncio.FIRST_COMPLETED)
    waiter.cancel()
    if told.is_set() and not task.done():
        print("Stopping...", file=sys.stderr)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return
    task.result()
