"""The platform that faults are done to: three brokers, Valkey, every agent behind proxies of its own, and the neighbours'
desks."""

import asyncio
import contextlib
import json
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from agents import AGENTS
from pipeline.demo.network_data import EFFECTIVE_WITHIN_S, KNOWN_FOR_MS, load_reference
from pipeline.receiver.credentials import create_credentials, settings_toml
from pipeline.runtime.accounts import ACCOUNTS, make_metrics_token
from pipeline.runtime.clock import platform_now_ms
from pipeline.runtime.covert import PRIVATE, SETTING, make_covert_key, private_key
from pipeline.runtime.private import replacing, write_private
from pipeline.runtime.settings import Settings, load_settings
from pipeline.servers.access import provide
from pipeline.servers.fleet import Fleet, Worker
from pipeline.servers.pair import EmbeddedPair
from pipeline.simulation.network import RoadNetwork
from pipeline.state.collections import CAMERAS, CONSUMERS, HOTLIST, POLICIES, SECTIONS, SENDERS, ZONES
from pipeline.state.redis_port import open_redis
from pipeline.state.replica_writer import ReplicaWriter
from schemas.reads import PlateRead
from schemas.topics import FORWARDS, TOPICS
from tests.desks import DeskProcess
from tests.faults.authority import CONSUMER, Authority
from tests.faults.gateways import Gateways, senders_of
from tests.faults.proxy import Proxy
from tests.faults.worker import CLOCK

NAMESPACE = "faults"
SETTLE_MS = 2_000  # so that a run sees violations within seconds; the platform's default is ten
PARTITIONS = {topic.name: topic.partitions if topic is FORWARDS else min(8, topic.partitions) for topic in TOPICS}
MOST_LAG = 300  # records: what is always on its way, on a busy machine, too
SENT_KEPT = 20_000  # reads
MOST_WORKERS = 2  # of one agent: the first always runs, the second joins and leaves
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Links:
    """The proxies between one agent and its servers."""

    brokers: tuple[Proxy, ...]
    redis: Proxy

    @property
    def all(self) -> tuple[Proxy, ...]:
        """All of them."""
        return (*self.brokers, self.redis)


class Road:
    """The platform that faults are done to."""

    def __init__(self, folder: Path, network: RoadNetwork, *, gateways: bool = False, desks: bool = False) -> None:
        """gateways: whether some cameras send to two gateways over HTTP. desks: whether two `vigie desks` run, from which an
        authority pulls."""
        self.folder = folder
        folder.chmod(0o711)  # others may come in: what is private, is so by itself
        self.gateways: Gateways | None = None
        self.authority: Authority | None = None
        self._with_gateways, self._with_desks = gateways, desks
        self.network = network
        self.pair = EmbeddedPair(folder / "data", brokers=3)
        self.desks: dict[str, DeskProcess] = {}
        self.links: dict[str, Links] = {}
        self.crews: dict[str, Fleet] = {}
        self._arrived_ms = platform_now_ms() - KNOWN_FOR_MS
        self._sent: deque[tuple[float, PlateRead]] = deque(maxlen=SENT_KEPT)

    async def start(self) -> None:
        """Start servers, topics, reference data, desks and agents. All are ready when this returns."""
        await self.pair.start()
        await provide(self.pair.kafka, self.pair.redis_url, NAMESPACE, self.pair.accounts, partitions=PARTITIONS)
        await self.load_reference()
        config = await self._desks()
        for agent in AGENTS:
            self.links[agent] = await self._link()
            self.crews[agent] = self._crew(agent, config)
            await self.worker(agent).process.start()
        await asyncio.gather(*(self.worker(agent).process.wait_ready() for agent in AGENTS))
        if self._with_gateways:
            links = self.links["gateways"] = await self._link()
            self.gateways = Gateways(self.pair.data_dir, self._env_behind(links, config), links.brokers)
            await self.gateways.start()
        if self._with_desks:
            links = self.links["desks"] = await self._link()
            self.authority = Authority(self.pair.data_dir, self._env_behind(links, config))
            await self.authority.start()

    async def stop(self) -> None:
        """Stop everything that start() started."""
        for one in (self.gateways, self.authority):
            if one is not None:
                await one.stop()
        await asyncio.gather(*(crew.stop() for crew in self.crews.values()))
        for links in self.links.values():
            for proxy in links.all:
                await proxy.stop()
        await self.pair.stop()
        for desk in self.desks.values():
            with contextlib.suppress(AssertionError, TimeoutError):
                await desk.stop()

    def worker(self, agent: str, number: int = 1) -> Worker:
        """One worker of an agent. number: 1 or 2; the second one runs only while a fault starts it."""
        return self.crews[agent].of(agent)[number - 1]

    def workers(self) -> Iterator[Worker]:
        """The workers that should be running now."""
        for agent in AGENTS:
            for worker in self.crews[agent].of(agent):
                if worker.process.state != "stopped":
                    yield worker

    async def load_reference(self, *, replace: bool = False) -> None:
        """Load the network's reference data. replace: replace each collection as a whole, as an operator does after a loss."""
        network = self.network
        client = open_redis(self.pair.redis_url)
        try:
            writer = ReplicaWriter(client, NAMESPACE, now_ms=lambda: self._arrived_ms)  # a backup says when it came
            if replace:
                await writer.replace(SECTIONS, network.sections)
                await writer.replace(ZONES, network.zones)
                await writer.replace(HOTLIST, network.hotlist)
                await writer.replace(POLICIES, network.policies)
                await writer.replace(CAMERAS, network.cameras)  # last: agents that know none yet wait
            else:
                await load_reference(network, writer)
            if self._with_desks:
                await writer.put(CONSUMERS, [CONSUMER])
            if self._with_gateways:
                await writer.put(SENDERS, senders_of(tuple(camera.camera_id for camera in network.cameras)))
        finally:
            await client.aclose()
        await asyncio.sleep(EFFECTIVE_WITHIN_S)

    async def unwell(self) -> list[str]:
        """The workers that have no partitions yet, or have a backlog, with the reason."""
        workers = list(self.workers())
        found = await asyncio.gather(*(asyncio.to_thread(_gauges, worker) for worker in workers))
        return [
            f"{worker.process.program.name} {why}"
            for worker, gauges in zip(workers, found, strict=True)
            if (why := _why_unwell(gauges))
        ]

    def sent(self, read: PlateRead) -> None:
        """Note that a camera has sent this read."""
        self._sent.append((time.monotonic(), read))

    def sent_before(self, seconds: float) -> list[PlateRead]:
        """The reads that cameras sent, at most the last SENT_KEPT, without those of the last `seconds` seconds."""
        until = time.monotonic() - seconds
        return [read for at, read in self._sent if at < until]

    def partitions_of(self, topic: str) -> range:
        """The numbers of a topic's partitions (full name)."""
        return range(PARTITIONS[topic.partition(".")[2]])

    def said(self, event: str, since: datetime) -> list[dict[str, object]]:
        """The agents' log lines with this event since that time, also from log files that were rotated."""
        files = sorted((self.pair.data_dir / "logs").glob("*.log*"))
        return [line for file in files for line in _events(file, event) if _time_of(line) >= since]

    def set_clock(self, agent: str, offset_ms: int) -> None:
        """Set an agent's clock wrong by offset_ms."""
        with replacing(self._clock(agent)) as file:
            file.write(str(offset_ms).encode())

    def _clock(self, agent: str) -> Path:
        return self.folder / f"clock-{agent}"

    async def _desks(self) -> Path:
        credentials = create_credentials(self.folder / "keys")
        countries = sorted({policy.country for policy in self.network.policies})
        started = [DeskProcess(self.folder, self.folder / "keys", country).start() for country in countries]
        self.desks = {desk.country: desk for desk in await asyncio.gather(*started)}
        urls = {country: desk.url for country, desk in self.desks.items()}
        config = self.folder / "vigie.toml"
        quick = "timeout_s = 2.0\nmax_backoff_s = 2.0\n"
        write_private(config, settings_toml(credentials, urls).replace("[liaison]\n", f"[liaison]\n{quick}"))
        return config

    async def _link(self) -> Links:
        ports = [int(server.rpartition(":")[2]) for server in self.pair.kafka.bootstrap_servers]
        brokers = tuple([await Proxy(port).start() for port in ports])
        for broker in brokers:
            broker.before_kafka(dict(zip(ports, (proxy.port for proxy in brokers), strict=True)))
        return Links(brokers, await Proxy(self.pair.valkey_server.socket).start())

    def _env_behind(self, links: Links, config: Path) -> dict[str, str]:
        """The environment of a process that reaches the servers through these proxies."""
        return {
            **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
            **self.pair.env(),
            "VIGIE_KAFKA_URL": "kafka://" + ",".join(f"127.0.0.1:{proxy.port}" for proxy in links.brokers),
            "VIGIE_REDIS_URL": f"redis://127.0.0.1:{links.redis.port}/0",
            "VIGIE_NAMESPACE": NAMESPACE,
            "VIGIE_CONFIG": str(config),
            "VIGIE_LOG_FORMAT": "json",
            "VIGIE_METRICS_TOKEN_FILE": str(make_metrics_token(self.pair.data_dir / ACCOUNTS)),
        }

    @property
    def settings(self) -> Settings:
        """By which a process on this machine finds the servers."""
        named = {"VIGIE_DATA_DIR": str(self.pair.data_dir), "VIGIE_NAMESPACE": NAMESPACE}
        return load_settings(self.pair.env() | named)

    @property
    def covert_key(self) -> X25519PrivateKey:
        """The private key that opens covert alerts."""
        return private_key(SETTING, self.folder / "covert" / PRIVATE)

    def _crew(self, agent: str, config: Path) -> Fleet:
        links = self.links[agent]
        self.set_clock(agent, 0)
        env = {
            **self._env_behind(links, config),
            "VIGIE_COVERT_KEY_FILE": str(make_covert_key(self.folder / "covert")),
            CLOCK: str(self._clock(agent)),
            "VIGIE_SECTION_SETTLE_MS": str(SETTLE_MS),
        }
        counts = {name: MOST_WORKERS if name == agent else 0 for name in AGENTS}
        return Fleet(self.pair.data_dir, env, counts, command=(sys.executable, "-u", "-m", "tests.faults.worker"))


@asynccontextmanager
async def open_road(
    folder: Path, network: RoadNetwork, *, gateways: bool = False, desks: bool = False
) -> AsyncIterator[Road]:
    """A running platform. It is stopped and removed afterwards, also when it did not start. gateways, desks: see Road."""
    road = Road(folder, network, gateways=gateways, desks=desks)
    try:
        await road.start()
        yield road
    finally:
        await road.stop()


def _why_unwell(gauges: Mapping[str, float]) -> str | None:
    if gauges.get("vigie_ready") != 1.0:
        return "is not ready"
    lag = gauges.get("vigie_lag_records", 0.0)
    return f"lags {lag:.0f} records" if lag >= MOST_LAG else None


def _gauges(worker: Worker) -> dict[str, float]:
    try:
        lines = worker.metrics().splitlines()
    except OSError:
        return {}
    pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name.partition("{")[0]: float(value) for name, value in pairs}


def _time_of(line: Mapping[str, object]) -> datetime:
    return datetime.fromisoformat(str(line["timestamp"]))


def _events(file: Path, event: str) -> Iterator[dict[str, object]]:
    wanted = f'"{event}"'
    for line in file.read_text(errors="replace").splitlines():
        if wanted in line and line.startswith("{"):
            with contextlib.suppress(ValueError):
                yield {"file": file.stem, **json.loads(line)}
