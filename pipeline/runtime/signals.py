"""Ending a process in order: SIGTERM and SIGINT become an event."""

import asyncio
import signal


def stop_on_signals(stopped: asyncio.Event | None = None) -> asyncio.Event:
    """The event, or a new one, that SIGTERM or SIGINT sets from now on. Call it in the running event loop's main thread."""
    event = stopped or asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, event.set)
    return event
