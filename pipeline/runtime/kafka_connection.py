"""How to reach a Kafka: the value that every client is built from."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from aiokafka.helpers import create_ssl_context

from pipeline.errors import Misconfigured, url_parts
from pipeline.runtime import batches
from pipeline.runtime.private import OPEN, WRITABLE, check_file

SETTING = "VIGIE_KAFKA_URL"
ALLOWED = "kafka://HOST:PORT[,HOST:PORT...] or, with TLS, kafka+ssl://[USER@]HOST:PORT[,HOST:PORT...]"
SASL_MECHANISM = "SCRAM-SHA-512"


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaConnection:
    """Addresses (host:port) and credentials of a Kafka.

    ca_file: who signed the servers' certificates; None: the system's authorities. cert_file: a client's key and certificate,
    PEM, used instead of user and password; brokers use it among themselves.
    """

    bootstrap_servers: tuple[str, ...]
    tls: bool = False
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    cert_file: Path | None = None

    @classmethod
    def from_url(
        cls,
        url: str,
        username: str | None = None,
        password: str | None = None,
        ca_file: Path | None = None,
        cert_file: Path | None = None,
    ) -> "KafkaConnection":
        """The connection that the URL describes; a username and password given beside it replace the URL's. Raises
        Misconfigured without showing a password."""
        parts = url_parts(SETTING, url, ALLOWED)
        if parts.scheme not in ("kafka", "kafka+ssl") or parts.path.strip("/") or parts.query:
            raise Misconfigured(SETTING, found=url, allowed=ALLOWED)
        credentials, _, places = parts.netloc.rpartition("@")
        url_user, _, url_password = credentials.partition(":")
        user = username or unquote(url_user) or None
        secret = password or unquote(url_password) or None
        if (user is None) != (secret is None):
            allowed = "a user together with a password (VIGIE_KAFKA_USERNAME, VIGIE_KAFKA_PASSWORD_FILE)"
            raise Misconfigured(SETTING, found=url, allowed=allowed)
        return cls(
            bootstrap_servers=tuple(_server(place, url) for place in places.split(",")),
            tls=parts.scheme == "kafka+ssl",
            username=user,
            password=secret,
            ca_file=ca_file,
            cert_file=cert_file,
        )

    @property
    def url(self) -> str:
        """The URL without credentials."""
        return f"{'kafka+ssl' if self.tls else 'kafka'}://{','.join(self.bootstrap_servers)}"

    def client_kwargs(self) -> dict[str, Any]:
        """The keyword arguments for aiokafka's consumer, producer and admin client.

        From then on aiokafka unpacks with a bound in this whole process (see batches.bind). Raises Misconfigured when ca_file or
        cert_file cannot be read as PEM, or others may change them, or read the key.
        """
        batches.bind()
        protocol = ("SASL_" if self.username else "") + ("SSL" if self.tls else "PLAINTEXT")
        kwargs: dict[str, Any] = {"bootstrap_servers": list(self.bootstrap_servers), "security_protocol": protocol}
        if self.tls:
            kwargs["ssl_context"] = self._ssl_context()
        if self.username:
            kwargs["sasl_mechanism"] = SASL_MECHANISM
            kwargs["sasl_plain_username"] = self.username
            kwargs["sasl_plain_password"] = self.password
        return kwargs

    def _ssl_context(self) -> ssl.SSLContext:
        try:
            if self.ca_file is not None:
                check_file("VIGIE_KAFKA_CA_FILE", self.ca_file, modes=WRITABLE)
            context: ssl.SSLContext = create_ssl_context(cafile=None if self.ca_file is None else str(self.ca_file))
        except (OSError, ssl.SSLError) as error:
            allowed = f"a readable file of certificates in PEM form ({error})"
            raise Misconfigured("VIGIE_KAFKA_CA_FILE", found=str(self.ca_file), allowed=allowed) from error
        if self.cert_file is not None:
            try:
                check_file("VIGIE_KAFKA_CERT_FILE", self.cert_file, modes=OPEN)
                context.load_cert_chain(self.cert_file)
            except (OSError, ssl.SSLError) as error:
                allowed = f"a readable file of a key and its certificate in PEM form ({error})"
                raise Misconfigured("VIGIE_KAFKA_CERT_FILE", found=str(self.cert_file), allowed=allowed) from error
        return context


def _server(place: str, url: str) -> str:
    host, _, port = place.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65_536:
        raise Misconfigured(SETTING, found=url, allowed=ALLOWED)
    return place
