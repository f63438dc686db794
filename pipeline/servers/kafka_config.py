"""How the embedded brokers are configured: Java's options and server.properties."""

from base64 import urlsafe_b64encode

import msgspec

from pipeline.runtime.kafka_connection import SASL_MECHANISM
from pipeline.runtime.ports import HOST
from pipeline.runtime.principals import ADMIN
from pipeline.servers.broker_identity import BROKER_NAME, CERT_FILE, KEY_FILE

MESSAGE_BYTES = 17 * 1024 * 1024
HEAP_MB = {1: 384, 3: 320}

JVM = (
    # room for classes and compiled code from the start: each time the first sizes are outgrown, all of the heap is collected
    "-XX:MetaspaceSize=128m", "-XX:ReservedCodeCacheSize=128m",
    "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-XX:+ExitOnOutOfMemoryError",
    "-XX:-CreateCoredumpOnCrash", "--sun-misc-unsafe-memory-access=allow",
    "-Djava.awt.headless=true", "-Djava.net.preferIPv4Stack=true",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.logFile=System.out",
    "-Dorg.slf4j.simpleLogger.showDateTime=true", "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSZ",
)  # fmt: skip

JAVA_ENV = {"JAVA_TOOL_OPTIONS": "", "JDK_JAVA_OPTIONS": "", "_JAVA_OPTIONS": "", "LC_ALL": "C.UTF-8"}
"""What is meant for other Javas of this machine is not for this one; and a folder's name may have any letters."""

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
    # pictures that arrive faster than they are written wait in their senders, not in the heap
    "socket.request.max.bytes": 100 * 1024 * 1024,
    "queued.max.request.bytes": 100 * 1024 * 1024,
    # retention bounds the disk: it drops whole segments, so they are small
    "log.segment.bytes": 64 * 1024 * 1024,
    "log.index.size.max.bytes": 1024 * 1024,
    "log.retention.check.interval.ms": 60_000,
    "metadata.log.segment.bytes": 8 * 1024 * 1024,
    "metadata.max.retention.bytes": 32 * 1024 * 1024,
    "metadata.max.idle.interval.ms": 5_000,
    # who may do what is asked of the metadata log, and what it does not say is denied
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "allow.everyone.if.no.acl.found": "false",
    "super.users": f"User:{ADMIN};User:{BROKER_NAME}",
    # clients prove themselves by SCRAM; the brokers among themselves, before there are any accounts, by their certificate
    "listener.security.protocol.map": "CLIENT:SASL_PLAINTEXT,BROKER:SSL,CONTROLLER:SSL",
    "listener.name.client.sasl.enabled.mechanisms": SASL_MECHANISM,
    f"listener.name.client.{SASL_MECHANISM.lower()}.sasl.jaas.config": (
        "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    ),
    "ssl.client.auth": "required",
    "ssl.enabled.protocols": "TLSv1.3",
    "ssl.keystore.type": "PEM",
    "ssl.truststore.type": "PEM",
    # a small machine: few threads, and no 128 MB set aside for compacting offsets
    "num.network.threads": 2,
    "num.io.threads": 4,
    "background.threads": 2,
    "log.cleaner.dedupe.buffer.size": 4 * 1024 * 1024,
}


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of an embedded Kafka's configuration that never change in a data folder. Kept in kafka/cluster.json.

    Node n listens for clients on ports[2n], as a controller on ports[2n+1], and for the other brokers on inner_ports[n],
    which are missing in a folder written by a version without accounts.
    """

    cluster_id: str
    brokers: int
    ports: tuple[int, ...]
    inner_ports: tuple[int, ...] = ()

    @property
    def servers(self) -> tuple[str, ...]:
        """host:port of each broker, for clients."""
        return tuple(f"{HOST}:{port}" for port in self.ports[::2])

    @property
    def inner(self) -> tuple[str, ...]:
        """host:port of each broker, for the other brokers and whoever starts them."""
        return tuple(f"{HOST}:{port}" for port in self.inner_ports)


def new_cluster_id(random: bytes) -> str:
    """Make a cluster id of 16 random bytes in Kafka's form: 22 characters of URL-safe base 64, without a leading dash, which
    Kafka's format tool would take for an option."""
    return urlsafe_b64encode(bytes([random[0] & 0x7F]) + random[1:]).decode().rstrip("=")


def properties_of(cluster: Cluster, node: int) -> str:
    """The server.properties of one broker. It names no path: the broker runs in the folder that holds this file and its log.

    A comma or a backslash in a path would have a meaning there, and letters beyond ASCII would be misread.
    """
    client, controller, inner = cluster.ports[2 * node], cluster.ports[2 * node + 1], cluster.inner_ports[node]
    voters = ",".join(f"{n}@{HOST}:{port}" for n, port in enumerate(cluster.ports[1::2]))
    in_sync = 2 if cluster.brokers == 3 else 1
    lines: dict[str, object] = {
        "process.roles": "broker,controller",
        "node.id": node,
        "controller.quorum.voters": voters,
        "listeners": f"CLIENT://{HOST}:{client},BROKER://{HOST}:{inner},CONTROLLER://{HOST}:{controller}",
        "advertised.listeners": f"CLIENT://{HOST}:{client},BROKER://{HOST}:{inner}",
        "inter.broker.listener.name": "BROKER",
        "controller.listener.names": "CONTROLLER",
        "ssl.keystore.location": f"../{KEY_FILE}",
        "ssl.truststore.location": f"../{CERT_FILE}",
        "log.dirs": "log",
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
