"""Stores the keys under which the record names plates: one a month, in Redis, where each expires by itself."""

import asyncio
import secrets

import redis.asyncio

from pipeline.access.record import KEY_BYTES, MonthKey, NotRecorded, key_ends_ms, month_after, month_of
from pipeline.errors import Unavailable
from pipeline.state.redis_port import redis_edge

WHAT = "the record's keys"
AGAIN_MS = 60_000
"""So often Redis is asked for the key of this month again."""
KNOWN_WITHIN_S = 1.0
"""It is waited so long for the answer, where a key is known."""


class RecordKeys:
    """Reads the months' keys. Only the agent `audit` makes them; all others may only read.

    If Redis loses a key, entries of that month can no longer be found by plate, and answers can no longer be compared with
    their digests; the entries themselves stay.
    """

    def __init__(self, client: redis.asyncio.Redis, namespace: str) -> None:
        self._client = client
        self._prefix = f"{{{namespace}:record}}:key:"
        self._latest: MonthKey | None = None
        self._asked_ms = 0

    async def at(self, at_ms: int) -> MonthKey:
        """The key of the month of this time. Raises NotRecorded when there is none, or Redis does not answer.

        Redis is asked again now and then: a key that was lost and made anew is the one by which entries are found. Until it is
        made, and while Redis is away, the one that was known serves.
        """
        month = month_of(at_ms)
        known = self._latest if self._latest is not None and self._latest.month == month else None
        if known is not None and 0 <= at_ms - self._asked_ms < AGAIN_MS:
            return known
        self._asked_ms = at_ms
        try:
            async with asyncio.timeout(None if known is None else KNOWN_WITHIN_S):
                found = await self.of(month) or known
        except (Unavailable, TimeoutError) as error:
            if known is None:
                raise NotRecorded(str(error)) from error
            found = known
        if found is None:
            raise NotRecorded(f"there is no key of {month}; the agent `audit` makes it")
        self._latest = found
        return found

    async def of(self, month: str) -> MonthKey | None:
        """The key of a month (2026-11); None: it has expired or never existed. Raises Unavailable."""
        with redis_edge(WHAT):
            secret = await self._client.get(self._prefix + month)
        return MonthKey(month, secret.encode() if isinstance(secret, str) else secret) if secret else None

    async def make(self, now_ms: int) -> None:
        """Make the missing keys of this month and of the next one: whoever makes them may be away for weeks. Raises
        Unavailable."""
        this_month = month_of(now_ms)
        for month in (this_month, month_after(this_month)):
            with redis_edge(WHAT):
                await self._client.set(
                    self._prefix + month, secrets.token_bytes(KEY_BYTES), nx=True, pxat=key_ends_ms(month)
                )
