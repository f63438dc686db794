"""Reference data as it was at each moment: an item has versions, each with the moment from which it holds.

A decision takes the version that held when the picture was taken, no matter when it decides. A version holds from the moment
that it names; one that arrived later than that moment holds from its arrival, because nobody could know of it before. What
such a late version claims about the time before its arrival is kept apart (`retroactive`): it may help the person concerned,
and proves nothing. So nothing that arrives later changes what held at an earlier moment.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Generic, TypeAlias, TypeVar

import msgspec

T = TypeVar("T")
DAY_MS = 86_400_000
KEPT_MS = 40 * DAY_MS
"""Versions that held only before this long ago are dropped: no read that old may be decided."""
PLACES_KEPT_MS = 3660 * DAY_MS
"""The same of cameras and sections: a certificate rests, for years, on where the cameras stood when it was made."""


class Version(msgspec.Struct, Generic[T], frozen=True, array_like=True, gc=False):
    """The state of an item from some time on. item None: it was removed. Times in UTC ms."""

    item: T | None
    holds_from_ms: int
    arrived_at_ms: int

    @property
    def begins_ms(self) -> int:
        """The time from which it holds: the moment that it names, but never before its arrival."""
        return max(self.holds_from_ms, self.arrived_at_ms)

    @property
    def is_late(self) -> bool:
        """Whether it arrived after the moment that it names."""
        return self.holds_from_ms < self.arrived_at_ms


History: TypeAlias = tuple[Version[T], ...]
"""The versions of one item by the moment from which they hold; of two that begin together the later arrival is last, and holds."""


class Changed(msgspec.Struct, Generic[T], frozen=True, gc=False):
    """An item and its versions in the order of their arrival, which add to those known before. No versions: forget the item."""

    key: str
    versions: tuple[Version[T], ...]


class Versions(Generic[T]):
    """The versions of all items of a collection, by key. Put an item's versions in the order of their arrival."""

    __slots__ = ("_compacted_ms", "_histories", "_kept_ms", "_last_change_ms", "_newest")

    def __init__(self, items: Mapping[str, T] | None = None, *, kept_ms: int = KEPT_MS) -> None:
        """items: have held since the beginning of time. kept_ms: for how long versions are kept that hold no more."""
        self._kept_ms = kept_ms
        self._histories: dict[str, History[T]] = {}
        self._newest: dict[str, T] = {}
        self._last_change_ms = self._compacted_ms = 0
        for key, item in (items or {}).items():
            self.put(key, Version(item, 0, 0))

    def __len__(self) -> int:
        return len(self._histories)

    def take(self, changed: Sequence[Changed[T]], *, reset: bool = False) -> None:
        """Add the versions in `changed` to those that are known. reset: first forget all that is known.

        Now and then it also drops old versions that no decision can need any more.
        """
        if reset:
            self.clear()
        arrived_ms = 0
        for one in changed:
            known = self._histories.get(one.key, ())
            self.replace(one.key, with_versions(known, one.versions) if one.versions else ())
            arrived_ms = max([arrived_ms, *(version.arrived_at_ms for version in one.versions)])
        if arrived_ms > self._compacted_ms + DAY_MS:
            self._compacted_ms = arrived_ms
            self.forget_before(arrived_ms - self._kept_ms)

    def put(self, key: str, version: Version[T]) -> None:
        """Add a version. Adding the same again changes nothing. A removal also cancels versions that were to begin after it."""
        self.replace(key, with_version(self._histories.get(key, ()), version))

    def replace(self, key: str, history: Iterable[Version[T]]) -> None:
        """Replace an item's versions by these; with none the item is forgotten."""
        versions = tuple(sorted(history, key=_begins))  # stable: of equal ones the later arrival stays last
        self._newest.pop(key, None)
        if not versions:
            self._histories.pop(key, None)
            return
        self._histories[key] = versions
        self._last_change_ms = max(self._last_change_ms, versions[-1].begins_ms)
        if versions[-1].item is not None:
            self._newest[key] = versions[-1].item

    def clear(self) -> None:
        """Forget all items."""
        self._histories.clear()
        self._newest.clear()
        self._last_change_ms = 0

    def history(self, key: str) -> History[T]:
        """All versions of an item, in order; empty when it is not known."""
        return self._histories.get(key, ())

    def histories(self) -> Iterator[tuple[str, History[T]]]:
        """Every key with all versions of its item."""
        return iter(self._histories.items())

    def at(self, key: str, at_ms: int) -> T | None:
        """The item as it held at at_ms (UTC); None: there was none."""
        if at_ms >= self._last_change_ms:
            return self._newest.get(key)
        return held_at(self._histories.get(key, ()), at_ms)

    def as_of(self, at_ms: int) -> Mapping[str, T]:
        """All items as they held at at_ms, as a mapping that looks each up when it is read."""
        return self._newest if at_ms >= self._last_change_ms else ItemsAt(self._histories, at_ms, held_at)

    @property
    def last_change_ms(self) -> int:
        """The latest time (UTC ms) at which a version begins: from then on, `current` gives what holds."""
        return self._last_change_ms

    def between(self, key: str, from_ms: int, until_ms: int) -> tuple[T | None, ...]:
        """The states of the item from from_ms to until_ms, both included, in order; None among them: there was no item for a
        while."""
        return held_between(self._histories.get(key, ()), from_ms, until_ms)

    def retroactive(self, key: str, at_ms: int) -> tuple[T | None, ...]:
        """What late versions claim that the item was at at_ms (UTC), in the order of their arrival; None among them: that
        there was no item. Such versions arrived afterwards, so they may only help the person concerned.

        A late version claims the time from the moment that it names until its arrival. Of several that arrived together, each
        claims the time until the moment that the next one names.
        """
        return claimed_at(self._histories.get(key, ()), at_ms)

    def claimed_between(self, key: str, from_ms: int, until_ms: int) -> tuple[T | None, ...]:
        """What late versions claim that the item was at any moment from from_ms to until_ms (UTC), each claim once. See
        retroactive."""
        return claimed_between(self._histories.get(key, ()), from_ms, until_ms)

    def known_at(self, key: str, at_ms: int) -> T | None:
        """The item as it held at at_ms; where none held, what the late version that arrived first claims of that moment.

        For uses that prove nothing against anybody: a camera that was imported again after Redis was emptied says since when
        it has existed.
        """
        if at_ms >= self._last_change_ms and (item := self._newest.get(key)) is not None:
            return item
        history = self._histories.get(key)
        return known_at(history, at_ms) if history else None

    def as_known(self, at_ms: int) -> Mapping[str, T]:
        """All items as `known_at` gives them, as a mapping that looks each up when it is read."""
        return self._newest if at_ms >= self._last_change_ms else ItemsAt(self._histories, at_ms, known_at)

    def current(self) -> Mapping[str, T]:
        """The items by their last versions, also those that do not hold yet; removed items are left out. A view that follows
        later changes."""
        return self._newest

    def forget_before(self, at_ms: int) -> None:
        """Delete versions that held only before at_ms (UTC). Everything that holds at at_ms or later stays."""
        for key in [key for key, history in self._histories.items() if len(history) > 1 or history[0].item is None]:
            self.replace(key, kept_since(self._histories[key], at_ms))


class ItemsAt(Mapping[str, T]):
    """The items of a collection as they were at at_ms (UTC), by key; keys without an item then are left out. look: finds an
    item in its history at a moment (held_at or known_at)."""

    __slots__ = ("_at_ms", "_histories", "_look")

    def __init__(
        self, histories: Mapping[str, History[T]], at_ms: int, look: Callable[[History[T], int], T | None]
    ) -> None:
        self._histories, self._at_ms, self._look = histories, at_ms, look

    def __getitem__(self, key: str) -> T:
        item = self._look(self._histories.get(key, ()), self._at_ms)
        if item is None:
            raise KeyError(key)
        return item

    def __iter__(self) -> Iterator[str]:
        return (key for key, history in self._histories.items() if self._look(history, self._at_ms) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _begins(version: Version[T]) -> int:
    return version.begins_ms


def since_ever(key: str, item: T) -> Changed[T]:
    """An item that has held since the beginning of time."""
    return Changed(key, (Version(item, 0, 0),))


def with_versions(history: History[T], versions: Iterable[Version[T]]) -> History[T]:
    """The history with these further versions, in the order of their arrival."""
    for version in versions:
        history = with_version(history, version)
    return history


def with_version(history: History[T], version: Version[T]) -> History[T]:
    """The history with one more version, which arrived last. A removal (item None) cancels the versions that begin after it."""
    kept = history
    if version.item is None:
        kept = tuple(one for one in history if one.begins_ms <= version.begins_ms)
    if version in kept:
        return kept
    place = bisect_right(kept, version.begins_ms, key=_begins)
    return (*kept[:place], version, *kept[place:])


def held_at(history: History[T], at_ms: int) -> T | None:
    """The item as it held at at_ms (UTC); None: there was none."""
    place = bisect_right(history, at_ms, key=_begins)
    return history[place - 1].item if place else None


def held_between(history: History[T], from_ms: int, until_ms: int) -> tuple[T | None, ...]:
    """The states of the item from from_ms to until_ms; see Versions.between. A version replaced in the same millisecond
    never held."""
    at_first = held_at(history, from_ms)
    later = [one for one in history if from_ms < one.begins_ms <= until_ms]
    last_of_each = {one.begins_ms: one.item for one in later}
    return (at_first, *last_of_each.values())


def claimed_at(history: History[T], at_ms: int) -> tuple[T | None, ...]:
    """What late versions in this history claim that the item was at at_ms; see Versions.retroactive."""
    claims: dict[int, Version[T]] = {}  # by arrival
    for one in history:
        if one.holds_from_ms <= at_ms < one.arrived_at_ms:
            before = claims.get(one.arrived_at_ms)
            if before is None or before.holds_from_ms <= one.holds_from_ms:
                claims[one.arrived_at_ms] = one
    return tuple(claims[arrived_ms].item for arrived_ms in sorted(claims))


def claimed_between(history: History[T], from_ms: int, until_ms: int) -> tuple[T | None, ...]:
    """See Versions.claimed_between. What is claimed changes only where a late version begins or ends its claim."""
    edges = {at_ms for one in history if one.is_late for at_ms in (one.holds_from_ms, one.arrived_at_ms)}
    moments = [from_ms, *sorted(at_ms for at_ms in edges if from_ms < at_ms <= until_ms)]
    found: list[T | None] = []
    for at_ms in moments:
        found += [item for item in claimed_at(history, at_ms) if item not in found]
    return tuple(found)


def known_at(history: History[T], at_ms: int) -> T | None:
    """See Versions.known_at."""
    held = held_at(history, at_ms)
    if held is not None:
        return held
    return next((item for item in claimed_at(history, at_ms) if item is not None), None)


def kept_since(history: History[T], at_ms: int) -> History[T]:
    """The history without the versions that held only before this moment; empty when no item holds then or later."""
    place = bisect_right(history, at_ms, key=_begins)
    kept = history[max(0, place - 1) :]
    return kept[1:] if kept and kept[0].item is None and kept[0].begins_ms <= at_ms else kept
