"""Work beside the requests ends when the process does."""

import asyncio
import contextlib

from pipeline.errors import Misconfigured
from pipeline.runtime.serving import run_until_closed


async def test_work_that_takes_a_cancellation_for_its_own_timeout_is_cancelled_again() -> None:
    """As a client of a store does whose time is up at the same moment."""
    swallowed, begun = 0, asyncio.Event()

    async def stubborn() -> None:
        nonlocal swallowed
        while True:
            begun.set()
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                if swallowed == 2:
                    raise
                swallowed += 1

    async with contextlib.AsyncExitStack() as closing:
        run_until_closed(closing, stubborn)
        await begun.wait()
    assert 2 == swallowed


async def test_work_that_fails_is_started_again_and_says_so() -> None:
    """Whatever went wrong: an account that is refused is let in again once somebody has corrected that."""
    begun, told = asyncio.Queue[int](), list[bool]()
    errors = iter([Misconfigured("VIGIE_REDIS_URL", found="refused", allowed="an account"), ValueError("a mistake")])

    async def work() -> None:
        begun.put_nowait(len(told))
        for error in errors:
            raise error
        await asyncio.sleep(3600)

    async with contextlib.AsyncExitStack() as closing:
        run_until_closed(closing, work, told.append)
        async with asyncio.timeout(60.0):
            assert [0, 2, 4] == [await begun.get() for _ in range(3)]
    assert [False, True, False, True] == told
