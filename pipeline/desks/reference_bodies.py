"""What the API says and takes of reference data: pages, and the versions of an item."""

from typing import Annotated, Generic, TypeVar

import msgspec

from schemas.base import EpochMs, Message, Text

T = TypeVar("T", bound=Message)


class Paging(Message, frozen=True, kw_only=True):
    """Where a list goes on: what `next` of the page before said."""

    cursor: Text | None = None


class Page(Message, Generic[T], frozen=True, kw_only=True):
    """Some of the items that this person may see, in no order. next: what to ask for to go on, also where this page is empty;
    absent: these were the last."""

    items: Annotated[tuple[T, ...], msgspec.Meta(max_length=10_000)]
    next: Text | None = None


class VersionShown(Message, Generic[T], frozen=True, kw_only=True):
    """What an item was from a moment on. item absent: it was removed."""

    item: T | None = None
    holds_from_ms: EpochMs
    arrived_at_ms: EpochMs


class ItemVersions(Message, Generic[T], frozen=True, kw_only=True):
    """All versions of an item that are kept, by their arrival."""

    versions: Annotated[tuple[VersionShown[T], ...], msgspec.Meta(max_length=100_000)]
