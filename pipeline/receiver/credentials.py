"""Keys and certificates between a sender and a neighbour's desk, for exercises, tests and first trials: a folder for each side.

| folder | file | what |
|---|---|---|
| ca | ca.pem, ca-key.pem | who signs the certificates of both sides (TLS, EC P-256), ten years; needed again only to renew |
| desk | desk-cert.pem, desk-key.pem | its server certificate, one year |
| | desk-sign-key.pem, desk-sign-public.pem | signs acknowledgements (JWS, Ed25519) |
| | ca.pem, sender-sign-public.pem | what it knows of the others |
| sender | sender-cert.pem, sender-key.pem | its client certificate, one year, which names its country |
| | sender-sign-key.pem, sender-sign-public.pem | signs forwards (JWS, Ed25519) |
| | ca.pem, desk-sign-public.pem | what it knows of the others |

Each side is given its folder and no other, so that neither can speak for the other. Between states, each side makes its own keys
and hands over only certificates and public keys. No key or certificate is replaced unless asked: `renew` writes new certificates
of desk and sender over the same keys, `force` makes everything anew. What each side knows of the others is kept up to date.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from pipeline.errors import Misconfigured
from pipeline.neighbours.signatures import generate_private_pem, public_pem_of
from pipeline.runtime.private import OPEN, check_folder, private_folder, read_trusted, write_private

FOR_EVERYBODY = 0o644  # certificates and public keys

CA_DAYS = 3650
CERTIFICATE_DAYS = 365
RENEW_BEFORE_DAYS = 30
SIDES = ("ca", "desk", "sender")
_BACKDATED = timedelta(hours=1)  # a neighbour's clock may be behind


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskCredentials:
    """The paths of all files in a credentials folder."""

    ca: Path
    ca_key: Path
    desk_cert: Path
    desk_key: Path
    desk_sign_key: Path
    desk_sign_public: Path
    desk_ca: Path
    desk_knows: Path  # the sender's public key
    sender_cert: Path
    sender_key: Path
    sender_sign_key: Path
    sender_sign_public: Path
    sender_ca: Path
    sender_knows: Path  # the desk's public key

    @classmethod
    def in_folder(cls, folder: Path) -> "DeskCredentials":
        """The paths in this folder, whether the files exist or not. Raises Misconfigured for a folder of an older version,
        where all files were in one place."""
        if (folder / "ca-key.pem").exists():
            allowed = "one with the folders ca, desk and sender: make new ones with `vigie desk credentials` in an empty folder"
            raise Misconfigured("--credentials", found=f"{folder}, which holds the keys of both sides", allowed=allowed)
        named = {field.name: field.name.replace("_", "-") + ".pem" for field in fields(cls)}
        named |= {"desk_ca": "ca.pem", "sender_ca": "ca.pem"}
        named |= {"desk_knows": "sender-sign-public.pem", "sender_knows": "desk-sign-public.pem"}
        return cls(**{field: folder / field.partition("_")[0] / name for field, name in named.items()})


@dataclass(frozen=True, slots=True)
class Validity:
    """How long one certificate is valid: its end, and the whole days until then (negative when it is over)."""

    file: Path
    until: datetime
    days_left: int


def create_credentials(
    folder: Path,
    *,
    sender: str = "BE",
    country: str = "NL",
    hosts: Sequence[str] = ("localhost", "127.0.0.1", "::1"),
    renew: bool = False,
    force: bool = False,
    now: datetime | None = None,
) -> DeskCredentials:
    """Make what is missing in the folder: the CA, TLS keys and certificates, the signing keys of desk and sender, and each
    side's copy of the other's public files. Returns the paths of all. Private keys are readable by their owner alone (0600).

    hosts: names and addresses at which the desk is reached. renew: make new certificates of desk and sender for the keys that
    exist. force: delete all these files and make them anew, the CA too. Raises Misconfigured when a private key is missing
    though its certificate or public key is there, is of the wrong kind, or others may read it.
    """
    made = DeskCredentials.in_folder(folder)
    for place in (folder, *(folder / side for side in SIDES)):
        private_folder(place)
        check_folder("the credentials' folder", place)
    moment = now or datetime.now(UTC)
    if force:
        for field in fields(made):
            getattr(made, field.name).unlink(missing_ok=True)
    ca_key = _tls_key(made.ca_key, made.ca)
    if not made.ca.exists():
        write_private(made.ca, _pem(_ca_certificate(ca_key, moment)), mode=FOR_EVERYBODY)
    ca = x509.load_pem_x509_certificate(made.ca.read_bytes())
    for cert, key_file, name, usage, names in (
        (
            made.desk_cert,
            made.desk_key,
            _name(f"{country} liaison desk", country),
            ExtendedKeyUsageOID.SERVER_AUTH,
            hosts,
        ),
        (made.sender_cert, made.sender_key, _name(f"{sender} liaison", sender), ExtendedKeyUsageOID.CLIENT_AUTH, ()),
    ):
        key = _tls_key(key_file, cert)
        if renew or not cert.exists():
            write_private(cert, _pem(_certificate(key, name, usage, names, ca, ca_key, moment)), mode=FOR_EVERYBODY)
    _make_signing_keys(made)
    _hand_over(made)
    return made


def _make_signing_keys(made: DeskCredentials) -> None:
    for private, public in (
        (made.desk_sign_key, made.desk_sign_public),
        (made.sender_sign_key, made.sender_sign_public),
    ):
        _need_key(private, public)
        if not private.exists():
            write_private(private, generate_private_pem())
        if not public.exists():
            write_private(public, public_pem_of(_secret(private)), mode=FOR_EVERYBODY)


def _hand_over(made: DeskCredentials) -> None:
    """Copy into each side's folder the public files that it needs of the other."""
    for known, original in (
        (made.desk_ca, made.ca),
        (made.sender_ca, made.ca),
        (made.desk_knows, made.sender_sign_public),
        (made.sender_knows, made.desk_sign_public),
    ):
        if not known.exists() or known.read_bytes() != original.read_bytes():
            write_private(known, original.read_bytes(), mode=FOR_EVERYBODY)


def validity(credentials: DeskCredentials, now: datetime) -> list[Validity]:
    """How long each certificate is still valid. One with less than RENEW_BEFORE_DAYS left should be renewed."""
    found = []
    for file in (credentials.ca, credentials.desk_cert, credentials.sender_cert):
        until = x509.load_pem_x509_certificate(file.read_bytes()).not_valid_after_utc
        found.append(Validity(file, until, (until - now).days))
    return found


def settings_toml(credentials: DeskCredentials, desks: Mapping[str, str], *, sender: str = "BE") -> str:
    """The [liaison] part of vigie.toml for a sender to these desks (country -> URL) with these credentials."""
    lines = [
        "[liaison]",
        f"sender = {_quoted(sender)}",
        f"signing_key_file = {_quoted(credentials.sender_sign_key.absolute())}",
        f"client_cert_file = {_quoted(credentials.sender_cert.absolute())}",
        f"client_key_file = {_quoted(credentials.sender_key.absolute())}",
    ]
    for country, url in desks.items():
        lines += [
            f"[liaison.desks.{country}]",
            f"url = {_quoted(url)}",
            f"ca_file = {_quoted(credentials.sender_ca.absolute())}",
            f"public_key_file = {_quoted(credentials.sender_knows.absolute())}",
        ]
    return "\n".join(lines) + "\n"


def _quoted(value: object) -> str:
    return json.dumps(str(value), ensure_ascii=False)  # a JSON text is a TOML text too


def _ca_certificate(key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    name = _name("Liaison exercise CA")
    builder = _builder(name, name, key.public_key(), now, CA_DAYS)
    return (
        builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .sign(key, SHA256())
    )


def _certificate(
    key: ec.EllipticCurvePrivateKey,
    name: x509.Name,
    usage: x509.ObjectIdentifier,
    hosts: Sequence[str],
    ca: x509.Certificate,
    ca_key: ec.EllipticCurvePrivateKey,
    now: datetime,
) -> x509.Certificate:
    issuer_id = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = (
        _builder(name, ca.subject, key.public_key(), now, CERTIFICATE_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer_id), critical=False)
    )
    if hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName([_host(host) for host in hosts]), critical=False)
    return builder.sign(ca_key, SHA256())


def _builder(
    name: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _name(common_name: str, country: str | None = None) -> x509.Name:
    """The subject of a certificate. country: of its owner; a desk accepts only that country's forwards over this
    certificate."""
    of = [x509.NameAttribute(NameOID.COUNTRY_NAME, country)] if country else []
    return x509.Name([*of, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _tls_key(file: Path, certificate: Path) -> ec.EllipticCurvePrivateKey:
    _need_key(file, certificate)
    if not file.exists():
        made = ec.generate_private_key(ec.SECP256R1())
        write_private(file, made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    key = load_pem_private_key(_secret(file), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise Misconfigured(str(file), found="another kind of key", allowed="an EC private key (PEM)")
    return key


def _secret(file: Path) -> bytes:
    """A private key that exists. Raises Misconfigured where others may read or change it."""
    return read_trusted("the credentials' folder", file, modes=OPEN)


def _need_key(private: Path, public: Path) -> None:
    if public.exists() and not private.exists():
        allowed = f"there, because {public.name} is; bring it back, or make everything anew with --force"
        raise Misconfigured(str(private), found="missing", allowed=allowed)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)
