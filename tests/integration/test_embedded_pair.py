"""The embedded pair keeps what it was given: through a kill of a server, of its supervisor, and through a stop."""

import asyncio
import os
import shutil
import signal
import socket
import stat
import sys
import tarfile
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaConnectionError
from redis.asyncio import Redis

from pipeline.errors import Misconfigured
from pipeline.runtime.accounts import ACCOUNTS, make_accounts
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.principals import ADMIN
from pipeline.runtime.settings import load_settings
from pipeline.runtime.topics import create_topics
from pipeline.servers import pids
from pipeline.servers.access import provide
from pipeline.servers.endpoints import named_servers
from pipeline.servers.pair import EmbeddedPair, running_pair
from pipeline.servers.valkey_server import LONGEST_SOCKET_PATH, ValkeyServer
from schemas.topics import TOPICS

ONE_EACH = {topic.name: 1 for topic in TOPICS}

SUPERVISOR = """
import asyncio, sys, uvloop
from pathlib import Path
from pipeline.servers.pair import EmbeddedPair

async def main():
    async with EmbeddedPair(Path(sys.argv[1])):
        print("ready", flush=True)
        await asyncio.Event().wait()

uvloop.run(main())  # as `vigie up` does
"""


async def send(kafka: KafkaConnection, topic: str, values: list[bytes]) -> None:
    """Send to partition 0 and return when the broker has acknowledged every one."""
    async with AIOKafkaProducer(**kafka.client_kwargs(), acks="all", enable_idempotence=True) as producer:
        for sent in [await producer.send(topic, value, partition=0) for value in values]:
            await sent


async def received(kafka: KafkaConnection, topic: str, count: int) -> list[bytes]:
    """The first count records of partition 0."""
    async with AIOKafkaConsumer(**kafka.client_kwargs(), auto_offset_reset="earliest") as consumer:
        consumer.assign([TopicPartition(topic, 0)])
        records: AsyncIterator[bytes] = (record.value async for record in consumer)
        async with asyncio.timeout(20):
            return [await anext(records) for _ in range(count)]


async def kept(url: str, key: str) -> bytes | None:
    """A key's value in the store at this URL."""
    async with Redis.from_url(url) as client:
        value = await client.get(key)
    assert not isinstance(value, str)
    return value


def children(pair: EmbeddedPair) -> list[pids.Identity]:
    """The pair's server processes."""
    found = [pids.identity_of(process.pid or 0) for process in (*pair.brokers, pair.valkey)]
    return [identity for identity in found if identity is not None]


async def test_what_is_sent_arrives_and_what_is_set_is_there(pair: EmbeddedPair, namespace: str, redis: Redis) -> None:
    """The pair is a real broker and a real store, and says where it is."""
    await send(pair.kafka, f"{namespace}.reads", [b"one", b"two"])
    await redis.set(f"{namespace}:key", b"value")

    assert await received(pair.kafka, f"{namespace}.reads", 2) == [b"one", b"two"]
    assert await kept(pair.redis_url, f"{namespace}:key") == b"value"
    endpoints = running_pair(pair.data_dir)
    assert endpoints is not None
    assert (endpoints.kafka_url, endpoints.redis_url) == (pair.kafka.url, pair.valkey_server.address)
    assert endpoints.pid == os.getpid()


async def test_a_killed_broker_is_back_by_itself_with_every_record(pair: EmbeddedPair, namespace: str) -> None:
    """After kill -9 everything acknowledged before is there, in order, and it goes on."""
    topic = f"{namespace}.reads"
    values = [b"%d" % number for number in range(5_000)]
    restarts = pair.brokers[0].restarts
    await send(pair.kafka, topic, values)

    pair.brokers[0].kill()
    await pair.brokers[0].wait_ready()
    await send(pair.kafka, topic, [b"after"])

    assert await received(pair.kafka, topic, 5_001) == [*values, b"after"]
    assert pair.brokers[0].restarts == restarts + 1


async def test_a_killed_store_is_back_by_itself_with_every_key(
    pair: EmbeddedPair, namespace: str, redis: Redis
) -> None:
    """After kill -9 everything is there that the store said was in its file.

    An answer alone does not say so: while the disk is slow, the store holds its file's last two seconds in memory. What
    a kill takes then, the workers read again (`state/witness.py`).
    """
    async with redis.pipeline(transaction=False) as batch:
        for number in range(5_000):
            batch.set(f"{namespace}:{number}", number)
        await batch.execute()
    assert await redis.waitaof(1, 0, 60_000) == [1, 0]

    pair.valkey.kill()
    await pair.valkey.wait_ready()

    async with Redis.from_url(pair.redis_url) as again:
        values = await again.mget([f"{namespace}:{number}" for number in range(5_000)])
    assert values == [b"%d" % number for number in range(5_000)]


async def test_a_stop_leaves_nothing_running_and_a_start_finds_everything(tmp_path: Path) -> None:
    """Stopped within 6 s, no process and no file of one left; started again: same addresses, records and keys."""
    async with EmbeddedPair(tmp_path) as pair:
        await create_topics(pair.kafka, "vigie", partitions=ONE_EACH)
        await send(pair.kafka, "vigie.reads", [b"kept"])
        async with Redis.from_url(pair.redis_url) as client:
            await client.set("key", b"kept")
        before, servers = (pair.kafka, pair.redis_url), children(pair)
        began = asyncio.get_running_loop().time()
    took_s = asyncio.get_running_loop().time() - began

    assert len(servers) == 2
    assert not any(map(pids.lives, servers))
    assert took_s < 6.0
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["lock"]
    assert running_pair(tmp_path) is None
    async with EmbeddedPair(tmp_path) as again:
        assert (again.kafka, again.redis_url) == before
        assert await received(again.kafka, "vigie.reads", 1) == [b"kept"]
        assert await kept(again.redis_url, "key") == b"kept"


async def test_a_folder_in_use_is_refused_naming_who_uses_it(pair: EmbeddedPair) -> None:
    """A second start on one folder says which process holds it, and harms nothing."""
    second = EmbeddedPair(pair.data_dir)
    with pytest.raises(Misconfigured, match=rf"process {os.getpid()} uses it"):
        await second.start()
    await second.stop()
    assert running_pair(pair.data_dir) is not None
    assert all(map(pids.lives, children(pair)))


async def test_a_folder_keeps_its_number_of_brokers(pair: EmbeddedPair, tmp_path: Path) -> None:
    """Three brokers cannot take over one broker's folder, nor can there be two."""
    (tmp_path / "kafka").mkdir()
    (tmp_path / "kafka" / "cluster.json").write_bytes((pair.data_dir / "kafka" / "cluster.json").read_bytes())
    with pytest.raises(Misconfigured, match="VIGIE_BROKERS is 3, but must be 1"):
        await EmbeddedPair(tmp_path, brokers=3).start()
    with pytest.raises(Misconfigured, match="must be 1 or 3"):
        EmbeddedPair(tmp_path, brokers=2)


async def test_after_a_killed_supervisor_the_next_start_goes_on(tmp_path: Path) -> None:
    """kill -9 of the supervisor leaves no server behind, no stale lock, and loses nothing; a taken port is given up."""
    supervisor = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SUPERVISOR, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert supervisor.stdout is not None
    assert await read_until_ready(supervisor.stdout)
    endpoints = running_pair(tmp_path)
    assert endpoints is not None
    admin = named_servers(load_settings({}), endpoints.kafka_url, endpoints.redis_url, ADMIN, tmp_path / ACCOUNTS)
    kafka = admin.kafka
    await create_topics(kafka, "vigie", partitions=ONE_EACH)
    await send(kafka, "vigie.reads", [b"kept"])
    async with Redis.from_url(admin.redis_url) as client:
        await client.set("key", b"kept")
    servers = [identity for file in (tmp_path / "run").glob("*.pid") if (identity := pids.read(file)) is not None]

    supervisor.send_signal(signal.SIGKILL)
    await supervisor.wait()

    assert len(servers) == 2
    if sys.platform == "linux":
        assert await asyncio.to_thread(pids.all_ended, servers, 5.0)
    assert running_pair(tmp_path) is None
    pids.end_orphans(tmp_path / "run")
    with taken(kafka.bootstrap_servers[0]):
        async with EmbeddedPair(tmp_path) as pair:
            assert pair.kafka != kafka
            assert await received(pair.kafka, "vigie.reads", 1) == [b"kept"]
            assert await kept(pair.redis_url, "key") == b"kept"


async def test_a_folder_from_before_there_were_accounts_goes_on(tmp_path: Path) -> None:
    """Its brokers spoke plainly and its store had one password for all: it gets accounts, and keeps records and keys."""
    with tarfile.open(Path(__file__).parent / "folders" / "before_accounts.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    async with EmbeddedPair(tmp_path) as pair:
        await provide(pair.kafka, pair.redis_url, "vigie", pair.accounts, partitions=ONE_EACH)
        own = named_servers(load_settings({}), pair.kafka.url, pair.valkey_server.address, "tail", pair.accounts)
        async with asyncio.timeout(30.0):
            while True:
                with suppress(KafkaConnectionError):  # a broker hears of a new password a moment after it was set
                    assert await received(own.kafka, "vigie.reads", 1) == [b"kept"]
                    break
                await asyncio.sleep(0.1)
        assert await kept(pair.redis_url, "key") == b"kept"
        assert not (tmp_path / "valkey" / "place.json").exists()


async def test_a_folder_with_a_long_path_has_its_socket_elsewhere(tmp_path: Path) -> None:
    """A socket's path has a limit; the folder beside the temporary files is its owner's alone."""
    folder = tmp_path / ("long" * 30)
    make_accounts(folder / ACCOUNTS, (ADMIN,))
    server = ValkeyServer(folder)
    try:
        await server.start()
        assert len(str(server.socket)) <= LONGEST_SOCKET_PATH
        assert 0o700 == stat.S_IMODE(server.socket.parent.stat().st_mode)
        async with Redis.from_url(server.url) as client:
            assert await client.ping()
    finally:
        await server.stop()
        shutil.rmtree(server.socket.parent)


async def read_until_ready(output: asyncio.StreamReader) -> bool:
    """Whether the supervisor says that it is ready before its output ends."""
    async with asyncio.timeout(60):
        while line := await output.readline():
            if line.strip() == b"ready":
                return True
    return False


def taken(server: str) -> socket.socket:
    """A listener on host:port that is none of ours."""
    host, _, port = server.rpartition(":")
    return socket.create_server((host, int(port)))


AWKWARD = {
    "JAVA_TOOL_OPTIONS": "-Xmx1k",
    "JDK_JAVA_OPTIONS": "-Xmx1k",
    "_JAVA_OPTIONS": "-Xmx1k",
    "JAVA_OPTS": "-Xmx1k",
    "KAFKA_OPTS": "-Xmx1k",
    "KAFKA_HEAP_OPTS": "-Xmx1k",
    "CLASSPATH": "nowhere",
    "LANG": "C",
}


def names_in(folder: Path) -> list[str]:
    """What lies in a folder."""
    return [path.name for path in folder.iterdir()]


def cut_the_power(folder: Path) -> None:
    """Leave the store's file longer than what was written, as file systems do."""
    (written,) = folder.glob("valkey/appendonlydir/*.incr.aof")
    with written.open("ab") as file:
        file.write(bytes(4096))


async def test_a_folder_may_have_any_name_and_a_power_cut_may_leave_zeros(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Everything lies in that folder, what was written is there again from another working folder, and the cut is told of.

    What the environment tells other programs of this machine is not heard.
    """
    folder = tmp_path / "a,b données, Zürich back\\slash %d"
    for name, value in AWKWARD.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    async with EmbeddedPair(folder) as pair:
        await create_topics(pair.kafka, "vigie", partitions=ONE_EACH)
        await send(pair.kafka, "vigie.reads", [b"one", b"two"])
        async with Redis.from_url(pair.redis_url) as client:
            await client.set("key", b"value\0")
    assert [folder.name] == names_in(tmp_path)
    cut_the_power(folder)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    async with EmbeddedPair(folder) as pair:
        assert [b"one", b"two"] == await received(pair.kafka, "vigie.reads", 2)
        assert b"value\0" == await kept(pair.redis_url, "key")
    assert [] == names_in(tmp_path / "elsewhere")
    assert "store.tail_cut" in capsys.readouterr().out
