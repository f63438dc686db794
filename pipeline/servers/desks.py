"""Runs the process of the desks on the servers that the settings name."""

from collections.abc import Callable

from pipeline.desks.server import DeskServers, run_desks
from pipeline.record.recorder import KafkaRecorder
from pipeline.runtime.settings import Settings
from pipeline.servers.connections import connected
from pipeline.state.record_keys import RecordKeys


async def run_desks_process(settings: Settings, ready: Callable[[str], None]) -> None:
    """Serve the desks until SIGTERM or SIGINT. ready: called once, when all is loaded, with the address for browsers.

    Raises NoServers when the settings name no Kafka and Redis and no `vigie up` is running; Misconfigured for a setting, port,
    certificate or account that cannot be used.
    """
    async with connected(settings, "desks") as to:
        recorder = KafkaRecorder(to.sender, RecordKeys(to.client, settings.namespace), settings.namespace)
        await run_desks(settings, DeskServers(to.kafka, to.client, recorder), to.stopped, ready=ready)
