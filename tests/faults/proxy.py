"""The network between an agent and its servers, as something that can be cut and slowed: one TCP proxy per server.

A Kafka client learns the brokers' addresses from the first one that it asks and then goes to them directly. So a proxy before
Kafka reads the answers frame by frame and puts the proxies' ports in the place of the brokers' own.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

HOST = "127.0.0.1"
_HOST_ON_WIRE = HOST.encode()


class Proxy:
    """One way in to one server. Open until it is cut.

    silent: nothing passes and nobody is told, as when a cable is pulled; refused: connections break and none is accepted, as
    when a machine goes down. delay_s: how long each piece waits, in both directions.
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
        """Let go of everything."""
        if self._server:
            self._server.close()
        await self._drop()

    def before_kafka(self, ports: Mapping[int, int]) -> None:
        """Answers name the proxies (values) where the brokers (keys) would name themselves."""
        self._ports = {_on_wire(broker): _on_wire(proxy) for broker, proxy in ports.items()}

    async def cut(self, how: Literal["silent", "refused"]) -> None:
        """Let nothing through until mended."""
        self._passing.clear()
        self._refusing = how == "refused"
        if self._refusing:
            await self._drop()

    def mend(self) -> None:
        """Let everything through again, also what waited."""
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
        """One answer of a broker. The ports have the same length, so nothing else of it changes."""
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
    """Host and port as Kafka's answers write them: the text, then four bytes."""
    return _HOST_ON_WIRE + port.to_bytes(4)
