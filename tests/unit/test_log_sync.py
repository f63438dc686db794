"""Which files of a broker's log are written to the disk."""

import shutil
from pathlib import Path

import pytest

from pipeline.servers.kafka_config import Cluster, properties_of
from pipeline.servers.log_sync import LogSync


def written(file: Path, content: bytes) -> Path:
    """The file, with the content behind what it held; made with its folder where it is missing."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("ab") as log:
        log.write(content)
    return file


def test_the_newest_file_of_each_partition_is_written_as_far_as_it_has_grown(tmp_path: Path) -> None:
    """Also after the broker has begun the next one; files of a deleted topic, and those that are no log, are left out."""
    sync = LogSync(tmp_path)
    reads, alerts = tmp_path / "vigie.reads-0", tmp_path / "vigie.alerts-3"
    first = written(reads / "00000000000000000000.log", b"one")
    other = written(alerts / "00000000000000000000.log", b"")
    written(reads / "00000000000000000000.index", b"an index")
    written(tmp_path / "recovery-point-offset-checkpoint", b"0")
    sync.sync()
    assert {first: 3, other: 0} == sync.synced
    written(first, b", two")
    shutil.rmtree(alerts)
    sync.sync()
    assert {first: 8} == sync.synced
    second = written(reads / "00000000000000000002.log", b"three")
    sync.sync()
    assert {second: 5} == sync.synced


def test_a_file_that_cannot_be_written_is_told_and_holds_up_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It does not count as written, so it is tried again."""
    loop = tmp_path / "vigie.reads-0" / "00000000000000000000.log"
    loop.parent.mkdir()
    loop.symlink_to(loop)
    good = written(tmp_path / "vigie.reads-1" / "00000000000000000000.log", b"one")
    sync = LogSync(tmp_path)
    sync.sync()
    assert {good: 3} == sync.synced
    assert "broker.log_not_written" in capsys.readouterr().out


@pytest.mark.parametrize("brokers", [1, 3])
def test_a_broker_does_not_write_its_log_to_the_disk_by_itself(brokers: int) -> None:
    """It would hold up each record of a partition until the disk has answered."""
    ports = tuple(range(9000, 9000 + 2 * brokers))
    cluster = Cluster(cluster_id="x", brokers=brokers, ports=ports, inner_ports=ports[:brokers])
    assert "log.flush." not in properties_of(cluster, 0)
