"""What each camera usually sends, and what is wrong with which, in Redis: for a worker that starts, and for persons who look."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
import redis.asyncio

from pipeline.health.habits import HOURS, Habit
from pipeline.health.views import View
from pipeline.state.redis_port import redis_edge
from schemas.base import UNREADABLE
from schemas.health import CameraHealth, CameraTrouble, TroubleKind

WHAT = "health of cameras"
AT_ONCE = 500
_TENTHS = 10
_HEALTH = msgspec.json.Decoder(CameraHealth)


class _Packed(msgspec.Struct, frozen=True, array_like=True):
    """A habit in few bytes. tenths: of a read an hour. What stands last was added later."""

    tenths: list[int]
    weeks: bytes
    delay_s: float | None
    confidence: float | None
    last_ms: int
    lately: list[int | None] = []
    until_ms: int = 0
    view: View = msgspec.field(default_factory=View)


_PACKED = msgspec.msgpack.Decoder(_Packed)


class HealthMemory:
    """The health of the cameras of one namespace. Every method raises Unavailable when Redis is away."""

    def __init__(self, client: redis.asyncio.Redis, namespace: str) -> None:
        self._client = client
        self._habits, self._troubles = (f"{{{namespace}:health}}:{name}" for name in ("habits", "troubles"))

    async def habits(self, camera_ids: Sequence[str]) -> dict[str, Habit]:
        """What is known of these cameras; those of which nothing is are missing."""
        found: dict[str, Habit] = {}
        with redis_edge(WHAT):
            for begin in range(0, len(camera_ids), AT_ONCE):
                some = camera_ids[begin : begin + AT_ONCE]
                for camera_id, raw in zip(some, await self._client.hmget(self._habits, list(some)), strict=True):
                    if raw is not None and (habit := _unpacked(raw)) is not None:
                        found[camera_id] = habit
        return found

    async def keep(self, habits: Mapping[str, Habit]) -> None:
        """Keep what was learned."""
        packed = [part for camera_id, habit in habits.items() for part in (camera_id, _packed(habit))]
        with redis_edge(WHAT):
            for begin in range(0, len(packed), 2 * AT_ONCE):
                await self._client.hset(self._habits, items=packed[begin : begin + 2 * AT_ONCE])

    async def tell(self, changed: Iterable[CameraHealth]) -> None:
        """Keep what is wrong with these cameras; of one that is well again nothing."""
        changed = list(changed)
        gone = [one.camera_id for one in changed if not one.troubles]
        wrong = [part for one in changed if one.troubles for part in (one.camera_id, msgspec.json.encode(one))]
        with redis_edge(WHAT):
            if wrong:
                await self._client.hset(self._troubles, items=wrong)
            if gone:
                await self._client.hdel(self._troubles, *gone)

    async def troubled(self) -> dict[str, CameraHealth]:
        """The cameras with which something is wrong."""
        with redis_edge(WHAT):
            raw = await self._client.hvals(self._troubles)
        return {one.camera_id: one for one in map(_HEALTH.decode, raw)}


def by_kind(health: CameraHealth | None) -> dict[TroubleKind, CameraTrouble]:
    """The troubles of a camera by their kinds."""
    return {one.kind: one for one in health.troubles} if health is not None else {}


def _packed(habit: Habit) -> bytes:
    tenths = [round(rate * _TENTHS) for rate in habit.rates]
    return msgspec.msgpack.encode(
        _Packed(
            tenths,
            bytes(habit.weeks),
            habit.delay_s,
            habit.confidence,
            habit.last_ms,
            habit.lately,
            habit.until_ms,
            habit.view,
        )
    )


def _unpacked(raw: bytes | str) -> Habit | None:
    """The habit; None where something else stands there: it is learned again."""
    try:
        one = _PACKED.decode(raw.encode() if isinstance(raw, str) else raw)
    except UNREADABLE:
        return None
    if len(one.tenths) != HOURS or len(one.weeks) != HOURS:
        return None
    return Habit(
        rates=[tenths / _TENTHS for tenths in one.tenths], weeks=list(one.weeks), delay_s=one.delay_s,
        confidence=one.confidence, last_ms=one.last_ms, lately=one.lately, until_ms=one.until_ms, view=one.view,
    )  # fmt: skip
