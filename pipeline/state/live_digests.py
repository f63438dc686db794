"""What a collection holds, as one number a key and one an item: enough to tell what an import adds, changes, leaves and removes.

Memory: 21 bytes an item. That two of a million keys have the same 64 bits happens once in 30 million imports.
"""

import asyncio
from array import array
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import msgspec
import numpy as np
import redis.asyncio
from numpy.typing import NDArray

from pipeline.state.collections import CollectionKeys
from pipeline.state.redis_port import Script
from pipeline.state.replica_scripts import KEYS, WHAT
from pipeline.state.switch_scripts import PAGE

SCAN_ITEMS = 5_000
COVERT = '"covert":true'  # in the JSON of a covert entry, and inside no text: there its quotes are escaped
_STEPS_TO_SEND = 5  # of the event loop, until a command is on its way
Numbers = NDArray[np.int64]
_decode_page = msgspec.msgpack.Decoder(list[str]).decode


def item_text(value: str) -> str:
    """The item's JSON of a version as it lies in Redis."""
    return value if value.startswith("{") else value[1:].rsplit(",", 2)[0]


async def pages(client: redis.asyncio.Redis, script: Script, where: str) -> AsyncIterator[list[str]]:
    """Yields the pages that PAGE or KEYS gives of one hash. A key may come twice. Redis reads the next page while the caller
    looks at one."""

    def asked(cursor: bytes) -> asyncio.Task[list[Any]]:
        return asyncio.create_task(script.run(client, WHAT, [([where], [cursor, SCAN_ITEMS])]))

    answer = asked(b"0")
    try:
        while True:
            ((cursor, page),) = await answer
            if cursor != b"0":
                answer = asked(cursor)
                for _ in range(_STEPS_TO_SEND):
                    await asyncio.sleep(0)
            yield _decode_page(page)
            if cursor == b"0":
                return
    finally:
        answer.cancel()


class _Owned(msgspec.Struct):
    owner: str


_decode_owned = msgspec.json.Decoder(_Owned).decode


def covert_owner(item: str) -> str | None:
    """The owner of an item (its JSON) that is a covert entry; None for any other."""
    return _decode_owned(item).owner if COVERT in item else None


def list_of(item: str) -> str:
    """The list that an entry (its JSON) is of; empty: of none."""
    _, found, behind = item.partition('"list_id":"')
    return behind[: behind.index('"')] if found else ""


class LiveDigests:
    """Hashes of a collection's keys and items, as it was read. belongs: whether an item (its JSON) is of the part that is
    imported. hides: whether covert entries of an owner are unknown to the importer: they are of no part that he imports.
    list_of: names the list that an item is of.

    keys: hashes of the keys, in ascending order. items, inside, seen, lists: for each of these keys, the hash of its item's JSON,
    whether the item belongs to the part that is imported, whether the import names it, and the number of its list. past: hashes
    of the keys that have older versions. covert: the owners of covert entries, by key. hidden: how many items would be inside,
    were they not hidden.
    """

    def __init__(
        self, belongs: Callable[[str], bool], hides: Callable[[str], bool], list_of: Callable[[str], str]
    ) -> None:
        self._belongs, self._hides, self.list_of = belongs, hides, list_of
        self._keys, self._items, self._lists = array("q"), array("q"), array("i")
        self._numbers: dict[str, int] = {}
        self._inside = bytearray()
        self.covert: dict[str, str] = {}
        self.hidden = 0
        self.keys: Numbers = np.empty(0, np.int64)
        self.items: Numbers = np.empty(0, np.int64)
        self.inside: NDArray[np.bool_] = np.empty(0, np.bool_)
        self.seen: NDArray[np.bool_] = np.empty(0, np.bool_)
        self.past: Numbers = np.empty(0, np.int64)
        self.lists: NDArray[np.int32] = np.empty(0, np.int32)

    @staticmethod
    async def read(
        client: redis.asyncio.Redis,
        where: CollectionKeys,
        belongs: Callable[[str], bool] = lambda _: True,
        hides: Callable[[str], bool] = lambda _: False,
        list_of: Callable[[str], str] = lambda _: "",
    ) -> "LiveDigests":
        """Read the whole collection. Raises Unavailable when Redis is away."""
        found = LiveDigests(belongs, hides, list_of)
        async for page in pages(client, PAGE, where.items):
            found._add(page)
        past = array("q")
        async for names in pages(client, KEYS, where.history):
            past.extend(map(hash, names))
        found._close(past)
        return found

    @property
    def count(self) -> int:
        """How many items belong to the part that is imported."""
        return int(np.count_nonzero(self.inside))

    @property
    def counts(self) -> dict[str, int]:
        """How many items belong to the part that is imported, by their list."""
        counts = np.bincount(self.lists[self.inside], minlength=len(self._numbers)).tolist()
        return {name: count for name, count in zip(self._numbers, counts, strict=True) if count}

    def lists_at(self, places: NDArray[np.intp]) -> list[str]:
        """The list of the item at each of these positions in `keys`."""
        names = list(self._numbers)
        return [names[number] for number in self.lists[places].tolist()]

    def places(self, hashes: Numbers) -> NDArray[np.intp]:
        """The position in `keys` of each of these hashes; -1 for one that is not there."""
        return _places(self.keys, hashes)

    def have_past(self, hashes: Numbers) -> NDArray[np.bool_]:
        """For each of these hashes of keys, whether that key has versions besides the last."""
        return _places(self.past, hashes) >= 0

    def say(self, places: NDArray[np.intp], items: Numbers) -> NDArray[np.bool_]:
        """For each of these positions in `keys` (-1: none), whether the item there has this hash."""
        return (places >= 0) & (self.items[places] == items) if len(self.items) else places >= 0

    def gone(self, names: Sequence[str]) -> list[str]:
        """Those of these keys whose items belong to the part that is imported and were not seen in the import."""
        places = self.places(hashes_of(names))
        wanted = (places >= 0) & self.inside[places] & ~self.seen[places] if len(self.keys) else places >= 0
        return [names[at] for at in np.flatnonzero(wanted).tolist()]

    def _add(self, page: Sequence[str]) -> None:
        items = [item_text(value) for value in page[1::2]]
        self._keys.extend(map(hash, page[::2]))
        self._items.extend(map(hash, items))
        self._lists.extend(self._numbers.setdefault(name, len(self._numbers)) for name in map(self.list_of, items))
        inside = bytearray(map(self._belongs, items))
        for at, item in enumerate(items):
            if (owner := covert_owner(item)) is not None:
                self.covert[page[2 * at]] = owner
                if inside[at] and self._hides(owner):
                    inside[at] = False
                    self.hidden += 1
        self._inside.extend(inside)

    def _close(self, past: "array[int]") -> None:
        keys = np.frombuffer(self._keys, np.int64) if self._keys else np.empty(0, np.int64)
        self.keys, first = np.unique(keys, return_index=True)
        self.items = (np.frombuffer(self._items, np.int64) if self._items else np.empty(0, np.int64))[first]
        self.lists = (np.frombuffer(self._lists, np.int32) if self._lists else np.empty(0, np.int32))[first]
        self.inside = np.frombuffer(bytes(self._inside), np.bool_)[first]
        self.seen = np.zeros(len(self.keys), np.bool_)
        self.past = np.unique(np.frombuffer(past, np.int64)) if past else np.empty(0, np.int64)


def _places(among: Numbers, hashes: Numbers) -> NDArray[np.intp]:
    """The position of each of these hashes among others, which are in ascending order; -1 for one that is not there."""
    if not len(among):
        return np.full(len(hashes), -1, np.intp)
    places = np.minimum(np.searchsorted(among, hashes), len(among) - 1)
    return np.where(among[places] == hashes, places, -1)


def hashes_of(texts: Sequence[str]) -> Numbers:
    """The hash of each text, as this process computes it."""
    return np.fromiter(map(hash, texts), np.int64, len(texts))
