"""Fetches what Survision's sensors send over their websocket."""

import asyncio

import aiohttp
import yarl

from pipeline.gateway.pulling.fetching import (
    LOCKED_S,
    Asked,
    CannotReach,
    Sink,
    brings_something,
    check_plain_password,
    tls_of,
)
from pipeline.gateway.request import MAX_BODY

CONNECT_S = 10.0
BEAT_S = 20.0
"""A sensor that does not answer our sign of life within half of this is taken for dead."""
_CURE = "look whether the sensor runs, and this machine reaches its address and port"


async def fetch(asked: Asked, sink: Sink) -> None:
    """See Fetch."""
    user = asked.pull.user
    if user is not None:
        check_plain_password(asked)
    headers = {"Authorization": aiohttp.encode_basic_auth(user, asked.password or "")} if user is not None else {}
    try:
        async with aiohttp.ClientSession() as http:
            async with asyncio.timeout(CONNECT_S):
                line = await http.ws_connect(
                    yarl.URL(asked.pull.address, encoded=True), headers=headers, ssl=tls_of(asked), heartbeat=BEAT_S,
                    max_msg_size=MAX_BODY,
                )  # fmt: skip
            async with line:
                sink.answered()
                await _read(line, asked, sink)
    except aiohttp.WSServerHandshakeError as error:
        cure = f"give user and password anew: vigie cameras fetch {asked.sender_id}, or mend the address"
        raise CannotReach(f"{asked.place} answered {error.status}", cure, wait_s=LOCKED_S / 15) from error
    except TimeoutError as error:
        raise CannotReach(f"no sign from {asked.place} in time", _CURE) from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise CannotReach(f"{asked.place}: {error}"[:300], _CURE) from error


async def _read(line: aiohttp.ClientWebSocketResponse, asked: Asked, sink: Sink) -> None:
    """Keep each message that brings a read, until the connection ends. Raises CannotReach where it fails."""
    async for message in line:
        sink.answered()
        if message.type is aiohttp.WSMsgType.ERROR:
            raise CannotReach(f"{asked.place}: {line.exception()}"[:300], _CURE)
        body = message.data.encode() if isinstance(message.data, str) else message.data
        if isinstance(body, bytes) and await brings_something(body, asked):
            await sink.put(body)
