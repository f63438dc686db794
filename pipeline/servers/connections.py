"""What a process that serves over HTTP is connected with: the servers that the settings name, until it is told to stop."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

import redis.asyncio

from pipeline.errors import Unavailable
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.log import configure_logging
from pipeline.runtime.sender import Sender
from pipeline.runtime.settings import Settings
from pipeline.runtime.signals import stop_on_signals
from pipeline.servers.endpoints import servers_of
from pipeline.state.redis_port import open_redis


@dataclass(frozen=True, slots=True)
class Connections:
    """The connections of one process. stopped: set by SIGTERM or SIGINT."""

    kafka: KafkaConnection
    client: redis.asyncio.Redis
    sender: Sender
    stopped: asyncio.Event


@contextlib.asynccontextmanager
async def connected(settings: Settings, principal: str) -> AsyncIterator[Connections]:
    """Configure the log, connect as this principal, and close what was opened when the block ends. Kafka may be away: the first
    message tries again.

    Raises NoServers when the settings name no Kafka and Redis and no `vigie up` is running; Misconfigured for a setting or
    account that cannot be used.
    """
    configure_logging(level=settings.log_level, form=settings.log_format, agent=principal)
    stopped = stop_on_signals()
    found = servers_of(settings, principal)
    async with contextlib.AsyncExitStack() as closing:
        client = await closing.enter_async_context(open_redis(found.redis_url, ca_file=settings.redis_ca_file))
        sender = Sender(found.kafka.client_kwargs())
        closing.push_async_callback(sender.stop)
        with contextlib.suppress(Unavailable):
            await sender.start()
        yield Connections(found.kafka, client, sender, stopped)
