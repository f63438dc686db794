"""Makes the archive of Kafka's classes: runs a broker once through all that a start does, while Java writes down the classes
it loads."""

import tempfile
from pathlib import Path

from pipeline.runtime.accounts import ACCOUNTS, make_accounts
from pipeline.runtime.private import private_folder
from pipeline.servers.access import provide_kafka
from pipeline.servers.kafka_archive import archive_file
from pipeline.servers.kafka_server import KafkaServer
from pipeline.servers.processes import StartFailed

WRITTEN_WITHIN_S = (
    300.0  # at its end the broker has a second Java link and write all classes: ten seconds on a quiet machine
)


async def make_archive() -> Path:
    """Make the archive of Kafka's classes if there is none, which takes some 20 s, and delete those of other versions.
    Returns its path. Raises StartFailed, JarsUnavailable, OSError."""
    target = archive_file()
    if target.is_file():
        return target
    private_folder(target.parent)
    with tempfile.TemporaryDirectory(prefix=".rehearsal-", dir=target.parent) as scratch:
        written = Path(scratch) / target.name
        await _rehearse(Path(scratch) / "data", written)
        if not written.is_file():
            raise StartFailed("kafka-0", "wrote no archive of its classes", "See what Java says of -XX:AOTCacheOutput.")
        for old in target.parent.glob("kafka-*.aot"):  # of other versions: 70 MB each
            old.unlink(missing_ok=True)
        written.rename(target)
    return target


async def _rehearse(data_dir: Path, written: Path) -> None:
    make_accounts(data_dir / ACCOUNTS)
    server = KafkaServer(data_dir, java=(f"-XX:AOTCacheOutput={written}",), stop_within_s=WRITTEN_WITHIN_S)
    try:
        await server.start()
        await provide_kafka(server.connection, "rehearsal", data_dir / ACCOUNTS)
    finally:
        await server.stop()
