"""A collection imported as a whole, on a real Valkey: all of the new version from one moment on, whoever dies meanwhile."""

import secrets
from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from redis.asyncio import Redis

from pipeline.reads.versions import Changed, Versions
from pipeline.state.collections import HOTLIST, CollectionKeys
from pipeline.state.mirror import Mirror
from pipeline.state.replica import Follower, ReplicaWriter
from pipeline.state.switching import LEAD_MS, Refresh, Staged, Switch, Switching
from schemas.reference import HotlistEntry
from tests.builders import NOON_MS
from tests.integration.state_builders import make_entry

OLD, NEW = "1ABC234", "2XYZ999"


class House:
    """A namespace with a writer whose clock stands at noon, and workers that follow its hotlist."""

    def __init__(self, redis: Redis) -> None:
        self.redis, self.name = redis, f"t{secrets.token_hex(6)}"
        self.now_ms = NOON_MS
        self.writer = ReplicaWriter(redis, self.name, now_ms=lambda: self.now_ms)

    @property
    def switching(self) -> Switching:
        """Builds versions of this hotlist."""
        return self.writer.switching(HOTLIST)

    async def stage(self, entries: Iterable[HotlistEntry], *, replace: bool = True, **options: Any) -> Staged:
        """Build a version of these entries."""
        pairs = [(one.entry_id, HOTLIST.encode(one)) for one in entries]
        return await self.switching.stage(pairs, replace=replace, **options)

    async def switch(self, entries: Iterable[HotlistEntry], *, lead_ms: int = 0, **options: Any) -> Switch:
        """Build a version of these entries and switch to it, without moving it into the items."""
        switch = await self.switching.switch(await self.stage(entries, **options), Refresh(), lead_ms=lead_ms)
        assert switch is not None
        return switch

    def worker(self) -> "Worker":
        """A worker that begins now."""
        return Worker(self.redis, self.name)


class Worker:
    """Follows the hotlist."""

    def __init__(self, redis: Redis, name: str) -> None:
        self.versions = versions = Versions[HotlistEntry]()
        self.pages = pages = list[int]()

        def take(_collection: str, changed: Sequence[Changed[Any]], reset: bool) -> None:
            versions.take(changed, reset=reset)
            pages.append(len(changed))

        self.follower = Follower(redis, name, [HOTLIST], take)  # a function that knows no worker: both go at once

    async def plates(self, at_ms: int = NOON_MS + 60_000) -> list[str]:
        """What it looks for at a moment, after it has caught up."""
        await self.follower.load()
        return sorted(entry.plate for entry in self.versions.as_of(at_ms).values())


@pytest.fixture
def house(redis: Redis) -> House:
    """A house of this test's own."""
    return House(redis)


async def test_what_is_staged_does_not_count(house: House) -> None:
    """The importer died before the switch: everybody sees the old version, whole."""
    await house.writer.put(HOTLIST, [make_entry(1, plate=OLD)])
    early = house.worker()
    await early.plates()
    await house.stage([make_entry(2, plate=NEW)])
    assert [OLD] == await early.plates() == await house.worker().plates()
    assert [OLD] == [one.plate for one in await house.writer.list(HOTLIST)]


async def test_what_was_switched_to_counts_though_nobody_moved_it(house: House) -> None:
    """The importer died right after the switch: everybody sees the new version, whole, and the next to write moves it."""
    await house.writer.put(HOTLIST, [make_entry(1, plate=OLD), make_entry(2, plate=OLD)])
    early = house.worker()
    await early.plates()
    await house.switch([make_entry(2, plate=NEW), make_entry(3, plate=NEW)])
    assert [NEW, NEW] == await early.plates() == await house.worker().plates()
    await house.writer.put(HOTLIST, [make_entry(4, plate=OLD)])
    assert [OLD, NEW, NEW] == await early.plates() == await house.worker().plates()
    assert ["SIS-2", "SIS-3", "SIS-4"] == [one.entry_id for one in await house.writer.list(HOTLIST)]


async def test_who_asks_the_writer_sees_what_was_switched_to_though_nobody_moved_it(house: House) -> None:
    """The importer died right after the switch: one item and a page of items are of the new version."""
    await house.writer.put(HOTLIST, [make_entry(1, plate=OLD)])
    await house.switch([make_entry(1, plate=NEW)])
    found = await house.writer.get(HOTLIST, "SIS-1")
    assert found is not None
    assert found.plate == NEW
    house.now_ms += 10_000
    await house.switch([make_entry(1, plate=OLD), make_entry(2, plate=OLD)])
    page, after = await house.writer.page(HOTLIST, "0")
    assert ([OLD, OLD], "0") == ([one.plate for one in page], after)


async def test_half_moved_is_whole_for_everybody(house: House) -> None:
    """The importer died while blocks were moved: what is in the items and what is in blocks only make one version."""
    await house.writer.put(HOTLIST, [make_entry(number, plate=OLD) for number in range(2_500)])
    early = house.worker()
    await early.plates()
    await house.switch([make_entry(number, plate=NEW) for number in range(1, 2_501)])

    class Died(Exception):
        pass

    def die(_blocks: int) -> None:
        raise Died

    with pytest.raises(Died):
        await house.switching.fold(die)
    assert [NEW] * 2_500 == await early.plates() == await house.worker().plates()
    await house.switching.fold()
    assert [NEW] * 2_500 == await early.plates() == await house.worker().plates()
    assert frozenset() == early.follower.lost


async def test_a_switch_is_one_moment(house: House) -> None:
    """Before it the old version holds, from it on the new one; a worker has both in memory and asks the read's own time."""
    await house.writer.put(HOTLIST, [make_entry(1, plate=OLD)])
    house.now_ms += 1_000
    switch = await house.switch([make_entry(2, plate=NEW)], lead_ms=5_000)
    worker = house.worker()
    assert NOON_MS + 6_000 == switch.at_ms
    assert [OLD] == await worker.plates(switch.at_ms - 1)
    assert [NEW] == await worker.plates(switch.at_ms)
    await house.switching.fold()
    late = house.worker()
    assert [OLD] == await late.plates(switch.at_ms - 1)
    assert [NEW] == await late.plates(switch.at_ms)


async def test_a_worker_takes_a_switch_over_without_a_pause(house: House) -> None:
    """Between two pages of it no read is decided: they come one after the other, not a poll each."""
    worker = house.worker()
    await house.writer.put(HOTLIST, [make_entry(0)])
    await worker.plates()
    await house.switch([make_entry(number, plate=NEW) for number in range(3_000)])
    worker.pages.clear()
    await worker.follower.poll()
    assert [1_000, 1_000, 1_000] == worker.pages


async def test_a_worker_that_missed_switches_reads_everything_anew(house: House) -> None:
    """Blocks are kept for a while only, and those of one switch at a time are enough."""
    await house.writer.put(HOTLIST, [make_entry(1, plate=OLD)])
    worker = house.worker()
    await worker.plates()
    for plate in ("1AAA111", "1BBB222", "1CCC333"):
        await house.switch([make_entry(2, plate=plate)])
    assert ["1CCC333"] == await worker.plates()
    await house.switch([make_entry(3, plate=NEW)])
    await house.switching.fold()
    for key in await house.redis.keys(f"{{{house.name}:hotlist}}:staged:*"):
        await house.redis.delete(key)
    assert [NEW] == await worker.plates()


async def test_what_was_changed_meanwhile_is_compared_again(house: House) -> None:
    """A version that was compared with something older than what is live is not switched to."""
    await house.writer.put(HOTLIST, [make_entry(1, plate=OLD)])
    staged = await house.stage([make_entry(2, plate=NEW)])
    await house.writer.put(HOTLIST, [make_entry(3, plate=OLD)])
    assert None is await house.switching.switch(staged, Refresh())
    assert [OLD, OLD] == await house.worker().plates()


async def test_a_switch_asked_for_twice_is_made_once(house: House) -> None:
    """A connection that broke leaves the client in doubt: it asks again and gets the same answer."""
    staged = await house.stage([make_entry(1, plate=NEW)])
    first = await house.switching.switch(staged, Refresh())
    house.now_ms += 5_000
    again = await house.switching.switch(staged, Refresh())
    assert first == again
    assert 1 == len(await house.switching.switches())


async def test_what_is_unchanged_is_in_no_block(house: House) -> None:
    """Only what differs is staged: counted, and the same in Redis as for workers; holds_from and repeated nights included."""
    plan = [make_entry(1, plate=OLD), make_entry(1, plate=NEW, holds_from_ms=NOON_MS + 60_000), make_entry(2)]
    staged = await house.stage(plan)
    assert (3, 0, 0, 0) == (staged.added, staged.changed, staged.unchanged, staged.removed)
    await house.switching.switch(staged, Refresh(), lead_ms=0)
    for _night in range(2):
        house.now_ms += 1_000
        staged = await house.stage(plan)
        assert (0, 3, 0) == (staged.rows, staged.unchanged, staged.blocks)
    staged = await house.stage([make_entry(2, colour="red")])
    assert (0, 1, 1) == (staged.added, staged.changed, staged.removed)


async def test_a_list_is_replaced_without_touching_the_others(house: House) -> None:
    """What is removed, counted and compared is of that list alone; what another list has is no part of it."""
    mine = [make_entry(number, list_id="L-1") for number in (1, 2)]
    others = [make_entry(3, list_id="L-2"), make_entry(4)]
    await house.writer.put(HOTLIST, [*mine, *others])
    staged = await house.stage([make_entry(2, list_id="L-1"), make_entry(5, list_id="L-1")], list_id="L-1")
    assert (2, 1, 1, 1) == (staged.before, staged.added, staged.unchanged, staged.removed)
    await house.switching.switch(staged, Refresh(list_id="L-1", sequence=7))
    assert ["SIS-2", "SIS-3", "SIS-4", "SIS-5"] == [one.entry_id for one in await house.writer.list(HOTLIST)]
    assert (7, 2) == ((found := (await house.switching.sources())["L-1"].refresh).sequence, found.entries)
    assert ("SIS-3",) == (await house.stage([make_entry(3, list_id="L-1")], list_id="L-1")).strangers


async def test_what_was_staged_and_left_ends_by_itself(house: House) -> None:
    """An importer that died leaves nothing that stays."""
    staged = await house.stage([make_entry(1)])
    key = CollectionKeys.of(house.name, HOTLIST).staged(staged.build)
    assert 0 < await house.redis.ttl(key) <= 3_600
    await house.switching.switch(staged, Refresh())
    assert -1 == await house.redis.ttl(key)
    await house.switching.fold()
    assert 0 < await house.redis.ttl(key) <= 600


async def test_workers_get_time_for_many_rows(house: House) -> None:
    """A few are taken over between two reads; for a million every worker gets seconds before they hold."""
    few, many = (Staged("b", "0", "0", whole=True, added=count) for count in (1_000, 1_000_000))
    changed = Staged("b", "0", "0", whole=True, changed=1_000_000)
    assert LEAD_MS == few.lead_ms
    assert changed.lead_ms > many.lead_ms > 10_000
    house.now_ms += 1
    staged = await house.stage([make_entry(1)])
    switch = await house.switching.switch(staged, Refresh())
    assert switch is not None
    assert house.now_ms + LEAD_MS == switch.at_ms


async def test_reads_wait_until_all_of_an_import_is_in_memory() -> None:
    """A read that was captured before it holds is decided at once."""
    import asyncio

    mirror = Mirror(HOTLIST)
    mirror.half("hotlist", NOON_MS)
    await mirror.whole_at(NOON_MS - 1)
    waiting = asyncio.create_task(mirror.whole_at(NOON_MS))
    await asyncio.sleep(0)
    assert not waiting.done()
    mirror.half("hotlist", None)
    await waiting
