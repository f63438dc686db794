"""TCP proxies between an agent and its servers, one per server, which can be cut and slowed down.

A Kafka client learns the brokers' addresses from the first broker that it asks, and then connects to them directly. So a
proxy in front of Kafka parses the answers and replaces the brokers' ports by those of the proxies.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

HOST = "127.0.0.1"
_HOST_ON_WIRE = HOST.encode()


class Proxy:
    """A proxy in front of one server. It passes data until it is cut.

    silent: no data passes and no connection is closed, as when a cable is pulled. refused: connections break and none is
    accepted, as when a machine goes down. delay_s: how long each piece of data is delayed, in both directions.
    """

    def __init__(self, to: int | Path) -> None:
        """to: the port of a server on this machine, or its Unix socket."""
        self.to = to
        self.port = 0
        self.delay_s = 0.0
        self._ports: dict[bytes, bytes] = {}
        self._passing = asyncio.Event()
        self._passing.set()
        self._refusing = False
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> "Proxy":
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._connected, HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def stop(self) -> None:
        """Close the listener and all connections."""
        if self._server:
            self._server.close()
        await self._drop()

    def before_kafka(self, ports: Mapping[int, int]) -> None:
        """Replace the brokers' ports (keys) in answers by the proxies' ports (values)."""
        self._ports = {_on_wire(broker): _on_wire(proxy) for broker, proxy in ports.items()}

    async def cut(self, how: Literal["silent", "refused"]) -> None:
        """Let no data through until mend()."""
        self._passing.clear()
        self._refusing = how == "refused"
        if self._refusing:
            await self._drop()

    def mend(self) -> None:
        """Let all data through again, also what was held back."""
        self._refusing = False
        self._passing.set()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._connections.add(task)
        try:
            if self._refusing:
                writer.transport.abort()
            else:
                await self._join(reader, writer)
        except (OSError, EOFError, asyncio.CancelledError):
            pass  # a side went away, or the connection was cut
        finally:
            writer.transport.abort()
            self._connections.discard(task)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._passing.wait()
        to_reader, to_writer = await self._onwards()
        pumps = [
            asyncio.create_task(self._pump(reader, to_writer, answers=False)),
            asyncio.create_task(self._pump(to_reader, writer, answers=True)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            to_writer.transport.abort()

    async def _onwards(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self.to, Path):
            return await asyncio.open_unix_connection(self.to)
        return await asyncio.open_connection(HOST, self.to)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool) -> None:
        while chunk := await (self._frame(reader) if answers and self._ports else reader.read(65_536)):
            if self.delay_s:
                await asyncio.sleep(self.delay_s)
            await self._passing.wait()
            writer.write(chunk)
            await writer.drain()

    async def _frame(self, reader: asyncio.StreamReader) -> bytes:
        """One answer of a broker, with its ports replaced. The new ports have the same length, so nothing else changes."""
        length = await reader.readexactly(4)
        frame = await reader.readexactly(int.from_bytes(length))
        if _HOST_ON_WIRE in frame:
            for broker, proxy in self._ports.items():
                frame = frame.replace(broker, proxy)
        return length + frame

    async def _drop(self) -> None:
        for task in list(self._connections):
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*self._connections, return_exceptions=True)


def _on_wire(port: int) -> bytes:
    """Host and port as Kafka's answers encode them: the text, then four bytes."""
    return _HOST_ON_WIRE + port.to_bytes(4)
