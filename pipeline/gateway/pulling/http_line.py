"""Asks a camera over HTTP with the proof that it wants: Digest, or Basic, which shows the password (see check_plain_password).
Redirects are not followed."""

import contextlib
from collections.abc import AsyncIterator, Collection, Mapping
from typing import Any

import aiohttp
import yarl

from pipeline.gateway.pulling.fetching import (
    LOCKED_S,
    REFUSED_S,
    Asked,
    CannotReach,
    check_plain_password,
    tls_of,
)
from pipeline.gateway.request import MAX_BODY

CONNECT_S = 10.0
_CURE = "look whether the camera runs, and this machine reaches its address and port"


class HttpLine:
    """The way to one camera."""

    def __init__(self, http: aiohttp.ClientSession, asked: Asked) -> None:
        self._http, self._asked = http, asked
        user, password = asked.pull.user, asked.password or ""
        self._basic = {"Authorization": aiohttp.encode_basic_auth(user, password)} if user is not None else {}
        self._proof: dict[str, Any] = (
            {"middlewares": (aiohttp.DigestAuthMiddleware(user, password),)} if user is not None else {}
        )

    @contextlib.asynccontextmanager
    async def answer(
        self, url: yarl.URL, body: bytes | None = None, headers: Mapping[str, str] | None = None,
        good: Collection[int] = (200,),
    ) -> AsyncIterator[aiohttp.ClientResponse]:  # fmt: skip
        """The camera's answer to a GET, or to a POST of this body. good: the statuses that are taken. Raises CannotReach for
        another status, and what aiohttp does."""
        about: dict[str, Any] = {"data": body, "headers": dict(headers or {}), "allow_redirects": False}
        async with self._request(url, about) as answer:
            if answer.status != 401:
                self._check(answer, good)
                yield answer
                return
            challenges = answer.headers.getall("WWW-Authenticate", [])
        if self._basic and {one.split(None, 1)[0].lower() for one in challenges if one.strip()} == {"basic"}:
            check_plain_password(self._asked)
            self._proof = {}
            about["headers"] |= self._basic
            async with self._request(url, about) as answer:
                if answer.status != 401:
                    self._check(answer, good)
                    yield answer
                    return
        cure = f"give them again: vigie cameras fetch {self._asked.sender_id}; mind that cameras lock out who is wrong often"
        raise CannotReach(f"{self._asked.place} refuses user and password", cure, wait_s=LOCKED_S)

    async def whole(self, answer: aiohttp.ClientResponse) -> bytes:
        """The answer's body. Raises CannotReach for one of more than MAX_BODY bytes, and what aiohttp does."""
        found = bytearray()
        async for chunk in answer.content.iter_any():
            found += chunk
            if len(found) > MAX_BODY:
                raise CannotReach(f"{self._asked.place} sends an answer without end", "its address has another path")
        return bytes(found)

    def _request(self, url: yarl.URL, about: Mapping[str, Any]) -> Any:
        method = "GET" if about["data"] is None else "POST"
        return self._http.request(method, url, ssl=tls_of(self._asked), **about, **self._proof)

    def _check(self, answer: aiohttp.ClientResponse, good: Collection[int]) -> None:
        if answer.status not in good:
            cure = "its address has another path, or the account may not read events"
            raise CannotReach(f"{self._asked.place} answered {answer.status}", cure, wait_s=REFUSED_S)


@contextlib.asynccontextmanager
async def http_line(asked: Asked, quiet_s: float) -> AsyncIterator[HttpLine]:
    """The way to a camera, while the block lasts. quiet_s: an answer that stops for so long is given up. Raises CannotReach for
    whatever goes wrong on it."""
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=quiet_s)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as http:
            yield HttpLine(http, asked)
    except TimeoutError as error:
        raise CannotReach(f"no sign from {asked.place} in time", _CURE) from error
    except aiohttp.ClientSSLError as error:
        cure = "register its certificate's SHA-256 (--tls-sha256), or have an authority sign it that this machine knows"
        raise CannotReach(f"the certificate of {asked.place} is not trusted", cure, wait_s=REFUSED_S) from error
    except aiohttp.ClientPayloadError as error:
        raise CannotReach(
            f"{asked.place} ended the connection", "it is asked again; if that goes on, look at the camera"
        ) from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise CannotReach(f"{asked.place}: {error}"[:300], _CURE) from error
