"""Faults that a desk can be ordered to make, for exercises and tests: for a number of requests or seconds, or until the next
order."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Literal

import msgspec

Mode = Literal["ok", "unavailable", "hang", "reject", "drop", "lose_answer", "wrong_signature"]
"""ok; unavailable: 503; hang: no answer; reject: signed refusal; drop: the connection ends before anything is stored;
lose_answer: it ends after the forward was stored; wrong_signature: acknowledged under a key that nobody knows."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One order. It holds for `requests` requests or `seconds` seconds; without either, until the next order."""

    mode: Mode
    seconds: Annotated[float, msgspec.Meta(gt=0, le=86_400)] | None = None
    requests: Annotated[int, msgspec.Meta(ge=1)] | None = None


class Faults:
    """The order that holds now. clock_s: a monotonic clock in seconds."""

    def __init__(self, clock_s: Callable[[], float]) -> None:
        self._clock_s = clock_s
        self._order = Order(mode="ok")
        self._since_s = clock_s()
        self._left: int | None = None
        self._changed = asyncio.Event()

    def give(self, order: Order) -> None:
        """Replace the order. Requests that hang under the old one are released."""
        self._order, self._since_s, self._left = order, self._clock_s(), order.requests
        self._changed.set()
        self._changed = asyncio.Event()

    def take(self) -> Mode:
        """The fault for one request, which counts as one of the order's requests."""
        mode = self.mode
        if mode != "ok" and self._left is not None:
            self._left -= 1
        return mode

    @property
    def mode(self) -> Mode:
        """The fault that the next request will meet."""
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
