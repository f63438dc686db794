"""`vigie retention`: deletes pictures that are older than the law allows, but for those of open cases."""

import asyncio
import contextlib
import time
from typing import Annotated

import typer

from pipeline.commands.common import print_json, run_async
from pipeline.errors import Unavailable
from pipeline.evidence.retention import delete_old, keep_deleting
from pipeline.evidence.store import EvidenceStore
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.log import configure_logging
from pipeline.runtime.settings import Settings, load_settings
from pipeline.runtime.signals import stop_on_signals
from pipeline.servers.endpoints import servers_of
from pipeline.stream.case_holder import NAME, CaseHolder
from pipeline.stream.metrics import StageMetrics

KNOWN_S = 60.0


def retention(
    once: Annotated[bool, typer.Option("--once", help="Delete what is too old now, print how many, and end.")] = False,
) -> None:
    """Delete pictures older than VIGIE_EVIDENCE_DAYS, by whole days, now and every hour until SIGTERM or Ctrl-C. Pictures
    under a hold stay.

    It reads alerts, incidents and violations, and holds the pictures of open ones itself (`vigie evidence holds list`); until it
    has read them, it deletes nothing. `vigie up` does this, too. In a cluster run it once wherever the evidence store is reached.

    Example: vigie retention --once
    """
    settings = load_settings()
    configure_logging(level=settings.log_level, form=settings.log_format, agent=NAME)
    store = EvidenceStore.open(settings.evidence)
    if once:
        print_json({"deleted": run_async(lambda: _delete_once(store, settings))})
    else:
        run_async(lambda: _keep(store, settings))


async def _delete_once(store: EvidenceStore, settings: Settings) -> int:
    kafka = servers_of(settings, NAME).kafka
    holder = CaseHolder(store, kafka, settings.namespace, time.monotonic)
    following = asyncio.create_task(holder.follow())
    try:
        await asyncio.wait_for(holder.known(), KNOWN_S)
    except TimeoutError as error:
        raise Unavailable(f"Kafka at {kafka.url} (which cases are open is not known, so nothing is deleted)") from error
    finally:
        await ended(following)
    return await delete_old(store, settings.evidence_days, platform_now_ms(), settings.country)


async def _keep(store: EvidenceStore, settings: Settings) -> None:
    stopped, kafka = stop_on_signals(), servers_of(settings, NAME).kafka
    metrics = StageMetrics(NAME)
    metrics.serve(settings)
    waiting = asyncio.create_task(stopped.wait())
    holding = asyncio.create_task(hold_and_delete(store, settings, kafka))
    metrics.ready.set(1)
    await asyncio.wait({holding, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    await ended(holding)


async def hold_and_delete(store: EvidenceStore, settings: Settings, kafka: KafkaConnection) -> None:
    """Note the pictures of cases, and delete those whose time is over and that nothing holds, until cancelled. kafka: as the
    principal `retention` reaches it."""
    holder = CaseHolder(store, kafka, settings.namespace, time.monotonic)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(holder.follow())
        tasks.create_task(
            keep_deleting(store, settings.evidence_days, platform_now_ms, settings.country, holds_known=holder.known)
        )


async def ended(task: "asyncio.Task[None]") -> None:
    """Cancel a task and wait for its end. Raises what it failed with."""
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
