"""An agent's own copy of the reference data: collections in memory, each item with its versions, kept up to date by a Follower."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from pipeline.reads.versions import Changed, Versions
from pipeline.state.collections import CAMERAS, Collection, T


class Index(Protocol):
    """Stores a collection in a form of its own, as the hotlist does."""

    def take(self, changed: Sequence[Changed[Any]], *, reset: bool = False) -> None:
        """Add the versions in `changed` to those that are known. reset: first forget all that is known."""


class Mirror:
    """Collections by name, in memory. Pass `take` and `caught_up` to a Follower.

    whole: the cameras are in memory, and all that was imported before them; until then nothing can be decided.
    """

    def __init__(self, *collections: Collection[Any], indexes: Mapping[str, Index] | None = None) -> None:
        """indexes: by the name of the collection that each takes."""
        self._versions: dict[str, Versions[Any]] = {
            collection.name: Versions(kept_ms=collection.kept_ms) for collection in collections
        }
        self._indexes: dict[str, Index] = {**self._versions, **(indexes or {})}
        self._told: dict[str, Callable[[list[str]], None]] = {}
        self.whole = False
        self._to_come: list[tuple[int, str, list[str]]] = []  # changes taken, the moment from which each holds, UTC ms
        self._half: dict[str, int] = {}  # collections of which a part of an import is there, and from when it holds
        self._begun_ms: int | None = None  # until when `begun` was asked, UTC ms; None: nobody asks
        self._all_taken = asyncio.Event()

    def of(self, collection: Collection[T]) -> Versions[T]:
        """The versions of one collection's items: always the same object, with its present content."""
        return self._versions[collection.name]

    def on_change(self, collection: Collection[Any], told: Callable[[list[str]], None]) -> None:
        """Call `told` with the keys of the items that change in this collection, from now on."""
        self._told[collection.name] = told

    def follows(self, collection: str) -> bool:
        """Whether this collection is one of those kept here."""
        return collection in self._indexes

    def half(self, collection: str, at_ms: int | None) -> None:
        """Note that only a part of an import, which holds from at_ms (UTC) on, is in memory; None: all of it is."""
        if at_ms is not None:
            self._half[collection] = at_ms
        else:
            self._half.pop(collection, None)
            self._all_taken.set()

    async def whole_at(self, at_ms: int) -> None:
        """Wait while an import that holds at at_ms (UTC) is in memory only in part."""
        while any(from_ms <= at_ms for from_ms in self._half.values()):
            self._all_taken.clear()
            await self._all_taken.wait()

    def caught_up(self, filled: frozenset[str]) -> None:
        """Note that everything that one poll found is in memory. filled: the names of the collections that hold something."""
        self.whole = self.whole or CAMERAS.name in filled

    def take(self, collection: str, changed: Sequence[Changed[Any]], reset: bool) -> None:
        """Add the changed versions of one collection to those that are known, and call the listener of `on_change` with
        their keys. reset: first forget all that is known of the collection."""
        self._indexes[collection].take(changed, reset=reset)
        if told := self._told.get(collection):
            told([one.key for one in changed])
        if self._begun_ms is None:
            return
        later: dict[int, list[str]] = {}
        for one in changed:
            for version in one.versions:
                if version.begins_ms > self._begun_ms:
                    later.setdefault(version.begins_ms, []).append(one.key)
        self._to_come += [(at_ms, collection, keys) for at_ms, keys in later.items()]

    def begun(self, now_ms: int) -> None:
        """Call the listeners of `on_change` with the keys of items of which a version was taken before it held, and holds by
        now_ms (UTC). Versions that were taken before the first call of this method are left out."""
        self._begun_ms = now_ms
        begun = [one for one in self._to_come if one[0] <= now_ms]
        if begun:
            self._to_come = [one for one in self._to_come if one[0] > now_ms]
            for _, collection, keys in begun:
                if told := self._told.get(collection):
                    told(keys)
