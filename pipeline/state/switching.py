"""A collection imported as a whole: the next version is built beside the live one, and counts everywhere from one moment on.

    stage     compare what is to be with what is; write what differs as blocks (pipeline.state.blocks). Nothing of it counts.
    switch    one step in Redis: from a moment on, the blocks are part of the collection. Workers take them over.
    fold      Redis moves the blocks into the items. Whoever writes next does it where the importer died.

Whoever dies before the switch leaves blocks that end by themselves; whoever dies after it has imported all. Versions in time make
the moment the same for everybody: all of the new version begins at `at_ms`, and a worker that has not read all of it by then
waits with reads that were captured later (pipeline.state.mirror).
"""

import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

import msgspec
import numpy as np
import redis.asyncio
from numpy.typing import NDArray

from pipeline.state.blocks import BLOCK_ROWS, BlockRow, BlockWriter
from pipeline.state.collections import HOTLIST, Collection, CollectionKeys
from pipeline.state.folding import fold
from pipeline.state.holding import HOLDS, holds_from
from pipeline.state.live_digests import LiveDigests, covert_owner, hashes_of, list_of, pages
from pipeline.state.redis_port import Argument, redis_edge
from pipeline.state.replica_scripts import KEYS, WHAT
from pipeline.state.switch_scripts import FRESH, HEAD, SWITCH
from pipeline.state.switches import LEAD_MS, Refresh, Staged, Switch

__all__ = ["LEAD_MS", "Refresh", "Staged", "Switch", "Switching"]

KEPT_SWITCHES = 1_000


class Switching:
    """Builds and switches versions of one collection. Every method raises Unavailable when Redis is away."""

    def __init__(
        self,
        client: redis.asyncio.Redis,
        namespace: str,
        collection: Collection[Any],
        *,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._client, self._collection = client, collection
        self._where = CollectionKeys.of(namespace, collection)
        self._now_ms = now_ms

    async def stage(
        self,
        pairs: Iterable[tuple[str, bytes]],
        replace: bool,
        list_id: str = "",
        *,
        removes: Sequence[str] = (),
        hides: Callable[[str], bool] = lambda _: False,
        progress: Callable[[int], None] | None = None,
    ) -> Staged:
        """Build the next version from (key, JSON) pairs. It has no effect until `switch`.

        replace: items that are not among them are removed. list_id: only entries of this list are; empty: any. removes: keys
        to remove in any case. hides: whether covert entries of an owner are unknown to the importer: they stay, and count as
        entries of another list. progress: called with the number of pairs done.
        """
        await fold(self._client, self._where, self._collection.kept_ms)
        ((version, switch, *_),) = await HEAD.run(self._client, WHAT, [(self._where.all, [])])
        belongs = (lambda item: f'"list_id":"{list_id}"' in item) if list_id else (lambda _: True)
        part_of = list_of if self._collection.name == HOTLIST.name and not list_id else lambda _: ""
        live = await LiveDigests.read(self._client, self._where, belongs, hides, part_of)
        staged = Staged(uuid.uuid4().hex, version.decode(), switch.decode(), replace and not list_id, live.count)
        staged.hidden = live.hidden
        for name, count in live.counts.items():
            staged.parts[name].before = count
        blocks = BlockWriter(self._client, self._where.staged(staged.build))
        source, done, doubtful = iter(pairs), 0, list[BlockRow]()
        while chunk := list(islice(source, BLOCK_ROWS)):
            await blocks.add(self._compared(chunk, live, staged, doubtful))
            done += len(chunk)
            if progress:
                progress(done)
        await blocks.add(await self._fresh(doubtful, live, staged))
        gone = list(removes)
        if replace and not live.seen[live.inside].all():
            async for names in pages(self._client, KEYS, self._where.items):
                gone += live.gone(names)
        gone = [*dict.fromkeys(gone)]
        staged.removed = len(gone)
        for key in gone:
            staged.note("removed", live.covert.get(key))
        places = live.places(hashes_of(gone))
        for name in live.lists_at(places[places >= 0]):
            staged.parts[name].removed += 1
        await blocks.add([BlockRow(key, None) for key in gone])
        staged.blocks = await blocks.close()
        return staged

    def _compared(
        self, chunk: Sequence[tuple[str, bytes]], live: LiveDigests, staged: Staged, doubtful: list[BlockRow]
    ) -> list[BlockRow]:
        """The rows that add or change something, of pairs of key and JSON. doubtful: receives the rows whose versions must be
        compared."""
        keys, items = hashes_of([key for key, _ in chunk]), [data.decode() for _, data in chunk]
        places = live.places(keys)
        there = places >= 0
        live.seen[places[there]] = True
        for at in np.flatnonzero(there & ~live.inside[places] if len(live.keys) else there).tolist():
            staged.strangers = (*staged.strangers, chunk[at][0])[:10]
        doubt = live.have_past(keys) | np.fromiter((HOLDS in data for _, data in chunk), np.bool_, len(chunk))
        new = ~live.say(places, hashes_of(items)) & ~doubt
        staged.added += int((new & ~there).sum())
        staged.changed += int((new & there).sum())
        staged.unchanged += int((~new & ~doubt).sum())
        doubtful += [_row(*chunk[at]) for at in np.flatnonzero(doubt).tolist()]
        rows = [BlockRow(chunk[at][0], items[at]) for at in np.flatnonzero(new).tolist()]
        _note(rows, places[new], live, staged)
        return rows

    async def _fresh(self, doubtful: list[BlockRow], live: LiveDigests, staged: Staged) -> list[BlockRow]:
        """Those of these rows that differ from what holds without them; the rows of one key follow each other."""
        doubtful.sort(key=lambda row: row.key)
        found: list[BlockRow] = []
        for chunk in _by_key(doubtful):
            puts = msgspec.msgpack.encode([part for row in chunk for part in (row.key, row.item, row.holds_ms)])
            (fresh,) = await FRESH.run(self._client, WHAT, [(self._where.all, [puts, self._now_ms()])])
            found += [chunk[at] for at in fresh]
            staged.unchanged += len(chunk) - len(fresh)
        places = live.places(hashes_of([row.key for row in found]))
        known = places >= 0
        _note(found, places, live, staged)
        staged.changed += int(known.sum())
        staged.added += len(found) - int(known.sum())
        return found

    async def switch(self, staged: Staged, refresh: Refresh, *, lead_ms: int | None = None) -> Switch | None:
        """Make a staged version valid from lead_ms from now on (None: as long as workers need). refresh: what is kept of
        the import; its counts are filled in here.

        Returns None when the collection was changed after it was compared: stage it again.
        """
        refresh = msgspec.structs.replace(
            refresh, entries=staged.before + staged.hidden + staged.added - staged.removed,
            added=staged.added, changed=staged.changed, removed=staged.removed, covert=staged.covert,
        )  # fmt: skip
        where = self._where
        arguments: list[Argument] = [
            uuid.uuid4().hex, staged.version, staged.switch, staged.build, staged.blocks, self._now_ms(),
            staged.lead_ms if lead_ms is None else lead_ms, msgspec.json.encode(refresh), int(staged.whole),
            KEPT_SWITCHES, refresh.list_id,
        ]  # fmt: skip
        keys = [where.meta, where.switches, where.sources, where.staged(staged.build)]
        ((done, number, at_ms),) = await SWITCH.run(self._client, WHAT, [(keys, arguments)])
        return Switch(number, at_ms, refresh) if done else None

    async def fold(self, progress: Callable[[int], None] | None = None) -> None:
        """Move the version that was switched to into the items. progress: called with the number of blocks done."""
        await fold(self._client, self._where, self._collection.kept_ms, progress)

    async def drop(self, staged: Staged) -> None:
        """Delete a staged version that is not to be used."""
        with redis_edge(WHAT):
            await self._client.delete(self._where.staged(staged.build))

    async def known(self, keys: Sequence[str], list_id: str = "") -> frozenset[str]:
        """Those of these keys under which an item exists. list_id: only entries of this list; empty: any item."""
        found: set[str] = set()
        for start in range(0, len(keys), BLOCK_ROWS):
            some = list(keys[start : start + BLOCK_ROWS])
            with redis_edge(WHAT):
                values = await self._client.hmget(self._where.items, some)
            mark = f'"list_id":"{list_id}"'.encode() if list_id else b""
            pairs = zip(some, values, strict=True)
            found.update(key for key, value in pairs if isinstance(value, bytes) and mark in value)
        return frozenset(found)

    async def switches(self) -> list[Switch]:
        """The imports of the whole collection or of one list, at most the last KEPT_SWITCHES, latest first."""
        with redis_edge(WHAT):
            found = await self._client.hvals(self._where.switches)
        return sorted((msgspec.json.decode(one, type=Switch) for one in found), key=lambda one: -one.number)

    async def sources(self) -> dict[str, Switch]:
        """For each list_id, the last import that refreshed that list."""
        with redis_edge(WHAT):
            found = await self._client.hgetall(self._where.sources)
        return {_text(name): msgspec.json.decode(one, type=Switch) for name, one in found.items()}


def _note(rows: Sequence[BlockRow], places: NDArray[np.intp], live: LiveDigests, staged: Staged) -> None:
    """Note which lists these rows, that add or change something, come to and leave, and which are of covert entries. places: where
    the items are that they change; -1: nowhere."""
    were = live.lists_at(places) if len(live.keys) else [""] * len(rows)
    for row, there, was in zip(rows, (places >= 0).tolist(), were, strict=True):
        staged.note("changed" if there else "added", live.covert.get(row.key), covert_owner(row.item or ""))
        name = live.list_of(row.item or "")
        if not there or name != was:
            staged.parts[name].added += 1
            staged.parts[was].removed += there


def _row(key: str, data: bytes) -> BlockRow:
    return BlockRow(key, data.decode(), holds_from(data))


def _by_key(rows: Sequence[BlockRow]) -> Iterable[Sequence[BlockRow]]:
    """Chunks of some BLOCK_ROWS sorted rows. The rows of one key are always in the same chunk."""
    start = 0
    while start < len(rows):
        end = min(start + BLOCK_ROWS, len(rows))
        while end < len(rows) and rows[end].key == rows[end - 1].key:
            end += 1
        yield rows[start:end]
        start = end


def _text(name: bytes | str) -> str:
    return name.decode() if isinstance(name, bytes) else name
