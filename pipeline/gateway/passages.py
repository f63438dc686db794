"""Relates several messages about one passage: a correction is a read of its own, a message with nothing new is ignored, a
repetition is the same read.

The sender's passage key tells which belong together. Keys are reused (a camera's counter restarts with the camera), so each
is remembered for a limited time.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable

import msgspec

from pipeline.gateway.items import CameraRead, Ignored, Item

KEPT_MS = 30_000
"""A counter that starts again with the camera names another vehicle after this."""
UNIQUE_KEPT_MS = 3_600_000
"""A key that is unique for the sender, and a read that comes again: cameras repeat for minutes until they are answered."""
MAX_KEPT = 100_000


class _Known(msgspec.Struct, frozen=True, kw_only=True):
    plate: str
    captured_at_ms: int
    state: str
    at_ms: int


class PassageMemory:
    """The recent items from the cameras of one gateway process. Its size is bounded; the oldest are dropped first."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._lock = threading.Lock()  # large messages are read in threads

    def related(self, item: Item, sender: str, received_at_ms: int, kept_ms: int = UNIQUE_KEPT_MS) -> Item:
        """The read, with its relation to earlier ones of its passage; Ignored when it says nothing new. An item that is no
        read is returned unchanged.

        kept_ms: how long a passage is remembered after its last message.
        """
        if not isinstance(item, CameraRead):
            return item
        with self._lock:
            return self._related(item, self._key(item, sender), received_at_ms, kept_ms)

    def _related(self, item: CameraRead, key: str, received_at_ms: int, kept_ms: int) -> Item:
        before = self._known.get(key)
        if before is not None and received_at_ms - before.at_ms > kept_ms:
            before = None
        if before is not None and item.event_key is not None and before.plate == item.plate:
            self._known[key] = msgspec.structs.replace(before, at_ms=received_at_ms)
            return self._again(item, before)
        self._known[key] = _Known(
            plate=item.plate, captured_at_ms=item.captured_at_ms, state=item.state, at_ms=received_at_ms
        )
        self._known.move_to_end(key)
        while len(self._known) > MAX_KEPT:
            self._known.popitem(last=False)
        if before is None:
            return msgspec.structs.replace(item, relation="first") if item.open_passage else item
        if item.event_key is None:
            return msgspec.structs.replace(item, relation="repeat")
        return msgspec.structs.replace(item, relation="correction", corrects=before.plate)

    def forget(self, items: Iterable[Item], sender: str) -> None:
        """Forget these items: they were not kept, and come again."""
        with self._lock:
            for item in items:
                if isinstance(item, CameraRead):
                    self._known.pop(self._key(item, sender), None)

    @staticmethod
    def _again(item: CameraRead, before: _Known) -> Item:
        if not item.clock_synced and before.state == item.state:  # dated by its arrival: the first one's time is nearer
            return msgspec.structs.replace(item, captured_at_ms=before.captured_at_ms, relation="repeat")
        if before.captured_at_ms == item.captured_at_ms and before.state == item.state:
            return msgspec.structs.replace(item, relation="repeat")
        return Ignored(reason="repeat_of_passage", camera=item.camera, event_key=item.event_key)

    @staticmethod
    def _key(item: CameraRead, sender: str) -> str:
        """The passage key; for senders that have none: camera, time and plate."""
        camera = ",".join(f"{name}={value}" for name, value in sorted(item.camera.items()))
        own = f"k:{item.event_key}" if item.event_key is not None else f"r:{item.captured_at_ms}:{item.plate}"
        return f"{sender}|{camera}|{own}"
