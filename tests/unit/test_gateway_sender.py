"""What sends reads to a gateway says why the gateway does not take them."""

import asyncio

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from pipeline.errors import BadRecord
from pipeline.simulation.speaking import vigie
from pipeline.sources.gateway_sender import MOST_WAITING, open_gateway_sender
from tests.builders import make_read


async def _served(status: int) -> TestServer:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(status=status)

    app = web.Application()
    app.router.add_post("/", answer)
    server = TestServer(app)
    await server.start_server()
    return server


async def test_a_gateway_that_refuses_ends_the_sending() -> None:
    """However much waits: who puts reads, or waits for the answers, is not left waiting."""
    server = await _served(403)
    try:
        with pytest.raises(BadRecord, match="answered 403"):  # noqa: PT012 the block is what ends
            async with asyncio.timeout(60), open_gateway_sender(str(server.make_url("/")), "u", "p", vigie) as sender:
                for at in range(3 * MOST_WAITING):
                    await sender.put(make_read(captured_at_ms=1_790_000_000_000 + at))
    finally:
        await server.close()


async def test_all_is_answered_before_the_block_ends() -> None:
    """And an error of the block itself is raised as it is."""
    server = await _served(200)
    try:
        async with open_gateway_sender(str(server.make_url("/")), "u", "p", vigie) as sender:
            for at in range(3 * MOST_WAITING):
                await sender.put(make_read(captured_at_ms=1_790_000_000_000 + at))
        assert 3 * MOST_WAITING == sender.sent
        with pytest.raises(LookupError, match="mine"):
            async with open_gateway_sender(str(server.make_url("/")), "u", "p", vigie):
                raise LookupError("mine")
    finally:
        await server.close()
