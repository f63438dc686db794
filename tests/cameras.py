"""Cameras that wait to be asked, for tests: over HTTP with Digest, as Hikvision's and Dahua's do."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from hashlib import md5

from aiohttp import web

NOTICED_S, LONGEST = 0.05, 2_400
USER, PASSWORD = "vigie", "what the camera wants"
_FIELD = re.compile(r'(\w+)="?([^",]*)"?')


class StreamingCamera:
    """One camera that answers a request without end. say(): send to all who are connected. asked: the targets of all requests that
    were let in; wrong: how many were not, though they named a user."""

    def __init__(self, content_type: str = "multipart/mixed; boundary=boundary") -> None:
        self._type = content_type
        self._open: list[tuple[web.StreamResponse, asyncio.Transport]] = []
        self.asked: list[str] = []
        self.wrong = 0
        self.url = ""

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["StreamingCamera"]:
        """Serve while the block lasts."""
        server = web.Server(self._answer)
        runner = web.ServerRunner(server, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await self.hang_up()
            await runner.cleanup()

    @property
    def listeners(self) -> int:
        """How many are connected now."""
        return sum(not transport.is_closing() for _answer, transport in self._open)

    async def say(self, data: bytes) -> None:
        """Send to whoever is connected."""
        for answer, transport in self._open:
            if not transport.is_closing():
                await answer.write(data)

    async def hang_up(self) -> None:
        """End all connections."""
        for _answer, transport in self._open:
            transport.abort()
        await asyncio.sleep(2 * NOTICED_S)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        said = request.headers.get("Authorization", "")
        if not is_right(said, request):
            self.wrong += bool(said)
            return web.Response(
                status=401, headers={"WWW-Authenticate": 'Digest realm="camera", nonce="n1", qop="auth"'}
            )
        self.asked.append(request.raw_path)
        answer = web.StreamResponse(headers={"Content-Type": self._type})
        await answer.prepare(request)
        assert request.transport is not None
        mine = (answer, request.transport)
        self._open.append(mine)
        for _ in range(LONGEST):  # aiohttp ends no handler when its connection ends
            if request.transport.is_closing():
                break
            await asyncio.sleep(NOTICED_S)
        self._open.remove(mine)
        return answer


def is_right(said: str, request: web.BaseRequest) -> bool:
    """Whether the answer to the challenge is of user and password."""
    given = dict(_FIELD.findall(said))
    if not said.startswith("Digest ") or given.get("username") != USER:
        return False
    who, what = _digest(f"{USER}:camera:{PASSWORD}"), _digest(f"{request.method}:{request.raw_path}")
    return given.get("response") == _digest(f"{who}:n1:{given['nc']}:{given['cnonce']}:auth:{what}")


def _digest(text: str) -> str:
    return md5(text.encode(), usedforsecurity=False).hexdigest()


def part(body: bytes, kind: str = 'application/xml; charset="UTF-8"', name: str = "") -> bytes:
    """One part of a stream."""
    label = f'Content-Disposition: form-data; name="{name}"\r\n' if name else ""
    return f"--boundary\r\n{label}Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body + b"\r\n"
