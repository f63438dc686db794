"""`vigie up`, `vigie worker`, `vigie topics`: run the platform."""

import asyncio
import errno
import os
import sys
from typing import Annotated

import msgspec
import typer

from agents import AGENTS, agent_named
from pipeline.commands.common import EXIT_REFUSED, check_data_folder, print_json, run_async
from pipeline.commands.looking_back import keep_looking_back
from pipeline.commands.retention import hold_and_delete
from pipeline.errors import Misconfigured
from pipeline.evidence.store import EvidenceStore
from pipeline.runtime.log import configure_logging
from pipeline.runtime.principals import ADMIN
from pipeline.runtime.settings import Settings, load_settings, settings_file
from pipeline.runtime.signals import ended_soon, stop_on_signals
from pipeline.runtime.terminal import Rows as Table
from pipeline.runtime.terminal import Terminal, styled
from pipeline.runtime.topics import list_topics
from pipeline.servers.access import provide_kafka
from pipeline.servers.endpoints import servers_of
from pipeline.servers.platform import Platform
from pipeline.servers.worker import run_worker

console = Terminal(stderr=True, soft_wrap=False)
topics_app = typer.Typer(help="Create, check and list the topics of the road.", no_args_is_help=True)


def worker(name: Annotated[str, typer.Argument(help="One of: " + ", ".join(AGENTS) + ".")]) -> None:
    """Run one agent until SIGTERM or Ctrl-C. Any number may run, here and elsewhere: they share the topic's partitions.

    Example: vigie worker hotlist
    """
    settings = load_settings()
    if name in AGENTS and hasattr(os, "nice"):  # before the process has other threads, which would keep the old value
        os.nice(agent_named(name).niceness)
    try:
        run_async(lambda: run_worker(name, settings))
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EACCES):
            raise
        allowed = f"a free port of {settings.metrics_host} ({error.strerror}), or 0 for any"
        raise Misconfigured("VIGIE_METRICS_PORT", found=settings.metrics_port, allowed=allowed) from error


def up(
    workers: Annotated[
        list[str] | None, typer.Option("--workers", "-w", help="How many of one agent, as AGENT=N. May be repeated.")
    ] = None,
    partitions: Annotated[list[str] | None, typer.Option(help="TOPIC=N for topics that do not exist yet.")] = None,
) -> None:
    """Start Kafka, Valkey (Redis), all agents, the desks and a gateway on this machine, and keep them running until Ctrl-C.

    Pictures that are older than VIGIE_EVIDENCE_DAYS are deleted every hour, and new entries of the hotlist are looked up in the
    reads of the last VIGIE_LOOK_BACK_HOURS. With VIGIE_KAFKA_URL and VIGIE_REDIS_URL set,
    those servers are used, and only agents, desks and gateway are started. Of an agent at most as many work as its source has
    partitions: more than eight take --partitions frames=32 --partitions tracks=32 --partitions reads=32 on the first start.

    Example: vigie up --workers ocr=2
    """
    settings = load_settings()
    configure_logging(level="warning" if sys.stderr.isatty() else settings.log_level, form=settings.log_format)
    counts = dict(_count(text) for text in workers or [])
    check_data_folder(settings.data_dir)
    shapes = dict(_partitions(text) for text in partitions or [])
    run_async(lambda: _up(settings, counts, shapes))


def _count(text: str) -> tuple[str, int]:
    agent, _, number = text.partition("=")
    if agent not in AGENTS or not number.isdigit() or int(number) < 1:
        raise typer.BadParameter(
            f"{text!r} is not AGENT=N with N from 1 and an agent of {', '.join(AGENTS)}", param_hint="--workers"
        )
    return agent, int(number)


async def _up(settings: Settings, counts: dict[str, int], partitions: dict[str, int]) -> None:
    stop = stop_on_signals()
    platform = Platform(settings, workers=counts, partitions=partitions, say=console.print, desks=True)
    store = EvidenceStore.open(settings.evidence)
    starting = asyncio.create_task(platform.start())
    stopping = asyncio.create_task(stop.wait())
    deleting = looking = None
    try:
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            where = settings_file() or "the environment alone"
            console.print(
                styled(
                    ("Ready.", "green"),
                    f" Data in {settings.data_dir}, settings from {where}. Ctrl-C stops everything.",
                )
            )
            if platform.desks is not None:
                console.print(
                    f"The desks are at {platform.desks.url}; `vigie users bootstrap` makes the first account."
                )
            if platform.gateway is not None:
                console.print(
                    f"Cameras send to {platform.gateway.url}; `vigie cameras credentials add CAMERA` lets one in."
                )
            deleting = asyncio.create_task(hold_and_delete(store, settings, servers_of(settings, "retention").kafka))
            looking = asyncio.create_task(keep_looking_back(settings))
            await asyncio.wait({stopping, deleting}, return_when=asyncio.FIRST_COMPLETED)
            if deleting.done():
                deleting.result()
        console.print("Stopping...")
    finally:
        for task in (starting, stopping):
            task.cancel()
        await asyncio.gather(starting, stopping, return_exceptions=True)
        await ended_soon([task for task in (deleting, looking) if task is not None])
        await platform.stop()
    console.print("Stopped.")


@topics_app.command("create")
def topics_create(
    replication: Annotated[
        int | None, typer.Option(help="Copies of each record. Three, or as many as there are brokers.", min=1, max=5)
    ] = None,
    partitions: Annotated[list[str] | None, typer.Option(help="TOPIC=N for topics that do not exist yet.")] = None,
) -> None:
    """Create what is missing, give each process its account and its rights on Kafka, and say what differs from what Vigie
    wants. Of topics that exist nothing is changed.

    Accounts are given when VIGIE_ACCOUNTS_DIR names a folder that `vigie accounts create` made. It works as the admin of
    that folder, or as VIGIE_KAFKA_USERNAME, which must be a super user of this Kafka.

    Example: vigie topics create --replication 3 --partitions reads=64
    """
    settings = load_settings()
    counts = dict(_partitions(text) for text in partitions or [])
    servers = servers_of(settings, ADMIN)
    report = run_async(
        lambda: provide_kafka(
            servers.kafka,
            settings.namespace,
            settings.accounts_dir,
            replication=replication,
            partitions=counts,
            kept_days=settings.retention_days,
        )
    )
    for name in report.created:
        console.print(f"created {name}")
    for difference in report.differences:
        console.print(styled(("differs", "yellow"), f" {difference}"))
    if not report.created and not report.differences:
        console.print("All topics are there, as they should be.")
    if any(difference.blocks for difference in report.differences):
        raise SystemExit(EXIT_REFUSED)


@topics_app.command("list")
def topics_list(as_json: Annotated[bool, typer.Option("--json", help="One object a line.")] = False) -> None:
    """List the topics that exist, with partitions, copies and retention.

    Example: vigie topics list --json
    """
    settings = load_settings()
    servers = servers_of(settings, "operator")
    shapes = run_async(lambda: list_topics(servers.kafka, settings.namespace))
    if as_json:
        for shape in shapes:
            print_json(msgspec.to_builtins(shape))
        return
    table = Table("topic", "partitions", "copies", "keeps", "at most, per partition")
    for shape in shapes:
        hours = int(shape.config["retention.ms"]) / 3_600_000
        size = int(shape.config["retention.bytes"])
        keeps = f"{hours:g} h" if hours < 48 else f"{hours / 24:g} days"
        table.add_row(shape.name, str(shape.partitions), str(shape.replication), keeps,
                      "" if size < 0 else f"{size // 2**20} MiB")  # fmt: skip
    Terminal(soft_wrap=False).print(table if shapes else "No topics yet: vigie topics create")


def _partitions(text: str) -> tuple[str, int]:
    topic, _, number = text.partition("=")
    if not topic or not number.isdigit() or int(number) < 1:
        raise typer.BadParameter(f"{text!r} is not TOPIC=N", param_hint="--partitions")
    return topic, int(number)
