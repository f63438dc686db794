"""What a desk takes from whom, and for how long anybody may hold it."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from pipeline.neighbours.message import SIGNED_WITHIN_MS, sign_forward
from pipeline.receiver.credentials import DeskCredentials, create_credentials
from pipeline.receiver.files import client_context, signing_key
from pipeline.receiver.inbox import read_inbox
from pipeline.receiver.server import DeskAddress, run_desk
from pipeline.receiver.service import DeskOptions
from pipeline.runtime.clock import platform_now_ms
from schemas.ids import forward_id
from tests.desks import make_forward

SOON_S = 0.3


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> DeskCredentials:
    """Keys of Belgium and of the Netherlands' desk."""
    return create_credentials(tmp_path_factory.mktemp("keys"))


@asynccontextmanager
async def running(options: DeskOptions) -> AsyncIterator[str]:
    """A desk in this process; its URL."""
    listens: asyncio.Future[DeskAddress] = asyncio.get_running_loop().create_future()
    stopped = asyncio.Event()
    work = asyncio.create_task(run_desk(options, ready=listens.set_result, stopped=stopped))
    try:
        yield (await asyncio.wait_for(listens, 30.0)).url
    finally:
        stopped.set()
        await work


@pytest_asyncio.fixture
async def options(files: DeskCredentials, tmp_path: Path) -> DeskOptions:
    """A desk that knows Belgium's and France's signatures, and is impatient."""
    french = create_credentials(tmp_path / "french", sender="FR")
    return DeskOptions(
        country="NL", inbox=tmp_path / "inbox", cert_file=files.desk_cert, key_file=files.desk_key,
        client_ca_file=files.desk_ca, signing_key_file=files.desk_sign_key, keep_days=30,
        senders={"BE": files.desk_knows, "FR": french.desk_knows}, head_s=SOON_S, body_s=SOON_S, connections=3,
    )  # fmt: skip


def belgian(files: DeskCredentials) -> ssl.SSLContext:
    """TLS with Belgium's certificate."""
    return client_context(ca=("ca", files.sender_ca), cert=("cert", files.sender_cert), key=("key", files.sender_key))


async def posted(url: str, token: str, tls: ssl.SSLContext) -> int:
    """The status that a delivery is answered with."""
    async with aiohttp.ClientSession() as session, session.post(f"{url}/forwards", data=token, ssl=tls) as response:
        return response.status


async def test_a_signature_is_taken_from_its_own_country_alone(
    files: DeskCredentials, options: DeskOptions, tmp_path: Path
) -> None:
    """France's genuine signature over Belgium's certificate is a copy that somebody kept, or worse."""
    keys = {"BE": files.sender_sign_key, "FR": DeskCredentials.in_folder(tmp_path / "french").sender_sign_key}
    now_ms = platform_now_ms()
    tokens = {
        country: sign_forward(
            make_forward(forward_id("a", country), now_ms=now_ms), signing_key("key", key), sender=country, at_ms=now_ms
        )
        for country, key in keys.items()
    }
    async with running(options) as url:
        assert 401 == await posted(url, tokens["FR"], belgian(files))
        assert 200 == await posted(url, tokens["BE"], belgian(files))
    assert [forward_id("a", "BE")] == [entry.forward.forward_id for entry in read_inbox(options.inbox)]


@pytest.mark.parametrize("sign", [-1, 1])
async def test_an_old_signature_or_one_from_the_future_is_not_taken(
    files: DeskCredentials, options: DeskOptions, sign: int
) -> None:
    """Each attempt is signed anew, so one that is not of now was kept."""
    now_ms = platform_now_ms()
    at_ms = now_ms + sign * (SIGNED_WITHIN_MS + 60_000)
    token = sign_forward(
        make_forward(now_ms=now_ms), signing_key("key", files.sender_sign_key), sender="BE", at_ms=at_ms
    )
    async with running(options) as url:
        assert 401 == await posted(url, token, belgian(files))


@pytest.mark.parametrize(
    "sent", [b"", b"POST /forwards HTTP/1.1\r\nHost: x\r\n", b"POST /forwards HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc"],
    ids=["nothing", "half a header", "half a body"],
)  # fmt: skip
async def test_whoever_does_not_finish_is_let_go(files: DeskCredentials, options: DeskOptions, sent: bytes) -> None:
    """Silence, half a header and half a body end the connection."""
    async with running(options) as url:
        host, _, port = url.removeprefix("https://").rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port), ssl=belgian(files), server_hostname="localhost")
        writer.write(sent)
        answer = await asyncio.wait_for(_rest(reader), 30.0)
        writer.transport.abort()
    assert answer == b"" or answer.startswith(b"HTTP/1.1 408")


async def _rest(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionError:
        return b""


async def test_one_address_has_so_many_connections_and_the_oldest_gives_way(
    files: DeskCredentials, options: DeskOptions
) -> None:
    """So whoever holds all its places open locks nobody out."""
    async with running(replace(options, head_s=60.0)) as url:
        host, _, port = url.removeprefix("https://").rpartition(":")
        tls = belgian(files)

        async def opened() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
            return await asyncio.open_connection(host, int(port), ssl=tls, server_hostname="localhost")

        three = [await opened() for _ in range(3)]
        assert 200 == await _status(url, tls)
        assert b"" == await asyncio.wait_for(_rest(three[0][0]), 30.0)
        for _, writer in three:
            writer.transport.abort()


async def _status(url: str, tls: ssl.SSLContext) -> int:
    async with aiohttp.ClientSession() as session, session.get(f"{url}/status", ssl=tls) as response:
        return response.status
