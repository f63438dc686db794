"""Serves a process' metrics over HTTP in Prometheus' format, to clients that have the token; to this machine alone also without
one, where no token is set."""

import contextlib
import hmac
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from pipeline.errors import Misconfigured
from pipeline.runtime.listening import LOOPBACK
from pipeline.runtime.settings import Settings

SLOW_S = 5.0
"""A client is let go after so long, whether it says nothing or goes on and on."""
MOST_AT_ONCE = 16
"""Connections; where more come, the oldest gives way, so that nobody keeps a scraper out by holding them open."""


def serve_metrics_as_set(registry: CollectorRegistry, settings: Settings) -> int:
    """Serve /metrics on the port and address of the settings, as the module says. Returns the port.

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
            """Answer with the metrics, whatever the path; with 401 when a token is expected and the request has another or none."""
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
            """Log nothing: that somebody reads the metrics is no event."""

    server = _Bounded((address, port), Handler)
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return int(server.server_port)


class _Bounded(ThreadingHTTPServer):
    """A thread for each connection, of which there are never many, each for a short time."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._open: dict[socket.socket, float] = {}  # since when, the oldest first
        self._lock = threading.Lock()
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer the connection in a thread of its own; end the oldest where there are too many."""
        with self._lock:
            if len(self._open) >= MOST_AT_ONCE:
                _end(self._open, next(iter(self._open)))
            self._open[request] = time.monotonic()
        super().process_request(request, client_address)

    def service_actions(self) -> None:
        """End the connections that have lasted too long. Called twice a second."""
        before = time.monotonic() - SLOW_S
        with self._lock:
            for one in [one for one, since in self._open.items() if since < before]:
                _end(self._open, one)

    def shutdown_request(self, request: Any) -> None:
        """Close the connection; it has been answered, or has ended."""
        with self._lock:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Tell of a fault of ours; that a scraper goes away before its answer is none."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


def _end(open_ones: dict[socket.socket, float], one: socket.socket) -> None:
    """End a connection; its thread then closes it."""
    del open_ones[one]
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
