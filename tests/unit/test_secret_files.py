"""Every file that opens something is read only where nobody else could have read or changed it; the message says how to mend it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.errors import Misconfigured
from pipeline.gateway.mapping import mapping_in
from pipeline.receiver.credentials import create_credentials
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.log import platform_key
from pipeline.runtime.settings import load_settings
from pipeline.servers.endpoints import servers_of


def named_servers(tmp_path: Path, **more: str) -> None:
    """What a process does that is given servers elsewhere."""
    elsewhere = {
        "VIGIE_KAFKA_URL": "kafka+ssl://vigie@k.example:9093",
        "VIGIE_REDIS_URL": "rediss://u:p@r.example:6379/0",
    }
    servers_of(load_settings({"VIGIE_DATA_DIR": str(tmp_path), **elsewhere, **more}), "operator")


def kafka_password(file: Path) -> None:
    """Read the password of Kafka's user."""
    named_servers(file.parent, VIGIE_KAFKA_PASSWORD_FILE=str(file))


def redis_authorities(file: Path) -> None:
    """Read who signed Redis' certificate."""
    password = file.parent / "password"
    password.touch(0o600)
    password.write_text("x")
    named_servers(file.parent, VIGIE_REDIS_CA_FILE=str(file), VIGIE_KAFKA_PASSWORD_FILE=str(password))


def kafka_authorities(file: Path) -> None:
    """Read who signed Kafka's certificates."""
    KafkaConnection.from_url("kafka+ssl://k.example:9093", ca_file=file).client_kwargs()


def kafka_key(file: Path) -> None:
    """Read a client's key and certificate."""
    KafkaConnection.from_url("kafka+ssl://k.example:9093", cert_file=file).client_kwargs()


def key_of_the_authority(file: Path) -> None:
    """Make certificates with a CA's key that is there already."""
    made = create_credentials(file.parent / "keys")
    made.ca_key.chmod(file.stat().st_mode)
    create_credentials(file.parent / "keys")


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o660, 0o602])
@pytest.mark.parametrize("read", [kafka_password, kafka_key, platform_key, key_of_the_authority])
def test_a_secret_that_others_may_read_is_refused(tmp_path: Path, read: Callable[[Path], object], mode: int) -> None:
    """Whoever else read it can speak in our name."""
    file = tmp_path / "secret"
    file.write_text("0123456789" * 4)
    file.chmod(mode)
    with pytest.raises(Misconfigured, match=r"others may read or change.*chmod go-rwx"):
        read(file)


@pytest.mark.parametrize("read", [kafka_authorities, redis_authorities, mapping_in])
def test_what_is_believed_is_refused_where_others_may_change_it(tmp_path: Path, read: Callable[[Path], object]) -> None:
    """Whoever changes it can pose as a server, or have cameras say what he likes."""
    file = tmp_path / "believed"
    file.write_text("0123456789" * 4)
    file.chmod(0o646)
    with pytest.raises(Misconfigured, match=r"others may change.*chmod go-w"):
        read(file)
