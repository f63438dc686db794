"""`vigie retention`: deletes pictures that are older than the law allows."""

import asyncio
import contextlib
from typing import Annotated

import typer

from pipeline.commands.common import print_json, run_async
from pipeline.evidence.retention import delete_old, keep_deleting
from pipeline.evidence.store import EvidenceStore
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.log import configure_logging
from pipeline.runtime.settings import Settings, load_settings
from pipeline.runtime.signals import stop_on_signals
from pipeline.stream.metrics import StageMetrics


def retention(
    once: Annotated[bool, typer.Option("--once", help="Delete what is too old now, print how many, and end.")] = False,
) -> None:
    """Delete pictures older than VIGIE_EVIDENCE_DAYS, by whole days, now and every hour until SIGTERM or Ctrl-C. Pictures
    under a hold stay.

    `vigie up` does this, too. In a cluster run it once wherever the evidence store is reached.

    Example: vigie retention --once
    """
    settings = load_settings()
    configure_logging(level=settings.log_level, form=settings.log_format, agent="retention")
    store = EvidenceStore.open(settings.evidence)
    if once:
        deleted = run_async(lambda: delete_old(store, settings.evidence_days, platform_now_ms(), settings.country))
        print_json({"deleted": deleted})
    else:
        run_async(lambda: _keep(store, settings))


async def _keep(store: EvidenceStore, settings: Settings) -> None:
    stopped = stop_on_signals()
    metrics = StageMetrics("retention")
    metrics.serve(settings)
    deleting = asyncio.create_task(keep_deleting(store, settings.evidence_days, platform_now_ms, settings.country))
    metrics.ready.set(1)
    waiting = asyncio.create_task(stopped.wait())
    await asyncio.wait({deleting, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if not deleting.done():
        deleting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await deleting
    else:
        deleting.result()
