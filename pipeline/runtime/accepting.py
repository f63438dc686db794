"""Accepts connections that begin with TLS, and bounds those on which it is not agreed on yet.

A connection is counted as it is accepted: of one address, and in all, only so many may be at their handshake. Where there is one
more, the oldest of that address ends; where all together are too many, the oldest of the address that has most.
"""

import asyncio
import contextlib
import socket
import ssl
from collections import Counter
from collections.abc import Callable

import structlog

from pipeline.runtime.open_connections import ConnectionBounds

log = structlog.get_logger()
NO_FILES_S = 1.0
"""So long no connection is accepted after the system has given no file for one."""


class TlsListener:
    """Listens on one host and port until it is closed. make: a protocol for each connection whose TLS is agreed on."""

    def __init__(
        self, make: Callable[[], asyncio.Protocol], tls: ssl.SSLContext, bounds: ConnectionBounds, backlog: int
    ) -> None:
        self._make, self._tls, self._bounds, self._backlog = make, tls, bounds, backlog
        self._sockets: list[socket.socket] = []
        self._accepting: list[asyncio.Task[None]] = []
        self._under_way: dict[socket.socket, str] = {}  # by age
        self._counts: Counter[str] = Counter()
        self._handshakes: set[asyncio.Task[None]] = set()

    async def listen(self, host: str, port: int) -> int:
        """Begin to listen. Returns the port. Raises OSError."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, protocol, _, address in dict.fromkeys(found):
            one = socket.socket(family, kind, protocol)
            self._sockets.append(one)
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            one.bind(address)
            one.listen(self._backlog)
            one.setblocking(False)
        self._accepting = [asyncio.create_task(self._accept(one)) for one in self._sockets]
        return int(self._sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Listen no more, and end what is at its handshake."""
        tasks = [*self._accepting, *self._handshakes]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for one in self._sockets:
            one.close()

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, address = await loop.sock_accept(listening)
            except ConnectionError:
                continue  # it ended before it was accepted
            except OSError as error:
                log.error("listener.no_connection", cause=str(error))
                await asyncio.sleep(NO_FILES_S)
                continue
            self._enter(connection, str(address[0]))
            task = asyncio.create_task(self._agree(connection))
            self._handshakes.add(task)
            task.add_done_callback(self._handshakes.discard)

    async def _agree(self, connection: socket.socket) -> None:
        """Agree on TLS, and give the connection to its protocol."""
        loop = asyncio.get_running_loop()
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await loop.connect_accepted_socket(
                self._make, connection, ssl=self._tls, ssl_handshake_timeout=self._bounds.head_s
            )
        except OSError:
            pass  # it never began, took too long or gave way: a stranger's connection is not worth a line of the log
        finally:
            self._leave(connection)

    def _enter(self, connection: socket.socket, address: str) -> None:
        if self._counts[address] >= self._bounds.per_address:
            self._end_oldest(address)
        elif len(self._under_way) >= self._bounds.most:
            self._end_oldest(max(self._counts, key=self._counts.__getitem__))
        self._under_way[connection] = address
        self._counts[address] += 1

    def _leave(self, connection: socket.socket) -> None:
        address = self._under_way.pop(connection, None)
        if address is not None:
            self._counts[address] -= 1
            if not self._counts[address]:
                del self._counts[address]

    def _end_oldest(self, address: str) -> None:
        oldest = next(connection for connection, its in self._under_way.items() if its == address)
        self._leave(oldest)
        with contextlib.suppress(OSError):
            oldest.shutdown(socket.SHUT_RDWR)  # its handshake fails by that
