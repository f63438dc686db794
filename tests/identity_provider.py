"""Identity providers for tests: a real one in a process of its own, and one that lies on demand."""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import aiohttp
from aiohttp import web
from joserfc import jwt
from joserfc.jwk import ECKey

from pipeline.runtime.ports import free_ports

CLIENT, SECRET, PASSWORD = "vigie", "between-the-two-of-them", "seven green herons"
START_S = 120.0  # a machine may be busy


@contextlib.asynccontextmanager
async def running_provider(folder: Path, redirect_uri: str, *subjects: str) -> AsyncIterator[str]:
    """A real identity provider (nanoidp) with an account for each subject, all with PASSWORD. Yields its issuer."""
    (port,) = free_ports((), 1)
    issuer = f"http://localhost:{port}"
    client = {"client_id": CLIENT, "client_secret": SECRET, "redirect_uris": [redirect_uri]}
    settings = {
        "config_version": 1,
        "server": {"host": "127.0.0.1", "port": port},
        "oauth": {"issuer": issuer, "audience": CLIENT, "require_pkce": True, "clients": [client]},
        "session": {"secret_key": "of this test alone", "enforce_password_check": True},
    }
    people = {"config_version": 1, "users": {one: {"password": PASSWORD} for one in subjects}}
    for name, content in (("settings", settings), ("users", people)):
        (folder / f"{name}.yaml").write_text(json.dumps(content))  # JSON is YAML
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "nanoidp",
            "--config",
            str(folder),
            "--strict-config",
            cwd=folder,
            stdout=log,
            stderr=log,
        )
    try:
        async with asyncio.timeout(START_S), aiohttp.ClientSession() as http:
            while True:
                with contextlib.suppress(aiohttp.ClientError):
                    await http.get(f"{issuer}/.well-known/openid-configuration")
                    break
                assert process.returncode is None, (folder / "log").read_text()
                await asyncio.sleep(0.05)
        yield issuer
    finally:
        process.terminate()
        await process.wait()


async def logged_in_there(url: str, subject: str, password: str = PASSWORD) -> dict[str, str]:
    """What the provider sends the browser back with, after this person has logged in at this address of it."""
    form = {"username": subject, "password": password}
    async with aiohttp.ClientSession() as http, http.post(url, data=form, allow_redirects=False) as answer:
        assert answer.status == 302, await answer.text()
        return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


@dataclass(slots=True)
class LyingProvider:
    """A provider whose ID tokens are what a test makes of them. sign: makes the token of the claims; asked: the query with which
    the browser came; exchanged: the forms with which codes were handed in."""

    issuer: str = ""
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "k-1"}))
    published: list[Any] = field(default_factory=list)
    sign: "Callable[[LyingProvider, dict[str, Any]], str]" = lambda self, claims: self.token(claims)
    claims: dict[str, Any] = field(default_factory=dict)
    document: dict[str, Any] = field(default_factory=dict)
    exchanged: list[dict[str, str]] = field(default_factory=list)
    status: int = 200

    def token(self, claims: dict[str, Any], **header: Any) -> str:
        """An honest signature over these claims."""
        return jwt.encode({"alg": "ES256", "kid": "k-1"} | header, claims, self.key)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve while the block lasts."""
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self._describe)
        app.router.add_get("/keys", self._keys)
        app.router.add_post("/token", self._exchange)
        runner = web.AppRunner(app)
        await runner.setup()
        (port,) = free_ports((), 1)
        await web.TCPSite(runner, "127.0.0.1", port).start()
        self.issuer = f"http://localhost:{port}"
        try:
            yield
        finally:
            await runner.cleanup()

    async def _describe(self, _request: web.Request) -> web.Response:
        return web.json_response(
            {
                "issuer": self.issuer, "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token", "jwks_uri": f"{self.issuer}/keys",
                "end_session_endpoint": f"{self.issuer}/logout", "authorization_response_iss_parameter_supported": True,
            }
            | self.document
        )  # fmt: skip

    async def _keys(self, _request: web.Request) -> web.Response:
        return web.json_response({"keys": self.published or [self.key.as_dict(private=False)]})

    async def _exchange(self, request: web.Request) -> web.Response:
        self.exchanged.append({name: str(value) for name, value in (await request.post()).items()})
        if self.status != 200:
            return web.json_response({"error": "invalid_grant"}, status=self.status)
        return web.json_response({"id_token": self.sign(self, dict(self.claims)), "token_type": "Bearer"})
