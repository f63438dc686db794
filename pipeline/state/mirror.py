"""What an agent decides from: collections in its memory, kept up to date by a Follower."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from pipeline.state.collections import CAMERAS, Collection


class Index(Protocol):
    """A collection that is kept in a form of its own, such as the hotlist."""

    def apply(self, puts: Sequence[Any], removes: Sequence[str], *, reset: bool = False) -> None:
        """Take over changes. reset: forget everything before."""


class Mirror:
    """Collections by key, and those with an index. Hand `take` and `caught_up` to a Follower.

    whole: cameras are known, and all that was imported before them; until then nothing can be decided.
    """

    def __init__(self, *collections: Collection[Any], indexes: Mapping[str, Index] | None = None) -> None:
        """indexes: by the name of the collection that each takes."""
        self._keys = {collection.name: collection.key for collection in collections}
        self._items: dict[str, dict[str, Any]] = {collection.name: {} for collection in collections}
        self._indexes = dict(indexes or {})
        self.whole = False

    def of(self, collection: Collection[Any]) -> dict[str, Any]:
        """The items of one collection by key: the same mapping for ever, with what is in it now."""
        return self._items[collection.name]

    def caught_up(self, filled: frozenset[str]) -> None:
        """Everything of one look is in memory. filled: the collections that hold something."""
        self.whole = self.whole or CAMERAS.name in filled

    def take(self, collection: str, puts: Sequence[Any], removes: Sequence[str], reset: bool) -> None:
        """Take over what changed in one collection."""
        if collection in self._indexes:
            self._indexes[collection].apply(puts, removes, reset=reset)
            return
        items, key = self._items[collection], self._keys[collection]
        if reset:
            items.clear()
        for gone in removes:
            items.pop(gone, None)
        items.update((key(item), item) for item in puts)
