"""What connections may cost a listener before somebody on them has proven who he is."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from pipeline.runtime.listening import tls_context
from pipeline.runtime.open_connections import ConnectionBounds, proven
from pipeline.runtime.serving import Listener, listen
from pipeline.servers.broker_identity import new_identity

ASK = b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n"
Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Served:
    """A small application: /known proves who asks, /slow answers when `go` is set, anything else is answered at once."""

    def __init__(self) -> None:
        self.go, self.port = asyncio.Event(), 0
        self._streams: list[Stream] = []

    async def answer(self, request: web.Request) -> web.Response:
        """Answer a request."""
        if request.path.startswith("/known"):
            proven(request, request.path)
        if request.path == "/slow":
            await self.go.wait()
        return web.Response(text="ok")

    async def opened(self, sent: bytes = b"") -> Stream:
        """A new connection, on which these bytes have been sent."""
        stream = await asyncio.open_connection("127.0.0.1", self.port)
        self._streams.append(stream)
        stream[1].write(sent)
        return stream

    async def asked(self, path: bytes) -> Stream:
        """A new connection, on which this has been asked and answered; it stays open."""
        stream = await self.opened(ASK % path)
        assert b"200 OK" in await within(stream[0].readuntil(b"\r\n\r\nok"))
        return stream

    def close(self) -> None:
        """Close what is open."""
        for _, writer in self._streams:
            writer.transport.abort()


@contextlib.asynccontextmanager
async def serving(tls: ssl.SSLContext | None = None, **bounds: float) -> AsyncIterator[Served]:
    """Serve with these bounds while the block lasts."""
    served, app = Served(), web.Application()
    app.router.add_get("/{path:.*}", served.answer)
    listener = Listener(
        setting="PORT", host="127.0.0.1", port=0, tls=tls, stop_s=1.0,
        bounds=ConnectionBounds(**bounds),  # type: ignore[arg-type]  # names as it has them
    )  # fmt: skip
    async with contextlib.AsyncExitStack() as closing:
        served.port = await listen(closing, app, listener)
        closing.callback(served.close)
        yield served


async def within(work: "asyncio.Future[bytes] | object") -> bytes:
    """What comes of it, at last."""
    async with asyncio.timeout(30.0):
        return await work  # type: ignore[misc,no-any-return]  # a coroutine of bytes


async def rest(stream: Stream) -> bytes:
    """What comes until the connection ends."""
    with contextlib.suppress(ConnectionError):
        return await within(stream[0].read())
    return b""


@pytest.mark.parametrize(
    "sent", [b"", b"GET", b"GET / HTTP/1.1\r\nHost: x\r\n"], ids=["nothing", "a word", "half a head"]
)
async def test_whoever_sends_no_request_is_let_go(sent: bytes) -> None:
    """Silence and half a head end the connection."""
    async with serving(head_s=0.2) as served:
        assert b"" == await rest(await served.opened(sent))


async def test_a_head_that_comes_letter_by_letter_and_never_ends_is_let_go() -> None:
    """Each letter comes soon, and the clock runs on."""
    async with serving(head_s=0.3) as served:
        reader, writer = await served.opened(b"GET / HTTP/1.1\r\nX: ")
        async with asyncio.timeout(30.0):
            while not reader.at_eof() and reader.exception() is None:
                writer.write(b"x")
                await asyncio.sleep(0.02)


async def test_whoever_holds_all_places_locks_nobody_out() -> None:
    """The oldest of its address gives way to each that comes."""
    async with serving(head_s=60.0, per_address=3) as served:
        silent = [await served.opened() for _ in range(3)]
        for first in silent:
            await served.asked(b"/")
            assert b"" == await rest(first)


async def test_all_addresses_together_have_so_many_places() -> None:
    """However many addresses somebody has."""
    async with serving(head_s=60.0, per_address=10, most=2) as served:
        first, second = await served.opened(), await served.opened()
        await served.asked(b"/")
        assert b"" == await rest(first)
        assert not second[0].at_eof()


async def test_a_connection_with_a_request_in_work_gives_way_last() -> None:
    """An older one is answered, a younger one that only waits ends."""
    async with serving(head_s=60.0, per_address=2) as served:
        busy = await served.opened(ASK % b"/slow")
        await served.asked(b"/")  # the other place; and by now the first one's request has come
        await served.asked(b"/")
        served.go.set()
        assert b"200 OK" in await within(busy[0].readuntil(b"\r\n\r\nok"))


async def test_whoever_has_proven_who_he_is_keeps_his_connection() -> None:
    """However many come after him from the same address."""
    async with serving(head_s=60.0, per_address=1) as served:
        reader, writer = await served.asked(b"/known")
        for _ in range(3):
            await served.opened()
        await served.asked(b"/")
        writer.write(ASK % b"/")
        assert b"200 OK" in await within(reader.readuntil(b"\r\n\r\nok"))


async def test_where_all_have_proven_who_they_are_a_newcomer_ends() -> None:
    """There is a most of all; and room again when one goes."""
    async with serving(head_s=60.0, most=2) as served:
        known = [await served.asked(b"/known/%d" % number) for number in range(2)]
        assert b"" == await rest(await served.opened())
        known[0][1].transport.abort()
        async with asyncio.timeout(30.0):
            while b"200 OK" not in await rest(  # noqa: ASYNC110 - the server notices when it does
                await served.opened(ASK.replace(b"Host", b"Connection: close\r\nHost") % b"/")
            ):
                await asyncio.sleep(0.02)


async def test_whoever_may_come_in_and_holds_all_places_locks_nobody_out() -> None:
    """The one of his that was silent longest gives way; another's stay, and so does his that asked since."""
    async with serving(head_s=60.0, per_address=10, most=4) as served:
        other = await served.asked(b"/known/other")
        hoard = [await served.asked(b"/known/hoarder") for _ in range(3)]
        hoard[0][1].write(ASK % b"/known/hoarder")
        assert b"200 OK" in await within(hoard[0][0].readuntil(b"\r\n\r\nok"))
        await served.asked(b"/known/new")
        assert b"" == await rest(hoard[1])
        for reader, writer in (other, hoard[0], hoard[2]):
            writer.write(ASK % b"/")
            assert b"200 OK" in await within(reader.readuntil(b"\r\n\r\nok"))


async def test_whoever_may_come_in_holds_so_many_connections() -> None:
    """As many as an address without a proof; from however many addresses he comes."""
    async with serving(head_s=60.0, per_address=2) as served:
        first, second, _third = [await served.asked(b"/known") for _ in range(3)]
        assert b"" == await rest(first)
        second[1].write(ASK % b"/known")
        assert b"200 OK" in await within(second[0].readuntil(b"\r\n\r\nok"))


async def test_strangers_give_way_before_those_who_may_come_in() -> None:
    """As long as there are more than a tenth of them."""
    async with serving(head_s=60.0, per_address=10, most=4) as served:
        known = [await served.asked(b"/known") for _ in range(3)]
        stranger = await served.opened()
        await served.opened()
        assert b"" == await rest(stranger)
        for reader, writer in known:
            writer.write(ASK % b"/")
            assert b"200 OK" in await within(reader.readuntil(b"\r\n\r\nok"))


async def test_silent_connections_are_counted_before_tls_is_agreed_on(tmp_path: Path) -> None:
    """Whoever opens many and never begins has so many places; who agrees is answered, and keeps his."""
    identity = new_identity(tmp_path, ["localhost"])
    trusted = ssl.create_default_context(cafile=identity.cert_file)
    async with serving(
        tls_context("VIGIE_DESKS", identity.cert_file, identity.key_file), head_s=60.0, per_address=3
    ) as served:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", served.port, ssl=trusted, server_hostname="localhost"
        )
        writer.write(ASK % b"/known")
        assert b"200 OK" in await within(reader.readuntil(b"\r\n\r\nok"))
        silent = [await served.opened() for _ in range(6)]
        assert [b"", b"", b""] == [await rest(one) for one in silent[:3]]
        assert not any(one[0].at_eof() for one in silent[3:])
        writer.write(ASK % b"/")
        assert b"200 OK" in await within(reader.readuntil(b"\r\n\r\nok"))
        writer.transport.abort()


async def test_whoever_never_begins_tls_is_let_go(tmp_path: Path) -> None:
    """Its handshake has the time that a first request has."""
    identity = new_identity(tmp_path, ["localhost"])
    async with serving(tls_context("VIGIE_DESKS", identity.cert_file, identity.key_file), head_s=0.2) as served:
        assert b"" == await rest(await served.opened())
