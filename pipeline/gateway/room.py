"""Bounds the bytes of messages that one process holds at once."""

from types import TracebackType
from typing import Self

from pipeline.errors import Unavailable

MOST_BYTES = 256 * 1024 * 1024
"""Of bodies, as they came and unpacked; beyond it senders are told to come again."""
AGAIN_S = 5.0


class Room:
    """The bytes that are held now."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most = most
        self._held = 0

    def hold(self) -> "Held":
        """Room for one message, of no bytes yet; it is given back when the block ends."""
        return Held(self)

    def change(self, by: int) -> None:
        """Hold so many bytes more. Raises Unavailable when there is no room for them."""
        if by > 0 and self._held + by > self._most:
            raise Unavailable("room for messages", retry_after_s=AGAIN_S)
        self._held += by


class Held:
    """The bytes that one message holds."""

    __slots__ = ("_bytes", "_room")

    def __init__(self, room: Room) -> None:
        self._room, self._bytes = room, 0

    def be(self, count: int) -> None:
        """Hold `count` bytes from now on. Raises Unavailable when there is no room for them."""
        self._room.change(count - self._bytes)
        self._bytes = count

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.be(0)
