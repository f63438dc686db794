"""The embedded pair's pure parts: ports, configuration files, pinned jars, what differs between topics."""

import os
import socket
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.errors import Misconfigured
from pipeline.runtime.ports import HIGHEST, HOST, LOWEST, free_ports
from pipeline.runtime.private import private_folder, write_private
from pipeline.runtime.settings import load_settings
from pipeline.runtime.topics import differences, wanted_topics
from pipeline.servers import pids
from pipeline.servers.append_only import CHUNK, cut_zeros
from pipeline.servers.kafka_config import Cluster, new_cluster_id, properties_of
from pipeline.servers.kafka_jars import LOCK, SPEC, pinned_jars
from pipeline.servers.pair import EmbeddedPair, Endpoints, running_pair
from pipeline.servers.valkey_server import quoted
from schemas.topics import TOPICS


def test_known_ports_are_kept_and_taken_ones_given_up() -> None:
    """Addresses stay the same from start to start as long as nobody else has them."""
    with socket.create_server((HOST, 0)) as stranger:
        taken = stranger.getsockname()[1]
        first = free_ports((), 2)
        second = free_ports((taken, *first), 3)
    assert second[:2] == first
    assert taken not in second
    assert len(set(second)) == 3
    assert all(LOWEST <= port <= HIGHEST for port in second)


def test_a_port_is_given_to_one_server_alone() -> None:
    """Also while the server that has it does not listen yet."""
    ports = [port for _ in range(400) for port in free_ports((), 1)]
    assert len(ports) == len(set(ports))


def test_a_single_broker_keeps_one_copy_and_three_keep_three() -> None:
    """Copies, and how many must have a record before it is acknowledged."""
    single = Cluster(cluster_id="x", brokers=1, ports=(1, 2), inner_ports=(3,))
    triple = Cluster(cluster_id="x", brokers=3, ports=(1, 2, 3, 4, 5, 6), inner_ports=(7, 8, 9))
    one, three = properties_of(single, 0), properties_of(triple, 2)
    assert "default.replication.factor=1\n" in one
    assert "log.flush.interval.ms=1000\n" in one
    assert "default.replication.factor=3\nmin.insync.replicas=2\n" in three
    assert "controller.quorum.voters=0@127.0.0.1:2,1@127.0.0.1:4,2@127.0.0.1:6\n" in three
    assert "listeners=CLIENT://127.0.0.1:5,BROKER://127.0.0.1:9,CONTROLLER://127.0.0.1:6\n" in three
    assert "PLAINTEXT" not in three.replace("CLIENT:SASL_PLAINTEXT", "")
    assert "auto.create.topics.enable=false\n" in three


@given(st.binary(min_size=16, max_size=16))
def test_a_cluster_id_is_never_taken_for_an_option(random: bytes) -> None:
    """One random name in 64 would begin with a dash, and formatting would fail."""
    name = new_cluster_id(random)
    assert len(name) == 22
    assert not name.startswith("-")


def test_the_lock_file_pins_every_jar_and_names_no_host() -> None:
    """Version and SHA-256 of each jar; where they come from is the machine's affair."""
    jars = pinned_jars()
    assert {"kafka_2.13", "kafka-clients", "slf4j-simple"} <= {jar.artifact for jar in jars}
    assert all(len(jar.sha256) == 64 for jar in jars)
    assert len({jar.path for jar in jars}) == len(jars)
    assert "://" not in SPEC.read_text() + LOCK.read_text()


def test_the_lock_file_fits_the_specification() -> None:
    """What jgo.toml asks for by version is what is locked."""
    locked = {f"{jar.group}:{jar.artifact}:{jar.version}" for jar in pinned_jars()}
    asked = {line.strip(' ",') for line in SPEC.read_text().splitlines() if line.count(":") == 2 and '"' in line}
    assert asked
    assert asked <= locked


def test_a_path_with_blanks_and_quotes_survives_valkeys_configuration() -> None:
    """Data folders have names that people give."""
    assert quoted(Path('/a b/"c"')) == '"/a b/\\"c\\""'


def test_no_pair_is_found_where_none_was() -> None:
    """A folder that does not exist has no running pair."""
    assert running_pair(Path("nowhere")) is None


def test_a_segment_is_short_enough_to_keep_to_the_retention() -> None:
    """Kafka drops whole segments: one lasts an eighth of the retention, but ten minutes to a day, the record's a month."""
    for topic, shape in zip(TOPICS, wanted_topics("vigie"), strict=True):
        segment_ms = int(shape.config["segment.ms"])
        assert segment_ms <= 86_400_000 * (30 if topic.of_record else 1)
        assert segment_ms <= max(600_000, int(shape.config["retention.ms"]) / 8)


def test_equal_topics_have_no_differences_and_more_partitions_are_none() -> None:
    """A deployment may grow beyond the contract."""
    wanted = wanted_topics("vigie")
    assert differences(wanted, wanted) == ()
    assert differences(wanted, tuple(replace(shape, partitions=shape.partitions * 2) for shape in wanted)) == ()


def test_each_difference_says_what_is_wanted_and_found() -> None:
    """Fewer partitions and smaller messages block; another retention does not."""
    (want,) = wanted_topics("vigie")[:1]
    config = {**want.config, "retention.ms": "1", "max.message.bytes": "2"}
    found = differences((want,), (replace(want, partitions=1, config=config),))
    assert {(d.what, d.found, d.blocks) for d in found} == {
        ("partitions", "1", True),
        ("retention.ms", "1", False),
        ("max.message.bytes", "2", True),
    }
    assert str(found[0]) == "vigie.frames: partitions is 1, wanted 8"


@given(st.binary(max_size=300).map(lambda text: text + b"\r\n"), st.integers(0, 3 * CHUNK))
@example(b"", 16)
@example(b"*1\r\n$4\r\nPING\r\n", 2 * CHUNK)
def test_zeros_at_the_end_of_the_stores_file_are_cut_off_and_nothing_else_is(content: bytes, zeros: int) -> None:
    """As a power cut leaves them; only the newest file of several is looked at, which is the one that was being written."""
    with TemporaryDirectory() as name:
        older, newest = (Path(name) / f"appendonly.aof.{number}.incr.aof" for number in (9, 10))
        older.write_bytes(b"older\0")
        newest.write_bytes(content + bytes(zeros))
        assert [(newest, zeros)] * (zeros > 0) == list(cut_zeros(Path(name)))
        assert (b"older\0", content) == (older.read_bytes(), newest.read_bytes())
        assert [] == list(cut_zeros(Path(name)))


def test_a_store_without_a_file_has_nothing_to_cut(tmp_path: Path) -> None:
    """A new data folder."""
    assert [] == list(cut_zeros(tmp_path / "appendonlydir"))


@pytest.mark.parametrize("loose", [".", "run", "run/pair.json"])
def test_addresses_that_others_may_have_written_get_no_password(tmp_path: Path, loose: str) -> None:
    """A stranger's port would be sent the operator's account; the message names the cure. Settings refuse such a folder, too."""
    private_folder(tmp_path / "run")
    endpoints = Endpoints(
        kafka_url="kafka://localhost:1", redis_url="redis://localhost:2", pid=os.getpid(),
        started=pids.started(os.getpid()) or "", started_at_ms=1,
    )  # fmt: skip
    write_private(tmp_path / "run" / "pair.json", msgspec.json.encode(endpoints))
    assert endpoints == running_pair(tmp_path)
    (tmp_path / loose).chmod(0o777)
    with pytest.raises(Misconfigured, match="chmod go-w"):
        running_pair(tmp_path)
    if loose == ".":
        with pytest.raises(Misconfigured, match=r"VIGIE_DATA_DIR is .*chmod go-w"):
            load_settings({"VIGIE_DATA_DIR": str(tmp_path)})


async def test_a_pair_does_not_start_in_a_folder_that_others_may_change(tmp_path: Path) -> None:
    """Neither in one of its own folders, which somebody made before it."""
    private_folder(tmp_path / "valkey").chmod(0o777)
    with pytest.raises(Misconfigured, match="chmod go-w"):
        await EmbeddedPair(tmp_path).start()
