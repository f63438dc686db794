"""Connections of a camera's own port, without servers: what ends them, and what they wait for."""

import asyncio
import contextlib

from pipeline.gateway.ports import Ports
from pipeline.gateway.spool import Spooled
from pipeline.reads.versions import Version, Versions
from pipeline.servers.ports import free_ports
from schemas.senders import Sender, SenderPort
from tests.gateways import make_sender

XML = b"<Root><a>1</a></Root>"
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Listed:
    """Keeps what is put into it."""

    def __init__(self) -> None:
        self.bodies: asyncio.Queue[bytes] = asyncio.Queue()

    async def put(self, message: Spooled) -> None:
        """Keep it."""
        await self.bodies.put(message.body)


async def connected(number: int) -> Connection:
    """A connection, as soon as the port is open."""
    for _ in range(500):
        with contextlib.suppress(OSError):
            return await asyncio.open_connection("127.0.0.1", number)
        await asyncio.sleep(0.01)
    raise AssertionError(f"nobody listens on {number}")


def with_port(port: SenderPort | None) -> Sender:
    """A sender without any secret."""
    return make_sender("CAM-1", secrets=(), port=port)


async def test_a_port_that_closes_ends_all_of_its_connections() -> None:
    """Also where there are several: none goes on to speak for the camera as it was registered before."""
    (number,) = free_ports((), 1)
    senders = Versions({"CAM-1": with_port(SenderPort(number=number, maker="tattile"))})
    spool = Listed()
    running = asyncio.create_task(Ports(senders, spool, "127.0.0.1", lambda: 1).run())
    connections = [await connected(number) for _ in range(3)]
    for _, writer in connections:
        writer.write(XML)
    for _ in connections:
        await asyncio.wait_for(spool.bodies.get(), 10)
    senders.put("CAM-1", Version(with_port(None), 1, 1))
    for reader, writer in connections:
        with contextlib.suppress(ConnectionError):
            assert b"" == await asyncio.wait_for(reader.read(), 10)
        writer.close()
    running.cancel()
