"""Turns SIGTERM and SIGINT into an event, so that a process can end in order, and ends what runs beside it."""

import asyncio
import signal
from collections.abc import Collection

STOPS_S = 5.0


def stop_on_signals(stopped: asyncio.Event | None = None) -> asyncio.Event:
    """Have SIGTERM or SIGINT set this event, or a new one, and return it. Call it in the main thread's running event loop."""
    event = stopped or asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, event.set)
    return event


async def ended_soon(tasks: Collection["asyncio.Task[None]"], within_s: float = STOPS_S) -> None:
    """Cancel the tasks and wait for their end, within_s seconds at most: one that is just connecting to Kafka may miss that it is
    cancelled. What they failed with is left out."""
    for task in tasks:
        task.cancel()
    if not tasks:
        return
    done, _ = await asyncio.wait(tasks, timeout=within_s)
    for task in done:
        if not task.cancelled():
            task.exception()  # asked for, or asyncio would tell of it
