"""What a server needs to listen with TLS: its certificate and key."""

import ssl
from pathlib import Path

from pipeline.errors import Misconfigured
from pipeline.runtime.private import OPEN, WRITABLE, read_trusted

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def tls_context(
    what: str, cert_file: Path | None, key_file: Path | None, client_ca_file: Path | None = None
) -> ssl.SSLContext | None:
    """The TLS of a server from 1.2 on; None without a certificate. what: the beginning of its settings, e.g. VIGIE_DESKS.
    client_ca_file: whose client certificates it asks for; who has none may come all the same. None: it asks for none.

    Raises Misconfigured where certificate or key is set without the other, client_ca_file without them, a file cannot be read, the
    key is open to others, or others may change client_ca_file.
    """
    if (cert_file is None) != (key_file is None):
        raise Misconfigured(f"{what}_KEY_FILE", found=None, allowed=f"set together with {what}_CERT_FILE")
    if cert_file is None or key_file is None:
        if client_ca_file is not None:
            raise Misconfigured(f"{what}_CERT_FILE", found=None, allowed=f"set together with {what}_CLIENT_CA_FILE")
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        read_trusted(f"{what}_KEY_FILE", key_file, modes=OPEN)
        context.load_cert_chain(cert_file, key_file)
    except (OSError, ssl.SSLError) as error:
        allowed = f"a certificate and its key, PEM ({error})"
        raise Misconfigured(f"{what}_CERT_FILE", found=str(cert_file), allowed=allowed) from error
    if client_ca_file is not None:
        _ask_for_certificates(context, f"{what}_CLIENT_CA_FILE", client_ca_file)
    return context


def _ask_for_certificates(context: ssl.SSLContext, setting: str, ca_file: Path) -> None:
    """Have clients asked for a certificate of this authority. Raises Misconfigured."""
    try:
        read_trusted(setting, ca_file, modes=WRITABLE)
        context.load_verify_locations(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        allowed = f"certificates of authorities, PEM ({error})"
        raise Misconfigured(setting, found=str(ca_file), allowed=allowed) from error
    context.verify_mode = ssl.CERT_OPTIONAL
