"""Listens on a TCP port of its own for each sender that can prove nothing and send nothing again, as its registration says.

What comes is written to the spool message by message; the sender is known by its port, and by the address that it comes from
where its registration names some. Nothing is answered: such connections take no answer.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import Protocol

import structlog

from pipeline.errors import Unavailable
from pipeline.gateway.cutting import Cutter, JsonCutter
from pipeline.gateway.request import MAX_BODY
from pipeline.gateway.room import Held, Room
from pipeline.gateway.spool import Spooled
from pipeline.gateway.xml_cutting import XmlCutter
from pipeline.reads.versions import Versions
from schemas.senders import Sender, SenderPort

log = structlog.get_logger()
EVERY_S = 1.0
MOST_OF_PORT = 8
"""The most connections of one port. Where there is one more, the oldest ends that never sent a message, else the oldest: a camera
that restarted has left it behind."""
FIRST_WITHIN_S = 120.0
"""Seconds. A new connection that has sent nothing yet by then is ended, unless it is its port's only one. Once it has sent a
message it may be silent for any time: a road by night is."""
CHUNK = 64 * 1024
"""Bytes that are read at once; so much of a message a connection may hold without asking for room."""
WHOLE_WITHIN_S = 120.0
"""Within so long a message that has begun must be whole; a mobile line may be away for a minute of it."""
_CUTTERS: Mapping[str, Callable[[], Cutter]] = {"tattile": XmlCutter, "axis": JsonCutter}


class Puts(Protocol):
    """Where messages go: a Spool."""

    async def put(self, message: Spooled) -> None:
        """Write the message to the disk. Raises OSError where the disk does not take it."""


class _Connection:
    """One connection of a port. has_spoken: it sent a message."""

    def __init__(self, task: asyncio.Task[None]) -> None:
        self.task, self.has_spoken = task, False


class Ports:
    """The ports that are open now. host: the address of this machine on which they listen. first_within_s: how long a connection
    may send nothing at first (see FIRST_WITHIN_S)."""

    def __init__(
        self,
        senders: Versions[Sender],
        spool: Puts,
        host: str,
        now_ms: Callable[[], int],
        first_within_s: float = FIRST_WITHIN_S,
    ) -> None:
        self._senders, self._spool, self._host, self._now_ms = senders, spool, host, now_ms
        self._servers: dict[int, asyncio.Server] = {}
        self._kept: dict[int, tuple[str, SenderPort]] = {}
        self._connections: dict[int, list[_Connection]] = {}
        self._refused: dict[int, str] = {}
        self._room, self._first_within_s = Room(), first_within_s

    async def run(self) -> None:
        """Open and close ports as registrations change, until cancelled; then close all."""
        try:
            while True:
                await self._follow()
                await asyncio.sleep(EVERY_S)
        finally:
            for number in list(self._servers):
                await self._close(number)

    async def _follow(self) -> None:
        wanted = {
            one.port.number: (one.sender_id, one.port)
            for one in self._senders.as_of(self._now_ms()).values()
            if one.port is not None
        }
        for number in [number for number, kept in self._kept.items() if wanted.get(number) != kept]:
            await self._close(number)
        for number, (sender_id, port) in wanted.items():
            if number not in self._servers:
                await self._open(sender_id, port)

    async def _open(self, sender_id: str, port: SenderPort) -> None:
        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await self._serve(sender_id, port, reader, writer)

        try:
            server = await asyncio.start_server(connected, self._host, port.number)
        except OSError as error:
            if self._refused.get(port.number) != str(error):
                log.error("gateway.port_refused", port=port.number, sender=sender_id, cause=str(error))
            self._refused[port.number] = str(error)
            return
        self._refused.pop(port.number, None)
        self._servers[port.number], self._kept[port.number] = server, (sender_id, port)
        log.info("gateway.port_open", port=port.number, sender=sender_id, maker=port.maker)

    async def _close(self, number: int) -> None:
        self._servers.pop(number).close()
        del self._kept[number]
        for one in list(self._connections.pop(number, [])):  # each takes itself out as it ends
            one.task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await one.task

    async def _serve(
        self, sender_id: str, port: SenderPort, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        peer = str((writer.get_extra_info("peername") or ("",))[0])
        task = asyncio.current_task()
        assert task is not None
        one, others = _Connection(task), self._connections.setdefault(port.number, [])
        try:
            if port.peers and peer not in port.peers:
                log.warning("gateway.port_stranger", port=port.number, peer=peer)
                return
            if len(others) >= MOST_OF_PORT:
                next((other for other in others if not other.has_spoken), others[0]).task.cancel()
            others.append(one)
            await self._read(sender_id, port.maker, reader, one, others)
        except asyncio.CancelledError:
            pass  # the port closes, or a newer connection takes its place
        except (OSError, EOFError) as error:
            log.warning("gateway.port_broken", port=port.number, peer=peer, cause=str(error))
        finally:
            if one in others:
                others.remove(one)
            writer.transport.abort()

    async def _read(
        self, sender_id: str, maker: str, reader: asyncio.StreamReader, one: _Connection, others: list[_Connection]
    ) -> None:
        """Spool each message, and what a connection that broke left of one."""
        cutter, deadline_s = _CUTTERS[maker](), 0.0
        with self._room.hold(sender_id) as held:
            while chunk := (
                await _chunk(reader, deadline_s if cutter.size else None)
                if cutter.size or one.has_spoken
                else await _first(reader, others, self._first_within_s)
            ):
                is_new = not cutter.size
                cutter.feed(chunk)
                while (body := cutter.next()) is not None:
                    is_new = one.has_spoken = True
                    await self._put(sender_id, maker, body)
                if is_new:
                    deadline_s = asyncio.get_running_loop().time() + WHOLE_WITHIN_S
                if cutter.size > MAX_BODY:
                    break
                await _held(held, max(cutter.size - CHUNK, 0))
            if cutter.rest:
                log.warning("gateway.port_cut", sender=sender_id, bytes=cutter.size)
                await self._put(sender_id, maker, cutter.rest)

    async def _put(self, sender_id: str, maker: str, body: bytes) -> None:
        """Spool the message. While the disk takes nothing, nothing more is read, so that the camera waits, as with a full spool."""
        message = Spooled(sender_id=sender_id, maker=maker, received_at_ms=self._now_ms(), body=body, by="port")
        while True:
            try:
                await self._spool.put(message)
            except OSError as error:
                log.error("spool.refused", sender=sender_id, cause=str(error))
                await asyncio.sleep(EVERY_S)
            else:
                return


async def _chunk(reader: asyncio.StreamReader, deadline_s: float | None) -> bytes:
    """What comes next; empty at the end of the connection, or where nothing came before the deadline (by the loop's clock; None:
    there is none)."""
    try:
        async with asyncio.timeout_at(deadline_s):
            return await reader.read(CHUNK)
    except TimeoutError:
        return b""


async def _first(reader: asyncio.StreamReader, others: list[_Connection], within_s: float) -> bytes:
    """What a connection sends first; empty at its end, or where nothing came within_s seconds long and its port has another
    connection. others: the connections of its port, with itself."""
    while True:
        try:
            async with asyncio.timeout(within_s):
                return await reader.read(CHUNK)
        except TimeoutError:
            if len(others) > 1:
                return b""


async def _held(held: Held, count: int) -> None:
    """Hold so many bytes. While there is no room nothing more is read, so that the camera waits."""
    while True:
        try:
            held.be(count)
        except Unavailable as error:
            log.warning("gateway.port_waits", cause=str(error))
            await asyncio.sleep(EVERY_S)
        else:
            return
