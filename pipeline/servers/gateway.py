"""Runs a gateway's process on the servers that the settings name."""

import contextlib
from collections.abc import Callable

from pipeline.errors import Unavailable
from pipeline.gateway.server import GatewayServers, run_gateway
from pipeline.runtime.log import configure_logging
from pipeline.runtime.sender import Sender
from pipeline.runtime.settings import Settings
from pipeline.runtime.signals import stop_on_signals
from pipeline.servers.endpoints import servers_of
from pipeline.state.redis_port import open_redis

NAME = "gateway"


async def run_gateway_process(settings: Settings, ready: Callable[[str], None]) -> None:
    """Take cameras' messages until SIGTERM or SIGINT. ready: called once, when cameras are let in, with the address.

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
        with contextlib.suppress(Unavailable):  # it is tried again with the first message, whose sender is told to wait
            await sender.start()
        await run_gateway(settings, GatewayServers(sender, client), stopped, ready=ready)
