"""`vigie look-back`: looks new entries up in the reads of the last hours, until it is stopped."""

import asyncio
from functools import partial

from pipeline.commands.common import run_async
from pipeline.commands.retention import ended
from pipeline.errors import Misconfigured
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.settings import Settings, load_settings
from pipeline.servers.connections import connected
from pipeline.servers.endpoints import servers_of
from pipeline.state.redis_port import open_redis
from pipeline.stream.context import supervised
from pipeline.stream.looking_back import LookingBack
from pipeline.stream.metrics import StageMetrics

NAME = "look_back"


def look_back_command() -> None:
    """Look each new entry of the hotlist, and each new request to watch, up in the reads of the last VIGIE_LOOK_BACK_HOURS, until
    SIGTERM or Ctrl-C. Its hits become alerts that say that they were found afterwards; they ring nowhere. What is covert, or does
    not say from when on it is wanted, is not looked up.

    `vigie up` does this, too. In a cluster run it once.

    Example: vigie look-back
    """
    settings = load_settings()
    if not settings.look_back_hours:
        raise Misconfigured(
            "VIGIE_LOOK_BACK_HOURS", found=0, allowed="1 to 168, for `vigie look-back` to look anywhere"
        )
    run_async(lambda: _serve(settings))


async def _serve(settings: Settings) -> None:
    async with connected(settings, NAME) as to:
        metrics = StageMetrics(NAME)
        metrics.serve(settings)
        work = LookingBack(client=to.client, client_kwargs=to.kafka.client_kwargs(), namespace=settings.namespace,
                           hours=settings.look_back_hours, now_ms=platform_now_ms)  # fmt: skip
        looking, waiting = (
            asyncio.create_task(supervised(work.run, "looking back")),
            asyncio.create_task(to.stopped.wait()),
        )
        metrics.ready.set(1)
        await asyncio.wait({looking, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        await ended(looking)


async def keep_looking_back(settings: Settings) -> None:
    """Look new entries up until cancelled, beside `vigie up`; where VIGIE_LOOK_BACK_HOURS is 0, return at once. What fails is
    told in the log, and tried again."""
    if settings.look_back_hours:
        await supervised(partial(_look, settings), "looking back")


async def _look(settings: Settings) -> None:
    servers = servers_of(settings, NAME)
    async with open_redis(servers.redis_url, ca_file=settings.redis_ca_file) as client:
        work = LookingBack(client=client, client_kwargs=servers.kafka.client_kwargs(), namespace=settings.namespace,
                           hours=settings.look_back_hours, now_ms=platform_now_ms)  # fmt: skip
        await work.run()
