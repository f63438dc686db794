"""How a process ends what runs beside it."""

import asyncio

from pipeline.runtime.signals import ended_soon


async def test_what_misses_that_it_is_cancelled_holds_nobody_up() -> None:
    """The others have ended, whatever they failed with."""
    begun, let_go = asyncio.Event(), asyncio.Event()

    async def deaf() -> None:
        try:
            begun.set()
            await asyncio.sleep(3_600)
        except asyncio.CancelledError:
            await let_go.wait()

    async def fails() -> None:
        raise ValueError("a fault of its own")

    tasks = [asyncio.create_task(one) for one in (deaf(), fails(), asyncio.sleep(3_600))]
    await begun.wait()
    await ended_soon(tasks, within_s=0.01)
    assert [False, True, True] == [task.done() for task in tasks]
    let_go.set()
    await tasks[0]


async def test_where_nothing_runs_nothing_is_waited_for() -> None:
    """As when Vigie is stopped before it was ready."""
    await ended_soon([])
