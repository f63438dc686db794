"""Relates several messages about one passage: a correction is a read of its own, a message with nothing new is ignored, a
repetition is the same read.

The sender's passage key tells which belong together. Keys are reused (a camera's counter restarts with the camera), so each
is remembered for a limited time. What a message says counts for later ones only once it is kept. Other gateways learn it
through `sharing`.
"""

import uuid
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from typing import TypeGuard

import msgspec

from pipeline.errors import Unavailable
from pipeline.gateway.items import CameraRead, Item
from pipeline.gateway.relations import Known, digest_of, related

KEPT_MS = 30_000
"""A counter that starts again with the camera names another vehicle after this."""
UNIQUE_KEPT_MS = 3_600_000
"""How long a key that is unique for the sender, and a read that may come again, is remembered: cameras repeat for minutes until
they are answered."""
MAX_KEPT = 100_000
AGAIN_S = 1.0
"""When to send again what waits for an earlier message on the same passage."""


_KNOWN, _PACKED = msgspec.msgpack.Decoder(Known), msgspec.msgpack.Encoder()


class PassageMemory:
    """The recent items from the cameras of one gateway process. Its size is bounded; the oldest are dropped first."""

    def __init__(self, *, tells_repeats: bool = True) -> None:
        """tells_repeats: whether a read that comes again with a time of its own is told as a repeat. It is the same read by its
        id, whoever takes it, so that a gateway need not remember it."""
        self.tells_repeats = tells_repeats
        self._known: OrderedDict[str, Known] = OrderedDict()
        self._held: dict[str, OneMessage] = {}  # passages on which a message is being kept now
        self._name, self._count = uuid.uuid4().hex, 0

    def message(self, sender: str) -> "OneMessage":
        """What one message of this sender will say."""
        self._count += 1
        return OneMessage(self, sender, f"{self._name}/{self._count}")

    def hold(self, key: str, message: "OneMessage") -> Known | None:
        """What is known of this passage, which only this message may change until it lets go of it; None: nothing. Raises
        Unavailable while another message holds it: whether that one is kept is not known yet."""
        if self._held.setdefault(key, message) is not message:
            raise Unavailable("an earlier message on the same passage", retry_after_s=AGAIN_S)
        return self._known.get(key)

    def learn(self, key: str, known: bytes) -> None:
        """Take in what another gateway was told of this passage, if that is newer than what is known here."""
        one, here = _KNOWN.decode(known), self._known.get(key)
        if here is None or here.at_ms <= one.at_ms:
            self._known[key] = one

    def let_go(self, message: "OneMessage", known: dict[str, Known]) -> None:
        """Remember what the message said of the passages in `known`, and let go of all that it holds."""
        for key in message.keys:
            if key is not None and self._held.get(key) is message:
                del self._held[key]
        for key, one in known.items():
            self._known[key] = one
            self._known.move_to_end(key)
        while len(self._known) > MAX_KEPT:
            self._known.popitem(last=False)


class OneMessage:
    """What one message says of passages. Nothing of it counts for other messages until keep(); end with keep() or drop(). token:
    names the message among those of all gateways."""

    def __init__(self, memory: PassageMemory, sender: str, token: str) -> None:
        self._memory, self._sender, self.token = memory, sender, token
        self._said: dict[str, Known] = {}
        self._by_arrival: set[str] = set()
        self.keys: list[str | None] = []  # of each item, in order
        self.borrowed: tuple[str, ...] = ()  # the passages that are held among all gateways

    def related(self, item: Item, maker: str, received_at_ms: int, kept_ms: int = UNIQUE_KEPT_MS) -> Item:
        """The read, with its relation to earlier ones of its passage; or Ignored when it says nothing new. The item as it is where
        it is no read, or where repeats are not told and no other message may say something else of its passage.

        received_at_ms: UTC. kept_ms: for how long its passage is remembered. Raises Unavailable while another message on the same
        passage is being kept.
        """
        if not (may_be_another(item) or (self._memory.tells_repeats and isinstance(item, CameraRead))):
            self.keys.append(None)
            return item
        key, kept_ms = self._key(item, len(self.keys), maker, kept_ms)
        self.keys.append(key)
        before = self._said.get(key) or self._memory.hold(key, self)
        if before is not None and received_at_ms - before.at_ms > (kept_ms if before.kept else UNIQUE_KEPT_MS):
            before = None
        found, known = related(item, before, received_at_ms)
        self._said[key] = known
        if not item.clock_synced:
            self._by_arrival.add(key)
        return found

    def shared(self, items: Sequence[Item], maker: str, kept_ms: int) -> list[str]:
        """The keys of the passages in these items of which another message may say something else, or that it may date otherwise:
        those with a sender's key, and those that their arrival dates. A read with a time of its own is the same read wherever it
        comes again. kept_ms: as in `related`."""
        return [self._key(item, index, maker, kept_ms)[0] for index, item in enumerate(items) if may_be_another(item)]

    def learn(self, key: str, known: bytes) -> None:
        """Take in what another gateway was told of this passage."""
        self._memory.learn(key, known)

    def keep(self, refused: Collection[int] = ()) -> Mapping[str, bytes]:
        """The message is kept, and so remembered. refused: the indexes of items that became no read: a corrected one that
        comes again is no repetition of them. Returns what other gateways are to know of the passages that it borrowed."""
        without = {key for index, key in enumerate(self.keys) if index in refused}
        return self._let_go({key: one for key, one in self._said.items() if key not in without})

    def drop(self) -> Mapping[str, bytes]:
        """The message was not kept, as far as is known, and comes again. Only the time of arrival stays, where it dates a read:
        that read has the same id when it comes again. Returns as `keep`."""
        return self._let_go(
            {
                key: msgspec.structs.replace(one, kept=False)
                for key, one in self._said.items()
                if key in self._by_arrival
            }
        )

    def _let_go(self, known: dict[str, Known]) -> Mapping[str, bytes]:
        self._memory.let_go(self, known)
        return {key: _PACKED.encode(known[key]) for key in self.borrowed if key in known}

    def _key(self, item: CameraRead, index: int, maker: str, kept_ms: int) -> tuple[str, int]:
        """The passage key, and for how many milliseconds it is remembered. For senders that have none: camera, time and plate;
        where the time is that of the arrival, all that the item says, for a short time, since that may be the same when the vehicle
        comes back."""
        camera = ",".join(f"{name}={value}" for name, value in sorted(item.camera.items()))
        if item.event_key is not None:
            own = f"k:{item.event_key}"
        elif item.clock_synced:
            own = f"r:{item.captured_at_ms}:{item.plate}"
        else:
            own, kept_ms = f"c:{digest_of(item)}:{index}", min(kept_ms, KEPT_MS)
        return f"{self._sender}/{maker}|{camera}|{own}", kept_ms


def may_be_another(item: Item) -> TypeGuard[CameraRead]:
    """Whether it is a read of whose passage another message may say something else, or that another may date otherwise."""
    return isinstance(item, CameraRead) and (item.event_key is not None or not item.clock_synced)
