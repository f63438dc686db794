"""Where the servers are: those that the settings name, else the embedded pair of a running `vigie up`."""

from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import Misconfigured, Unavailable
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.settings import Settings
from pipeline.servers.pair import running_pair


@dataclass(frozen=True, slots=True)
class Servers:
    """Both servers' addresses."""

    kafka: KafkaConnection
    redis_url: str


class NoServers(Unavailable):
    """Neither named nor running."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__("Kafka and Redis")
        self.args = (
            f"no servers are running on {data_dir}. Start them with `vigie up`, "
            "or name yours with VIGIE_KAFKA_URL and VIGIE_REDIS_URL.",
        )


def servers_of(settings: Settings) -> Servers:
    """The servers to use. Raises NoServers when none are named or running, Misconfigured when only one of the two is named."""
    if (settings.kafka_url is None) != (settings.redis_url is None):
        missing = "VIGIE_KAFKA_URL" if settings.kafka_url is None else "VIGIE_REDIS_URL"
        raise Misconfigured(missing, found=None, allowed="set when the other one is: name both servers, or neither")
    if settings.kafka_url is not None and settings.redis_url is not None:
        return Servers(connection_of(settings, settings.kafka_url), settings.redis_url)
    pair = running_pair(settings.data_dir)
    if pair is None:
        raise NoServers(settings.data_dir)
    return Servers(connection_of(settings, pair.kafka_url), pair.redis_url)


def connection_of(settings: Settings, kafka_url: str) -> KafkaConnection:
    """The Kafka connection at this address with the settings' credentials. Raises Misconfigured for an unreadable password file."""
    password = None
    if settings.kafka_password_file is not None:
        try:
            password = settings.kafka_password_file.read_text("utf-8").strip()
        except OSError as error:
            raise Misconfigured(
                "VIGIE_KAFKA_PASSWORD_FILE",
                found=str(settings.kafka_password_file),
                allowed=f"a readable file ({error})",
            ) from error
    return KafkaConnection.from_url(
        kafka_url, username=settings.kafka_username, password=password, ca_file=settings.kafka_ca_file
    )
