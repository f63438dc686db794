"""What the tests of commands share: what a command said, and the settings by which it reaches the session's servers."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from pipeline.servers.pair import EmbeddedPair


@dataclass(frozen=True, slots=True)
class Told:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str


Vigie = Callable[..., Awaitable[Told]]


def admins_url(pair: EmbeddedPair) -> str:
    """The address of Kafka with the admin's password: no accounts are needed."""
    user, password = pair.kafka.username or "", quote(pair.kafka.password or "", safe="")
    return f"kafka://{user}:{password}@{','.join(pair.kafka.bootstrap_servers)}"


def settings_of(pair: EmbeddedPair, namespace: str, folder: Path) -> dict[str, str]:
    """The settings of a command that works as the admin of these servers, with its data in the folder."""
    return {
        "VIGIE_KAFKA_URL": admins_url(pair),
        "VIGIE_REDIS_URL": pair.redis_url,
        "VIGIE_NAMESPACE": namespace,
        "VIGIE_DATA_DIR": str(folder),
    }
