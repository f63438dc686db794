"""Finds the servers: those that the settings name, else the embedded pair of a running `vigie up`. Each process reaches them
as its own principal, with the passwords of the accounts folder."""

from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from pipeline.errors import Misconfigured, Unavailable, url_parts
from pipeline.runtime.accounts import ACCOUNTS, account_of
from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.principals import user_of
from pipeline.runtime.private import OPEN, WRITABLE, check_file, read_trusted
from pipeline.runtime.settings import Settings
from pipeline.servers.pair import running_pair
from pipeline.servers.valkey_server import with_user

PASSWORD_FILE = "VIGIE_KAFKA_PASSWORD_FILE"


@dataclass(frozen=True, slots=True)
class Servers:
    """Kafka and Redis, as one principal reaches them."""

    kafka: KafkaConnection
    redis_url: str


class NoServers(Unavailable):
    """Raised when the settings name no servers and no `vigie up` is running."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__("Kafka and Redis")
        self.args = (
            f"no servers are running on {data_dir}. Start them with `vigie up`, "
            "or name yours with VIGIE_KAFKA_URL and VIGIE_REDIS_URL.",
        )


def servers_of(settings: Settings, principal: str) -> Servers:
    """The servers to use, as this principal. Raises NoServers when none are named or running, Misconfigured when only one of
    the two is named, the principal has no account, a server on another machine has no TLS (refuse_plaintext), or others may change
    the file of Redis' authority."""
    if (settings.kafka_url is None) != (settings.redis_url is None):
        missing = "VIGIE_KAFKA_URL" if settings.kafka_url is None else "VIGIE_REDIS_URL"
        raise Misconfigured(missing, found=None, allowed="set when the other one is: name both servers, or neither")
    if settings.kafka_url is not None and settings.redis_url is not None:
        refuse_plaintext(settings)
        _check_authorities(settings.redis_ca_file)
        return named_servers(settings, settings.kafka_url, settings.redis_url, principal, settings.accounts_dir)
    pair = running_pair(settings.data_dir)
    if pair is None:
        raise NoServers(settings.data_dir)
    folder = settings.accounts_dir or settings.data_dir / ACCOUNTS
    return named_servers(settings, pair.kafka_url, pair.redis_url, principal, folder)


def named_servers(settings: Settings, kafka_url: str, redis_url: str, principal: str, accounts: Path | None) -> Servers:
    """The servers at these addresses. A user in the settings or in an address is used before the principal's own account.

    accounts: the accounts folder; None: the addresses are used as they are. Raises Misconfigured.
    """
    own = _names_user(kafka_url) or settings.kafka_password_file is not None or settings.kafka_cert_file is not None
    account = None if accounts is None or (own and _names_user(redis_url)) else account_of(accounts, principal)
    user = user_of(principal, settings.namespace)
    if account is not None and not _names_user(redis_url):
        redis_url = with_user(redis_url, user, account.redis_password)
    if account is not None and not own:
        kafka = KafkaConnection.from_url(
            kafka_url, username=user, password=account.kafka_password, ca_file=settings.kafka_ca_file
        )
        return Servers(kafka, redis_url)
    return Servers(_connection_of(settings, kafka_url), redis_url)


def refuse_plaintext(settings: Settings) -> None:
    """Raise Misconfigured when Kafka or Redis on another machine would be reached without TLS, unless the setting
    allow_plaintext permits it: plates and passwords would cross the network for all to read."""
    if settings.allow_plaintext:
        return
    for setting, url, plain, cure in (
        ("VIGIE_KAFKA_URL", settings.kafka_url, "kafka", "kafka+ssl://..."),
        ("VIGIE_REDIS_URL", settings.redis_url, "redis", "rediss://..."),
    ):
        parts = url_parts(setting, url or "", cure)
        elsewhere = [one for one in parts.netloc.rpartition("@")[2].split(",") if not _is_here(one)]
        if parts.scheme == plain and elsewhere:
            allowed = (
                f"{cure}, because that is another machine and this has no TLS; where nobody else reaches the network between,"
                " set VIGIE_ALLOW_PLAINTEXT=true"
            )
            raise Misconfigured(setting, found=url, allowed=allowed)


def _check_authorities(file: Path | None) -> None:
    """Raise Misconfigured where the file cannot be read, or others may change it: they could pose as Redis."""
    try:
        if file is not None:
            check_file("VIGIE_REDIS_CA_FILE", file, modes=WRITABLE)
    except OSError as error:
        allowed = f"a readable PEM file ({error.strerror})"
        raise Misconfigured("VIGIE_REDIS_CA_FILE", found=str(file), allowed=allowed) from error


def _is_here(place: str) -> bool:
    """Whether host:port is this machine itself: a loopback address, or the name that stands for it."""
    try:
        host = (urlsplit(f"//{place}").hostname or "").rstrip(".")
    except ValueError:
        return False
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _names_user(url: str) -> bool:
    return "@" in url_parts("VIGIE_KAFKA_URL or VIGIE_REDIS_URL", url, "a URL").netloc


def _connection_of(settings: Settings, kafka_url: str) -> KafkaConnection:
    """The Kafka connection at this address with the settings' credentials. Raises Misconfigured for a password file that cannot
    be read, or that others may read."""
    password = None
    if settings.kafka_password_file is not None:
        try:
            password = read_trusted(PASSWORD_FILE, settings.kafka_password_file, modes=OPEN).decode().strip()
        except (OSError, UnicodeDecodeError) as error:
            found, allowed = str(settings.kafka_password_file), f"a readable file ({error})"
            raise Misconfigured(PASSWORD_FILE, found=found, allowed=allowed) from error
    return KafkaConnection.from_url(
        kafka_url,
        username=settings.kafka_username,
        password=password,
        ca_file=settings.kafka_ca_file,
        cert_file=settings.kafka_cert_file,
    )
