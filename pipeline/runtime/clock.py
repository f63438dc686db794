"""The platform clock."""

import time


def platform_now_ms() -> int:
    """The platform clock: UTC, integer milliseconds."""
    return time.time_ns() // 1_000_000
