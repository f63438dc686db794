"""What the patterns of all lists and watches cost together is bounded, however they come in; on a real Valkey."""

import asyncio
from collections.abc import Iterable, Sequence
from itertools import islice, product
from typing import Any

import pytest
from redis.asyncio import Redis

from pipeline.errors import BadRecord
from pipeline.hotlist.entries import MOST_COVERT_US, MOST_PATTERNS_US, patterns_cost_us
from pipeline.lists.importing import Manner, import_whole
from pipeline.lists.patterns import within_bound
from pipeline.lists.versions import rolled_back
from pipeline.state.collections import HOTLIST, WATCHES, Collection
from pipeline.state.replica_writer import ReplicaWriter
from pipeline.state.switching import Refresh
from pipeline.tables.checked import Checked
from pipeline.tables.columns import TABLES
from schemas.reference import HotlistEntry
from tests.builders import make_entry, make_list, make_watch

CHARACTERS = "ABCDEFGHJKLMNPRSTUVWXYZ23456789"
DEAR = [
    f"{a}*{b}*{c}" for a, b, c in product(CHARACTERS, repeat=3)
]  # one text in twelve has to be tried with each of them
EACH_US = patterns_cost_us(DEAR[:2]) - patterns_cost_us(DEAR[:1])
SHARE = int(0.6 * MOST_PATTERNS_US / EACH_US)  # of the bound: twice is too much


def dear(name: str, count: int = SHARE, first: int = 0, **fields: Any) -> list[HotlistEntry]:
    """Entries with dear patterns."""
    plates = islice(DEAR, first, first + count)
    return [make_entry(plate, f"{name}-{at}", priority="high", **fields) for at, plate in enumerate(plates)]


async def take(writer: ReplicaWriter, entries: Iterable[HotlistEntry], **manner: object) -> None:
    """Import the entries as one file."""
    with Checked(TABLES["hotlist"]) as checked:
        for entry in entries:
            checked.add(entry.entry_id, HOTLIST.encode(entry))
        options = Manner(confirm_share=True, **manner)  # type: ignore[arg-type]  # each of its own type
        refresh = Refresh(list_id=options.source.list_id if options.source else "")
        await import_whole(writer, HOTLIST, checked, [*checked.pairs()], refresh, options)


async def add(writer: ReplicaWriter, *entries: HotlistEntry) -> None:
    """Add one entry after the other, as commands and desks do."""
    for entry in entries:
        await put(writer, HOTLIST, [entry])


async def put(writer: ReplicaWriter, collection: Collection[Any], items: Sequence[Any]) -> None:
    """Add these items, all together."""
    async with within_bound(writer, collection, [(collection.key(one), collection.encode(one)) for one in items]):
        await writer.put(collection, items)


async def test_of_two_who_write_at_once_one_finds_no_room(redis: Redis, namespace: str) -> None:
    """Each alone may be taken; whoever looks while the other writes waits for it."""
    watches = [make_watch(plate, watch_id=f"W{at}") for at, plate in enumerate(DEAR[5_000 : 5_000 + SHARE])]
    one, other = (ReplicaWriter(redis, namespace) for _ in range(2))
    outcomes = await asyncio.gather(put(one, HOTLIST, dear("A")), put(other, WATCHES, watches), return_exceptions=True)
    assert ["None", "costly_patterns"] == sorted(str(getattr(one, "reason", None)) for one in outcomes)


async def test_a_delta_may_swap_dear_patterns(redis: Redis, namespace: str) -> None:
    """What it removes costs nothing any more."""
    writer = ReplicaWriter(redis, namespace)
    await take(writer, dear("A"))
    with Checked(TABLES["hotlist"]) as checked:
        for entry in dear("B", first=5_000):
            checked.add(entry.entry_id, HOTLIST.encode(entry))
            checked.changes.setdefault("add", []).append(entry.entry_id)
        checked.changes["remove"] = [f"A-{at}" for at in range(SHARE)]
        await import_whole(
            writer, HOTLIST, checked, [*checked.pairs()], Refresh(), Manner(confirm_share=True, delta=True)
        )
    assert {f"B-{at}" for at in range(SHARE)} == set(await writer.with_wildcards(HOTLIST))


async def test_files_and_single_entries_share_one_bound(redis: Redis, namespace: str) -> None:
    """What one file may cost is spent by the lists before it; a file that takes their place may cost as much again."""
    writer = ReplicaWriter(redis, namespace)
    await take(writer, dear("A"))
    with pytest.raises(BadRecord, match="leave some out, or name more characters"):
        await take(writer, dear("B", first=5_000))
    assert SHARE == await writer.count(HOTLIST)
    await take(writer, [make_entry("1ABC234")])
    await take(writer, dear("B", first=5_000), replace=True)
    assert {f"B-{at}" for at in range(SHARE)} == set(await writer.with_wildcards(HOTLIST))
    rest = int((MOST_PATTERNS_US - patterns_cost_us(DEAR[5_000 : 5_000 + SHARE])) / EACH_US) - 2
    await take(writer, dear("C", rest, first=10_000))
    with pytest.raises(BadRecord, match="these 1 patterns"):
        await add(writer, *dear("D", 5, first=20_000))
    await add(writer, make_entry("2XYZ999"))


async def test_covert_patterns_take_room_of_their_owners_own(redis: Redis, namespace: str) -> None:
    """Nobody is refused because of them, so that no refusal tells that there are any; each owner's are bounded."""
    writer = ReplicaWriter(redis, namespace)
    fit = int(MOST_COVERT_US / EACH_US)
    for owner in ("one", "another"):
        await take(writer, dear(owner, fit, covert=True, owner=owner))
        with pytest.raises(BadRecord, match=f"covert entries of {owner} would"):
            await take(writer, dear(f"{owner}-too", fit, first=5_000, covert=True, owner=owner))
    await take(writer, dear("A", int(0.9 * MOST_PATTERNS_US / EACH_US), first=10_000))
    with pytest.raises(BadRecord, match="those of all lists"):
        await add(writer, *dear("B", fit, first=20_000))


async def test_watches_count_too(redis: Redis, namespace: str) -> None:
    """A request for a pattern costs each read what an entry with it does."""
    writer = ReplicaWriter(redis, namespace)
    await writer.put(WATCHES, [make_watch(plate, watch_id=f"W{at}") for at, plate in enumerate(DEAR[:SHARE])])
    with pytest.raises(BadRecord, match="costly_patterns"):
        await take(writer, dear("A", first=5_000), replace=True)
    watches = [make_watch(plate, watch_id=f"V{at}") for at, plate in enumerate(DEAR[5_000 : 5_000 + SHARE])]
    with pytest.raises(BadRecord, match="costly_patterns"):
        await put(writer, WATCHES, watches)


async def test_of_a_list_that_is_refreshed_only_the_others_patterns_stay(redis: Redis, namespace: str) -> None:
    """The list's own are replaced; and who is above the bound already may come down."""
    writer = ReplicaWriter(redis, namespace)
    list_a, list_b = make_list("A"), make_list("B")
    await take(writer, dear("A", list_id="A", hotlist="stolen"), source=list_a, replace=True)
    await take(writer, dear("A", first=5_000, list_id="A", hotlist="stolen"), source=list_a, replace=True)
    with pytest.raises(BadRecord, match="costly_patterns"):
        await take(writer, dear("B", list_id="B", hotlist="stolen"), source=list_b, replace=True)
    await writer.put(HOTLIST, dear("B", list_id="B", hotlist="stolen"))
    await take(writer, dear("B", SHARE - 1, list_id="B", hotlist="stolen"), source=list_b, replace=True)
    assert 2 * SHARE - 1 == len(await writer.with_wildcards(HOTLIST))


async def test_who_goes_back_to_dear_patterns_is_refused_too(redis: Redis, namespace: str) -> None:
    """The way back is no way round the bound."""
    writer = ReplicaWriter(redis, namespace)
    await take(writer, dear("A"), replace=True)
    first = (await writer.switching(HOTLIST).switches())[0]
    await take(writer, [make_entry("1ABC234")], replace=True)
    await writer.put(
        WATCHES, [make_watch(plate, watch_id=f"W{at}") for at, plate in enumerate(DEAR[5_000 : 5_000 + SHARE])]
    )
    with pytest.raises(BadRecord, match="costly_patterns"):
        await rolled_back(writer, first, "somebody")
