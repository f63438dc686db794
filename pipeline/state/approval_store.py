"""Stores what waits for a second person, what was approved, and the answers that a repeated write gets again."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated

import msgspec
import redis.asyncio

from pipeline.access.approvals import Approval, Digest
from pipeline.access.roles import Act
from pipeline.state.redis_port import Argument, Script, redis_edge
from schemas.base import EpochMs, Identifier, Message, Text

WHAT = "approvals"
MOST_BYTES = 64 * 1024
ANSWERS_KEPT_MS = 24 * 3_600_000
BEING_DONE_MS = 60_000
"""For so long a write counts as being done: whoever did it may have died meanwhile."""


_PUT_INSTEAD = Script(
    """
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
"""
)
"""Write a field unless it is another than was read, or is gone."""


class Waiting(Message, frozen=True, kw_only=True):
    """An act that needs a second person. content: the item that would be written, as JSON; empty: the item would be removed."""

    approval_id: Identifier
    act: Act
    key: Identifier
    content: Annotated[str, msgspec.Meta(max_length=MOST_BYTES)]
    digest: Digest
    asked_by: Identifier
    reason: Text
    ends_ms: EpochMs
    approved_by: Identifier | None = None

    def approval(self) -> Approval | None:
        """The second person's approval; None: not given yet."""
        if self.approved_by is None:
            return None
        return Approval(
            approval_id=self.approval_id, act=self.act, digest=self.digest, asked_by=self.asked_by,
            approved_by=self.approved_by, reason=self.reason, ends_ms=self.ends_ms,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ApprovalStore:
    """Keeps waiting acts and approvals in Redis. Every method raises Unavailable when Redis is away."""

    client: redis.asyncio.Redis
    namespace: str

    async def put(self, waiting: Waiting) -> None:
        """Store the act. After its expiry it counts as gone, and `all` deletes it."""
        with redis_edge(WHAT):
            await self.client.hset(self._key, waiting.approval_id, msgspec.json.encode(waiting))

    async def approve(self, waiting: Waiting, approved_by: str, now_ms: int) -> Waiting | None:
        """Note this person's approval of the act as it was found. now_ms: UTC. Returns the approved act; None: it has expired, or
        was approved, used or deleted meanwhile."""
        if waiting.ends_ms <= now_ms:
            return None
        approved = msgspec.structs.replace(waiting, approved_by=approved_by)
        arguments: list[Argument] = [waiting.approval_id, msgspec.json.encode(waiting), msgspec.json.encode(approved)]
        (done,) = await _PUT_INSTEAD.run(self.client, WHAT, [([self._key], arguments)])
        return approved if done else None

    async def all(self, now_ms: int) -> list[Waiting]:
        """All acts that have not expired, soonest expiry first. Expired ones are deleted."""
        with redis_edge(WHAT):
            found = await self.client.hgetall(self._key)
            every = [msgspec.json.decode(data, type=Waiting) for data in found.values()]
            if over := [one.approval_id for one in every if one.ends_ms <= now_ms]:
                await self.client.hdel(self._key, *over)
        return sorted((one for one in every if one.ends_ms > now_ms), key=lambda one: (one.ends_ms, one.approval_id))

    async def find(self, approval_id: str, now_ms: int) -> Waiting | None:
        """The act with this id; None: it is unknown, has expired or was used."""
        with redis_edge(WHAT):
            data = await self.client.hget(self._key, approval_id)
        waiting = None if data is None else msgspec.json.decode(data, type=Waiting)
        return waiting if waiting is not None and waiting.ends_ms > now_ms else None

    async def use(self, approval_id: str) -> bool:
        """Delete the act because it is done now. Of several calls at once only one returns True."""
        with redis_edge(WHAT):
            return bool(await self.client.hdel(self._key, approval_id))

    @property
    def _key(self) -> str:
        return f"{{{self.namespace}:approvals}}:waiting"


class Answered(Message, frozen=True, kw_only=True):
    """The answer to a write. request: the digest of what was asked. status 0: it is still being done."""

    request: Digest
    status: Annotated[int, msgspec.Meta(ge=0, le=599)] = 0
    body: Annotated[str, msgspec.Meta(max_length=1024 * 1024)] = ""


@dataclass(frozen=True, slots=True)
class AnswerStore:
    """Answers by person and idempotency key, for a day. Every method raises Unavailable when Redis is away."""

    client: redis.asyncio.Redis
    namespace: str

    async def begin(self, user_id: str, key: str, request: str) -> Answered | None:
        """Note that a write begins. If this person used the key before, returns that write's answer, or that it is still
        being done; else None."""
        name, mine = self._key(user_id, key), msgspec.json.encode(Answered(request=request))
        with redis_edge("answers"):
            if await self.client.set(name, mine, px=BEING_DONE_MS, nx=True):
                return None
            data = await self.client.get(name)
        return Answered(request=request) if data is None else msgspec.json.decode(data, type=Answered)

    async def end(self, user_id: str, key: str, answered: Answered | None) -> None:
        """Store the answer. None: the write failed and may be tried again."""
        name = self._key(user_id, key)
        with redis_edge("answers"):
            if answered is None:
                await self.client.delete(name)
            else:
                await self.client.set(name, msgspec.json.encode(answered), px=ANSWERS_KEPT_MS)

    def _key(self, user_id: str, key: str) -> str:
        return f"{{{self.namespace}:answers}}:{sha256(f'{user_id} {key}'.encode()).hexdigest()}"
