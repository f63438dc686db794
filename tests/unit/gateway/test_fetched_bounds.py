"""What a gateway fetches from can have it hold one message, however much it sends."""

import socket
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.gateway.multipart import Part
from pipeline.gateway.pulling.fetching import Asked
from pipeline.gateway.pulling.mqtt import HEAD, MOST_PACKET, fetch
from pipeline.gateway.pulling.parts import MOST_TOGETHER, Event
from pipeline.gateway.request import MAX_BODY
from schemas.senders import SenderCamera, SenderPull

TOPIC = b"frigate/tracked_object_update"
PLATE = b'{"type":"lpr","id":"1","camera":"front","plate":"1ABC666","score":0.9,"timestamp":1767225600.0}'
BLOCK = bytes(HEAD)
LARGE = 4 * MOST_PACKET


def packet(kind: int, length: int) -> bytes:
    """The head of a packet of MQTT with so many bytes behind it."""
    sizes = bytearray()
    while True:
        length, least = divmod(length, 128)
        sizes.append(least | (128 if length else 0))
        if not length:
            return bytes([kind]) + bytes(sizes)


def published(connection: socket.socket, number: int, body: bytes, more: int = 0) -> None:
    """Send a message of quality 1, of this body and so many blocks of zeros, and wait for its acknowledgement."""
    head = len(TOPIC).to_bytes(2, "big") + TOPIC + number.to_bytes(2, "big")
    connection.sendall(packet(0x32, len(head) + len(body) + more * len(BLOCK)) + head + body)
    for _ in range(more):
        connection.sendall(BLOCK)
    assert bytes([0x40, 2]) + number.to_bytes(2, "big") == connection.recv(4, socket.MSG_WAITALL)


@contextmanager
def broker() -> Iterator[int]:
    """A server that lets one client in, and sends a message beyond all bounds between two good ones; its port."""

    def serve() -> None:
        with listening.accept()[0] as connection:
            connection.recv(4096)
            connection.sendall(bytes([0x20, 2, 0, 0]))
            asked = connection.recv(4096)
            connection.sendall(bytes([0x90, 4]) + asked[2:4] + b"\x01\x01")
            published(connection, 1, PLATE)
            published(connection, 2, b"", LARGE // len(BLOCK))
            published(connection, 3, PLATE)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        thread.join()


class Kept:
    """A sink that counts."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    def answered(self) -> None:
        """See Sink."""

    async def put(self, body: bytes, topic: str | None = None) -> None:
        """See Sink."""
        self.bodies.append(body)

    def show(self, picture: bytes) -> None:
        """See Sink."""


async def test_a_brokers_message_beyond_all_bounds_is_passed_over_and_not_held() -> None:
    """It is acknowledged, so that the broker goes on with the next one."""
    sink = Kept()
    with broker() as port:
        pull = SenderPull(kind="frigate", address=f"mqtt://127.0.0.1:{port}")
        asked = Asked(sender_id="CAM-1", cameras=(SenderCamera(camera_id="CAM-1"),), pull=pull, password=None)
        tracemalloc.start()
        try:
            await fetch(asked, sink)  # type: ignore[arg-type]  # it counts, as a Sink does
        except Exception as error:
            assert "127.0.0.1" in str(error)  # the broker has gone
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert [PLATE, PLATE] == sink.bodies
    assert most < MAX_BODY


def test_of_an_event_with_pictures_beyond_all_bounds_as_many_are_kept_as_one_message_may_hold() -> None:
    """The event itself among them."""
    event = Event()
    list(event.add(Part(headers={"content-type": "application/xml"}, body=b"<a/>", whole=True)))
    for _ in range(8):
        list(event.add(Part(headers={"content-type": "image/jpeg"}, body=bytes(MOST_TOGETHER // 3), whole=True)))
    message = event.message()
    assert MOST_TOGETHER // 3 * 2 < len(message) <= MAX_BODY
    assert b"<a/>" in message[:200]
