"""Joins calls that come while one is under way: all that wait go in the next one together."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

A = TypeVar("A")
R = TypeVar("R")
AT_ONCE = 500


class Joined(Generic[A, R]):
    """Makes calls through `run`. run: answers several calls, in their order; what it raises, each of these calls raises."""

    def __init__(self, run: Callable[[Sequence[A]], Awaitable[Sequence[R]]]) -> None:
        self._run = run
        self._waiting: list[tuple[A, asyncio.Future[R]]] = []
        self._running: asyncio.Task[None] | None = None

    async def call(self, one: A) -> R:
        """Make one call, together with others."""
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((one, future))
        if self._running is None:
            self._running = asyncio.create_task(self._run_all())
        return await future

    async def _run_all(self) -> None:
        while self._waiting:
            some, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
            answers: Sequence[R] | Exception
            try:
                answers = await self._run([one for one, _ in some])
            except Exception as error:  # each caller decides what it means
                answers = error
            for index, (_, future) in enumerate(some):
                if future.done():  # nobody waits for it any more
                    continue
                if isinstance(answers, Exception):
                    future.set_exception(answers)
                else:
                    future.set_result(answers[index])
        self._running = None
