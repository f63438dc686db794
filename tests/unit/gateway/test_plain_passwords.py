"""A password goes over a line without TLS only where the registration allows it, whatever the other side asks for."""

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator

import pytest

from pipeline.gateway.pulling.fetching import Asked, CannotReach
from pipeline.gateway.pulling.pullers import FETCHES
from schemas.senders import SenderCamera, SenderPull
from tests.cameras import PASSWORD, USER
from tests.unit.gateway.test_rtsp import Heard

SHOWN = (PASSWORD.encode(), base64.b64encode(f"{USER}:{PASSWORD}".encode()))
KINDS = {"hikvision": "http", "dahua": "http", "mjpeg": "http", "rtsp": "rtsp", "survision": "ws", "frigate": "mqtt"}
BASIC, DIGEST = 'Basic realm="camera"', 'Digest realm="camera", nonce="n1", qop="auth"'


class Stranger:
    """Whoever answers at an address: asks for a proof by `challenge`, and keeps all that is said to it."""

    def __init__(self, challenge: str) -> None:
        self.heard, self.port, self._challenge = b"", 0, challenge
        self.is_shown = asyncio.Event()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Stranger"]:
        """Serve while the block lasts."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = b""
        while chunk := await reader.read(65_536):
            self.heard += chunk
            if any(shown in self.heard for shown in SHOWN):
                self.is_shown.set()
            head += chunk
            if head.endswith(b"\r\n\r\n"):
                name = head.rsplit(b" ", 1)[0] and head.splitlines()[0].rpartition(b" ")[2]
                number = next((line for line in head.splitlines() if line.startswith(b"CSeq")), b"X: 0")
                head = b""
                answer = b"%s 401 Unauthorized\r\n%s\r\nWWW-Authenticate: %s\r\nContent-Length: 0\r\n\r\n"
                writer.write(answer % (name, number, self._challenge.encode()))
        writer.close()

    def asked(self, kind: str, *, plain_password: bool) -> Asked:
        """To ask here with a password."""
        address = f"{KINDS[kind]}://127.0.0.1:{self.port}/x"
        pull = SenderPull(kind=kind, address=address, user=USER, plain_password=plain_password)  # type: ignore[arg-type]  # of KINDS
        return Asked(sender_id="CAM-1", cameras=(SenderCamera(camera_id="CAM-1"),), pull=pull, password=PASSWORD)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_stranger_who_asks_for_the_password_in_plain_words_does_not_learn_it(kind: str) -> None:
    """He is told of, with what to do."""
    async with Stranger(BASIC).running() as stranger, asyncio.timeout(30):
        with pytest.raises(CannotReach) as refused:
            await FETCHES[kind](stranger.asked(kind, plain_password=False), Heard())
        assert "--plain-password" in refused.value.cure
        assert not stranger.is_shown.is_set()


@pytest.mark.parametrize("kind", KINDS)
async def test_where_it_is_allowed_a_camera_that_knows_no_digest_gets_it(kind: str) -> None:
    """And is not asked with it for ever."""
    async with Stranger(BASIC).running() as stranger, asyncio.timeout(30):
        fetching = asyncio.create_task(FETCHES[kind](stranger.asked(kind, plain_password=True), Heard()))
        await stranger.is_shown.wait()
        fetching.cancel()
        await asyncio.wait([fetching])


@pytest.mark.parametrize("kind", ["hikvision", "rtsp"])
async def test_a_camera_that_takes_digest_and_refuses_it_gets_no_other_proof(kind: str) -> None:
    """Also where the password might be sent as it is."""
    async with Stranger(DIGEST).running() as stranger, asyncio.timeout(30):
        with pytest.raises(CannotReach, match="refuses user and password"):
            await FETCHES[kind](stranger.asked(kind, plain_password=True), Heard())
        assert not stranger.is_shown.is_set()
        assert 1 == stranger.heard.count(b"Authorization: Digest ")
