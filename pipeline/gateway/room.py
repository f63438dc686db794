"""Bounds the bytes of messages that one process holds at once, and gives each sender a share of them.

A sender may hold as much as is still free once it holds that: alone half of all, and however much it sends, there is room for
others.
"""

from collections import defaultdict
from types import TracebackType
from typing import Self

from pipeline.errors import Unavailable

MOST_BYTES = 256 * 1024 * 1024
"""The most bytes of bodies, as they came and unpacked; beyond it senders are told to come again."""
AGAIN_S = 5.0


class Shares:
    """The bytes that are held now, together and by sender. most: of all."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.total = 0
        self._of: defaultdict[str, int] = defaultdict(int)

    def fits(self, sender_id: str, more: int) -> bool:
        """Whether the sender may hold so many bytes more."""
        return self._of.get(sender_id, 0) + more <= self._most - self.total - more

    def change(self, sender_id: str, by: int) -> None:
        """Count so many bytes more, or less."""
        self.total += by
        self._of[sender_id] += by
        if not self._of[sender_id]:
            del self._of[sender_id]


class Room:
    """The bytes that are held now."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._shares = Shares(most)

    def hold(self, sender_id: str) -> "Held":
        """Room for one message of this sender, of no bytes yet; it is given back when the block ends."""
        return Held(self._shares, sender_id)


class Held:
    """The bytes that one message holds."""

    __slots__ = ("_bytes", "_sender_id", "_shares")

    def __init__(self, shares: Shares, sender_id: str) -> None:
        self._shares, self._sender_id, self._bytes = shares, sender_id, 0

    def be(self, count: int) -> None:
        """Hold `count` bytes from now on. Raises Unavailable when there is no room for them."""
        more = count - self._bytes
        if more > 0 and not self._shares.fits(self._sender_id, more):
            raise Unavailable(f"room for messages of {self._sender_id}", retry_after_s=AGAIN_S)
        self._shares.change(self._sender_id, more)
        self._bytes = count

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.be(0)
