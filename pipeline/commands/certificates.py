"""Reads the client certificates that commands are given."""

from datetime import UTC, datetime
from pathlib import Path

import typer
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate

from pipeline.access.consumers import certificate_digest
from pipeline.runtime.clock import platform_now_ms
from schemas.judgements import ConsumerCertificate


def pinned(file: Path) -> ConsumerCertificate:
    """The certificate in this file, as it is kept. Raises typer.BadParameter when there is none, or it has ended."""
    try:
        certificate = load_pem_x509_certificate(file.read_bytes())
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"no certificate, PEM, is in {file} ({error})", param_hint="--certificate") from error
    until_ms, now_ms = int(certificate.not_valid_after_utc.timestamp() * 1_000), platform_now_ms()
    if until_ms <= now_ms:
        ended = datetime.fromtimestamp(until_ms / 1_000, UTC).isoformat(timespec="minutes")
        raise typer.BadParameter(f"the certificate in {file} ended {ended}", param_hint="--certificate")
    digest = certificate_digest(certificate.public_bytes(Encoding.DER))
    return ConsumerCertificate(sha256=digest, added_at_ms=now_ms, until_ms=until_ms)
