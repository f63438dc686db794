"""The platform clock, and how an exercise makes it wrong: what a machine does whose clock is set while an agent runs on it."""

import time
from collections.abc import Callable
from pathlib import Path


def platform_now_ms() -> int:
    """The platform clock: UTC, integer milliseconds."""
    return time.time_ns() // 1_000_000


def clock_with(offset_file: Path | None) -> Callable[[], int]:
    """The platform clock; with a file, wrong by the milliseconds that stand in it whenever it is asked."""
    if offset_file is None:
        return platform_now_ms

    def now_ms() -> int:
        return platform_now_ms() + int(offset_file.read_text())

    return now_ms
