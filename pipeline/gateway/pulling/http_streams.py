"""Fetches the endless answers of cameras over HTTP: Hikvision's alertStream, Dahua's snapManager and eventManager, and motion JPEG
of cameras that read no plates themselves.

A part that brings no read (heartbeats, other events) says that the camera is there, and nothing else is kept of it.
"""

import asyncio
from collections.abc import Mapping
from urllib.parse import urlsplit

import aiohttp
import yarl

from pipeline.gateway.pulling.fetching import Asked, CannotReach, Sink, brings_something
from pipeline.gateway.pulling.http_line import http_line
from pipeline.gateway.pulling.parts import Event, PartCutter
from pipeline.vision.live import EARLY

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
    async with http_line(asked, QUIET_S) as line, line.answer(_url(asked)) as answer:
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
