"""What costs much is done in turns: a few at once, one of each person; the others wait, or are told to come again."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from pipeline.desks.app import ROUTES
from pipeline.desks.problems import Problem
from pipeline.desks.turns import Turns

Work = Callable[[str], Awaitable[None]]


class Counted:
    """Work that goes on until it is let go, and how much of it went on at once."""

    def __init__(self, turns: Turns) -> None:
        self._turns, self.go_on = turns, asyncio.Event()
        self.now: list[str] = []
        self.most = 0

    async def work(self, who: str) -> None:
        """Take a turn."""
        async with self._turns.turn(who):
            self.now.append(who)
            self.most = max(self.most, len(self.now))
            await self.go_on.wait()
            self.now.remove(who)


async def settled() -> None:
    """Let every task come as far as it can."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_two_work_at_once_and_of_one_person_one() -> None:
    """However many ask; all come to their turn."""
    counted = Counted(Turns(at_once=2))
    tasks = [asyncio.create_task(counted.work(who)) for who in ("an", "an", "an", "jan", "els")]
    await settled()
    assert ["an", "jan"] == counted.now
    counted.go_on.set()
    await asyncio.gather(*tasks)
    assert (2, []) == (counted.most, counted.now)


async def test_who_asks_for_too_much_keeps_nobody_else_out() -> None:
    """What is too much of one person is refused, with when to come again; another is waited for."""
    counted = Counted(Turns(at_once=1, waiting=4, each=2))
    tasks = [asyncio.create_task(counted.work("an")) for _ in range(5)]
    await settled()
    other = asyncio.create_task(counted.work("jan"))
    await settled()
    refused = [task.exception() for task in tasks if task.done()]
    assert [(503, 2)] * 3 == [(one.body.status, one.retry_after_s) for one in refused if isinstance(one, Problem)]
    assert not other.done()
    counted.go_on.set()
    await asyncio.gather(other, *tasks, return_exceptions=True)
    assert other.exception() is None


async def test_nobody_waits_without_end() -> None:
    """And who gave up has left nothing behind: the next one comes to its turn."""
    turns = Turns(at_once=1, within_s=0.0)
    async with turns.turn("an"):
        for who in ("jan", "an"):
            with pytest.raises(Problem, match="busy"):
                async with turns.turn(who):
                    raise AssertionError("it was not its turn")
    async with turns.turn("jan"):
        pass


def test_what_costs_much_waits_for_its_turn() -> None:
    """Every picture that is marked, every file, every search of the record, every export and what is tried without effect."""
    costly = {route.path for route in ROUTES if route.work is not None}
    expected = {route.path for route in ROUTES if route.media == "image/jpeg" and not route.consumer}
    expected |= {route.path for route in ROUTES if route.most_bytes > 1024 * 1024 or route.path.startswith("/exports/")}
    assert expected <= costly
    assert {"/record/search", "/record/sample", "/record/findings", "/policies/explain"} <= costly
