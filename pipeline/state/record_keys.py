"""Stores the keys under which the record names plates: one a month, in Redis, where each expires by itself."""

import secrets

import redis.asyncio

from pipeline.access.record import KEY_BYTES, MonthKey, NotRecorded, key_ends_ms, month_after, month_of
from pipeline.errors import Unavailable
from pipeline.state.redis_port import redis_edge

WHAT = "the record's keys"


class RecordKeys:
    """Reads the months' keys. Only the agent `audit` makes them; all others may only read.

    If Redis loses a key, entries of that month can no longer be found by plate, and answers can no longer be compared with
    their digests; the entries themselves stay.
    """

    def __init__(self, client: redis.asyncio.Redis, namespace: str) -> None:
        self._client = client
        self._prefix = f"{{{namespace}:record}}:key:"
        self._latest: MonthKey | None = None

    async def at(self, at_ms: int) -> MonthKey:
        """The key of the month of this time. Raises NotRecorded when there is none, or Redis does not answer."""
        month = month_of(at_ms)
        if self._latest is None or self._latest.month != month:
            try:
                self._latest = await self.of(month)
            except Unavailable as error:
                raise NotRecorded(str(error)) from error
        if self._latest is None:
            raise NotRecorded(f"there is no key of {month}; the agent `audit` makes it")
        return self._latest

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
