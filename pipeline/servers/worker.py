"""Runs one agent in this process, on the servers that the settings name."""

import contextlib
from collections.abc import Callable

from agents import agent_named
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.log import configure_logging
from pipeline.runtime.private import private_folder
from pipeline.runtime.settings import Settings
from pipeline.servers.endpoints import servers_of
from pipeline.state.redis_port import open_redis
from pipeline.stream.app import run_agent


async def run_worker(name: str, settings: Settings, now_ms: Callable[[], int] = platform_now_ms) -> None:
    """Run the agent of this name until SIGTERM or SIGINT. now_ms: the clock that it uses, ms UTC. Raises Misconfigured,
    also for an unknown name; NoServers when the settings name no servers and no `vigie up` is running."""
    agent = agent_named(name)
    key_file = settings.platform_key_file or private_folder(settings.data_dir) / "platform.key"
    configure_logging(level=settings.log_level, form=settings.log_format, agent=name, key_file=key_file)
    servers = servers_of(settings, name)
    async with contextlib.aclosing(open_redis(servers.redis_url, ca_file=settings.redis_ca_file)) as client:
        await run_agent(agent, settings, servers.kafka, client, now_ms=now_ms)
