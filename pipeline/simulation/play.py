"""Plays a simulation: each read is handed over when it is due."""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Any

from pipeline.simulation.arrivals import ReadArrival
from schemas.reads import PlateRead


async def play(
    arrivals: Iterable[ReadArrival],
    put: Callable[[PlateRead], Any],
    *,
    starts_ms: int,
    speed_up: float = 1.0,
    reads_per_s: float | None = None,
) -> int:
    """Hand each read to `await put(read)` when it is due. Returns how many were handed over.

    starts_ms: the time of the simulation at the call. speed_up: how many times faster than real time. reads_per_s: hand over
    this many a second instead, whenever they are due; infinity: as fast as `put` takes them.
    """
    began_ms, count = _steady_ms(), 0
    for arrival in arrivals:
        due_ms = (arrival.due_ms - starts_ms) / speed_up if reads_per_s is None else count * 1000.0 / reads_per_s
        ahead_ms = due_ms - (_steady_ms() - began_ms)
        if ahead_ms > 1.0:
            await asyncio.sleep(ahead_ms / 1000)
        elif count % 500 == 0:
            await asyncio.sleep(0)
        await put(arrival.read)
        count += 1
    return count


def _steady_ms() -> float:
    return time.monotonic() * 1000
