"""The demo's lists, as whoever keeps them meets them."""

from redis.asyncio import Redis

from pipeline.demo.lists import WANTED_LISTS, import_lists, on_lists
from pipeline.demo.network_data import KNOWN_FOR_MS, writer_of_known
from pipeline.demo.pictures import WANTED
from pipeline.lists.versions import differences, is_of
from pipeline.runtime.clock import platform_now_ms
from pipeline.simulation.network_small import small_network
from pipeline.state.collections import HOTLIST


async def test_each_list_of_the_demo_has_two_versions_that_differ(redis: Redis, namespace: str) -> None:
    """So that versions, differences and the way back can be seen; what holds in the end are the entries themselves."""
    entries, now = on_lists((*small_network().hotlist, *WANTED)), writer_of_known(redis, namespace)
    await import_lists(entries, writer_of_known(redis, namespace, platform_now_ms() - KNOWN_FOR_MS), now)
    assert {one.entry_id: one for one in entries} == {one.entry_id: one for one in await now.list(HOTLIST)}
    switches = await now.switching(HOTLIST).switches()
    for source in WANTED_LISTS:
        newer, older = (one for one in switches if one.refresh.list_id == source.list_id)
        assert older.at_ms < newer.at_ms <= platform_now_ms() - KNOWN_FOR_MS + 10_000
        found = [one for one in await differences(now, older, newer) if is_of(one, source.list_id)]
        assert {"changed", "removed"} <= {one.kind for one in found}
