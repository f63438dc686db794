"""Kafka URLs: what they mean, and what a wrong one is told."""

from pathlib import Path

import pytest

from pipeline.errors import Misconfigured
from pipeline.runtime.kafka_connection import KafkaConnection


def test_a_plain_url_names_its_servers() -> None:
    """Several servers, no credentials, no TLS."""
    connection = KafkaConnection.from_url("kafka://h1:9092,h2:9093")
    assert connection.client_kwargs() == {"bootstrap_servers": ["h1:9092", "h2:9093"], "security_protocol": "PLAINTEXT"}
    assert connection.url == "kafka://h1:9092,h2:9093"


def test_tls_and_a_user_are_carried_to_the_client() -> None:
    """kafka+ssl with a user and a password from elsewhere is SASL over TLS."""
    kwargs = KafkaConnection.from_url("kafka+ssl://vigie@h1:9093", password="geheim").client_kwargs()
    assert kwargs["security_protocol"] == "SASL_SSL"
    assert (kwargs["sasl_mechanism"], kwargs["sasl_plain_username"]) == ("SCRAM-SHA-512", "vigie")
    assert kwargs["sasl_plain_password"] == "geheim"
    assert kwargs["ssl_context"].check_hostname


def test_given_credentials_win_over_the_urls() -> None:
    """What stands in a file beats what stands in a URL."""
    connection = KafkaConnection.from_url("kafka://a:b%40c@h:1", username="x", password="y")
    assert (connection.username, connection.password) == ("x", "y")
    assert KafkaConnection.from_url("kafka://a:b%40c@h:1").password == "b@c"


@pytest.mark.parametrize(
    "url",
    ["", "h1:9092", "http://h1:9092", "kafka://", "kafka://h1", "kafka://h1:", "kafka://h1:0", "kafka://h1:70000",
     "kafka://h1:9092,", "kafka://:9092", "kafka://h1:9092/topic", "kafka://h1:9092?x=1"],
)  # fmt: skip
def test_a_wrong_url_says_what_is_allowed(url: str) -> None:
    """The setting, what was found and the form that it must have."""
    with pytest.raises(Misconfigured, match=r"VIGIE_KAFKA_URL is .*kafka://HOST:PORT"):
        KafkaConnection.from_url(url)


@pytest.mark.parametrize("url", ["kafka://vigie@h1:9092", "kafka+ssl://vigie@h1:9092"])
def test_a_user_without_a_password_is_refused(url: str) -> None:
    """Half of the credentials is a mistake that should not wait for the broker's refusal."""
    with pytest.raises(Misconfigured, match="a user together with a password"):
        KafkaConnection.from_url(url)


def test_no_message_shows_a_password() -> None:
    """Neither an error nor the value's own representation gives it away."""
    with pytest.raises(Misconfigured) as caught:
        KafkaConnection.from_url("kafka://vigie:geheim@h1")
    assert "geheim" not in str(caught.value)
    assert "geheim" not in repr(KafkaConnection.from_url("kafka://vigie:geheim@h1:1"))


def test_a_ca_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """The file's setting and path are in the error."""
    connection = KafkaConnection.from_url("kafka+ssl://h1:9093", ca_file=tmp_path / "no.pem")
    with pytest.raises(Misconfigured, match=r"VIGIE_KAFKA_CA_FILE is .*no\.pem"):
        connection.client_kwargs()
