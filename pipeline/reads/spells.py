"""The periods in which an item of reference data held unchanged, made of its versions and back."""

from collections.abc import Iterable
from typing import Generic, TypeVar

import msgspec

from pipeline.reads.versions import History, Version

T = TypeVar("T")


class Spell(msgspec.Struct, Generic[T], frozen=True, gc=False):
    """A period in which an item held unchanged: from begins_ms to before ends_ms (UTC ms); ends_ms None: until further notice."""

    item: T
    begins_ms: int
    ends_ms: int | None


def spells_of(history: History[T]) -> list[Spell[T]]:
    """The periods in which the item held unchanged, in order; equal versions in a row make one period."""
    found: list[Spell[T]] = []
    for place, version in enumerate(history):
        ends_ms = history[place + 1].begins_ms if place + 1 < len(history) else None
        if version.item is None or ends_ms == version.begins_ms:
            continue
        if found and found[-1].ends_ms == version.begins_ms and found[-1].item == version.item:
            found[-1] = Spell(version.item, found[-1].begins_ms, ends_ms)
        else:
            found.append(Spell(version.item, version.begins_ms, ends_ms))
    return found


def history_of(spells: Iterable[Spell[T]]) -> History[T]:
    """A history in which the item held in these periods and was absent between them. spells: in order of time."""
    versions: list[Version[T]] = []
    for spell in spells:
        if versions and versions[-1].item is None and versions[-1].begins_ms == spell.begins_ms:
            versions.pop()
        versions.append(Version(spell.item, spell.begins_ms, spell.begins_ms))
        if spell.ends_ms is not None:
            versions.append(Version(None, spell.ends_ms, spell.ends_ms))
    return tuple(versions)
