"""A line between a browser and the desks that is slow, loses packets, is cut, and stays cut: a TCP proxy."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

DELAY_S = 0.1
"""Each way: 200 ms there and back."""
LOSS, AGAIN_S = 0.02, 0.6
"""The share of packets that are lost, and what TCP waits before it sends one again."""
MOST_BYTES = 16_384


@dataclass(slots=True)
class LossyLine:
    """The line. port: where the browser connects, as to a proxy of HTTP. to_port: where the desks listen on this machine."""

    to_port: int
    chance: random.Random
    port: int = 0
    is_cut: bool = False
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def _whole(self) -> bytes:
        """How a browser begins the addresses that it asks a proxy for: the desks are asked for what follows."""
        return b" http://localhost:%d/" % self.to_port

    def cut(self) -> None:
        """Break every connection; until `mend` new ones are refused."""
        self.is_cut = True
        for one in self._open:
            one.transport.abort()

    def mend(self) -> None:
        """Let new connections through."""
        self.is_cut = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection."""
        with contextlib.suppress(OSError):
            if self.is_cut:
                return writer.transport.abort()
            to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self.to_port)
            self._open |= {writer, to_writer}
            try:
                await asyncio.gather(self._carry(reader, to_writer), self._carry(to_reader, writer))
            finally:
                self._open -= {writer, to_writer}
        writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(MOST_BYTES):
                await asyncio.sleep(DELAY_S + (AGAIN_S if self.chance.random() < LOSS else 0.0))
                writer.write(data.replace(self._whole, b" /"))
                await writer.drain()
        writer.transport.abort()


@contextlib.asynccontextmanager
async def lossy_line(to_port: int, seed: int) -> AsyncIterator[LossyLine]:
    """A line to this port, while the block lasts."""
    line = LossyLine(to_port, random.Random(seed))
    server = await asyncio.start_server(line.serve, "127.0.0.1", 0)
    line.port = server.sockets[0].getsockname()[1]
    try:
        yield line
    finally:
        server.close()
        line.cut()
