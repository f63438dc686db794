"""Decides what a read is to an earlier one of its passage: a correction, the same read again, or nothing new."""

from hashlib import sha256

import msgspec

from pipeline.gateway.items import CameraRead, Ignored, Item

_LAST_STATES = frozenset({"final", "lost"})
"""States after which a sender says nothing more on a passage."""


class Known(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is known of a passage. kept False: the message was not kept, and of what it said only captured_at_ms counts, the time
    of its first arrival."""

    plate: str
    captured_at_ms: int
    state: str
    at_ms: int
    kept: bool = True
    suspect: bool = False  # its time was


def related(item: CameraRead, before: Known | None, received_at_ms: int) -> tuple[Item, Known]:
    """The item with its relation to what was known before, and what is known afterwards."""
    if before is not None and not before.kept:
        if not item.clock_synced:  # dated by its arrival: the first one's time is nearer
            item = msgspec.structs.replace(item, captured_at_ms=before.captured_at_ms)
        before = None
    if before is not None and before.plate == item.plate:
        return _again(item, before), msgspec.structs.replace(before, at_ms=received_at_ms)
    if before is not None and before.captured_at_ms == item.captured_at_ms and _is_earlier(item.state, before.state):
        return _nothing_new(item), before
    known = Known(
        plate=item.plate,
        captured_at_ms=item.captured_at_ms,
        state=item.state,
        at_ms=received_at_ms,
        suspect=item.clock_suspect is not None,
    )
    if before is None:
        return (msgspec.structs.replace(item, relation="first") if item.open_passage else item), known
    return msgspec.structs.replace(item, relation="correction", corrects=before.plate), known


def _is_earlier(state: str, known: str) -> bool:
    """Whether the sender had said its last word on the passage, and this is an earlier one that comes after it."""
    return known in _LAST_STATES and state not in _LAST_STATES


def _nothing_new(item: CameraRead) -> Ignored:
    return Ignored(reason="repeat_of_passage", camera=item.camera, event_key=item.event_key)


def _again(item: CameraRead, before: Known) -> Item:
    if not item.clock_synced and before.state == item.state:  # as above
        return msgspec.structs.replace(item, captured_at_ms=before.captured_at_ms, relation="repeat")
    if item.event_key is None or (before.captured_at_ms == item.captured_at_ms and before.state == item.state):
        suspect = (
            item.clock_suspect if before.suspect else None
        )  # only the first arrival tells whether the clock was right
        return msgspec.structs.replace(item, relation="repeat", clock_suspect=suspect)
    return _nothing_new(item)


def digest_of(item: CameraRead) -> str:
    """A digest of all that the item says but its time. The bytes of its message serve less: a form has another boundary each
    time."""
    return sha256(msgspec.msgpack.encode(msgspec.structs.replace(item, captured_at_ms=0))).hexdigest()[:32]
