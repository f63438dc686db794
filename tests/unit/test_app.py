"""How a worker starts."""

import asyncio

import pytest

from pipeline.stream.app import StartHung, started_within


async def test_a_start_that_hangs_ends_the_worker() -> None:
    """Its supervisor starts it again; waiting on would leave its partitions unread."""
    with pytest.raises(StartHung, match=r"within 0\.01 s"):
        await started_within(0.01, asyncio.Event().wait)


async def test_a_start_that_succeeds_or_fails_in_time_is_left_alone() -> None:
    """What it raises is not taken for a hanging start."""

    async def failing() -> None:
        raise ValueError("wrong")

    await started_within(60, lambda: asyncio.sleep(0))
    with pytest.raises(ValueError, match="wrong"):
        await started_within(60, failing)
