"""Cameras' own ports and their spool, without servers: what ends a connection, what it waits for, and what costs one message
alone."""

import asyncio
import contextlib
import errno
from collections.abc import Callable
from pathlib import Path
from typing import cast

from redis.asyncio import Redis

from pipeline.errors import BadRecord
from pipeline.gateway.frames import FrameSender
from pipeline.gateway.intake import Intake
from pipeline.gateway.metrics import GatewayMetrics
from pipeline.gateway.onlookers import Onlookers
from pipeline.gateway.ports import FIRST_WITHIN_S, MOST_OF_PORT, Ports
from pipeline.gateway.side_doors import SideDoors
from pipeline.gateway.spool import Spool, Spooled
from pipeline.reads.versions import Version, Versions
from pipeline.runtime.ports import free_ports
from pipeline.runtime.settings import Settings
from pipeline.state.links import Links
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


async def until(holds: Callable[[], bool]) -> None:
    """Wait for it."""
    for _ in range(500):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("not within bounds")


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


def message(body: bytes) -> Spooled:
    """A message of one camera."""
    return Spooled(sender_id="CAM-1", maker="tattile", received_at_ms=0, body=body)


async def drained(spool: Spool) -> None:
    """Wait until it holds nothing."""
    await until(lambda: not spool.count)


def names(folder: Path) -> list[str]:
    """The files there, numbers without their zeros."""
    return sorted(path.name.lstrip("0") for path in folder.iterdir())


async def test_a_message_that_cannot_be_taken_is_set_aside_and_costs_no_other(tmp_path: Path) -> None:
    """Whatever the error, and however often the process begins again; nothing takes its number."""
    taken: asyncio.Queue[bytes] = asyncio.Queue()

    async def take(message: Spooled) -> None:
        if message.body == b"bad":
            raise UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed")
        if message.body == b"too large":
            raise BadRecord("too_large", "a topic takes less")
        await taken.put(message.body)

    (tmp_path / f"{1:020}.message").write_bytes(b"no message")
    for body in (b"good", b"also good"):
        spool = Spool(tmp_path, 1000, take)
        await spool.put(message(b"bad"))
        await spool.put(message(b"too large"))
        await spool.put(message(body))
        draining = asyncio.create_task(spool.run())
        assert body == await asyncio.wait_for(taken.get(), 10)
        await drained(spool)
        draining.cancel()
    assert [f"{number}.refused" for number in range(1, 6)] == names(tmp_path)


async def test_ports_begin_again_after_an_error(tmp_path: Path) -> None:
    """Here a file of the spool cannot be read for a while."""
    (number,) = free_ports((), 1)
    senders = Versions({"CAM-1": with_port(SenderPort(number=number, maker="tattile"))})
    unreadable = tmp_path / "spool" / f"{1:020}.message"
    unreadable.mkdir(parents=True)
    settings, links = Settings(data_dir=tmp_path), Links(cast(Redis, None), "none")  # nobody is fetched from
    service = SideDoors(
        settings,
        senders,
        cast(Intake, None),
        cast(FrameSender, None),
        GatewayMetrics(),
        links,
        cast(Onlookers, None),
        lambda: 1,
    )  # nothing is sent to it
    running = asyncio.create_task(service.run())
    await until((tmp_path / "spool" / "lock").exists)
    unreadable.rmdir()
    (await connected(number))[1].close()
    running.cancel()


async def test_a_camera_waits_while_the_disk_is_full_and_loses_nothing() -> None:
    """Its connection stays, and what it sent before and after comes, once and in order."""
    (number,) = free_ports((), 1)
    senders = Versions({"CAM-1": with_port(SenderPort(number=number, maker="tattile"))})
    refused = asyncio.Event()

    class Full(Listed):
        async def put(self, message: Spooled) -> None:
            if not refused.is_set():
                refused.set()
                raise OSError(errno.ENOSPC, "No space left on device")
            await super().put(message)

    spool = Full()
    running = asyncio.create_task(Ports(senders, spool, "127.0.0.1", lambda: 1).run())
    _, writer = await connected(number)
    bodies = [b"<Root><a>%d</a></Root>" % one for one in range(3)]
    writer.write(b"".join(bodies[:2]))
    await asyncio.wait_for(refused.wait(), 10)
    writer.write(bodies[2])
    assert bodies == [await asyncio.wait_for(spool.bodies.get(), 10) for _ in bodies]
    writer.close()
    running.cancel()


async def test_a_write_that_has_begun_ends_and_is_drained_though_its_connection_ends(tmp_path: Path) -> None:
    """Its message waits in no later process, and its room is free again once it is taken."""
    taken: asyncio.Queue[bytes] = asyncio.Queue()

    async def take(message: Spooled) -> None:
        await taken.put(message.body)

    spool = Spool(tmp_path, 1, take)  # room for one at a time
    draining = asyncio.create_task(spool.run())
    for body in (b"1", b"2", b"3"):
        putting = asyncio.create_task(spool.put(message(body)))
        await asyncio.sleep(0)  # the write begins
        putting.cancel()
        assert body == await asyncio.wait_for(taken.get(), 10)
        await drained(spool)
    draining.cancel()
    assert [] == names(tmp_path)


async def opened(spool: Listed, first_within_s: float = FIRST_WITHIN_S) -> tuple[Ports, int]:
    """The ports of one camera that sends Axis's packets, one of which is open."""
    (number,) = free_ports((), 1)
    ports = Ports(Versions(), spool, "127.0.0.1", lambda: 1, first_within_s)
    await ports._open("CAM-1", SenderPort(maker="axis", number=number))
    return ports, number


async def test_silent_strangers_end_no_connection_that_has_sent_a_message() -> None:
    """However many come: the one that was silent longest gives way."""
    spool = Listed()
    ports, number = await opened(spool)
    reader, writer = await connected(number)
    writer.write(b'{"a":1}')
    assert b'{"a":1}' == await asyncio.wait_for(spool.bodies.get(), 10)
    strangers = [await connected(number) for _ in range(2 * MOST_OF_PORT)]
    assert b"" == await asyncio.wait_for(strangers[0][0].read(1), 10)
    writer.write(b'{"a":2}')
    assert b'{"a":2}' == await asyncio.wait_for(spool.bodies.get(), 10)
    assert not reader.at_eof()
    await ports._close(number)


async def test_a_connection_that_says_nothing_ends_unless_it_is_alone() -> None:
    """A camera on a silent road keeps its connection; beside others it must have said something."""
    spool = Listed()
    ports, number = await opened(spool, 0.05)
    _, writer = await connected(number)
    await asyncio.sleep(0.3)
    writer.write(b'{"a":1}')
    assert b'{"a":1}' == await asyncio.wait_for(spool.bodies.get(), 10)
    reader, _ = await connected(number)
    assert b"" == await asyncio.wait_for(reader.read(1), 10)
    writer.write(b'{"a":2}')
    assert b'{"a":2}' == await asyncio.wait_for(spool.bodies.get(), 10)
    await ports._close(number)
