"""Finds the open alerts that must be withdrawn because their hotlist entry changed or ended, whichever worker raised them.

Every worker sees each change of an entry; the first that claims the entry does the work, and another takes over when it dies.
At the start all entries with open alerts are checked; later, every SWEEP_MS, those whose entry was removed or has expired. While
the store holds no hotlist at all, its entries were lost, and not removed.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.hotlist.withdrawals import TakenBack, taken_back
from pipeline.reads.geography import position_of
from pipeline.state.alert_memory import AlertMemory
from schemas.outcomes import Alert
from schemas.reference import Camera, HotlistEntry, Zone

SWEEP_MS = 10_000  # between two looks at all entries with open alerts


async def _there_is_one() -> bool:
    return True


@dataclass(slots=True)
class OpenAlerts:
    """Finds the alerts to withdraw among the open alerts of all workers. entry_now: gives an entry as it is now; None: it
    was removed. cameras_at, zones_at: give these as they held at a time (UTC ms). is_hotlist: whether the store holds a
    hotlist; while it holds none, an entry that entry_now does not give was not removed."""

    memory: AlertMemory
    entry_now: Callable[[str], HotlistEntry | None]
    cameras_at: Callable[[int], Mapping[str, Camera]]
    zones_at: Callable[[int], Mapping[str, Zone]]
    is_hotlist: Callable[[], Awaitable[bool]] = _there_is_one
    _changed: set[str] = field(default_factory=set)
    _ends_ms: dict[str, int] = field(default_factory=dict)  # of entries with open alerts, when they expire
    _first_end_ms: int | None = None  # none of them expires before this; None: there are none
    _swept_ms: int | None = None  # None: nothing was looked at yet

    def changed(self, entry_ids: Iterable[str]) -> None:
        """Note that these entries were changed or removed: the next `due` checks their alerts."""
        self._changed.update(entry_ids)

    def look_again(self) -> None:
        """Have the next `due` check all entries with open alerts."""
        self._swept_ms = None

    def raised(self, alerts: Sequence[Alert]) -> None:
        """Note when the entries of these alerts, which were just raised, expire."""
        for alert in alerts:
            entry = self.entry_now(alert.entry_id)
            if entry is None:
                self._changed.add(alert.entry_id)
            else:
                self._ends_ms[alert.entry_id] = ends_ms = entry.valid_until_ms
                self._first_end_ms = ends_ms if self._first_end_ms is None else min(ends_ms, self._first_end_ms)

    async def due(self, now_ms: int) -> list[TakenBack]:
        """The alerts that must be withdrawn now; each is returned again until `settled` is called with it. Raises Unavailable.

        An alert that replaces a withdrawn one is already in its incident.
        """
        looked_at = await self._to_look_at(now_ms)
        found: list[TakenBack] = []
        for entry_id in looked_at:
            if self.entry_now(entry_id) is None and not await self.is_hotlist():
                continue
            alerts, others = await self.memory.open_alerts(entry_id, now_ms)
            back = [one for alert in alerts if (one := self._judged(alert, now_ms))]
            found += back
            if not others and not back:
                self._changed.discard(entry_id)
        return await self._placed(found)

    async def settled(self, gone: Sequence[TakenBack], now_ms: int) -> None:
        """Note that the broker has these withdrawals, and the alerts that replace the withdrawn ones. Raises Unavailable."""
        replaced = [one.alert for one in gone if one.instead]
        await self.memory.told([one.instead for one in gone if one.instead])
        await self.memory.withdrawn(replaced, now_ms, replaced=True)
        await self.memory.withdrawn([one.alert for one in gone if not one.instead], now_ms)

    async def _to_look_at(self, now_ms: int) -> list[str]:
        """The entries that may have alerts to withdraw, and that no other worker has claimed."""
        self._note_ended(now_ms)
        sweep = self._swept_ms is None or now_ms - self._swept_ms >= SWEEP_MS
        if not self._changed and not sweep:
            return []
        alerted = await self.memory.entries(now_ms)
        if sweep:
            first, self._swept_ms = self._swept_ms is None, now_ms
            self._changed |= {entry_id for entry_id in alerted if first or self._is_over(entry_id, now_ms)}
        self._changed &= alerted
        waiting = sorted(self._changed)
        claims = await self.memory.claimed(waiting) if waiting else []
        return [entry_id for entry_id, mine in zip(waiting, claims, strict=True) if mine]

    def _note_ended(self, now_ms: int) -> None:
        """Note the entries with open alerts that have expired. Called with every batch: it looks at them only when one has."""
        if self._first_end_ms is None or now_ms < self._first_end_ms:
            return
        ended = {entry_id for entry_id, ends_ms in self._ends_ms.items() if ends_ms <= now_ms}
        for entry_id in ended:
            del self._ends_ms[entry_id]
        self._first_end_ms = min(self._ends_ms.values(), default=None)
        self._changed |= ended

    def _is_over(self, entry_id: str, now_ms: int) -> bool:
        entry = self.entry_now(entry_id)
        return entry is None or entry.valid_until_ms <= now_ms

    def _judged(self, alert: Alert, now_ms: int) -> TakenBack | None:
        at_ms = alert.read.captured_at_ms
        return taken_back(alert, self.entry_now(alert.entry_id), self.cameras_at(at_ms), self.zones_at(at_ms), now_ms)

    async def _placed(self, found: Sequence[TakenBack]) -> list[TakenBack]:
        """The same, with each replacing alert put into its incident.

        It is live if the old alert was: a correction must be heard at once.
        """
        instead = [one.instead for one in found if one.instead]
        if not instead:
            return list(found)
        wheres = [
            position_of(one.read, self.cameras_at(one.read.captured_at_ms).get(one.read.camera_id)) for one in instead
        ]
        placed = iter(await self.memory.placed(instead, wheres))
        return [TakenBack(one.alert, one.reason, next(placed)) if one.instead else one for one in found]
