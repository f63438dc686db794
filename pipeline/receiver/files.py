"""Reads what both sides of a delivery need from files: TLS contexts and signing keys. Errors name the setting."""

import ssl
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

from joserfc.jwk import OKPKey

from pipeline.errors import Misconfigured
from pipeline.neighbours.published import KeySet, key_set_of
from pipeline.neighbours.signatures import key_ring_of, signing_key_of
from pipeline.runtime.private import OPEN, WRITABLE, read_trusted

T = TypeVar("T")


def client_context(*, ca: tuple[str, Path], cert: tuple[str, Path], key: tuple[str, Path]) -> ssl.SSLContext:
    """The TLS context (1.3 or later) of a client of one desk: it trusts only the desk's CA, checks the host name, and
    presents our certificate.

    Each argument is (setting, file). Raises Misconfigured naming the setting whose file is missing or wrong.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return _loaded(context, ca, cert, key)


def server_context(*, ca: tuple[str, Path], cert: tuple[str, Path], key: tuple[str, Path]) -> ssl.SSLContext:
    """The TLS context (1.3 or later) of a desk: the handshake fails for a client without a certificate of that CA.

    Each argument is (setting, file). Raises Misconfigured naming the setting whose file is missing or wrong.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.verify_mode = ssl.CERT_REQUIRED
    return _loaded(context, ca, cert, key)


def signing_key(setting: str, file: Path) -> OKPKey:
    """Our Ed25519 key for signing. Raises Misconfigured naming the setting when the file is missing, wrong, or open to
    others."""
    return _read(setting, file, signing_key_of, "an Ed25519 private key, PEM, not encrypted", OPEN)


def key_ring(setting: str, files: Mapping[str, Path]) -> dict[tuple[str, str], OKPKey]:
    """The public keys in these files, by country and key id; a file may hold several. setting: its name for messages, in
    which {country} is replaced. Raises Misconfigured."""
    ring: dict[tuple[str, str], OKPKey] = {}
    for country, file in files.items():
        where, allowed = setting.format(country=country), "Ed25519 public keys, PEM"
        ring |= _read(where, file, partial(key_ring_of, country), allowed)
    return ring


def published_keys(country: str, file: Path) -> KeySet:
    """The public keys that we publish. Raises Misconfigured."""
    allowed = "Ed25519 public keys, PEM"
    return _read("liaison.published_keys_file", file, partial(key_set_of, country), allowed)


def _loaded(
    context: ssl.SSLContext, ca: tuple[str, Path], cert: tuple[str, Path], key: tuple[str, Path]
) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    for (setting, file), modes in ((ca, WRITABLE), (cert, WRITABLE), (key, OPEN)):
        _read(setting, file, len, "a readable PEM file", modes)
    try:
        context.load_verify_locations(cafile=ca[1])
    except ssl.SSLError as error:
        raise Misconfigured(ca[0], found=f"{ca[1]} ({error})", allowed="certificates of authorities, PEM") from error
    try:
        context.load_cert_chain(certfile=cert[1], keyfile=key[1])
    except ssl.SSLError as error:
        found = f"{cert[1]} and {key[1]} ({error})"
        raise Misconfigured(f"{cert[0]} and {key[0]}", found=found, allowed="a certificate and its key, PEM") from error
    return context


def _read(setting: str, file: Path, parse: Callable[[bytes], T], allowed: str, modes: int = WRITABLE) -> T:
    """The file's content, parsed. Raises Misconfigured, also for a file that others may change, or a private key that others
    may read (modes)."""
    try:
        data = read_trusted(setting, file.expanduser(), modes=modes)
    except OSError as error:
        raise Misconfigured(setting, found=f"{file} ({error.strerror})", allowed=allowed) from error
    try:
        return parse(data)
    except ValueError as error:
        raise Misconfigured(setting, found=f"{file} ({error})", allowed=allowed) from error
