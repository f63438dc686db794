"""Turns SIGTERM and SIGINT into an event, so that a process can end in order."""

import asyncio
import signal


def stop_on_signals(stopped: asyncio.Event | None = None) -> asyncio.Event:
    """Have SIGTERM or SIGINT set this event, or a new one, and return it. Call it in the main thread's running event loop."""
    event = stopped or asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, event.set)
    return event
