"""Runs the whole platform for a test: all agents as processes, desks and simulated traffic, and collects all that comes out."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from aiokafka import AIOKafkaConsumer

from pipeline.demo.network_data import EFFECTIVE_WITHIN_S, load_reference, writer_of_known
from pipeline.receiver.credentials import DeskCredentials, create_credentials
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.covert import PRIVATE, SETTING, covert_folder, private_key
from pipeline.runtime.settings import load_settings
from pipeline.servers.platform import Platform
from pipeline.simulation.compare import SeenOutputs, compare_outcome
from pipeline.simulation.network_small import small_network
from pipeline.simulation.play import play
from pipeline.simulation.simulate import Simulation, SimulationOptions, simulate
from pipeline.sources.producer import open_producer
from pipeline.state.redis_port import open_redis
from pipeline.stream.covert_alerts import decode_opened
from schemas.outcomes import DeadLetter, Withdrawal
from schemas.topics import ALERTS, ALERTS_COVERT, DEAD_LETTERS, FORWARDS, TOPICS, VIOLATIONS, Topic
from tests.desks import DeskProcess

PARTITIONS = {topic.name: 4 for topic in TOPICS if topic is not FORWARDS}


class WholeRoad:
    """`async with WholeRoad(folder) as road`: the platform with the small network, and a desk for each of its neighbours."""

    def __init__(self, folder: Path, workers: Mapping[str, int] | None = None) -> None:
        self.folder = folder
        self.network = small_network()
        self.desks: dict[str, DeskProcess] = {}
        self.platform: Platform
        self._workers = workers
        self._watchers: list[asyncio.Task[None]] = []
        self.seen = SeenOutputs()
        self.dead_letters: list[DeadLetter] = []
        self._news = asyncio.Event()

    async def __aenter__(self) -> "WholeRoad":
        try:
            await self._start()
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for task in self._watchers:
            task.cancel()
        await asyncio.gather(*self._watchers, return_exceptions=True)
        if hasattr(self, "platform"):
            await self.platform.stop()
        for desk in self.desks.values():
            await desk.stop()

    async def _start(self) -> None:
        files = create_credentials(self.folder / "keys")
        countries = sorted({policy.country for policy in self.network.policies})
        started = [DeskProcess(self.folder, self.folder / "keys", country).start() for country in countries]
        self.desks = {desk.country: desk for desk in await asyncio.gather(*started)}
        config = self.folder / "vigie.toml"
        config.write_text(_toml(files, self.desks))
        environment = {"VIGIE_DATA_DIR": str(self.folder / "data"), "VIGIE_CONFIG": str(config)}
        self.platform = Platform(
            load_settings(environment), workers=self._workers, partitions=PARTITIONS, config=config
        )
        await self.platform.start()
        await self.load()
        for topic, store in ((ALERTS, self.seen.alerts), (ALERTS_COVERT, self.seen.alerts), (VIOLATIONS, self.seen.violations),
                             (FORWARDS, self.seen.forwards), (DEAD_LETTERS, self.dead_letters)):  # fmt: skip
            self._watchers.append(asyncio.create_task(self._watch(topic, store)))

    async def load(self) -> None:
        """Load the network's reference data, and wait EFFECTIVE_WITHIN_S: by then every worker follows it."""
        client = open_redis(self.platform.servers.redis_url)
        try:
            await load_reference(self.network, writer_of_known(client, self.platform.settings.namespace))
        finally:
            await client.aclose()
        await asyncio.sleep(EFFECTIVE_WITHIN_S)

    async def play(self, *, seconds: float, reads_per_s: float = 60.0, seed: int = 1) -> Simulation:
        """Send simulated traffic in real time, and return the simulation, which knows what must come of it. While the broker
        is away, it waits."""
        servers = self.platform.servers
        async with open_producer(servers.kafka.client_kwargs(), namespace=self.platform.settings.namespace) as producer:
            options = SimulationOptions(
                start_ms=platform_now_ms(), duration_ms=round(seconds * 1000), reads_per_s=reads_per_s, seed=seed
            )
            simulation = simulate(self.network, options)
            await play(simulation.reads, producer.put, starts_ms=options.start_ms)
        return simulation

    async def agrees(self, simulation: Simulation, *, ringing: bool, within_s: float = 90.0) -> None:
        """Wait until every expected alert, violation and forward was seen and delivered, and 2 s more; then assert that
        nothing else was.

        ringing: compare also which alerts rang. Raises TimeoutError after within_s seconds of waiting.
        """
        async with asyncio.timeout(within_s):
            while not (self._complete(simulation) and self._delivered()):
                self._news.clear()
                try:
                    await asyncio.wait_for(self._news.wait(), 0.5)
                except TimeoutError:
                    continue
        await asyncio.sleep(2)  # for what should not come
        outcome = compare_outcome(simulation.truth, self.seen, ringing=ringing)
        assert outcome.agrees, outcome
        for country, desk in self.desks.items():
            expected = {forward.forward_id for forward in simulation.truth.forwards if forward.to_country == country}
            taken = [entry.forward.forward_id for entry in desk.entries()]
            assert sorted(expected) == sorted(taken), country

    def state(self, simulation: Simulation) -> str:
        """How what was seen differs from what the simulation expects, without regard to ringing, as text for a failing test."""
        return str(compare_outcome(simulation.truth, self.seen, ringing=False))

    def _complete(self, simulation: Simulation) -> bool:
        truth, seen = simulation.truth, self.seen
        return (
            {alert.alert_id for alert in truth.alerts} <= {alert.alert_id for alert in seen.alerts}
            and {item.violation_id for item in truth.violations} <= {item.violation_id for item in seen.violations}
            and {item.forward_id for item in truth.forwards} <= {item.forward_id for item in seen.forwards}
        )

    def _delivered(self) -> bool:
        wanted = {forward.forward_id for forward in self.seen.forwards}
        return wanted <= {entry.forward.forward_id for desk in self.desks.values() for entry in desk.entries()}

    async def _watch(self, topic: Topic[Any], store: list[Any]) -> None:
        key = private_key(SETTING, covert_folder(self.platform.settings) / PRIVATE)
        consumer = AIOKafkaConsumer(
            f"{self.platform.settings.namespace}.{topic.name}",
            auto_offset_reset="earliest",
            **self.platform.servers.kafka.client_kwargs(),
        )
        await consumer.start()
        try:
            async for record in consumer:
                message = decode_opened(topic, record.value, key)
                (self.seen.withdrawn if isinstance(message, Withdrawal) else store).append(message)
                self._news.set()
        finally:
            await consumer.stop()


def _toml(files: DeskCredentials, desks: dict[str, DeskProcess]) -> str:
    lines = [
        "[liaison]",
        f'signing_key_file = "{files.sender_sign_key}"',
        f'client_cert_file = "{files.sender_cert}"',
        f'client_key_file = "{files.sender_key}"',
        "timeout_s = 2.0",
        "max_backoff_s = 2.0",
    ]
    for country, desk in desks.items():
        lines += [f"[liaison.desks.{country}]", f'url = "{desk.url}"', f'ca_file = "{files.ca}"',
                  f'public_key_file = "{files.desk_sign_public}"']  # fmt: skip
    return "\n".join(lines)
