"""The fetcher's mended pace: what it leans on in aiokafka is there, readers are woken at once, and fetches keep apart."""

import asyncio
import inspect
import time
from types import SimpleNamespace

from aiokafka.consumer.fetcher import Fetcher
from aiokafka.protocol.fetch import FetchRequest

from pipeline.stream.fetch_pace import HELD_BESIDE_MS, pace


def fetcher(*, brings: bool) -> SimpleNamespace:
    """What the pace uses of a fetcher; each fetch brings records, or none."""

    async def fetch(_assignment: object, _node_id: object, _request: object) -> bool:
        return brings

    reader = asyncio.get_running_loop().create_future()
    return SimpleNamespace(
        _proc_fetch_request=fetch,
        _fetch_waiters={reader},
        _records={},
        _in_flight={0},
        _notify=lambda one: one.set_result(None),
        reader=reader,
    )


def test_aiokafka_still_has_what_the_pace_leans_on() -> None:
    """One fetch is one call that tells whether it brought records; readers wait in a set and are woken by one function."""
    assert ["self", "assignment", "node_id", "request"] == list(
        inspect.signature(Fetcher._proc_fetch_request).parameters
    )
    source = inspect.getsource(Fetcher._fetch_requests_routine)
    assert "self._proc_fetch_request(assignment, node_id, request)" in source
    assert "for waiter in self._fetch_waiters" in source
    assert "self._in_flight.discard(node_id)" in source
    assert "self._notify(waiter)" in source
    assert "self._records[tp] = FetchResult(" in inspect.getsource(Fetcher._proc_fetch_request)
    assert FetchRequest(500, 1, 1, 0, [])._max_wait_ms == 500


async def test_readers_are_woken_before_the_pause_and_the_next_fetch_comes_after_it() -> None:
    """The records are not held up, only the next fetch is."""
    made = fetcher(brings=True)
    pace(SimpleNamespace(_fetcher=made), every_s=0.1)
    began = time.monotonic()
    fetching = asyncio.create_task(made._proc_fetch_request(None, 0, None))
    await asyncio.wait_for(made.reader, 0.09)
    assert not fetching.done()
    assert {0} == made._in_flight
    assert await fetching
    assert set() == made._in_flight
    assert time.monotonic() - began >= 0.099


async def test_a_fetch_that_brought_nothing_is_followed_at_once() -> None:
    """An idle broker has already taken its time to answer."""
    made = fetcher(brings=False)
    pace(SimpleNamespace(_fetcher=made), every_s=10.0)
    assert not await asyncio.wait_for(made._proc_fetch_request(None, 0, None), 1.0)


async def test_a_fetch_that_is_cancelled_in_its_pause_ends_quietly() -> None:
    """That is how a fetcher closes: it cancels each fetch and waits for it."""
    made = fetcher(brings=True)
    pace(SimpleNamespace(_fetcher=made), every_s=10.0)
    fetching = asyncio.create_task(made._proc_fetch_request(None, 0, None))
    await asyncio.wait_for(made.reader, 1.0)
    fetching.cancel()
    assert not await asyncio.wait_for(fetching, 1.0)


async def test_a_fetch_beside_records_that_wait_is_not_held_by_the_broker() -> None:
    """It is for partitions that may have nothing, and those that are behind come only after it."""
    made = fetcher(brings=False)
    pace(SimpleNamespace(_fetcher=made), every_s=0.01)
    alone, beside = FetchRequest(500, 1, 1, 0, []), FetchRequest(500, 1, 1, 0, [])
    await made._proc_fetch_request(None, 0, alone)
    made._records["a partition"] = "records"
    await made._proc_fetch_request(None, 0, beside)
    assert (500, HELD_BESIDE_MS) == (alone._max_wait_ms, beside._max_wait_ms)
