"""Cameras that keep their connections open and send what was prepared, as fast as they are answered or at a set pace."""

import asyncio
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

HEAD_END = b"\r\n\r\n"
AT_ONCE = 200
"""Connections that are opened at the same time."""


@dataclass(slots=True)
class Outcome:
    """What was answered. seconds: from the moment that a message was due until its answer was whole, of each."""

    seconds: list[float] = field(default_factory=list)
    refused: int = 0

    def note(self, took_s: float, head: bytes) -> None:
        """Note one answer."""
        self.seconds.append(took_s)
        self.refused += not head.startswith(b"HTTP/1.1 200")


class Camera(asyncio.Protocol):
    """One kept-alive connection, which sends one message at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._found = bytearray()
        self._answer: asyncio.Future[bytes] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one by its methods, not by its class

    def data_received(self, data: bytes) -> None:
        """Complete the answer once its body is whole."""
        self._found += data
        end = self._found.find(HEAD_END)
        if end < 0 or self._answer is None:
            return
        head = bytes(self._found[:end])
        if len(self._found) >= end + len(HEAD_END) + _length(head):
            self._found.clear()
            answer, self._answer = self._answer, None
            answer.set_result(head)

    def connection_lost(self, exc: Exception | None) -> None:
        """Fail the message that is under way."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError())

    async def send(self, message: bytes) -> bytes:
        """Send a request; the head of its answer."""
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(message)
        return await self._answer

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()


def _length(head: bytes) -> int:
    at = head.lower().find(b"content-length:")
    return int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0


async def opened(host: str, port: int, count: int) -> list[Camera]:
    """So many connections."""
    loop, found = asyncio.get_running_loop(), list[Camera]()
    while len(found) < count:
        some = min(AT_ONCE, count - len(found))
        made = await asyncio.gather(
            *(loop.create_connection(Camera, host, port, family=socket.AF_INET) for _ in range(some))
        )
        found += [camera for _, camera in made]
    return found


async def saturated(cameras: Sequence[Camera], messages: Sequence[bytes]) -> Outcome:
    """Each camera sends its next message as soon as the one before is answered, until all are sent."""
    outcome, waiting = Outcome(), iter(messages)

    async def one(camera: Camera) -> None:
        for message in waiting:
            began = time.perf_counter()
            head = await camera.send(message)
            outcome.note(time.perf_counter() - began, head)

    await asyncio.gather(*(one(camera) for camera in cameras))
    return outcome


async def paced(cameras: Sequence[Camera], messages: Sequence[bytes], per_s: float) -> Outcome:
    """Messages are due at this pace, whatever is answered; each is sent by the camera that has been idle for the longest time."""
    outcome, idle = Outcome(), asyncio.Queue[Camera]()
    for camera in cameras:
        idle.put_nowait(camera)
    began = time.perf_counter()

    async def one(message: bytes, due: float) -> None:
        camera = await idle.get()
        head = await camera.send(message)
        outcome.note(time.perf_counter() - due, head)
        idle.put_nowait(camera)

    async with asyncio.TaskGroup() as group:
        for number, message in enumerate(messages):
            due = began + number / per_s
            if (early := due - time.perf_counter()) > 0.001:
                await asyncio.sleep(early)
            group.create_task(one(message, due))
    return outcome
