"""The replica of the reference data on a real Valkey."""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from pipeline.desks.directory import Directory
from pipeline.errors import Unavailable
from pipeline.reads.versions import DAY_MS, Changed, Version, Versions
from pipeline.runtime.accounts import ACCOUNTS, make_accounts
from pipeline.runtime.principals import ADMIN
from pipeline.servers.valkey_server import ValkeyServer
from pipeline.state.collections import DESIGNATIONS, USERS, CollectionKeys
from pipeline.state.redis_port import open_redis
from pipeline.state.replica import CAMERAS, COLLECTIONS, HOTLIST, Changes, Follower, ReplicaWriter
from schemas.reference import HotlistEntry
from tests.builders import NOON_MS
from tests.integration.state_builders import make_camera, make_entry
from tests.people import make_designation, make_user


class Index:
    """What a worker keeps: the items by key; and what it was told about losses."""

    def __init__(self, client: Redis, namespace: str, **options: Any) -> None:
        self.versions = {collection.name: Versions[Any]() for collection in COLLECTIONS}
        self.items: dict[str, Mapping[str, Any]] = {name: items.current() for name, items in self.versions.items()}
        self.calls = 0
        self.losses: list[tuple[str, bool]] = []
        self.changed = asyncio.Event()
        self.follower = Follower(client, namespace, COLLECTIONS, self.apply, on_lost=self.on_lost, **options)

    def apply(self, collection: str, changed: Sequence[Changed[Any]], reset: bool) -> None:
        """The follower's callback."""
        self.calls += 1
        self.versions[collection].take(changed, reset=reset)
        self.changed.set()

    def on_lost(self, collection: str, lost: bool) -> None:
        """The follower's alarm."""
        self.losses.append((collection, lost))


@pytest.fixture
def name() -> str:
    """A namespace of this test's own."""
    return f"t{secrets.token_hex(6)}"


@pytest.fixture
def writer(redis: Redis, name: str) -> ReplicaWriter:
    """Writes this test's collections."""
    return ReplicaWriter(redis, name)


async def test_what_is_put_is_listed_and_found(writer: ReplicaWriter) -> None:
    """The writer reads back what it wrote."""
    cameras = [make_camera(2), make_camera(1)]
    assert Changes(put=2) == await writer.put(CAMERAS, cameras)
    assert [make_camera(1), make_camera(2)] == await writer.list(CAMERAS)
    assert make_camera(2) == await writer.get(CAMERAS, "CAM-2")
    assert None is await writer.get(CAMERAS, "CAM-3")
    assert 2 == await writer.count(CAMERAS)


async def test_an_unchanged_item_makes_no_delta(writer: ReplicaWriter) -> None:
    """Importing the same file twice changes nothing."""
    await writer.put(CAMERAS, [make_camera(1), make_camera(2)])
    version = await writer.version(CAMERAS)
    assert Changes(unchanged=2) == await writer.put(CAMERAS, [make_camera(1), make_camera(2)])
    assert Changes() == await writer.remove(CAMERAS, ["CAM-9"])
    assert version == await writer.version(CAMERAS)


async def test_a_follower_starts_empty_where_nothing_was_written(redis: Redis, name: str) -> None:
    """No data is no error."""
    index = Index(redis, name)
    await index.follower.load()
    assert index.follower.loaded.is_set()
    assert frozenset() == index.follower.lost


async def test_a_follower_takes_over_puts_changes_and_removals(redis: Redis, name: str, writer: ReplicaWriter) -> None:
    """One poll brings each change."""
    index = Index(redis, name)
    await index.follower.load()
    await writer.put(CAMERAS, [make_camera(1), make_camera(2)])
    await index.follower.load()
    await writer.put(CAMERAS, [make_camera(1, name="Tournai")])
    await writer.remove(CAMERAS, ["CAM-2"])
    await index.follower.load()
    assert {"CAM-1": make_camera(1, name="Tournai")} == index.items["cameras"]


async def test_a_change_reaches_a_running_follower_within_a_second(
    redis: Redis, name: str, writer: ReplicaWriter
) -> None:
    """No restart, no signal: the poll finds it."""
    index = Index(redis, name)
    task = asyncio.create_task(index.follower.run())
    try:
        await asyncio.wait_for(index.follower.loaded.wait(), 5)
        index.changed.clear()
        await writer.put(HOTLIST, [make_entry(1)])
        await asyncio.wait_for(index.changed.wait(), 1)
    finally:
        task.cancel()
    assert {"SIS-1"} == set(index.items["hotlist"])


async def test_nothing_new_calls_nobody(redis: Redis, name: str, writer: ReplicaWriter) -> None:
    """A quiet poll costs the worker nothing."""
    await writer.put(CAMERAS, [make_camera(1)])
    index = Index(redis, name)
    await index.follower.load()
    calls = index.calls
    assert not await index.follower.poll()
    assert calls == index.calls


async def test_many_changes_come_in_pages(redis: Redis, name: str, writer: ReplicaWriter) -> None:
    """Ten thousand changes at once arrive completely, at first load and as deltas."""
    index = Index(redis, name)
    await index.follower.load()
    await writer.put(HOTLIST, [make_entry(0)])
    await index.follower.load()
    await writer.put(HOTLIST, (make_entry(number) for number in range(10_000)))
    await index.follower.load()
    fresh = Index(redis, name)
    await fresh.follower.load()
    assert 10_000 == len(index.items["hotlist"])
    assert index.items == fresh.items


async def test_a_follower_far_behind_reads_everything_anew(redis: Redis, name: str) -> None:
    """When its deltas are gone it still ends with exactly what Redis holds, without a moment of emptiness."""
    writer = ReplicaWriter(redis, name, kept_changes=5)
    await writer.put(HOTLIST, (make_entry(number) for number in range(20)))
    index = Index(redis, name)
    await index.follower.load()
    await writer.remove(HOTLIST, [f"SIS-{number}" for number in range(10)])
    await writer.put(HOTLIST, [make_entry(99)])
    await index.follower.load()
    assert {f"SIS-{number}" for number in [*range(10, 20), 99]} == set(index.items["hotlist"])
    assert frozenset() == index.follower.lost


async def test_replacing_removes_what_is_not_named(redis: Redis, name: str, writer: ReplicaWriter) -> None:
    """The collection holds the new items and no others."""
    await writer.put(HOTLIST, (make_entry(number) for number in range(3_000)))
    index = Index(redis, name)
    await index.follower.load()
    kept = [make_entry(number) for number in range(2_500, 3_001)]
    assert Changes(put=1, unchanged=500, removed=2_500) == await writer.replace(HOTLIST, kept)
    await index.follower.load()
    assert {entry.entry_id for entry in kept} == set(index.items["hotlist"])
    assert Changes(removed=501) == await writer.replace(HOTLIST, [])


async def wipe(redis: Redis, name: str) -> None:
    """What a Redis without its file looks like."""
    for collection in COLLECTIONS:
        keys = CollectionKeys.of(name, collection)
        await redis.delete(*keys.all)


async def test_an_emptied_redis_does_not_wipe_the_hotlist(redis: Redis, name: str, writer: ReplicaWriter) -> None:
    """The worker keeps deciding from what it has, and says so once."""
    await writer.put(HOTLIST, [make_entry(1), make_entry(2)])
    index = Index(redis, name)
    await index.follower.load()
    await wipe(redis, name)
    await index.follower.load()
    await index.follower.load()
    assert {"SIS-1", "SIS-2"} == set(index.items["hotlist"])
    assert {"hotlist"} == index.follower.lost
    assert [("hotlist", True)] == index.losses


async def test_new_entries_after_a_loss_add_to_what_is_remembered(
    redis: Redis, name: str, writer: ReplicaWriter
) -> None:
    """One entry put into an emptied Redis does not take the place of a million others."""
    await writer.put(HOTLIST, [make_entry(1), make_entry(2)])
    index = Index(redis, name)
    await index.follower.load()
    await wipe(redis, name)
    await writer.put(HOTLIST, [make_entry(3)])
    await index.follower.load()
    await writer.remove(HOTLIST, ["SIS-3"])
    await writer.put(HOTLIST, [make_entry(4)])
    await index.follower.load()
    assert {"SIS-1", "SIS-2", "SIS-4"} == set(index.items["hotlist"])
    assert {"hotlist"} == index.follower.lost


async def test_a_full_replacement_ends_a_loss(redis: Redis, name: str, writer: ReplicaWriter) -> None:
    """Whoever replaces the whole collection says what is true again."""
    await writer.put(HOTLIST, [make_entry(1), make_entry(2)])
    index = Index(redis, name)
    await index.follower.load()
    await wipe(redis, name)
    await index.follower.load()
    await writer.replace(HOTLIST, [make_entry(2), make_entry(3)])
    await index.follower.load()
    assert {"SIS-2", "SIS-3"} == set(index.items["hotlist"])
    assert frozenset() == index.follower.lost
    assert [("hotlist", True), ("hotlist", False)] == index.losses


async def test_a_redis_that_went_back_in_time_loses_nothing_here(
    redis: Redis, name: str, writer: ReplicaWriter
) -> None:
    """After a failover to a copy that lagged, newer entries stay, and later changes still arrive."""
    await writer.put(HOTLIST, [make_entry(1)])
    keys = CollectionKeys.of(name, HOTLIST)
    old = {key: await redis.dump(key) for key in (keys.items, keys.meta, keys.changes)}
    await writer.put(HOTLIST, [make_entry(2), make_entry(3)])
    index = Index(redis, name)
    await index.follower.load()
    for key, value in old.items():
        await redis.restore(key, 0, value, replace=True)
    await index.follower.load()
    await writer.put(HOTLIST, [make_entry(4)])
    await index.follower.load()
    assert {"SIS-1", "SIS-2", "SIS-3", "SIS-4"} == set(index.items["hotlist"])
    assert {"hotlist"} == index.follower.lost


async def test_the_old_state_coming_back_ends_a_loss(redis: Redis, name: str, writer: ReplicaWriter) -> None:
    """A collection that was away and is back as it was is not lost."""
    await writer.put(HOTLIST, [make_entry(1)])
    index = Index(redis, name)
    await index.follower.load()
    keys = CollectionKeys.of(name, HOTLIST)
    old = {key: await redis.dump(key) for key in (keys.items, keys.meta, keys.changes)}
    await wipe(redis, name)
    await index.follower.load()
    for key, value in old.items():
        await redis.restore(key, 0, value)
    await index.follower.load()
    assert [("hotlist", True), ("hotlist", False)] == index.losses


async def test_items_that_were_evicted_stay_in_memory(redis: Redis, name: str, writer: ReplicaWriter) -> None:
    """A Redis that drops items under memory pressure is found out."""
    await writer.put(HOTLIST, [make_entry(1), make_entry(2)])
    index = Index(redis, name)
    await index.follower.load()
    await redis.hdel(CollectionKeys.of(name, HOTLIST).items, "SIS-1")
    await index.follower.load()
    assert {"SIS-1", "SIS-2"} == set(index.items["hotlist"])
    assert {"hotlist"} == index.follower.lost


async def test_an_item_of_a_newer_release_is_left_out_alone(redis: Redis, name: str, writer: ReplicaWriter) -> None:
    """One entry that this worker cannot read costs it no other."""
    await writer.put_encoded(
        HOTLIST, [("SIS-1", HOTLIST.encode(make_entry(1))), ("SIS-2", b'{"entry_id":"SIS-2","hotlist":"new_list"}')]
    )
    index = Index(redis, name)
    await index.follower.load()
    assert {"SIS-1"} == set(index.items["hotlist"])


async def test_redis_being_away_is_unavailable() -> None:
    """Nobody listens there: the stage waits."""
    nowhere = open_redis("redis://127.0.0.1:1/0")
    with pytest.raises(Unavailable, match="reference data"):
        await ReplicaWriter(nowhere, "t").put(CAMERAS, [make_camera(1)])
    with pytest.raises(Unavailable):
        await Index(nowhere, "t").follower.load()


async def test_a_worker_outlives_its_redis(tmp_path: Path, name: str) -> None:
    """While it is away the worker decides from memory; when it is back, on the same file, changes arrive again."""
    make_accounts(tmp_path / ACCOUNTS, (ADMIN,))
    server = ValkeyServer(tmp_path)
    await server.start()
    client = open_redis(server.url)
    index = Index(client, name)
    task = asyncio.create_task(index.follower.run())
    try:
        await ReplicaWriter(client, name).put(HOTLIST, [make_entry(1)])
        await asyncio.wait_for(index.follower.loaded.wait(), 5)
        await until(index, {"SIS-1"})
        await server.stop()
        with pytest.raises(Unavailable):
            await index.follower.poll()
        assert {"SIS-1"} == set(index.items["hotlist"])
        await server.start()
        await ReplicaWriter(client, name).put(HOTLIST, [make_entry(2)])
        await until(index, {"SIS-1", "SIS-2"})
    finally:
        task.cancel()
        await client.aclose()
        await server.stop()
    assert [] == index.losses


async def until(index: Index, wanted: set[str]) -> None:
    """Wait until the worker holds these entries."""
    async with asyncio.timeout(10):
        while wanted != set(index.items["hotlist"]):
            index.changed.clear()
            await index.changed.wait()


Step = tuple[str, int]
steps = st.lists(
    st.tuples(st.sampled_from(["put", "change", "remove", "poll", "replace"]), st.integers(0, 8)), max_size=30
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps, kept=st.integers(1, 6))
async def test_any_sequence_of_changes_ends_the_same_for_every_follower(
    redis: Redis, steps: list[Step], kept: int
) -> None:
    """However far a follower falls behind, it ends with what Redis holds."""
    name = f"t{secrets.token_hex(6)}"
    writer, index = ReplicaWriter(redis, name, kept_changes=kept), Index(redis, name)
    for act, number in steps:
        if act == "poll":
            await index.follower.poll()
        elif act == "remove":
            await writer.remove(HOTLIST, [f"SIS-{number}", "SIS-1"])
        elif act == "replace":
            await writer.replace(HOTLIST, map(make_entry, range(number)))
        else:
            await writer.put(HOTLIST, [make_entry(number, plate="2XYZ999" if act == "change" else "1ABC234")])
    await index.follower.load()
    assert {entry.entry_id: entry for entry in await writer.list(HOTLIST)} == index.items["hotlist"]
    assert [] == index.losses


async def test_a_worker_is_told_when_all_that_one_look_found_is_in_memory(
    redis: Redis, writer: ReplicaWriter, name: str
) -> None:
    """Not between two collections, and not between two pages of one: then it would decide from half of them."""
    told: list[tuple[frozenset[str], int, int]] = []
    index = Index(redis, name)
    index.follower = Follower(
        redis, name, COLLECTIONS, index.apply,
        on_caught_up=lambda filled: told.append((filled, len(index.items["cameras"]), len(index.items["hotlist"]))),
    )  # fmt: skip
    await index.follower.load()
    await writer.put(HOTLIST, [make_entry(number) for number in range(3)])
    await writer.put(CAMERAS, [make_camera(number) for number in range(5_000)])
    await index.follower.load()
    assert [(frozenset(), 0, 0), (frozenset({"cameras", "hotlist"}), 5_000, 3)] == told


class Clock:
    """Arrivals happen when the test says so."""

    def __init__(self) -> None:
        self.now_ms = NOON_MS

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture
def clock() -> Clock:
    """The clock of the timed writer."""
    return Clock()


@pytest.fixture
def timed(redis: Redis, name: str, clock: Clock) -> ReplicaWriter:
    """A writer whose arrivals the test times."""
    return ReplicaWriter(redis, name, now_ms=clock)


def entry(plate: str, **fields: Any) -> HotlistEntry:
    """Entry SIS-1 with this plate."""
    return make_entry(1, plate=plate, **fields)


async def test_a_change_leaves_what_held_before(redis: Redis, name: str, timed: ReplicaWriter, clock: Clock) -> None:
    """A follower that starts afterwards and one that saw it happen know the same history; a removal is part of it."""
    early, late = Index(redis, name), Index(redis, name)
    for plate in ("1ABC111", "1ABC222"):
        await timed.put(HOTLIST, [entry(plate), make_entry(2)])
        await early.follower.load()
        clock.now_ms += 1_000
    await timed.remove(HOTLIST, ["SIS-1"])
    for index in (early, late):
        await index.follower.load()
        plates = [
            held.plate if held else None for held in index.versions["hotlist"].between("SIS-1", 0, NOON_MS + 5_000)
        ]
        assert [None, "1ABC111", "1ABC222", None] == plates
        assert 1 == len(index.versions["hotlist"].history("SIS-2"))
    assert (1, ["SIS-2"]) == (await timed.count(HOTLIST), [one.entry_id for one in await timed.list(HOTLIST)])


async def test_an_item_may_say_from_when_it_holds(redis: Redis, name: str, timed: ReplicaWriter, clock: Clock) -> None:
    """What begins later is known at once and holds later; importing both again every night adds nothing."""
    plan = [entry("1ABC111"), entry("1ABC222", holds_from_ms=NOON_MS + 60_000)]
    assert 2 == (await timed.put(HOTLIST, plan)).put
    for _night in range(3):
        clock.now_ms += 1_000
        assert Changes(put=0, unchanged=2) == await timed.put(HOTLIST, plan)
    index = Index(redis, name)
    await index.follower.load()
    versions = index.versions["hotlist"]
    assert ["1ABC111", "1ABC222"] == [versions.at("SIS-1", NOON_MS + ms).plate for ms in (59_999, 60_000)]
    clock.now_ms = NOON_MS + 120_000
    assert Changes(put=1, unchanged=0) == await timed.put(HOTLIST, [entry("1ABC111")])  # whoever says so now, means it


async def test_a_removal_takes_back_what_was_to_come(
    redis: Redis, name: str, timed: ReplicaWriter, clock: Clock
) -> None:
    """In a running worker and in one that starts afterwards; what never held leaves no trace."""
    early, late = Index(redis, name), Index(redis, name)
    await timed.put(HOTLIST, [make_entry(1, holds_from_ms=NOON_MS + 60_000), make_entry(2)])
    await early.follower.load()
    clock.now_ms += 1_000
    await timed.remove(HOTLIST, ["SIS-1"])
    for index in (early, late):
        await index.follower.load()
        assert index.versions["hotlist"].at("SIS-1", NOON_MS + 90_000) is None
    assert () == late.versions["hotlist"].history("SIS-1")


async def test_what_no_decision_can_need_any_more_goes(
    redis: Redis, name: str, timed: ReplicaWriter, clock: Clock
) -> None:
    """Versions that held only more than forty days ago, and removals before that; what holds since then stays."""
    for plate in ("1ABC111", "1ABC222", "1ABC333"):
        await timed.put(HOTLIST, [entry(plate), make_entry(2)])
        clock.now_ms += DAY_MS
    await timed.remove(HOTLIST, ["SIS-2"])
    keys = CollectionKeys.of(name, HOTLIST)
    assert {b"SIS-1", b"SIS-2"} == set(await redis.hkeys(keys.history))
    clock.now_ms += 41 * DAY_MS
    await timed.put(HOTLIST, [make_entry(3)])
    assert 0 == await redis.hlen(keys.history)
    index = Index(redis, name)
    await index.follower.load()
    assert "1ABC333" == index.versions["hotlist"].at("SIS-1", clock.now_ms).plate


async def test_a_collection_of_an_older_release_has_held_since_ever(
    redis: Redis, name: str, timed: ReplicaWriter
) -> None:
    """Its items lie bare in Redis: they are read, listed, left alone when they are imported again, and changed."""
    keys = CollectionKeys.of(name, HOTLIST)
    await redis.hset(keys.items, mapping={f"SIS-{n}": HOTLIST.encode(make_entry(n)) for n in (1, 2)})
    await redis.hset(keys.meta, mapping={"epoch": "old", "version": 2, "count": 2})
    await redis.zadd(keys.changes, {"SIS-1": 1, "SIS-2": 2})
    index = Index(redis, name)
    await index.follower.load()
    assert make_entry(1) == index.versions["hotlist"].at("SIS-1", 0) == await timed.get(HOTLIST, "SIS-1")
    changed = make_entry(2, plate="2XYZ999")
    assert Changes(put=1, unchanged=1) == await timed.put(HOTLIST, [make_entry(1), changed])
    await index.follower.load()
    assert (make_entry(2), changed) == index.versions["hotlist"].between("SIS-2", 0, NOON_MS)


async def test_what_a_worker_remembers_holds_although_it_arrives_again(
    redis: Redis, name: str, timed: ReplicaWriter, clock: Clock
) -> None:
    """After Redis was emptied a worker that ran meanwhile decides as before; one that starts anew knows nothing of the past."""
    await timed.put(HOTLIST, [make_entry(1), make_entry(2)])
    running, fresh = Index(redis, name), Index(redis, name)
    await running.follower.load()
    await wipe(redis, name)
    clock.now_ms += 60_000
    await timed.replace(HOTLIST, [make_entry(1, holds_from_ms=NOON_MS)])
    for index in (running, fresh):
        await index.follower.load()
    then_ms = NOON_MS + 30_000
    assert make_entry(1) == running.versions["hotlist"].at("SIS-1", then_ms)
    assert running.versions["hotlist"].at("SIS-2", then_ms) == make_entry(2)
    assert running.versions["hotlist"].at("SIS-2", clock.now_ms) is None
    assert fresh.versions["hotlist"].at("SIS-1", then_ms) is None
    assert 1 == len(fresh.versions["hotlist"].retroactive("SIS-1", then_ms))


acts = st.lists(
    st.tuples(st.sampled_from(["put", "plan", "late", "remove", "poll"]), st.integers(0, 3), st.integers(0, 4)),
    max_size=25,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts)
async def test_every_follower_knows_what_held_whenever_it_looks(redis: Redis, acts: list[tuple[str, int, int]]) -> None:
    """Against versions that are kept without any Redis: followers that saw it happen, and one that starts at the end."""
    name, clock, plain = f"t{secrets.token_hex(6)}", Clock(), Versions[HotlistEntry]()
    writer, early, late = ReplicaWriter(redis, name, now_ms=clock), Index(redis, name), Index(redis, name)
    for act, number, plate in acts:
        clock.now_ms += 10
        key, now_ms = f"SIS-{number}", clock.now_ms
        if act == "poll":
            await early.follower.load()
            continue
        if act == "remove":
            if (await writer.remove(HOTLIST, [key])).removed:
                plain.put(key, Version(None, now_ms, now_ms))
            continue
        holds = {"put": None, "plan": now_ms + 35, "late": now_ms - 25}[act]
        item = make_entry(number, plate=f"1ABC{plate}", holds_from_ms=holds)
        if (await writer.put(HOTLIST, [item])).put:
            plain.put(key, Version(item, now_ms if holds is None else holds, now_ms))
    await early.follower.load()
    await late.follower.load()
    for index in (early, late):
        found = index.versions["hotlist"]
        for number in range(4):
            for at_ms in range(NOON_MS - 20, NOON_MS + 300, 5):
                assert plain.at(f"SIS-{number}", at_ms) == found.at(f"SIS-{number}", at_ms)
                assert plain.retroactive(f"SIS-{number}", at_ms) == found.retroactive(f"SIS-{number}", at_ms)


async def test_of_rights_what_redis_has_is_all_there_is(redis: Redis, namespace: str) -> None:
    """What it lost is forgotten, at once where it was written anew, and when it is absent twice in a row."""
    writer, directory = ReplicaWriter(redis, namespace, now_ms=lambda: NOON_MS), Directory()
    late = ReplicaWriter(redis, namespace, now_ms=lambda: NOON_MS + 1)
    follower = Follower(redis, namespace, (USERS, DESIGNATIONS), directory.take, as_it_is=(USERS, DESIGNATIONS))

    async def roles(user_id: str) -> list[str] | None:
        """What the directory knows of this person after the next poll; None: nobody is called so."""
        await follower.load()
        person = directory.person(user_id, NOON_MS)
        return None if person is None else [one.role for one in person.designations]

    async def empty() -> None:
        for name in (USERS.name, DESIGNATIONS.name):
            async for key in redis.scan_iter(match=f"*{namespace}:{name}*"):
                await redis.delete(key)

    await late.put(USERS, [make_user("jan.claes"), make_user("an.peeters")])
    await late.put(DESIGNATIONS, [make_designation("dispatcher", "jan.claes", designation_id="D-1")])
    assert ["dispatcher"] == await roles("jan.claes")
    await empty()
    await writer.put(USERS, [make_user("jan.claes", disabled=True)])
    await writer.put(DESIGNATIONS, [make_designation("auditor", "jan.claes", designation_id="D-2")])
    assert ["auditor"] == await roles("jan.claes")
    person = directory.person("jan.claes", NOON_MS)
    assert person is not None
    assert person.user.disabled
    assert None is await roles("an.peeters")
    await empty()
    assert ["auditor"] == await roles("jan.claes")
    assert None is await roles("jan.claes")
    await writer.put(USERS, [make_user("jan.claes")])
    assert [] == await roles("jan.claes")
