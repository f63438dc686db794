"""Watches how long ago each list of wanted plates was refreshed: two gauges, and a warning to the owner of a stale one."""

import asyncio

import structlog

from pipeline.errors import Unavailable
from pipeline.reads.versions import Versions
from pipeline.state.collections import HOTLIST
from pipeline.state.list_ages import ListAge, ages
from pipeline.state.switching import Switching
from pipeline.stream.context import Context
from schemas.reference import WantedList

LOOK_S = 30.0
WARN_AGAIN_MS = 3_600_000
log = structlog.get_logger()


class ListWatch:
    """Checks the lists' ages regularly. lists: the known lists, kept up to date by a follower."""

    def __init__(self, context: Context, lists: Versions[WantedList]) -> None:
        self._lists, self._now_ms = lists, context.now_ms
        self._switching = Switching(context.redis, context.settings.namespace, HOTLIST)
        self._age_s = context.metrics.gauge_of(
            "vigie_list_age_seconds", "Time since a list was refreshed last", "list_id"
        )
        self._stale = context.metrics.gauge_of("vigie_list_stale", "1 when a list was not refreshed in time", "list_id")
        self._warned_ms: dict[str, int] = {}

    async def run(self) -> None:
        """Check until cancelled. While Redis is away it waits."""
        while True:
            try:
                await self.look()
            except Unavailable as error:
                log.info("list.ages_unknown", cause=str(error))
            await asyncio.sleep(LOOK_S)

    async def look(self) -> list[ListAge]:
        """Check once. Returns the age of each list. Raises Unavailable when Redis is away."""
        if not len(self._lists):
            return []
        now_ms = self._now_ms()
        found = ages(self._lists.histories(), await self._switching.sources(), now_ms)
        self._age_s.clear()
        self._stale.clear()
        for one in found:
            self._age_s.labels(one.source.list_id).set(one.age_ms / 1_000)
            self._stale.labels(one.source.list_id).set(one.is_stale)
            if one.is_stale and now_ms - self._warned_ms.get(one.source.list_id, 0) >= WARN_AGAIN_MS:
                self._warned_ms[one.source.list_id] = now_ms
                log.warning("list.stale", list_id=one.source.list_id, owner=one.source.owner, contact=one.source.contact,
                            not_refreshed_for_h=round(one.hours, 1))  # fmt: skip
        return found
