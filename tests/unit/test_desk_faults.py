"""A desk fails as it was told: for so many requests, so many seconds, or until told again."""

import asyncio

import msgspec
import pytest

from tests.desk_faults import Faults, Order


class Clock:
    """Seconds that pass when the test says so."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_without_an_order_all_is_well() -> None:
    """Every request meets a desk that is well."""
    faults = Faults(Clock())
    assert [faults.take(), faults.take()] == ["ok", "ok"]


def test_an_order_holds_for_so_many_requests() -> None:
    """Asking for the mode does not count as a request."""
    faults = Faults(Clock())
    faults.give(Order(mode="unavailable", requests=2))
    assert faults.mode == "unavailable"
    assert [faults.take() for _ in range(3)] == ["unavailable", "unavailable", "ok"]


def test_an_order_holds_for_so_many_seconds() -> None:
    """At the end of its time all is well."""
    clock = Clock()
    faults = Faults(clock)
    faults.give(Order(mode="drop", seconds=10))
    clock.now_s = 9.9
    assert faults.take() == "drop"
    clock.now_s = 10.0
    assert faults.take() == "ok"


async def test_what_hangs_is_let_go_by_the_next_order_or_by_time() -> None:
    """over() returns when another order comes, and by itself after the order's seconds."""
    faults = Faults(asyncio.get_running_loop().time)
    faults.give(Order(mode="hang"))
    waiting = asyncio.create_task(faults.over())
    await asyncio.sleep(0)
    assert not waiting.done()
    faults.give(Order(mode="hang", seconds=0.01))
    await asyncio.wait_for(waiting, 1.0)
    await asyncio.wait_for(faults.over(), 1.0)


@pytest.mark.parametrize(
    "text", [b"{}", b'{"mode":"sleepy"}', b'{"mode":"hang","seconds":0}', b'{"mode":"hang","requests":0}', b"x"]
)
def test_an_order_that_makes_no_sense_is_not_taken(text: bytes) -> None:
    """Unknown modes and empty bounds are decoding errors."""
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(text, type=Order)
