"""Stores sessions in Redis under the digest of an opaque token, so that nobody can log in with what Redis holds.

Two counters, of all sessions and of each person, are part of every session; raising a counter ends all its sessions.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import msgspec
import redis.asyncio

from pipeline.access.login import Bounds, Proof, Session, ends_ms, is_over
from pipeline.state.redis_port import Script, redis_edge
from schemas.base import UNREADABLE

WHAT = "sessions"
ALL = "*"  # the field of the count of all sessions; no user_id begins with a star
TOUCHED_MS = 20_000  # a session's last request is written down this often at most
CHALLENGE_MS = 300_000


_PUT_INSTEAD = Script(
    """
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
return 1
"""
)
"""Write a session, for so many ms, unless it is another than was read: a shift that began or ended meanwhile stays so."""
_MOVE = Script(
    """
if redis.call('DEL', KEYS[1]) == 0 then return 0 end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return 1
"""
)
"""Write a session, for so many ms, under another key; 0: it has ended meanwhile, and stays so."""


@dataclass(frozen=True, slots=True)
class SessionStore:
    """Keeps sessions in Redis. Every method raises Unavailable when Redis is away."""

    client: redis.asyncio.Redis
    namespace: str
    bounds: Bounds

    async def open(self, user_id: str, how: Proof, now_ms: int) -> tuple[str, Session]:
        """A new session and its token, which is stored nowhere. how: how the person proved who he is."""
        session = Session(
            user_id=user_id, how=how, opened_ms=now_ms, proven_ms=now_ms, seen_ms=now_ms, stamps=await self.stamps(user_id)
        )  # fmt: skip
        token = secrets.token_urlsafe(32)
        await self._write(token, session, now_ms)
        return token, session

    async def find(self, token: str, now_ms: int) -> Session | None:
        """The session with this token; None: it has ended, or there is none. Notes in it the time of the request, if the
        time that stands there is TOUCHED_MS old."""
        with redis_edge(WHAT):
            data: Any = await self.client.get(self._key(token))
        session = None if data is None else _decoded(data)
        if session is None or is_over(session, await self.stamps(session.user_id), now_ms, self.bounds):
            return None
        if now_ms - session.seen_ms >= TOUCHED_MS:
            session = msgspec.structs.replace(session, seen_ms=now_ms)
            written = msgspec.json.encode(session), max(1, ends_ms(session, self.bounds) - now_ms)
            await _PUT_INSTEAD.run(self.client, WHAT, [([self._key(token)], [data, *written])])
            await self._note_shift(token, session)
        return session

    async def peek(self, token: str) -> Session | None:
        """The session of a token as it was written down, whether it has ended or not. None: Redis holds none that can be
        read."""
        with redis_edge(WHAT):
            data: Any = await self.client.get(self._key(token))
        return None if data is None else _decoded(data)

    async def peek_all(self, tokens: Sequence[str]) -> list[Session | None]:
        """As `peek`, of many at once."""
        if not tokens:
            return []
        with redis_edge(WHAT):
            found: list[Any] = await self.client.mget([self._key(token) for token in tokens])
        return [None if data is None else _decoded(data) for data in found]

    async def keep(self, token: str, session: Session, now_ms: int) -> bool:
        """Store a session's new state. Returns False, and stores nothing, when its token was ended, moved or has expired
        meanwhile. After end_all it is stored, and `find` refuses it."""
        return await self._write(token, session, now_ms, only_known=True)

    async def rotate(self, token: str, session: Session, now_ms: int) -> str | None:
        """Move the session to a new token, which is returned. The old one is no longer valid. None: it has ended, or was moved,
        meanwhile."""
        new, left_ms = secrets.token_urlsafe(32), max(1, ends_ms(session, self.bounds) - now_ms)
        keys = [self._key(token), self._key(new)]
        (moved,) = await _MOVE.run(self.client, WHAT, [(keys, [msgspec.json.encode(session), left_ms])])
        if moved:
            await self._note_shift(new, session)
        return new if moved else None

    async def end(self, token: str) -> None:
        """End one session."""
        with redis_edge(WHAT):
            await self.client.delete(self._key(token))

    async def end_all(self, user_id: str | None = None) -> None:
        """End every session of a person; of everybody where user_id is None."""
        with redis_edge(WHAT):
            await self.client.hincrby(self._counts, user_id or ALL, 1)

    async def stamps(self, user_id: str) -> tuple[int, int]:
        """The two counters: how often all sessions were ended, and how often this person's were."""
        with redis_edge(WHAT):
            every, own = await self.client.hmget(self._counts, [ALL, user_id])
        return int(every or 0), int(own or 0)

    async def all_stamps(self) -> dict[str, int]:
        """All counters, by user_id and ALL."""
        with redis_edge(WHAT):
            found: dict[Any, Any] = await self.client.hgetall(self._counts)
        return {name.decode(): int(count) for name, count in found.items()}

    async def put_challenge(self, challenge: bytes) -> str:
        """Store a challenge that a passkey has to sign, or the state of a way to the identity provider, for CHALLENGE_MS. Returns
        the name by which it can be fetched once."""
        name = secrets.token_urlsafe(16)
        with redis_edge(WHAT):
            await self.client.set(self._challenge(name), challenge, px=CHALLENGE_MS)
        return name

    async def take_challenge(self, name: str) -> bytes | None:
        """The challenge with this name, which is deleted; None: used, expired or never stored."""
        with redis_edge(WHAT):
            found: Any = await self.client.getdel(self._challenge(name))
        return None if found is None else bytes(found)

    async def _write(self, token: str, session: Session, now_ms: int, *, only_known: bool = False) -> bool:
        left_ms = max(1, ends_ms(session, self.bounds) - now_ms)
        with redis_edge(WHAT):
            done = await self.client.set(self._key(token), msgspec.json.encode(session), px=left_ms, xx=only_known)
        await self._note_shift(token, session)
        return bool(done)

    async def working(self, now_ms: int) -> dict[str, set[str]]:
        """Who works now, and at which desks: everybody with a session that lasts and in which a shift has begun."""
        with redis_edge(WHAT):
            noted: list[Any] = await self.client.hkeys(self._shifts)
            kept: list[Any] = await self.client.mget([self._at(name.decode()) for name in noted]) if noted else []
        counts = await self.all_stamps() if noted else {}
        found: dict[str, set[str]] = {}
        gone = []
        for name, data in zip(noted, kept, strict=True):
            session = None if data is None else _decoded(data)
            if session is None or session.shift is None:
                gone.append(name)
            elif not is_over(session, (counts.get(ALL, 0), counts.get(session.user_id, 0)), now_ms, self.bounds):
                found.setdefault(session.user_id, set()).add(session.shift.desk_id)
        if gone:
            with redis_edge(WHAT):
                await self.client.hdel(self._shifts, *gone)
        return found

    async def _note_shift(self, token: str, session: Session) -> None:
        """Note under which digest a session with a shift is kept; `working` removes those that have ended."""
        if session.shift is not None:
            with redis_edge(WHAT):
                await self.client.hset(self._shifts, _digest(token), "")

    @property
    def _counts(self) -> str:
        return f"{{{self.namespace}:sessions}}:ended"

    @property
    def _shifts(self) -> str:
        return f"{{{self.namespace}:sessions}}:shifts"

    def _key(self, token: str) -> str:
        return self._at(_digest(token))

    def _at(self, digest: str) -> str:
        return f"{{{self.namespace}:sessions}}:of:{digest}"

    def _challenge(self, name: str) -> str:
        return f"{{{self.namespace}:sessions}}:challenge:{sha256(name.encode()).hexdigest()}"


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def _decoded(data: bytes) -> Session | None:
    """The session in these bytes; None when another release wrote it and this one cannot read it: the person logs in again."""
    try:
        return msgspec.json.decode(data, type=Session)
    except UNREADABLE:
        return None
