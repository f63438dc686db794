"""Fetches the endless answers of cameras over HTTP: Hikvision's alertStream, Dahua's snapManager and eventManager, and motion JPEG
of cameras that read no plates themselves.

The camera asks for Digest or Basic, which shows the password (see check_plain_password); redirects are not followed. A part that
brings no read (heartbeats, other events) says that the camera is there, and nothing else is kept of it.
"""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import yarl

from pipeline.gateway.pulling.fetching import (
    LOCKED_S,
    REFUSED_S,
    Asked,
    CannotReach,
    Sink,
    brings_something,
    check_plain_password,
    tls_of,
)
from pipeline.gateway.pulling.parts import Event, PartCutter
from pipeline.vision.live import EARLY

CONNECT_S = 10.0
QUIET_S = 60.0
"""Heartbeats come every few seconds; without any for so long, the connection is taken for dead."""
SETTLE_S = 1.0
"""After so long without more, an event has all its pictures."""
_DAHUA = (
    "/cgi-bin/snapManager.cgi?action=attachFileProc&channel=1&heartbeat=5&Flags[0]=Event"
    "&Events=[TrafficJunction,TrafficGate,TrafficManualSnap,TrafficOverSpeed,TrafficParkingSpaceParking]"
)
_PATHS: Mapping[str, str] = {"hikvision": "/ISAPI/Event/notification/alertStream", "dahua": _DAHUA}


async def fetch(asked: Asked, sink: Sink) -> None:
    """See Fetch. An address without a path is asked for the maker's usual one."""
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=QUIET_S)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as http:
            await _fetch(http, asked, sink)
    except TimeoutError as error:
        cure = "look whether the camera runs, and this machine reaches its address and port"
        raise CannotReach(f"no sign from {asked.place} in time", cure) from error
    except aiohttp.ClientSSLError as error:
        cure = "register its certificate's SHA-256 (--tls-sha256), or have an authority sign it that this machine knows"
        raise CannotReach(f"the certificate of {asked.place} is not trusted", cure, wait_s=REFUSED_S) from error
    except aiohttp.ClientPayloadError as error:
        raise CannotReach(
            f"{asked.place} ended the connection", "it is asked again; if that goes on, look at the camera"
        ) from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        cure = "look whether the camera runs, and this machine reaches its address and port"
        raise CannotReach(f"{asked.place}: {error}"[:300], cure) from error


async def _fetch(http: aiohttp.ClientSession, asked: Asked, sink: Sink) -> None:
    """Fetch until the answer ends. Raises CannotReach, and what aiohttp does."""
    user, password = asked.pull.user, asked.password or ""
    proof: dict[str, Any] = {} if user is None else {"middlewares": (aiohttp.DigestAuthMiddleware(user, password),)}
    async with http.get(_url(asked), allow_redirects=False, ssl=tls_of(asked), **proof) as answer:
        if answer.status != 401:
            await _read_answer(answer, asked, sink)
            return
        challenges = answer.headers.getall("WWW-Authenticate", [])
    if user is not None and {one.split(None, 1)[0].lower() for one in challenges if one.strip()} == {"basic"}:
        check_plain_password(asked)
        basic = {"Authorization": aiohttp.encode_basic_auth(user, password)}
        async with http.get(_url(asked), allow_redirects=False, ssl=tls_of(asked), headers=basic) as answer:
            if answer.status != 401:
                await _read_answer(answer, asked, sink)
                return
    cure = f"give them again: vigie cameras fetch {asked.sender_id}; mind that cameras lock out who is wrong often"
    raise CannotReach(f"{asked.place} refuses user and password", cure, wait_s=LOCKED_S)


async def _read_answer(answer: aiohttp.ClientResponse, asked: Asked, sink: Sink) -> None:
    """Read an answer until it ends. Raises CannotReach where it is none of events or pictures, and what aiohttp does."""
    if answer.status != 200:
        cure = "its address has another path, or the account may not read events"
        raise CannotReach(f"{asked.place} answered {answer.status}", cure, wait_s=REFUSED_S)
    sink.answered()
    read = _read_pictures if asked.pull.kind == "mjpeg" else _read
    await read(answer, asked, sink)


async def _read(answer: aiohttp.ClientResponse, asked: Asked, sink: Sink) -> None:
    """Read until the answer ends; what is whole by then is kept. Raises CannotReach, and what aiohttp does."""
    cutter, event = PartCutter(answer.headers.get("Content-Type", "")), Event()
    try:
        while chunk := await _chunk(answer, event, asked, sink):
            sink.answered()
            cutter.feed(chunk)
            while (part := cutter.next()) is not None:
                for message in event.add(part):
                    await _put(message, asked, sink)
            if cutter.is_too_large:
                raise CannotReach(f"{asked.place} sends a part without end", "its address has another path")
    finally:
        if event:
            await asyncio.shield(_put(event.message(), asked, sink))


async def _read_pictures(answer: aiohttp.ClientResponse, asked: Asked, sink: Sink) -> None:
    """Show the newest picture, as often as is asked for, until the answer ends. Raises CannotReach, and what aiohttp does."""
    cutter, loop, next_s = PartCutter(answer.headers.get("Content-Type", "")), asyncio.get_running_loop(), 0.0
    while chunk := await answer.content.readany():
        sink.answered()
        cutter.feed(chunk)
        newest: bytes | None = None
        while (part := cutter.next()) is not None:
            newest = part.body if part.is_picture else newest
        if newest is not None and loop.time() >= next_s:
            next_s = loop.time() + EARLY / asked.pull.pictures_per_s
            sink.show(newest)
        if cutter.is_too_large:
            raise CannotReach(f"{asked.place} sends a part without end", "name the path of its motion JPEG")


async def _chunk(answer: aiohttp.ClientResponse, event: Event, asked: Asked, sink: Sink) -> bytes:
    """What comes next; empty at the end. An event that is held meanwhile is kept once nothing has followed
    for SETTLE_S."""
    if event:
        try:
            async with asyncio.timeout(SETTLE_S):
                return await answer.content.readany()
        except TimeoutError:
            await _put(event.message(), asked, sink)
    return await answer.content.readany()


async def _put(body: bytes, asked: Asked, sink: Sink) -> None:
    """Keep a message that says more than that the camera is there."""
    if await brings_something(body, asked):
        await sink.put(body)


def _url(asked: Asked) -> yarl.URL:
    """The address, byte for byte: brackets in it are not escaped, as cameras read it so."""
    address = asked.pull.address
    usual = _PATHS.get(asked.pull.kind, "/")
    is_bare = urlsplit(address).path in ("", "/") and not urlsplit(address).query
    return yarl.URL(address.rstrip("/") + usual if is_bare else address, encoded=True)
