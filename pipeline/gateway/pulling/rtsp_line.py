"""Speaks RTSP with a camera over one TCP connection, on which its packets come too.

Source: RFC 2326, section 10.12 (interleaved). No other address is ever asked than the registered one: redirects are not followed,
and what a camera calls its streams is only said to itself.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from pipeline.gateway.pulling.digest import proof_of
from pipeline.gateway.pulling.fetching import LOCKED_S, REFUSED_S, Asked, CannotReach, check_plain_password, trusting

CONNECT_S = 10.0
QUIET_S = 60.0
"""Without any sign for so long, the connection is taken for dead."""
MOST_BODY = 256 * 1024
_PORTS = {"rtsp": 554, "rtsps": 322}
_STATUS = re.compile(rb"RTSP/1\.\d (\d{3})")
_CURE = "look whether the camera runs, and this machine reaches its address and port"


class Reply(NamedTuple):
    """What the camera answered. status 0: it asks something itself. headers: names in lower case, each with all its values."""

    status: int
    headers: Mapping[str, Sequence[str]]
    body: bytes

    def first(self, name: str) -> str:
        """The header's first value; empty where it is missing."""
        return next(iter(self.headers.get(name, ())), "")


class RtspLine:
    """One connection. Ask, then read packets; what the camera answers between them is passed over."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._number, self._challenges = 0, tuple[str, ...]()
        self.session = ""

    async def open(self) -> None:
        """Connect. Raises CannotReach."""
        where = urlsplit(self._asked.pull.address)
        try:
            async with asyncio.timeout(CONNECT_S):
                host, port = where.hostname or "", where.port or _PORTS[where.scheme]
                tls = where.scheme == "rtsps"
                context = await asyncio.to_thread(trusting, self._asked, host, port) if tls else None
                self._reader, self._writer = await asyncio.open_connection(host, port, ssl=context)
        except (OSError, TimeoutError, ValueError) as error:
            raise CannotReach(f"{self._asked.place}: {error or 'no answer'}"[:300], _CURE) from error

    def close(self) -> None:
        """Say goodbye, and close."""
        if self._writer is not None:
            if self.session and not self._writer.is_closing():
                self.tell("TEARDOWN", self._asked.pull.address)
            self._writer.close()

    async def ask(self, method: str, target: str, headers: Mapping[str, str] | None = None) -> Reply:
        """The camera's good answer. Packets that come before it are passed over. Raises CannotReach."""
        for _ in range(2):
            self.tell(method, target, headers)
            reply = await self._reply()
            if reply.status != 401:
                break
            self._challenges = tuple(reply.headers.get("www-authenticate", ()))
            if self._asked.pull.user is None:
                break
        if reply.status == 401:
            cure = f"give user and password: vigie cameras fetch {self._asked.sender_id}; cameras lock out who is wrong often"
            raise CannotReach(f"{self._asked.place} refuses user and password", cure, wait_s=LOCKED_S)
        if reply.status != 200:
            cure = "its address has another path, or the account may not see this stream"
            raise CannotReach(f"{self._asked.place} answered {reply.status} to {method}", cure, wait_s=REFUSED_S)
        return reply

    def tell(self, method: str, target: str, headers: Mapping[str, str] | None = None) -> None:
        """Send a request, without waiting for its answer. Raises CannotReach."""
        assert self._writer is not None, "it is open"
        self._number += 1
        found = {"CSeq": str(self._number), "User-Agent": "Vigie", **(headers or {})}
        if self.session:
            found["Session"] = self.session
        user, password = self._asked.pull.user, self._asked.password or ""
        if self._challenges and user is not None:
            proof = proof_of(self._challenges, user, password, method, target, self._number)
            if proof is not None:
                if proof.startswith("Basic "):
                    check_plain_password(self._asked)
                found["Authorization"] = proof
        lines = "".join(f"{name}: {value}\r\n" for name, value in found.items())
        self._writer.write(f"{method} {target} RTSP/1.0\r\n{lines}\r\n".encode())

    async def _reply(self) -> Reply:
        try:
            async with asyncio.timeout(CONNECT_S):
                while True:
                    found = await self.next()
                    if isinstance(found, Reply) and found.status:
                        return found
        except TimeoutError as error:
            raise CannotReach(f"no sign from {self._asked.place} in time", _CURE) from error

    async def next(self) -> Reply | tuple[int, bytes]:
        """What comes next: an answer, or a packet with its channel. Raises CannotReach, also where the connection ends."""
        assert self._reader is not None, "it is open"
        try:
            async with asyncio.timeout(QUIET_S):
                first = await self._reader.readexactly(1)
                if first == b"$":
                    head = await self._reader.readexactly(3)
                    return head[0], await self._reader.readexactly(int.from_bytes(head[1:]))
                return await self._answer(first, self._reader)
        except TimeoutError as error:
            raise CannotReach(f"no sign from {self._asked.place} in time", _CURE) from error
        except asyncio.LimitOverrunError as error:
            raise CannotReach(f"{self._asked.place} speaks no RTSP", "name the port of its RTSP") from error
        except (asyncio.IncompleteReadError, OSError) as error:
            cure = "it is asked again; if that goes on, look at the camera"
            raise CannotReach(f"{self._asked.place} ended the connection", cure) from error

    async def _answer(self, first: bytes, reader: asyncio.StreamReader) -> Reply:
        head = first + await reader.readuntil(b"\r\n\r\n")
        headers: dict[str, list[str]] = {}
        for line in head.decode("latin-1").splitlines()[1:100]:
            name, found, value = line.partition(":")
            if found:
                headers.setdefault(name.strip().lower(), []).append(value.strip())
        length = next(iter(headers.get("content-length", ())), "0")
        if not length.isdigit() or len(length) > 7 or int(length) > MOST_BODY:
            raise CannotReach(f"{self._asked.place} answers with {length[:20]} bytes", "its address has another path")
        status = _STATUS.match(head.lstrip())
        return Reply(int(status[1]) if status else 0, headers, await reader.readexactly(int(length)))
