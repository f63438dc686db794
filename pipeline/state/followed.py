"""How far a follower has followed a collection, and the state of the collection in Redis."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from pipeline.reads.versions import Changed
from pipeline.state.collections import Collection, CollectionKeys


@dataclass(slots=True)
class Followed:
    """How far one collection was followed. keys: the items in memory, so that a full reload finds those that are gone. forgets:
    what Redis lost is forgotten here, too."""

    collection: Collection[Any]
    where: CollectionKeys
    epoch: str = ""  # empty: nothing was ever written
    version: int = 0
    switch: int = 0  # the last whole import that is in memory
    forgets: bool = False
    loaded: bool = False
    absent: bool = False  # it was gone when last looked at
    lost_at: int | None = None  # the version at which Redis turned out to have lost something; None: it has not
    keys: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Head:
    """The state of one collection in Redis, as one poll found it: its epoch and version, the lowest version from which changes
    can still be fetched (floor), and how far whole imports have come."""

    epoch: str
    version: int
    floor: int
    whole: int
    complete: int  # 1: it holds as many items as it counted
    arrived: bytes  # when something arrived last, ms UTC
    switch: int  # the number of the last whole import; 0: there was none
    switch_at_ms: int  # from when that holds, UTC
    build: bytes  # names its blocks
    blocks: int
    pending: int  # 1: some of it is in its blocks only
    reached: int | None = None  # None: no deltas came along
    changed: bytes = b"[]"


def is_removed(item: Changed[Any]) -> bool:
    """Whether the last version of the item says that it was removed, or the item is to be forgotten."""
    return not item.versions or item.versions[-1].item is None


def anew(changed: Sequence[Changed[Any]]) -> list[Changed[Any]]:
    """The changes, each after the order to forget the item as it was known."""
    return [one for item in changed for one in (Changed(item.key, ()), item)]


class OnChange(Protocol):
    """Takes what changed in one collection: items with their versions, which add to those known before.

    reset: forget all of it first; only at the first load, never later.
    """

    def __call__(self, collection: str, changed: Sequence[Changed[Any]], reset: bool, /) -> None: ...
