"""Ten thousand cameras that keep their connections open: each sends when its message is due, and waits for one answer at a time."""

import asyncio
import base64
import random
import socket
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast

from benchmarks.load import SERIES, WANTED
from pipeline.gateway.senders import digest_of
from pipeline.simulation.network import RoadNetwork
from pipeline.simulation.passages import CLOCKS, READER
from pipeline.simulation.speaking import Shown, vigie
from schemas import ids
from schemas.reads import PlateRead
from schemas.reference import Camera
from schemas.senders import Sender, SenderCamera, SenderSecret

AT_ONCE, TICK_S = 200, 0.001
HEAD_END = b"\r\n\r\n"
LENGTH = b"Content-Length: "
SECRET = "abcdefghijkmnpqrstuv"
PLATE_BYTES, OVERVIEW_BYTES = 4_000, 56_000


def sender_of(camera: Camera) -> Sender:
    """The camera as a sender with a password of its own name."""
    secret = SenderSecret(digest=digest_of(camera.camera_id, SECRET), made_at_ms=0)
    return Sender(sender_id=camera.camera_id, cameras=(SenderCamera(camera_id=camera.camera_id),), secrets=(secret,))


def messages_of(
    network: RoadNetwork, cameras: Sequence[Camera], times_ms: Sequence[int], pictures_in: int
) -> Iterator[bytes]:
    """One HTTP request for each capture time (UTC ms), of each camera in turn, in Vigie's JSON; one in so many with a plate and an
    overview of 60 kB together, each another. One read in a hundred is of a wanted plate."""
    draw = random.Random("1/country")
    wanted = [entry for entry in network.hotlist if not entry.zones and not entry.cameras]
    plate, overview = draw.randbytes(PLATE_BYTES), draw.randbytes(OVERVIEW_BYTES)
    for number, at_ms in enumerate(times_ms):
        camera = cameras[number % len(cameras)]
        entry = draw.choice(wanted) if draw.random() < WANTED else None
        text = entry.plate if entry else f"{draw.choice(SERIES)}{draw.randrange(1000):03d}"
        read = PlateRead(
            read_id=ids.read_id(camera.camera_id, at_ms, text), camera_id=camera.camera_id, captured_at_ms=at_ms,
            received_at_ms=at_ms, plate=text, confidence=0.97, country=entry.country if entry else "BE",
            country_confidence=0.9, lane=1, heading_deg=camera.heading_deg, position=camera.position, speed_kmh=87.5,
            vehicle_class="car", colour="grey", clock=CLOCKS[camera.network], reader=READER,
        )  # fmt: skip
        shown = pictures_in > 0 and draw.randrange(pictures_in) == 0
        spoken = vigie(read, Shown(plate=jpeg(plate, number), overview=jpeg(overview, number)) if shown else None)
        who = base64.b64encode(f"{camera.camera_id}:{SECRET}".encode()).decode()
        head = {"Host": "127.0.0.1", "Authorization": f"Basic {who}", "Content-Length": str(len(spoken.body)),
                **spoken.headers}  # fmt: skip
        lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
        yield f"POST {spoken.target} HTTP/1.1\r\n{lines}\r\n".encode() + spoken.body


def jpeg(noise: bytes, number: int) -> bytes:
    """Bytes that begin and end as a JPEG does and cannot be compressed; of another number another picture."""
    plain = number.to_bytes(8) + noise
    return b"\xff\xd8\xff\xe0\x00\x04\x00\x00\xff\xda" + plain.replace(b"\xff", b"\xfe") + b"\xff\xd9"


@dataclass(slots=True)
class Answers:
    """What was answered: when each message was due (perf_counter) and how long it took from then until its answer was whole, in
    seconds; how many were refused; how many came without the connection."""

    seconds: list[tuple[float, float]] = field(default_factory=list)
    refused: int = 0
    lost: int = 0


class Connection(asyncio.Protocol):
    """One camera's connection."""

    def __init__(self, answers: Answers) -> None:
        self._answers, self._found = answers, b""
        self._transport: asyncio.Transport | None = None
        self._waiting = deque[tuple[bytes, float]]()  # the first of them is sent and not answered

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one by its methods, not by its class

    def send(self, message: bytes, due_s: float) -> None:
        """Send the message once those before it are answered. due_s: of perf_counter."""
        assert self._transport is not None
        self._waiting.append((message, due_s))
        if len(self._waiting) == 1:
            self._transport.write(message)

    def data_received(self, data: bytes) -> None:
        """Note an answer once it is whole, and send the next message."""
        found = self._found = self._found + data
        end = found.find(HEAD_END)
        if end < 0 or len(found) < end + len(HEAD_END) + _length(found):
            return
        self._found = b""
        _, due_s = self._waiting.popleft()
        self._answers.seconds.append((due_s, time.perf_counter() - due_s))
        self._answers.refused += not found.startswith(b"HTTP/1.1 200")
        if self._waiting and self._transport is not None:
            self._transport.write(self._waiting[0][0])

    def connection_lost(self, exc: Exception | None) -> None:
        """Count what was not answered."""
        self._answers.lost += len(self._waiting)
        self._waiting.clear()

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()


def _length(answer: bytes) -> int:
    at = answer.find(LENGTH) + len(LENGTH)
    return int(answer[at : answer.find(b"\r", at)])


async def opened(answers: Answers, addresses: Sequence[tuple[str, int]], count: int) -> list[Connection]:
    """So many connections, to each address in turn."""
    loop, found = asyncio.get_running_loop(), list[Connection]()
    while len(found) < count:
        some = range(len(found), min(count, len(found) + AT_ONCE))
        made = await asyncio.gather(
            *(
                loop.create_connection(
                    lambda: Connection(answers), *addresses[one % len(addresses)], family=socket.AF_INET
                )
                for one in some
            )
        )
        found += [connection for _, connection in made]
    return found


async def sent(connections: Sequence[Connection], messages: Sequence[bytes], per_s: float, answers: Answers) -> float:
    """Send each message when it is due, each over the next connection, whatever is answered; return once all are answered, or a
    minute later. Returns when it began (perf_counter)."""
    began, count = time.perf_counter(), 0
    before = len(answers.seconds) + answers.lost
    while count < len(messages):
        due = min(len(messages), int((time.perf_counter() - began) * per_s))
        for number in range(count, due):
            connections[number % len(connections)].send(messages[number], began + number / per_s)
        count = due
        await asyncio.sleep(TICK_S)
    async with asyncio.timeout(60):
        while len(answers.seconds) + answers.lost < before + len(messages):  # noqa: ASYNC110 - answers come one by one
            await asyncio.sleep(TICK_S)
    return began
