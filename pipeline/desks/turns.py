"""Bounds how much costly work one process of the desks does at once, and for one person."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Literal

from pipeline.desks.problems import Problem

Work = Literal["picture", "much"]
"""What a route does that costs memory or the processor: decode a picture, or go through a file, a list, the record or all cases."""
AT_ONCE, WAITING, EACH, WITHIN_S, AGAIN_S = 2, 64, 16, 10.0, 2


class Turns:
    """Whose turn it is: at_once at the same time, of one person one; the others wait, for within_s at most. No more than `waiting`
    wait, and no more than `each` of one person, so that nobody keeps the others out."""

    def __init__(
        self, at_once: int = AT_ONCE, waiting: int = WAITING, each: int = EACH, within_s: float = WITHIN_S
    ) -> None:
        self._room, self._waiting, self._each, self._within_s = asyncio.Semaphore(at_once), waiting, each, within_s
        self._of: Counter[str] = Counter()
        self._own: dict[str, asyncio.Lock] = {}

    @asynccontextmanager
    async def turn(self, who: str) -> AsyncIterator[None]:
        """A context in which it is this person's turn. Raises Problem (503) when it cannot be soon."""
        if self._of.total() >= self._waiting or self._of[who] >= self._each:
            raise busy()
        self._of[who] += 1
        own = self._own.setdefault(who, asyncio.Lock())
        try:
            async with AsyncExitStack() as held:
                try:
                    async with asyncio.timeout(self._within_s):
                        await held.enter_async_context(own)
                        await held.enter_async_context(self._room)
                except TimeoutError:
                    raise busy() from None
                yield
        finally:
            self._of[who] -= 1
            if not self._of[who]:
                del self._of[who], self._own[who]


def busy() -> Problem:
    """The problem (503) of work that others, or one's own, keep waiting."""
    return Problem(503, "busy", "There is too much to do at once.", permits="waiting", retry_after_s=AGAIN_S)
