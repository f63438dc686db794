"""The archive of Kafka's classes: made once, used by every broker, and needed by none."""

import asyncio
import sys
from pathlib import Path

import pytest

from pipeline.runtime.accounts import ACCOUNTS, make_accounts
from pipeline.servers.kafka_archive import archive_file, archive_options
from pipeline.servers.kafka_jars import cache_folder, class_path
from pipeline.servers.kafka_rehearsal import make_archive
from pipeline.servers.kafka_server import KafkaServer


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own that has the jars and no archive."""
    class_path()
    jars = cache_folder()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    cache_folder().parent.mkdir(parents=True)
    cache_folder().symlink_to(jars)
    return cache_folder().parent


def names_in(folder: Path) -> list[str]:
    """The names of all that lies in the folder."""
    return [path.name for path in folder.iterdir()]


async def mapped_by_a_broker(data_dir: Path) -> bool:
    """Whether a broker that is ready has the archive in its memory. Where the system does not say: whether it was ready."""
    make_accounts(data_dir / ACCOUNTS)
    server = KafkaServer(data_dir)
    try:
        await server.start()
        if sys.platform != "linux":
            return True
        maps = await asyncio.to_thread(Path(f"/proc/{server.brokers[0].pid}/maps").read_text)
        return str(archive_file()) in maps
    finally:
        await server.stop()


async def test_the_archive_is_made_once_and_brokers_use_it(cache: Path, tmp_path: Path) -> None:
    """What other versions left goes; nothing of the broker that was run for it stays."""
    (cache / "kafka-0-0.aot").write_bytes(b"of another version")
    assert () == archive_options()
    made = await make_archive()
    made_at = made.stat().st_mtime_ns
    assert made == await make_archive() == archive_file()
    assert made_at == made.stat().st_mtime_ns
    assert [made.name, cache_folder().name] == sorted(names_in(cache), key=len, reverse=True)
    assert (f"-XX:AOTCache={made}",) == archive_options()
    assert await mapped_by_a_broker(tmp_path / "data")


async def test_a_broker_starts_beside_an_archive_that_is_none(cache: Path, tmp_path: Path) -> None:
    """A disk was full, or a copy ended early: Java says so in the broker's log, and goes on without."""
    archive_file().write_bytes(b"half of one")
    await mapped_by_a_broker(tmp_path / "data")
