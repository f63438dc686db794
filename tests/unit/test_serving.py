"""Work beside the requests ends when the process does."""

import asyncio
import contextlib

import pytest
from aiohttp import web

from pipeline.errors import Misconfigured
from pipeline.runtime.log import configure_logging
from pipeline.runtime.serving import Listener, listen, run_until_closed


async def test_work_that_takes_a_cancellation_for_its_own_timeout_is_cancelled_again() -> None:
    """As a client of a store does whose time is up at the same moment."""
    swallowed, begun = 0, asyncio.Event()

    async def stubborn() -> None:
        nonlocal swallowed
        while True:
            begun.set()
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                if swallowed == 2:
                    raise
                swallowed += 1

    async with contextlib.AsyncExitStack() as closing:
        run_until_closed(closing, stubborn)
        await begun.wait()
    assert 2 == swallowed


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\nHost: h\r\nCookie: __Host-vigie=s3cret\x00\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nAuthorization : Basic s3cret\r\n\r\n",
        b"GET /?plate=s3cret" + b"x" * 20_000 + b" HTTP/1.1\r\nHost: h\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: s3cret\r\n\r\n",
    ],
)
async def test_what_cannot_be_read_is_not_quoted_in_the_log(sent: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    """Its sender and the kind of fault are told; not its words, among which may be a password, a token or a plate."""
    configure_logging(form="json")
    assert b" 400 " in (await head_of_answer(sent)).splitlines()[0]
    told = capsys.readouterr().err
    assert "what 127.0.0.1 sent is no request" in told
    assert "s3cret" not in told


@pytest.mark.parametrize("sent", [b"GET / HTTP/1.1\r\nHost: h\r\n\r\n", b"GET / HTTP/1.1\r\nHost : h\r\n\r\n"])
async def test_no_answer_says_what_serves(sent: bytes) -> None:
    """Neither a good one nor that to what is no request: who knows the version knows its faults."""
    head = await head_of_answer(sent)
    assert b"\r\nServer: Vigie\r\n" in head
    assert not [word for word in (b"aiohttp", b"Python") if word in head]


async def test_work_that_fails_is_started_again_and_says_so() -> None:
    """Whatever went wrong: an account that is refused is let in again once somebody has corrected that."""
    begun, told = asyncio.Queue[int](), list[bool]()
    errors = iter([Misconfigured("VIGIE_REDIS_URL", found="refused", allowed="an account"), ValueError("a mistake")])

    async def work() -> None:
        begun.put_nowait(len(told))
        for error in errors:
            raise error
        await asyncio.sleep(3600)

    async with contextlib.AsyncExitStack() as closing:
        run_until_closed(closing, work, told.append)
        async with asyncio.timeout(60.0):
            assert [0, 2, 4] == [await begun.get() for _ in range(3)]
    assert [False, True, False, True] == told


async def head_of_answer(sent: bytes) -> bytes:
    """The head of what a listener answers that takes every request."""

    async def answer(_request: web.BaseRequest) -> web.StreamResponse:
        return web.Response()

    listener = Listener(setting="PORT", host="127.0.0.1", port=0, tls=None, stop_s=1.0)
    async with contextlib.AsyncExitStack() as closing:
        reader, writer = await asyncio.open_connection("127.0.0.1", await listen(closing, answer, listener))
        writer.write(sent)
        head = await reader.readuntil(b"\r\n\r\n")
        writer.close()
    return head
