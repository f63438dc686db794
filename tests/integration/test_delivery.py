"""Whatever answers in a desk's place, a delivery ends with a verdict and raises nothing."""

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from random import Random

import pytest
import pytest_asyncio
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.errors import Misconfigured
from pipeline.neighbours.message import Retry, sign_forward
from pipeline.receiver.client import DeskClient, forwards_url
from pipeline.receiver.credentials import create_credentials
from pipeline.receiver.files import client_context, key_ring, server_context, signing_key
from pipeline.runtime.back_off import BackOff
from tests.desks import NOW_MS, make_forward

EXAMPLES = int(os.environ.get("VIGIE_EXAMPLES", "60"))
TIMEOUT_S = 0.25


@dataclass(slots=True)
class Answer:
    """What the stranger in the desk's place sends: bytes, how many of them, and what follows them."""

    data: bytes = b""
    ends: str = "close"  # close; abort: without TLS's farewell; hang; slow: byte by byte


class Stranger:
    """A server with the desk's own certificate that answers as it is told."""

    def __init__(self) -> None:
        self.answer = Answer()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection, without waiting for the end of its request."""
        answer = self.answer
        try:
            if answer.data:
                await reader.read(1)
            step = 1 if answer.ends == "slow" else len(answer.data) or 1
            for at in range(0, len(answer.data), step):
                writer.write(answer.data[at : at + step])
                await writer.drain()
                await asyncio.sleep(0.005 if answer.ends == "slow" else 0)
            if answer.ends == "hang":
                await asyncio.sleep(2 * TIMEOUT_S)
        except OSError:
            pass  # the client has had enough
        finally:
            writer.transport.abort() if answer.ends == "abort" else writer.close()


HEADERS = st.sampled_from([
    b"Retry-After", b"Content-Length", b"Transfer-Encoding", b"Location", b"Content-Encoding", b"Set-Cookie", b"Connection",
    b"Upgrade", b"Content-Type", b"X-\xff", b"",
])  # fmt: skip
VALUES = st.one_of(
    st.sampled_from([
        b"99999999999", b"Fri, 31 Dec 99999999999 23:59:59 GMT", b"Fri, 31 Dec 9999 23:59:59 GMT", b"-1", b"1e400", b"\xd9\xa3",
        b"chunked", b"gzip", b"identity, chunked", b"http://127.0.0.1:1/", b"//", b"99999999999999999999999999", b"close", b"\x00",
        b"Mon, 00 Foo 0000 99:99:99 -9999", b"9" * 5_000,
    ]),
    st.binary(max_size=40).filter(lambda value: b"\n" not in value),
)  # fmt: skip
STATUS = st.one_of(
    st.sampled_from([b"HTTP/1.1 %d x" % code for code in (200, 503, 429, 301, 101, 100)]),
    st.integers(0, 99_999).map(lambda code: b"HTTP/1.1 %d x" % code),
    st.binary(max_size=20),
)  # fmt: skip


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    """Anything between nothing, noise and an HTTP answer that is nearly right, whole or cut off."""
    lines = [draw(STATUS), *(b"%s: %s" % (draw(HEADERS), draw(VALUES)) for _ in range(draw(st.integers(0, 4))))]
    body = draw(st.one_of(st.binary(max_size=200), st.sampled_from([b"x" * 200_000, b"a.b.c", b"5\r\nabc"])))
    data = b"\r\n".join(lines) + b"\r\n\r\n" + body
    cut = draw(st.one_of(st.none(), st.integers(0, min(len(data), 300))))
    return Answer(data[:cut], draw(st.sampled_from(["close", "close", "abort", "hang", "slow"])))


@pytest_asyncio.fixture(scope="module")
async def strange(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[tuple[Stranger, Callable[[], DeskClient], str]]:
    """The stranger, clients that take it for the desk, and a signed forward."""
    files = create_credentials(tmp_path_factory.mktemp("keys"))
    stranger = Stranger()
    tls = server_context(ca=("ca", files.desk_ca), cert=("cert", files.desk_cert), key=("key", files.desk_key))
    server = await asyncio.start_server(stranger.serve, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    token = sign_forward(make_forward(), signing_key("key", files.sender_sign_key), sender="BE", at_ms=NOW_MS)

    def client() -> DeskClient:
        return DeskClient(
            f"https://127.0.0.1:{port}", ring=key_ring("desk", {"NL": files.desk_sign_public}), timeout_s=TIMEOUT_S,
            tls=lambda: client_context(ca=("ca", files.sender_ca), cert=("cert", files.sender_cert), key=("key", files.sender_key)),
        )  # fmt: skip

    yield stranger, client, token
    server.close()


@settings(max_examples=EXAMPLES, deadline=None)
@given(answer=answers())
@example(answer=Answer(b"HTTP/1.1 503 x\r\nRetry-After: Fri, 31 Dec 99999999999 23:59:59 GMT\r\n\r\n"))
@example(answer=Answer(b"HTTP/1.1 503 x\r\nRetry-After: \xd9\xa3\r\n\r\n"))
@example(answer=Answer(b"HTTP/1.1 200 OK\r\nContent-Le", "hang"))
@example(answer=Answer(b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\nabc", "abort"))
@example(answer=Answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nabc"))
@example(answer=Answer(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nabc"))
@example(answer=Answer(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"))
@example(answer=Answer(b"HTTP/1.1 302 x\r\nLocation: http://[::1\r\nSet-Cookie: \xff=\x01; Expires=x\r\n\r\n"))
async def test_deliver_never_raises(strange: tuple[Stranger, Callable[[], DeskClient], str], answer: Answer) -> None:
    """Whatever status, header and body come, whole, late or cut off: it is tried again, and no wait that is asked for is absurd."""
    stranger, client, token = strange
    stranger.answer, desk = answer, client()
    try:
        verdict = await desk.deliver(make_forward(), token, lambda: NOW_MS)
    finally:
        await desk.close()
    assert isinstance(verdict, Retry)  # nobody signed a word
    assert verdict.asked_s is None or 0 <= verdict.asked_s < float("inf")
    assert BackOff(cap_s=30.0).wait_s(1, Random(1), asked_s=verdict.asked_s) >= 0


async def test_deliver_raises_nothing_where_there_is_no_desk(
    strange: tuple[Stranger, Callable[[], DeskClient], str],
) -> None:
    """A port without a listener, a name that is none, and files of TLS that went away."""
    _, _, token = strange
    for url in ("https://127.0.0.1:1", "https://no-such-desk.invalid"):
        desk = DeskClient(url, tls=ssl.create_default_context, ring={}, timeout_s=TIMEOUT_S)
        assert isinstance(await desk.deliver(make_forward(), token, lambda: NOW_MS), Retry)
        await desk.close()


def test_a_host_that_can_have_no_address_is_refused_before_anything_is_delivered() -> None:
    """A name with a part of more than 63 characters."""
    with pytest.raises(Misconfigured):
        forwards_url(f"https://{'a' * 70}.invalid")
