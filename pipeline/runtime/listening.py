"""What a server needs to listen with TLS: its certificate and key."""

import ssl
from pathlib import Path

from pipeline.errors import Misconfigured
from pipeline.runtime.private import OPEN, read_trusted

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def tls_context(what: str, cert_file: Path | None, key_file: Path | None) -> ssl.SSLContext | None:
    """The TLS of a server from 1.2 on; None without a certificate. what: the beginning of its settings, e.g. VIGIE_DESKS.

    Raises Misconfigured where one of the two files is missing, cannot be read, or is open to others.
    """
    if (cert_file is None) != (key_file is None):
        raise Misconfigured(f"{what}_KEY_FILE", found=None, allowed=f"set together with {what}_CERT_FILE")
    if cert_file is None or key_file is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        read_trusted(f"{what}_KEY_FILE", key_file, modes=OPEN)
        context.load_cert_chain(cert_file, key_file)
    except (OSError, ssl.SSLError) as error:
        allowed = f"a certificate and its key, PEM ({error})"
        raise Misconfigured(f"{what}_CERT_FILE", found=str(cert_file), allowed=allowed) from error
    return context
