"""Makes the certificate by which brokers know each other. Only the brokers have its key; the embedded brokers get a new one
at each start.

SCRAM cannot serve here: its accounts are in the log that the controllers must first agree on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from pipeline.runtime.kafka_connection import KafkaConnection
from pipeline.runtime.ports import HOST
from pipeline.runtime.private import write_private

COMMON_NAME = "vigie-broker"
BROKER_NAME = f"CN={COMMON_NAME}"
"""What Kafka calls whoever shows the certificate."""
KEY_FILE, CERT_FILE = "broker-key.pem", "broker-cert.pem"
_DAYS = 3650  # no start lasts so long


@dataclass(frozen=True, slots=True)
class BrokerIdentity:
    """The brokers' own identity. key_file: key and certificate, PEM, readable by their owner alone. cert_file: the
    certificate, the only one that brokers trust."""

    key_file: Path
    cert_file: Path

    def connection(self, *servers: str) -> KafkaConnection:
        """The connection to the brokers' own listeners (host:port), for the process that starts them."""
        return KafkaConnection(bootstrap_servers=servers, tls=True, ca_file=self.cert_file, cert_file=self.key_file)


def new_identity(folder: Path, hosts: Sequence[str] = (HOST,)) -> BrokerIdentity:
    """Write a new key and certificate into the folder, replacing those that are there. hosts: the brokers' names and
    addresses."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _certificate(key, hosts, datetime.now(UTC)).public_bytes(Encoding.PEM)
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    identity = BrokerIdentity(folder / KEY_FILE, folder / CERT_FILE)
    write_private(identity.key_file, secret + certificate)
    write_private(identity.cert_file, certificate)
    return identity


def _certificate(key: ec.EllipticCurvePrivateKey, hosts: Sequence[str], now: datetime) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, COMMON_NAME)])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=_DAYS))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectAlternativeName(list(map(_general_name, hosts))), critical=False)
        .sign(key, SHA256())
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)
