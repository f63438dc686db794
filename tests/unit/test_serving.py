"""Work beside the requests ends when the process does."""

import asyncio
import contextlib

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
        run_until_closed(closing, stubborn())
        await begun.wait()
    assert 2 == swallowed
