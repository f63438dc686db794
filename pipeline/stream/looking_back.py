"""Looks each new entry of the hotlist, and each new request to watch, up in the reads of the last hours, by itself.

All that is new is looked up together, in one pass over the reads, however many entries an import has. A pass is followed by a pause
nine times as long, so that the work takes a tenth of a core at the most, and what it finds is bounded. What comes of it, the agent
hotlist decides by the rules of every other read: the alerts say that they were found afterwards, ring nowhere and must be
confirmed. An entry that does not say from when on it is wanted is not looked up: it was not wanted before. Nor is a covert one: it
is its owner's alone.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import redis.asyncio
import structlog

from pipeline.errors import Unavailable
from pipeline.hotlist.watches import entry_of
from pipeline.reads.versions import Changed
from pipeline.state.collections import CAMERAS, HOTLIST, WATCHES, ZONES
from pipeline.state.follower import Follower
from pipeline.state.look_back_mark import LookBackMark
from pipeline.state.mirror import Mirror
from pipeline.stream.look_back import Found, look_back, matching
from schemas.reference import HotlistEntry

HOUR_MS = 3_600_000
SETTLE_S = 2.0
"""After the last change: by then the agent hotlist knows the entries, too."""
ROWS_A_SECOND = 50_000
"""As quickly every worker takes a whole import over; it is waited for that long."""
LEAST_PAUSE_S = 5.0
REST = 9.0
"""So many times as long as a pass took is the pause after it."""
MOST_OF_EACH = 500
MOST = 20_000
"""Reads that one pass finds at most, of one entry and altogether."""
log = structlog.get_logger()


class NewEntries:
    """The entries that arrived after since_ms (UTC) and say that they held before they arrived, without covert ones. Give `take` to
    a Follower."""

    def __init__(self, since_ms: int) -> None:
        self.since_ms = since_ms
        self._found: dict[str, tuple[HotlistEntry, int]] = {}

    def take(self, changed: Sequence[Changed[Any]], *, reset: bool = False) -> None:
        """Take what changed in the hotlist or in the requests. reset: it is the first load; nothing is forgotten here."""
        for one in changed:
            version = one.versions[-1] if one.versions else None
            if version is None or version.item is None:
                self._found.pop(one.key, None)
                continue
            entry = version.item if isinstance(version.item, HotlistEntry) else entry_of(version.item)
            if (
                version.arrived_at_ms > self.since_ms
                and not entry.covert
                and 0 < entry.valid_from_ms < version.arrived_at_ms
            ):
                self._found[one.key] = entry, version.arrived_at_ms

    def taken(self) -> list[tuple[HotlistEntry, int]]:
        """The entries that came since the last call, each with its arrival, UTC ms."""
        found, self._found = list(self._found.values()), {}
        return found

    def give_back(self, entries: Sequence[tuple[HotlistEntry, int]]) -> None:
        """Have these given out again, but where a later version came meanwhile."""
        self._found = {one.entry_id: (one, at_ms) for one, at_ms in entries} | self._found

    def __len__(self) -> int:
        return len(self._found)


@dataclass(slots=True, kw_only=True)
class LookingBack:
    """Looks new hotlist entries and watches up in the reads of the last `hours` hours. client_kwargs: of KafkaConnection. settle_s,
    pause_s: see SETTLE_S, LEAST_PAUSE_S."""

    client: redis.asyncio.Redis
    client_kwargs: Mapping[str, Any]
    namespace: str
    hours: int
    now_ms: Callable[[], int]
    settle_s: float = SETTLE_S
    pause_s: float = LEAST_PAUSE_S
    _mirror: Mirror = field(init=False)
    _new: NewEntries = field(init=False)

    async def run(self) -> None:
        """Look until cancelled. While a server is away it tries again."""
        mark = LookBackMark(self.client, self.namespace)
        while True:
            try:
                self._new = NewEntries(await mark.begin(self.now_ms()))
                break
            except Unavailable as error:
                log.warning("look_back.waiting", cause=str(error))
                await asyncio.sleep(self.pause_s)
        self._mirror = Mirror(CAMERAS, ZONES, indexes={HOTLIST.name: self._new, WATCHES.name: self._new})
        follower = Follower(
            self.client, self.namespace, (CAMERAS, ZONES, HOTLIST, WATCHES), self._mirror.take,
            on_caught_up=self._mirror.caught_up, on_half=self._mirror.half,
        )  # fmt: skip
        await follower.load_patiently()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(follower.run())
            tasks.create_task(self._passes(mark))

    async def _passes(self, mark: LookBackMark) -> None:
        while True:
            await self._settled()
            begun_s, entries = time.monotonic(), self._new.taken()
            try:
                if entries:
                    await self._pass([one for one, _ in entries])
                    await mark.done(max(at_ms for _, at_ms in entries))
            except Unavailable as error:
                self._new.give_back(entries)
                log.warning("look_back.waiting", cause=str(error))
            await asyncio.sleep(max(self.pause_s, REST * (time.monotonic() - begun_s)) if entries else 0.0)

    async def _settled(self) -> None:
        """Wait until there is something new, and nothing more comes for a while."""
        known = -1
        while not len(self._new) or known != len(self._new):
            known = len(self._new)
            await asyncio.sleep(self.settle_s + known / ROWS_A_SECOND)

    async def _pass(self, entries: Sequence[HotlistEntry]) -> Found:
        """Look these up together. Raises Unavailable."""
        begun_s = time.monotonic()
        since_ms = max(min(one.valid_from_ms for one in entries), self.now_ms() - self.hours * HOUR_MS)
        matches = matching(entries, self._mirror.of(CAMERAS), self._mirror.of(ZONES), MOST_OF_EACH)
        found = await look_back(self.client_kwargs, self.namespace, matches, since_ms, MOST)
        tell = log.warning if len(found.read_ids) >= MOST else log.info
        tell("look_back.done", entries=len(entries), looked_at=found.looked_at, found=len(found.read_ids),
             seconds=round(time.monotonic() - begun_s, 1), most=MOST)  # fmt: skip
        return found
