"""Reads single hotlist entries with their versions from Redis, for an agent that needs few of a million."""

import redis.asyncio

from pipeline.errors import Unavailable
from pipeline.state.collections import HOTLIST, Collection, CollectionKeys
from pipeline.state.replica_scripts import LOOK, VERSIONS, WHAT
from schemas.reference import HotlistEntry


class EntryVersions:
    """Looks hotlist entries up by their id."""

    def __init__(
        self, client: redis.asyncio.Redis, namespace: str, hotlist: Collection[HotlistEntry] = HOTLIST
    ) -> None:
        self._client = client
        self._hotlist = hotlist
        self._keys = CollectionKeys.of(namespace, hotlist).all

    async def of(self, entry_id: str) -> tuple[HotlistEntry, ...]:
        """Every stored version of the entry, also of a removed one; empty for an unknown entry.

        Raises Unavailable when Redis is away, or holds no hotlist at all.
        """
        (versions,) = await VERSIONS.run(self._client, WHAT, [(self._keys, [entry_id])])
        found = tuple(one.item for one in self._hotlist.decode_versions(versions) if one.item is not None)
        if not found and not await self.are_any():
            raise Unavailable("the hotlist (Redis holds none)")
        return found

    async def are_any(self) -> bool:
        """Whether Redis holds a hotlist, be it one whose entries were all removed. Raises Unavailable when Redis is away."""
        items, meta, *_ = self._keys
        ((version, *_),) = await LOOK.run(self._client, WHAT, [([items, meta], [""])])
        return bool(int(version))
