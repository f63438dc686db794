"""Remembers which detections a passage has used up, so that frames that are read again after a crash do not make it again.

One sorted set per camera, ordered by the offset of the frame. Writing the same detection again changes nothing.
"""

from collections.abc import Mapping, Sequence

import msgspec
import redis.asyncio

from pipeline.state.redis_port import redis_edge
from pipeline.vision.tracking import Spent

TTL_MS = 3_600_000  # frames are kept a quarter of this, so nothing older can come again
WHAT = "spent detections"

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[int, tuple[int, int, int, int], str]).decode


class SpentDetections:
    """Keeps in Redis the detections that `Tracker.take_spent` returns. Every method raises Unavailable when Redis is away."""

    def __init__(self, client: redis.asyncio.Redis, namespace: str, ttl_ms: int = TTL_MS) -> None:
        self._client = client
        self._namespace = namespace
        self._ttl_ms = ttl_ms

    async def load(self, camera_ids: Sequence[str]) -> dict[str, list[Spent]]:
        """The stored detections of each of these cameras; an empty list for a camera that has none. One round trip."""
        if not camera_ids:
            return {}
        with redis_edge(WHAT):
            async with self._client.pipeline(transaction=False) as calls:
                for camera_id in camera_ids:
                    calls.zrange(self._key(camera_id), 0, -1, withscores=True)
                answers = await calls.execute()
        return {
            camera_id: [_spent(member, int(offset)) for member, offset in answer]
            for camera_id, answer in zip(camera_ids, answers, strict=True)
        }

    async def save(self, spent: Mapping[str, Sequence[Spent]], keep_from: Mapping[str, int]) -> None:
        """Store these detections; delete those below keep_from (by camera: the offset of the first frame that may come again)."""
        if not spent:
            return
        with redis_edge(WHAT):
            async with self._client.pipeline(transaction=False) as calls:
                for camera_id, detections in spent.items():
                    key = self._key(camera_id)
                    calls.zadd(
                        key, {_encode((one.captured_at_ms, one.box, one.track_id)): one.offset for one in detections}
                    )
                    if camera_id in keep_from:
                        calls.zremrangebyscore(key, "-inf", f"({keep_from[camera_id]}")
                    calls.pexpire(key, self._ttl_ms)
                await calls.execute()

    def _key(self, camera_id: str) -> str:
        return f"{self._namespace}:spent:{{{camera_id}}}"


def _spent(member: bytes, offset: int) -> Spent:
    captured_at_ms, box, track_id = _decode(member)
    return Spent(captured_at_ms, box, offset, track_id)
