"""Serves a process' metrics over HTTP in Prometheus' format, to clients that have the token."""

import hmac
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from pipeline.errors import Misconfigured
from pipeline.runtime.listening import LOOPBACK
from pipeline.runtime.settings import Settings

SLOW_S = 5.0  # a client that sends nothing for so long is let go


def serve_metrics_as_set(registry: CollectorRegistry, settings: Settings) -> int:
    """Serve /metrics on the port and address of the settings, for clients with their token. Returns the port.

    Raises Misconfigured where others than this machine could read them without a token, OSError for a port in use.
    """
    token = settings.metrics_token()
    if token is None and settings.metrics_host not in LOOPBACK:
        allowed = (
            f"the file of a token, as metrics are served on {settings.metrics_host}, or VIGIE_METRICS_HOST=127.0.0.1"
        )
        raise Misconfigured("VIGIE_METRICS_TOKEN_FILE", found=None, allowed=allowed)
    return serve_metrics(registry, settings.metrics_port, settings.metrics_host, token)


def serve_metrics(registry: CollectorRegistry, port: int, address: str, token: str | None) -> int:
    """Serve /metrics from a thread of its own, and return the port. Raises OSError.

    port: 0 takes any free one. token: the bearer token that a client must send; None: anybody may read.
    """
    expected = None if token is None else f"Bearer {token}".encode()

    class Handler(BaseHTTPRequestHandler):
        timeout = SLOW_S

        def do_GET(self) -> None:
            """GET, whatever the path."""
            given = (self.headers.get("Authorization") or "").encode()
            if expected is not None and not hmac.compare_digest(given, expected):
                self.send_response(401)
                self.send_header("WWW-Authenticate", "Bearer")
                self.end_headers()
                return
            self.send_response(200)
            self.send_header("Content-Type", CONTENT_TYPE_LATEST)
            self.end_headers()
            self.wfile.write(generate_latest(registry))

        def log_message(self, format: str, *_arguments: object) -> None:
            """Nothing: who scrapes is no event."""

    server = ThreadingHTTPServer((address, port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return int(server.server_port)
