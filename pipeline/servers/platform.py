"""Everything on one machine: the servers (embedded, or those that the settings name), the topics and the agents."""

import asyncio
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

import structlog

from pipeline.errors import Unavailable
from pipeline.runtime.settings import Settings
from pipeline.runtime.topics import create_topics
from pipeline.servers.endpoints import Servers, connection_of, servers_of
from pipeline.servers.fleet import Fleet
from pipeline.servers.pair import EmbeddedPair

log = structlog.get_logger()
Say = Callable[[str], None]


class Platform:
    """`async with Platform(settings) as platform`: all ready on entry, all stopped on exit.

    workers: how many of each agent; those not named run once. partitions: for topics that do not exist yet, by name.
    config: the settings file that the workers read too; None: the one that this process would read.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        workers: Mapping[str, int] | None = None,
        partitions: Mapping[str, int] | None = None,
        config: Path | None = None,
        say: Say = lambda _line: None,
    ) -> None:
        self.settings = settings
        self._config = config
        self._counts = workers
        self._partitions = partitions
        self._say = say
        self.pair: EmbeddedPair | None = None
        self.fleet: Fleet | None = None
        self._servers: Servers | None = None

    @property
    def servers(self) -> Servers:
        """The servers in use; only between start() and stop()."""
        assert self._servers is not None, "start() comes first"
        return self._servers

    async def start(self) -> None:
        """Start what is needed, in order; on a failure stop what was started and raise it."""
        try:
            self._servers = await self._serve()
            await self._create_topics(self._servers)
            self._say("Starting the agents...")
            self.fleet = Fleet(self.settings.data_dir, self._env(self._servers), self._counts)
            await self.fleet.start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Agents first, so that they can still commit; then the servers. Harmless when nothing runs."""
        if self.fleet is not None:
            await self.fleet.stop()
            self.fleet = None
        if self.pair is not None:
            await self.pair.stop()
            self.pair = None

    async def __aenter__(self) -> "Platform":
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    async def _serve(self) -> Servers:
        if self.settings.kafka_url is not None or self.settings.redis_url is not None:
            return servers_of(self.settings)
        self._say("Starting Kafka and the store...")
        self.pair = EmbeddedPair(self.settings.data_dir, self.settings.brokers)
        await self.pair.start()
        return Servers(connection_of(self.settings, self.pair.kafka.url), self.pair.redis_url)

    async def _create_topics(self, servers: Servers) -> None:
        for attempt in range(10):
            try:
                await create_topics(
                    servers.kafka,
                    self.settings.namespace,
                    partitions=self._partitions,
                    kept_days=self.settings.retention_days,
                )
                return
            except Unavailable as error:
                if attempt == 9:
                    raise
                log.warning("topics.waiting", cause=str(error))
                await asyncio.sleep(min(5.0, 0.5 * 2**attempt))

    def _env(self, servers: Servers) -> dict[str, str]:
        embedded = {"VIGIE_KAFKA_URL": servers.kafka.url, "VIGIE_REDIS_URL": servers.redis_url}
        quiet = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        named = {"VIGIE_CONFIG": str(self._config.absolute())} if self._config is not None else {}
        return {**quiet, **named, "VIGIE_NAMESPACE": self.settings.namespace, **(embedded if self.pair else {}),
                "VIGIE_LOG_FORMAT": "json", "PYTHONPATH": os.environ.get("PYTHONPATH", "")}  # fmt: skip
