"""Servers on another machine are spoken to with TLS, or not at all."""

import pytest

from pipeline.errors import Misconfigured
from pipeline.runtime.settings import load_settings
from pipeline.servers.endpoints import servers_of

TLS = {
    "VIGIE_KAFKA_URL": "kafka+ssl://kafka.example.org:9093",
    "VIGIE_REDIS_URL": "rediss://u:secret@store.example.org:6379",
}
HERE = {
    "VIGIE_KAFKA_URL": "kafka://127.0.0.1:9092,localhost:9093,[::1]:9094",
    "VIGIE_REDIS_URL": "redis://localhost:6379",
}


@pytest.mark.parametrize("change", [{}, HERE, {"VIGIE_REDIS_URL": "unix:///run/store/valkey.sock"}], ids=str)
def test_tls_this_machine_and_sockets_are_taken(change: dict[str, str]) -> None:
    """What nobody else can read on the way."""
    assert servers_of(load_settings(TLS | change), "hotlist").redis_url


@pytest.mark.parametrize(
    ("setting", "url"),
    [
        ("VIGIE_KAFKA_URL", "kafka://kafka.example.org:9092"), ("VIGIE_KAFKA_URL", "kafka://127.0.0.1:9092,10.0.0.7:9092"),
        ("VIGIE_KAFKA_URL", "kafka://127.0.0.1.example.org:9092"), ("VIGIE_KAFKA_URL", "kafka://[2001:db8::1]:9092"),
        ("VIGIE_REDIS_URL", "redis://u:secret@store.example.org:6379/0"), ("VIGIE_REDIS_URL", "redis://10.0.0.7"),
        ("VIGIE_REDIS_URL", "redis://localhost@10.0.0.7:6379"), ("VIGIE_REDIS_URL", "REDIS://10.0.0.7"),
        ("VIGIE_KAFKA_URL", "kafka://127.0.0.1@10.0.0.7:9092"),
    ],
)  # fmt: skip
def test_another_machine_without_tls_is_refused_with_cause_and_cure(setting: str, url: str) -> None:
    """Also when only one of several is elsewhere, or it is written to look like this machine. No password is repeated."""
    with pytest.raises(
        Misconfigured, match=f"{setting} is .*is another machine.*VIGIE_ALLOW_PLAINTEXT=true"
    ) as refused:
        servers_of(load_settings(TLS | {setting: url}), "hotlist")
    assert "secret" not in str(refused.value)
