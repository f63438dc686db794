"""Runs the process of the desks on the servers that the settings name."""

import contextlib
from collections.abc import Callable

from pipeline.desks.server import DeskServers, run_desks
from pipeline.errors import Unavailable
from pipeline.record.recorder import KafkaRecorder
from pipeline.runtime.log import configure_logging
from pipeline.runtime.sender import Sender
from pipeline.runtime.settings import Settings
from pipeline.runtime.signals import stop_on_signals
from pipeline.servers.endpoints import servers_of
from pipeline.state.record_keys import RecordKeys
from pipeline.state.redis_port import open_redis

NAME = "desks"


async def run_desks_process(settings: Settings, ready: Callable[[str], None]) -> None:
    """Serve the desks until SIGTERM or SIGINT. ready: called once, when all is loaded, with the address for browsers.

    Raises NoServers when the settings name no Kafka and Redis and no `vigie up` is running; Misconfigured for a setting, port,
    certificate or account that cannot be used.
    """
    configure_logging(level=settings.log_level, form=settings.log_format, agent=NAME)
    stopped = stop_on_signals()
    found = servers_of(settings, NAME)
    async with contextlib.AsyncExitStack() as closing:
        client = await closing.enter_async_context(open_redis(found.redis_url, ca_file=settings.redis_ca_file))
        sender = Sender(found.kafka.client_kwargs())
        closing.push_async_callback(sender.stop)
        with contextlib.suppress(Unavailable):  # the first login need not wait for it; it is tried again then
            await sender.start()
        recorder = KafkaRecorder(sender, RecordKeys(client, settings.namespace), settings.namespace)
        await run_desks(settings, DeskServers(found.kafka, client, recorder), stopped, ready=ready)
