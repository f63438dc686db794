"""What an agent does beside its stage goes on, whatever it meets."""

import asyncio

import pytest

from pipeline.errors import Misconfigured, Unavailable
from pipeline.runtime.back_off import BackOff
from pipeline.stream import context


@pytest.mark.parametrize(
    "error",
    [Misconfigured("VIGIE_REDIS_URL", found="refused", allowed="a user"), Unavailable("redis"), ValueError("a bug")],
    ids=["refused", "away", "bug"],
)
async def test_background_work_that_fails_begins_again(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Also where a right was taken from it: without its reference data an agent would decide by what held long ago, unseen."""
    monkeypatch.setattr(context, "RESTARTS", BackOff(first_s=0.0, cap_s=0.0))
    begun, done = [], asyncio.Event()

    async def work() -> None:
        begun.append(1)
        if len(begun) < 3:
            raise error
        done.set()

    await asyncio.wait_for(context.supervised(work, "test"), 10)
    assert done.is_set()
    assert 3 == len(begun)
