"""The tests' own network: what goes through it, what does not, and what it changes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.faults.proxy import HOST, Proxy


@asynccontextmanager
async def echo() -> AsyncIterator[int]:
    """The port of a server that sends everything back."""

    async def back(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(back, HOST, 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@asynccontextmanager
async def through(proxy: Proxy) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection through a started proxy, which is stopped afterwards."""
    reader, writer = await asyncio.open_connection(HOST, (await proxy.start()).port)
    try:
        yield reader, writer
    finally:
        writer.close()
        await proxy.stop()


async def test_what_waits_while_the_cable_is_out_arrives_when_it_is_back() -> None:
    """Silence, not an error; and nothing is lost on the way."""
    async with echo() as port, through(proxy := Proxy(port)) as (reader, writer):
        writer.write(b"one")
        assert b"one" == await reader.readexactly(3)
        await proxy.cut("silent")
        writer.write(b"two")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.readexactly(3), 0.2)
        proxy.mend()
        assert b"two" == await reader.readexactly(3)


async def test_a_refusing_network_breaks_connections_and_takes_new_ones_when_mended() -> None:
    """As when a machine goes down and comes up."""
    async with echo() as port, through(proxy := Proxy(port)) as (reader, _):
        await proxy.cut("refused")
        with pytest.raises((OSError, EOFError)):
            await reader.readexactly(1)
        again, _ = await asyncio.open_connection(HOST, proxy.port)
        with pytest.raises((OSError, EOFError)):
            await again.readexactly(1)
        proxy.mend()
        reader, writer = await asyncio.open_connection(HOST, proxy.port)
        writer.write(b"three")
        assert b"three" == await reader.readexactly(5)
        writer.close()


async def test_a_broker_s_address_in_an_answer_becomes_the_proxy_s() -> None:
    """Whole frames, the same length; addresses of others stay."""
    broker, other = HOST.encode() + (9092).to_bytes(4), HOST.encode() + (5555).to_bytes(4)
    async with echo() as port, through(proxy := Proxy(port)) as (reader, writer):
        proxy.before_kafka({9092: 19_092})
        body = b"...".join((broker, other, broker))
        writer.write(len(body).to_bytes(4) + body)
        answer = await reader.readexactly(4 + len(body))
        assert len(body).to_bytes(4) + body.replace(broker, HOST.encode() + (19_092).to_bytes(4)) == answer
