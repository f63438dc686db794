"""The alerts that were decided, in Redis: the incidents of each wanted plate, and the alerts that are open.

Redis only stores; `pipeline.hotlist.incidents` decides. A batch takes two round trips: read, then write if nothing changed
meanwhile; so two workers never decide on the same state, and the one that came second reads and decides again. An alert is
decided once: a replay gets the stored decision. OPEN_MS after its decision an alert is open no more: until then it is withdrawn
when its entry is, and no forward of it is good for longer.
"""

import asyncio
import uuid
from collections.abc import Collection, Iterable, Sequence
from itertools import chain
from typing import Protocol

import msgspec
import redis.asyncio

from pipeline.errors import Unavailable
from pipeline.hotlist.incidents import Incident, Incidents, place, plate_of, without
from pipeline.state.alert_scripts import CLAIM, MEMBERS, NOTE, OPEN, READ, RESTORE, WITHDRAW, WRITE
from pipeline.state.redis_port import Argument
from schemas.base import Position
from schemas.outcomes import Alert
from schemas.topics import FORWARDS_KEPT_MS

DAY_MS = 86_400_000
OPEN_MS = FORWARDS_KEPT_MS
KEPT_MS = 2 * DAY_MS  # of an incident after its last hit: a replay still finds it
ALERTS_KEPT_MS = OPEN_MS + DAY_MS  # of a day's alerts, after the last of them
OPEN_DAYS = range(0, ALERTS_KEPT_MS, DAY_MS)
"""How long before now, in ms, each of the days was whose alerts may be open."""
CLAIM_MS = 800  # a worker that dies with a claim holds its entry up for so long
MOST_TRIES = 20  # against other workers on the same plate, within one call
WHAT = "incident memory"
WITHDRAWN = b""

_encode_incidents = msgspec.msgpack.Encoder().encode
_decode_incidents = msgspec.msgpack.Decoder(tuple[Incident, ...]).decode
_encode_alert = msgspec.msgpack.Encoder().encode
_decode_alert = msgspec.msgpack.Decoder(Alert).decode
Subject = tuple[str, str]  # entry_id and plate


class AlertMemory(Protocol):
    """The incidents and open alerts that the hotlist agent keeps. Every method raises Unavailable while the store is away."""

    async def placed(self, alerts: Sequence[Alert], wheres: Sequence[Position | None]) -> list[Alert | None]:
        """Put each alert into its incident; return it as it was first decided, or None where it was withdrawn since.

        wheres: for each alert the position of its capture; None: unknown.
        """

    async def told(self, alerts: Sequence[Alert]) -> None:
        """Note that the broker has these alerts: only now may they be withdrawn."""

    async def entries(self, now_ms: int) -> set[str]:
        """The ids of entries that may have open alerts at now_ms (UTC)."""

    async def claimed(self, entry_ids: Sequence[str]) -> list[bool]:
        """For each entry, whether the caller may withdraw its alerts now.

        Of all calls within CLAIM_MS, also of other workers, only the first gets True.
        """

    async def open_alerts(self, entry_id: str, now_ms: int) -> tuple[list[Alert], bool]:
        """The entry's open alerts that the broker has, and whether there are others that it may not have yet. now_ms: UTC."""

    async def withdrawn(self, alerts: Sequence[Alert], now_ms: int, *, replaced: bool = False) -> None:
        """Note that these alerts were withdrawn.

        replaced: other alerts take their place. If not, their incidents end, and the next hit begins a new one.
        """


def open_among(alerts: Iterable[tuple[Alert, bool]], now_ms: int) -> tuple[list[Alert], bool]:
    """Of these alerts, each with whether the broker has it, those that are open at now_ms (UTC) and that it has; and whether there
    are open ones that it may not have yet."""
    found = [(alert, told) for alert, told in alerts if alert.decided_at_ms > now_ms - OPEN_MS]
    return [alert for alert, told in found if told], not all(told for _, told in found)


class RedisAlertMemory:
    """AlertMemory in Redis, shared by all workers; its own methods raise Unavailable, too. Keys of one entry have one hash tag."""

    def __init__(self, client: redis.asyncio.Redis, namespace: str) -> None:
        self._client = client
        self._namespace = namespace

    async def placed(self, alerts: Sequence[Alert], wheres: Sequence[Position | None]) -> list[Alert | None]:
        """See AlertMemory.placed."""
        left: dict[Subject, list[int]] = {}
        for index, alert in enumerate(alerts):
            left.setdefault((alert.entry_id, plate_of(alert)), []).append(index)
        found: list[Alert | None] = [None] * len(alerts)
        await asyncio.gather(self._note_entries(alerts), self._try(left, alerts, wheres, found))
        for _ in range(MOST_TRIES):
            if not left:
                return found
            await self._try(left, alerts, wheres, found)
        raise Unavailable(f"{WHAT} (others write the same incidents all the time)", retry_after_s=0.2)

    async def _try(
        self,
        left: dict[Subject, list[int]],
        alerts: Sequence[Alert],
        wheres: Sequence[Position | None],
        found: list[Alert | None],
    ) -> None:
        """Decide the alerts of the subjects in `left`, and remove from it each subject whose decision could be written."""
        subjects = list(left)
        answers = await READ.run(self._client, WHAT, [self._read_call(one, left[one], alerts) for one in subjects])
        writes: list[tuple[Sequence[str], Sequence[Argument]]] = []
        written: list[Subject] = []
        for subject, (held, *decided) in zip(subjects, answers, strict=True):
            before: Incidents = _decode_incidents(held) if held else ()
            after, added = before, list[Argument]()
            known = dict(zip((alerts[index].alert_id for index in left[subject]), decided, strict=True))
            for index in left[subject]:
                alert = alerts[index]
                stored = known[alert.alert_id]
                if stored is not None:
                    found[index] = None if stored == WITHDRAWN else _decode_alert(stored)
                    continue
                after, placed = place(after, alert, wheres[index])
                found[index] = placed
                known[alert.alert_id] = _encode_alert(placed)
                added += [alert.alert_id, known[alert.alert_id]]
            if not added:
                del left[subject]
                continue
            day = self._day_key(subject[0], alerts[left[subject][0]].decided_at_ms)
            writes.append(
                ([self._key(subject), day], [held, _encode_incidents(after), KEPT_MS, ALERTS_KEPT_MS, *added])
            )
            written.append(subject)
        for subject, done in zip(written, await WRITE.run(self._client, WHAT, writes), strict=True):
            if done:
                del left[subject]

    async def told(self, alerts: Sequence[Alert]) -> None:
        """See AlertMemory.told."""
        await NOTE.run(
            self._client,
            WHAT,
            [
                ([self._told_key(alert.entry_id, alert.decided_at_ms)], [ALERTS_KEPT_MS, alert.alert_id])
                for alert in alerts
            ],
        )  # fmt: skip

    async def is_whole(self) -> bool:
        """Whether Redis has kept what was stored since `restored` was last called with whole=True."""
        (answer,) = await MEMBERS.run(self._client, WHAT, [([self._whole_key], [])])
        if answer:
            await self._note_whole()
        return bool(answer)

    async def restored(self, alerts: Sequence[Alert], withdrawn: Collection[str], *, whole: bool = False) -> None:
        """Store alerts that the broker has, as they were decided, where they are not known.

        withdrawn: the ids of those that were withdrawn. whole: with these, all that were lost are stored again.
        """
        calls: list[tuple[Sequence[str], Sequence[Argument]]] = []
        for alert in alerts:
            stored = WITHDRAWN if alert.alert_id in withdrawn else _encode_alert(alert)
            keys = [key(alert.entry_id, alert.decided_at_ms) for key in (self._day_key, self._told_key)]
            calls.append((keys, [ALERTS_KEPT_MS, alert.alert_id, stored]))
        await RESTORE.run(self._client, WHAT, calls)
        await self._note_entries(alerts)
        if whole:
            await self._note_whole()

    async def _note_whole(self) -> None:
        await NOTE.run(self._client, WHAT, [([self._whole_key], [ALERTS_KEPT_MS, "whole"])])

    @property
    def _whole_key(self) -> str:
        return f"{{{self._namespace}:alerted}}:whole"

    async def entries(self, now_ms: int) -> set[str]:
        """See AlertMemory.entries."""
        days = [self._entries_key(now_ms - ago_ms) for ago_ms in OPEN_DAYS]
        answers = await MEMBERS.run(self._client, WHAT, [([day], []) for day in days])
        return {entry_id.decode() for entry_id in chain(*answers)}

    async def claimed(self, entry_ids: Sequence[str]) -> list[bool]:
        """See AlertMemory.claimed."""
        once = uuid.uuid4().hex  # a retry inside the client stays this call
        calls: list[tuple[Sequence[str], Sequence[Argument]]] = [
            ([f"{self._tag(entry_id)}:claim"], [once, CLAIM_MS]) for entry_id in entry_ids
        ]
        return [answer == 1 for answer in await CLAIM.run(self._client, WHAT, calls)]

    async def open_alerts(self, entry_id: str, now_ms: int) -> tuple[list[Alert], bool]:
        """See AlertMemory.open_alerts."""
        keys = [
            key(entry_id, now_ms - ago_ms)
            for ago_ms in OPEN_DAYS
            for key in (self._day_key, self._told_key)
        ]  # fmt: skip
        (answer,) = await OPEN.run(self._client, WHAT, [(keys, [])])
        found = [(is_told, _decode_alert(data)) for is_told, data in zip(answer[::2], answer[1::2], strict=True)]
        return open_among(((alert, bool(is_told)) for is_told, alert in found), now_ms)

    async def withdrawn(self, alerts: Sequence[Alert], now_ms: int, *, replaced: bool = False) -> None:
        """See AlertMemory.withdrawn."""
        by_entry: dict[str, list[Argument]] = {}
        for alert in alerts:
            by_entry.setdefault(alert.entry_id, []).append(alert.alert_id)
        calls: list[tuple[Sequence[str], Sequence[Argument]]] = [
            ([self._day_key(entry_id, now_ms - ago_ms) for ago_ms in OPEN_DAYS], alert_ids)
            for entry_id, alert_ids in by_entry.items()
        ]
        await WITHDRAW.run(self._client, WHAT, calls)
        if not replaced:
            for subject in {(alert.entry_id, plate_of(alert)) for alert in alerts}:
                await self._end(subject, frozenset(alert.incident_id for alert in alerts))

    async def _end(self, subject: Subject, incident_ids: frozenset[str]) -> None:
        for _ in range(MOST_TRIES):
            ((held,),) = await READ.run(self._client, WHAT, [self._read_call(subject, (), ())])
            before: Incidents = _decode_incidents(held) if held else ()
            after = without(before, incident_ids)
            if after == before:
                return
            arguments: list[Argument] = [held, _encode_incidents(after), KEPT_MS, ALERTS_KEPT_MS]
            (done,) = await WRITE.run(self._client, WHAT, [([self._key(subject), self._key(subject)], arguments)])
            if done:
                return
        raise Unavailable(f"{WHAT} (others write the same incidents all the time)", retry_after_s=0.2)

    async def _note_entries(self, alerts: Sequence[Alert]) -> None:
        by_day: dict[str, set[str]] = {}
        for alert in alerts:
            by_day.setdefault(self._entries_key(alert.decided_at_ms), set()).add(alert.entry_id)
        calls: list[tuple[Sequence[str], Sequence[Argument]]] = [
            ([key], [ALERTS_KEPT_MS, *sorted(entry_ids)]) for key, entry_ids in by_day.items()
        ]
        await NOTE.run(self._client, WHAT, calls)

    def _read_call(
        self, subject: Subject, indexes: Iterable[int], alerts: Sequence[Alert]
    ) -> tuple[Sequence[str], Sequence[Argument]]:
        ids = [alerts[index].alert_id for index in indexes]
        now_ms = max([alerts[index].decided_at_ms for index in indexes], default=0)
        days = [self._day_key(subject[0], now_ms), self._day_key(subject[0], now_ms - DAY_MS)]
        return [self._key(subject), *days], [msgspec.msgpack.encode(ids)]

    def _tag(self, entry_id: str) -> str:
        return f"{{{self._namespace}:alerts:{entry_id}}}"

    def _key(self, subject: Subject) -> str:
        return f"{self._tag(subject[0])}:incidents:{subject[1]}"

    def _day_key(self, entry_id: str, at_ms: int) -> str:
        return f"{self._tag(entry_id)}:decided:{at_ms // DAY_MS}"

    def _told_key(self, entry_id: str, at_ms: int) -> str:
        return f"{self._tag(entry_id)}:told:{at_ms // DAY_MS}"

    def _entries_key(self, at_ms: int) -> str:
        return f"{{{self._namespace}:alerted}}:{at_ms // DAY_MS}"
