"""How a desk can be told to misbehave, for exercises and tests: for so many requests, so many seconds, or until told again."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Literal

import msgspec

Mode = Literal["ok", "unavailable", "hang", "reject", "drop", "lose_answer", "wrong_signature"]
"""ok; unavailable: 503; hang: no answer; reject: signed refusal; drop: the connection ends before anything is stored;
lose_answer: it ends after the forward was stored; wrong_signature: acknowledged under a key that nobody knows."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One order. Without seconds and requests it holds until the next."""

    mode: Mode
    seconds: Annotated[float, msgspec.Meta(gt=0, le=86_400)] | None = None
    requests: Annotated[int, msgspec.Meta(ge=1)] | None = None


class Faults:
    """The order in force. clock_s: monotonic seconds."""

    def __init__(self, clock_s: Callable[[], float]) -> None:
        self._clock_s = clock_s
        self._order = Order(mode="ok")
        self._since_s = clock_s()
        self._left: int | None = None
        self._changed = asyncio.Event()

    def give(self, order: Order) -> None:
        """Let an order take the place of the one in force; requests that hang under the old one are let go."""
        self._order, self._since_s, self._left = order, self._clock_s(), order.requests
        self._changed.set()
        self._changed = asyncio.Event()

    def take(self) -> Mode:
        """The mode for one request, which counts against the order."""
        mode = self.mode
        if mode != "ok" and self._left is not None:
            self._left -= 1
        return mode

    @property
    def mode(self) -> Mode:
        """The mode that the next request meets."""
        spent = self._left is not None and self._left <= 0
        over = self._order.seconds is not None and self._clock_s() - self._since_s >= self._order.seconds
        return "ok" if spent or over else self._order.mode

    async def over(self) -> None:
        """Wait until another order is given or this one's seconds have passed."""
        left_s = None if self._order.seconds is None else self._since_s + self._order.seconds - self._clock_s()
        try:
            await asyncio.wait_for(self._changed.wait(), left_s)
        except TimeoutError:
            return
