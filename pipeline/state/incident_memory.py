"""The incidents' states in Redis, with their alerts as first decided and when something is due for them.

Redis only stores; pipeline.hotlist.life and acting decide. A change takes two round trips: read, then write if nothing changed
meanwhile, so two workers never decide on the same state, and the one that came second reads and decides again.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence

import msgspec
import redis.asyncio

from pipeline.errors import Unavailable
from pipeline.state import incident_scripts as scripts
from pipeline.state import later_words
from pipeline.state.redis_port import Argument, Script, run_scripts
from schemas.incidents import IncidentAction, IncidentState
from schemas.outcomes import Alert, Receipt, RecordPlace

KEPT_MS = 3 * 86_400_000  # after the last change: a replay still finds it
SHARED_KEPT_MS = later_words.KEPT_MS + KEPT_MS  # where a neighbour may be told: what it says later finds it, too
MOST_TRIES = 20  # against other workers on the same incident, within one call
MOST_DUE = 200  # in one look
MOST_WAITING = 64
WHAT = "incidents' memory"


class WaitingAction(msgspec.Struct, array_like=True, frozen=True):
    """An action on an incident whose alert has not been read yet. at_ms, at: when the broker took it, and where it stands."""

    action: IncidentAction
    at_ms: int
    at: RecordPlace


class WaitingAnswer(msgspec.Struct, array_like=True, frozen=True):
    """A neighbour's answer about an incident whose alert has not been read yet. at_ms: when the broker took it."""

    receipt: Receipt
    at_ms: int


class Kept(msgspec.Struct, array_like=True, frozen=True):
    """What is kept of one incident. state None: no alert of it was read yet."""

    state: IncidentState | None = None
    waiting: tuple[WaitingAction, ...] = ()
    answers: tuple[WaitingAnswer, ...] = ()


Change = Callable[[Kept], Kept]
"""A pure function; it returns the same object where nothing changes."""
Due = Callable[[IncidentState], int | None]
"""When something is due next for a state (UTC ms); None: never."""
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Kept).decode
_decode_alert = msgspec.msgpack.Decoder(Alert).decode
_NOTHING = Kept()
_WHOLE, _OLDER = "whole", "whole-older"  # in place of an incident's id: the notes that nothing is missing


def is_kept_long(state: IncidentState) -> bool:
    """Whether the state is kept for SHARED_KEPT_MS, because a neighbour was told or may be."""
    return state.shared or bool(state.answers)


def _kept_ms(state: IncidentState | None) -> int:
    return SHARED_KEPT_MS if state is not None and is_kept_long(state) else KEPT_MS


class WholeNote:
    """The note that nothing is missing of what Redis is to keep. Every method raises Unavailable while Redis is away."""

    def __init__(self, client: redis.asyncio.Redis, key: str) -> None:
        self._client, self._key = client, key

    async def is_whole(self) -> bool:
        """Whether Redis has kept what was stored since `note_whole` was last called."""
        ((token, _),) = await scripts.READ.run(self._client, WHAT, [([self._key], [])])
        return token is not None

    async def begin(self) -> str:
        """Begin to put back what was lost. Returns what `note_whole` takes."""
        begun = uuid.uuid4().hex
        await scripts.BEGIN.run(self._client, WHAT, [([self._key], [begun])])
        return begun

    async def note_whole(self, begun: str) -> bool:
        """Note that nothing is missing, unless Redis was emptied since `begin`. Returns whether nothing is."""
        (done,) = await scripts.FINISH.run(self._client, WHAT, [([self._key], [begun])])
        return bool(done)


class IncidentMemory:
    """The incidents of all workers. Every method raises Unavailable while Redis is away.

    whole: of those to which something happened in the last day; until it is noted `update` raises. older: of those before that
    are kept long.
    """

    def __init__(self, client: redis.asyncio.Redis, namespace: str) -> None:
        self._client = client
        self._namespace = namespace
        self.whole, self.older = (WholeNote(client, self._key(one)) for one in (_WHOLE, _OLDER))

    async def update(
        self, changes: Mapping[str, Change], alerts: Mapping[str, Sequence[Alert]], due: Due
    ) -> dict[str, tuple[Kept, Kept]]:
        """Apply each change to its incident. Returns for each incident what was kept before and after.

        alerts: by incident, those to keep as first decided. due: when something is due next for a state (UTC ms); None: never. It
        is noted with the state, before anybody is told of it: whoever looks too early finds that nothing is due. Raises
        Unavailable, too, while what Redis lost is being put back.
        """
        found: dict[str, tuple[Kept, Kept]] = {}
        left = list(changes)
        for _ in range(MOST_TRIES):
            if not left:
                return found
            left = await self._try(left, changes, alerts, due, found)
        raise Unavailable(f"{WHAT} (others write the same incidents all the time)", retry_after_s=0.2)

    async def _try(
        self, ids: Sequence[str], changes: Mapping[str, Change], alerts: Mapping[str, Sequence[Alert]], due: Due,
        found: dict[str, tuple[Kept, Kept]],
    ) -> list[str]:  # fmt: skip
        """Apply the changes to these incidents once, into `found`. Returns the incidents that another worker wrote meanwhile."""
        whole, *answers = await scripts.READ.run(self._client, WHAT, [([self._key(one)], []) for one in (_WHOLE, *ids)])
        if whole[0] is None:
            raise Unavailable(
                f"{WHAT} (Redis lost it; it is being put back from the topic incidents)", retry_after_s=0.5
            )
        writes: list[tuple[Script, Sequence[str], Sequence[Argument]]] = []
        notes: list[tuple[Script, Sequence[str], Sequence[Argument]]] = []
        written: list[str] = []
        for incident_id, (token, data) in zip(ids, answers, strict=True):
            before = _decode(data) if data else _NOTHING
            after = changes[incident_id](before)
            found[incident_id] = before, after
            if after is not before:
                arguments: list[Argument] = [token or "", uuid.uuid4().hex, _encode(after), _kept_ms(after.state)]
                for alert in alerts.get(incident_id, ()):
                    arguments += [alert.alert_id, _encode(alert)]
                writes.append((scripts.WRITE, [self._key(incident_id)], arguments))
                written.append(incident_id)
            change, at_ms = (0, None) if after.state is None else (after.state.change, due(after.state))
            keys = [self._due_key, f"{self._due_key}:{incident_id}"]
            notes.append((scripts.SET_DUE, keys, [incident_id, change, KEPT_MS, "" if at_ms is None else at_ms]))
        done = (await run_scripts(self._client, WHAT, writes + notes))[: len(writes)]
        return [incident_id for incident_id, ok in zip(written, done, strict=True) if not ok]

    async def alerts(self, incident_id: str, alert_ids: Sequence[str]) -> list[Alert]:
        """These alerts of the incident as first decided; those that are not kept any more are left out."""
        if not alert_ids:
            return []
        (answer,) = await scripts.ALERTS.run(self._client, WHAT, [([self._key(incident_id)], list(alert_ids))])
        return [_decode_alert(data) for data in answer if data]

    async def all_alerts(self, incident_id: str) -> list[Alert]:
        """All alerts of the incident that are kept, as first decided, also those that its trail has no room for."""
        (answer,) = await scripts.ALL.run(self._client, WHAT, [([self._key(incident_id)], [])])
        fields = zip(answer[::2], answer[1::2], strict=True)
        return [_decode_alert(data) for name, data in fields if name not in (b"token", b"kept")]

    async def due(self, now_ms: int) -> list[str]:
        """The incidents for which something is due at now_ms (UTC); of many, the longest due."""
        (answer,) = await scripts.DUE.run(self._client, WHAT, [([self._due_key], [now_ms, MOST_DUE])])
        return [incident_id.decode() for incident_id in answer]

    async def note_due(self, states: Sequence[IncidentState], due: Due) -> None:
        """Note when something is due next for these states (see `update`), unless a later one of the incident is known."""
        calls: list[tuple[Sequence[str], Sequence[Argument]]] = []
        for one in states:
            at_ms = due(one)
            keys = [self._due_key, f"{self._due_key}:{one.incident_id}"]
            calls.append((keys, [one.incident_id, one.change, KEPT_MS, "" if at_ms is None else at_ms]))
        await scripts.SET_DUE.run(self._client, WHAT, calls)

    async def restored(self, states: Sequence[IncidentState]) -> None:
        """Store these states where nothing is known of their incidents; what is due for them is looked at soon."""
        calls: list[tuple[Sequence[str], Sequence[Argument]]] = [
            ([self._key(one.incident_id)], [uuid.uuid4().hex, _encode(Kept(one)), _kept_ms(one)]) for one in states
        ]
        await scripts.RESTORE.run(self._client, WHAT, calls)
        await scripts.SOON.run(self._client, WHAT, [([self._due_key], [one.incident_id]) for one in states])

    async def restored_alerts(self, alerts: Sequence[Alert]) -> None:
        """Store these alerts as first decided, where they are not known. Their incidents are."""
        calls: list[tuple[Sequence[str], Sequence[Argument]]] = [
            ([self._key(one.incident_id)], [one.alert_id, _encode(one)]) for one in alerts
        ]
        await scripts.RESTORE_ALERT.run(self._client, WHAT, calls)

    def _key(self, incident_id: str) -> str:
        return f"{{{self._namespace}:incident:{incident_id}}}"

    @property
    def _due_key(self) -> str:
        return f"{{{self._namespace}:incidents}}:due"
