"""Everything on one machine: the servers (embedded, or those that the settings name), the topics and the agents."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

import structlog

from pipeline.errors import Unavailable
from pipeline.runtime.accounts import ACCOUNTS, make_metrics_token
from pipeline.runtime.principals import ADMIN
from pipeline.runtime.settings import Settings
from pipeline.runtime.topics import create_topics
from pipeline.servers.access import provide
from pipeline.servers.endpoints import Servers, named_servers, servers_of
from pipeline.servers.fleet import Fleet
from pipeline.servers.pair import EmbeddedPair
from pipeline.servers.served_program import ServedProgram, desks_program, gateway_program
from pipeline.servers.start_stop import StartStop

log = structlog.get_logger()
Say = Callable[[str], None]


class Platform(StartStop):
    """`async with Platform(settings) as platform`: starts servers (unless the settings name some), topics and agents on
    entry, stops all that it started on exit.

    workers: how many of each agent; one of an agent that it does not name. partitions: how many, by topic name, for topics
    that do not exist yet. config: the settings file that the workers read too; None: the one that this process would read.
    say: called with each line for the person who waits. desks: start the web desks and a gateway for cameras, too.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        workers: Mapping[str, int] | None = None,
        partitions: Mapping[str, int] | None = None,
        config: Path | None = None,
        say: Say = lambda _line: None,
        desks: bool = False,
    ) -> None:
        self.settings = settings
        self._config = config
        self._counts = workers
        self._partitions = partitions
        self._say = say
        self.pair: EmbeddedPair | None = None
        self.fleet: Fleet | None = None
        self.desks: ServedProgram | None = None
        self.gateway: ServedProgram | None = None
        self._with_desks = desks
        self._servers: Servers | None = None

    @property
    def servers(self) -> Servers:
        """The servers in use, as the admin reaches them; only between start() and stop()."""
        assert self._servers is not None, "start() comes first"
        return self._servers

    def servers_as(self, principal: str) -> Servers:
        """The servers in use, as another principal reaches them. Raises Misconfigured when it has no account."""
        if self.pair is None:
            return servers_of(self.settings, principal)
        kafka_url, redis_url = self.pair.kafka.url, self.pair.valkey_server.address
        return named_servers(self.settings, kafka_url, redis_url, principal, self.pair.accounts)

    async def start(self) -> None:
        """Start what is needed, in order; on a failure stop what was started and raise it."""
        try:
            self._servers = await self._serve()
            await self._provide(self._servers)
            self._say("Starting the agents...")
            self.fleet = Fleet(self.settings.data_dir, self._env(), self._counts)
            async with asyncio.TaskGroup() as group:
                group.create_task(self.fleet.start())
                if self._with_desks:
                    self.desks = desks_program(self.settings, self._env())
                    self.gateway = gateway_program(self.settings, self._env())
                    group.create_task(self.desks.start())
                    group.create_task(self.gateway.start())
        except BaseException as error:
            await self.stop()
            if isinstance(error, BaseExceptionGroup):
                raise error.exceptions[0] from error
            raise

    async def stop(self) -> None:
        """Stop gateway, desks and agents first, so that they can still send and commit, then the servers. Does nothing when
        nothing runs."""
        for served in (self.gateway, self.desks):
            if served is not None:
                await served.stop()
        self.gateway = self.desks = None
        if self.fleet is not None:
            await self.fleet.stop()
            self.fleet = None
        if self.pair is not None:
            await self.pair.stop()
            self.pair = None

    async def _serve(self) -> Servers:
        if self.settings.kafka_url is not None or self.settings.redis_url is not None:
            return servers_of(self.settings, ADMIN)
        self._say("Starting Kafka and the store...")
        self.pair = EmbeddedPair(self.settings.data_dir, self.settings.brokers)
        await self.pair.start()
        return Servers(self.pair.kafka, self.pair.redis_url)

    async def _provide(self, servers: Servers) -> None:
        """Make the topics, and on the embedded servers all accounts; on servers elsewhere `vigie topics create` makes the
        accounts."""
        namespace, partitions = self.settings.namespace, self._partitions
        kept_days = self.settings.retention_days
        for attempt in range(10):
            try:
                if self.pair is None:
                    await create_topics(servers.kafka, namespace, partitions=partitions, kept_days=kept_days)
                else:
                    await provide(
                        servers.kafka,
                        servers.redis_url,
                        namespace,
                        self.pair.accounts,
                        partitions=partitions,
                        kept_days=kept_days,
                    )
                return
            except Unavailable as error:
                if attempt == 9:
                    raise
                log.warning("topics.waiting", cause=str(error))
                await asyncio.sleep(min(5.0, 0.5 * 2**attempt))

    def _env(self) -> dict[str, str]:
        quiet = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        named = {"VIGIE_CONFIG": str(self._config.absolute())} if self._config is not None else {}
        token = make_metrics_token(self.settings.data_dir / ACCOUNTS)  # desks and gateway serve metrics, as workers do
        return {**quiet, **named, **(self.pair.env() if self.pair else {}), "VIGIE_METRICS_TOKEN_FILE": str(token),
                "VIGIE_NAMESPACE": self.settings.namespace, "VIGIE_LOG_FORMAT": "json"}  # fmt: skip
