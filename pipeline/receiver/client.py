"""The client that delivers to one neighbour's desk: mutual TLS, one connection kept open; each failure gets a name."""

import ssl
from collections.abc import Callable
from typing import Protocol

import aiohttp
import structlog
from yarl import URL

from pipeline.errors import Misconfigured
from pipeline.neighbours.message import MAX_SIGNED_BYTES, DeskAnswer, Retry, Settled, verdict_of
from pipeline.neighbours.signatures import KeyRing
from schemas.outcomes import Forward

log = structlog.get_logger()
_KEEPALIVE_S = 30.0  # below what servers commonly keep, so that a connection is seldom closed under a request


class Desk(Protocol):
    """A neighbour's desk, as liaison needs it."""

    async def deliver(self, forward: Forward, token: str, now_ms: Callable[[], int]) -> Settled | Retry:
        """Bring the signed forward. Returns what the neighbour says of it, or why nothing is settled yet."""
        ...

    async def withdraw(self, forward: Forward, now_ms: Callable[[], int]) -> Settled | None:
        """Deliver this forward no more. Returns what the neighbour has said of it and nobody has looked at yet; None: nothing."""
        ...

    async def close(self) -> None:
        """Close connections; the next delivery opens them again."""
        ...


class DeskClient:
    """Delivers to one desk, one request at a time. It follows no redirect, and uses no cookies, compression or proxy.

    tls: makes the TLS context. It is called again after a failed connection, so that renewed certificates are used without a
    restart (a desk that does not accept ours may just reset the connection: TLS 1.3 tells the client after its handshake).
    timeout_s: for one delivery, from name lookup to the last byte of the answer.
    """

    def __init__(self, url: str, *, tls: Callable[[], ssl.SSLContext], ring: KeyRing, timeout_s: float) -> None:
        self._url = forwards_url(url)
        self._tls = tls
        self._ring = ring
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._session: aiohttp.ClientSession | None = None

    async def deliver(self, forward: Forward, token: str, now_ms: Callable[[], int]) -> Settled | Retry:
        """Post the signed forward. Returns Settled or Retry; a failure of the network or the neighbour is never raised."""
        try:
            answer = await self._post(token)
            return answer if isinstance(answer, Retry) else verdict_of(answer, forward, self._ring, now_ms())
        except Exception as error:  # whatever the neighbour sent, the forward stays ours until it expires
            await self.close()
            log.error("desk.answer_failed", error=type(error).__name__, exc_info=True)
            return Retry("failed", f"its answer could not be handled: {type(error).__name__}")

    async def withdraw(self, forward: Forward, now_ms: Callable[[], int]) -> Settled | None:
        """Nothing of a forward is kept here: what was said of it, `deliver` has returned."""
        return None

    async def close(self) -> None:
        """Close the connection; the next delivery opens another."""
        session, self._session = self._session, None
        if session:
            await session.close()

    async def _post(self, token: str) -> DeskAnswer | Retry:
        headers = {"Content-Type": "application/jose"}
        try:
            session = self._opened()
            async with session.post(self._url, data=token, headers=headers, allow_redirects=False) as response:
                body = await _body(response)
                return DeskAnswer(response.status, body, response.headers.get("Retry-After"))
        except TimeoutError:
            return Retry("timeout", f"no answer within {self._timeout.total} s")
        except (aiohttp.ClientError, ssl.SSLError, OSError, ValueError, Misconfigured) as error:
            await self.close()
            return Retry("tls", str(error)) if _is_tls(error) else Retry("connection", repr(error))

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=self._tls(), limit=1, keepalive_timeout=_KEEPALIVE_S),
                timeout=self._timeout,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
            )
        return self._session


def forwards_url(url: str) -> URL:
    """The URL where a desk takes forwards. Raises Misconfigured unless the desk's URL is plain https.

    >>> str(forwards_url("https://desk.example.org:8443/liaison/"))
    'https://desk.example.org:8443/liaison/forwards'
    """
    try:
        parsed = URL(url)
        (parsed.raw_host or "").encode("idna")  # a label of more than 63 characters has no address
    except ValueError as error:
        raise Misconfigured("liaison.desks.url", found=url, allowed="https://host[:port][/path]") from error
    if parsed.scheme != "https" or not parsed.host or parsed.query or parsed.user:
        raise Misconfigured("liaison.desks.url", found=url, allowed="https://host[:port][/path]")
    return URL(url.rstrip("/") + "/forwards")


async def _body(response: aiohttp.ClientResponse) -> bytes:
    """The answer's body, cut off a little above the length of the longest acknowledgement."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > MAX_SIGNED_BYTES:
            response.close()
            break
    return bytes(body)


def _is_tls(error: BaseException) -> bool:
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, (ssl.SSLError, ssl.CertificateError, Misconfigured)):
            return True
        seen = seen.__cause__ or seen.__context__
    return False
