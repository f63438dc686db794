"""Runs a gateway's process on the servers that the settings name."""

from collections.abc import Callable

from pipeline.gateway.server import GatewayServers, run_gateway
from pipeline.runtime.collecting import spare_the_collector
from pipeline.runtime.settings import Settings
from pipeline.servers.connections import connected


async def run_gateway_process(settings: Settings, ready: Callable[[str], None]) -> None:
    """Take cameras' messages until SIGTERM or SIGINT. ready: called once, when cameras are let in, with the address.

    Raises NoServers when the settings name no Kafka and Redis and no `vigie up` is running; Misconfigured for a setting, port,
    certificate or account that cannot be used.
    """

    def is_ready(url: str) -> None:
        spare_the_collector()
        ready(url)

    async with connected(settings, "gateway") as to:
        await run_gateway(settings, GatewayServers(to.sender, to.client), to.stopped, ready=is_ready)
