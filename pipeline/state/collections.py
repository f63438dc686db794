"""The kinds of reference data, and the Redis keys under which each is stored."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import msgspec

from pipeline.reads.versions import KEPT_MS, PLACES_KEPT_MS, Changed, Version
from schemas.base import Message
from schemas.judgements import Consumer
from schemas.people import Designation, Desk, SigningKey, User
from schemas.reference import Camera, HotlistEntry, Policy, Section, WantedList, Zone
from schemas.requests import Exclusion, Watch
from schemas.senders import Sender

T = TypeVar("T", bound=Message)
_ENCODER = msgspec.json.Encoder(order="deterministic")  # the same item gives the same bytes: unchanged means unchanged


@dataclass(frozen=True, slots=True, eq=False)
class Collection(Generic[T]):
    """One kind of reference data. key: a function that gives an item's key. kept_ms: for how long a version is kept after another
    has replaced it."""

    name: str
    message: type[T]
    key: Callable[[T], str]
    key_field: str
    kept_ms: int = KEPT_MS
    _decoder: "msgspec.json.Decoder[T]" = field(init=False)
    _versions_decoder: "msgspec.json.Decoder[list[Version[T]]]" = field(init=False)
    _changed_decoder: "msgspec.json.Decoder[list[Changed[T]]]" = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_decoder", msgspec.json.Decoder(self.message))
        version, changed = Version[self.message], Changed[self.message]  # type: ignore[name-defined]  # types made at run time
        object.__setattr__(self, "_versions_decoder", msgspec.json.Decoder(list[version]))  # type: ignore[valid-type]  # as above
        object.__setattr__(self, "_changed_decoder", msgspec.json.Decoder(list[changed]))  # type: ignore[valid-type]  # as above

    def encode(self, item: T) -> bytes:
        """The item as JSON. Equal items give the same bytes."""
        return _ENCODER.encode(item)

    def decode(self, data: bytes) -> T:
        """The item of these bytes. Raises msgspec.ValidationError or msgspec.DecodeError."""
        return self._decoder.decode(data)

    def decode_versions(self, data: bytes) -> list[Version[T]]:
        """The versions of a JSON array. Raises msgspec.ValidationError or msgspec.DecodeError if any is bad."""
        return self._versions_decoder.decode(data)

    def decode_changed(self, data: bytes) -> list[Changed[T]]:
        """The items of a JSON array, each with its versions. Raises as decode_versions."""
        return self._changed_decoder.decode(data)


CAMERAS = Collection("cameras", Camera, key=lambda item: item.camera_id, key_field="camera_id", kept_ms=PLACES_KEPT_MS)
SECTIONS = Collection(
    "sections", Section, key=lambda item: item.section_id, key_field="section_id", kept_ms=PLACES_KEPT_MS
)
ZONES = Collection("zones", Zone, key=lambda item: item.zone_id, key_field="zone_id")
HOTLIST = Collection("hotlist", HotlistEntry, key=lambda item: item.entry_id, key_field="entry_id")
LISTS = Collection("lists", WantedList, key=lambda item: item.list_id, key_field="list_id")
POLICIES = Collection("policies", Policy, key=lambda item: item.policy_id, key_field="policy_id")
EXCLUSIONS = Collection("exclusions", Exclusion, key=lambda item: item.exclusion_id, key_field="exclusion_id")
WATCHES = Collection("watches", Watch, key=lambda item: item.watch_id, key_field="watch_id")
COLLECTIONS: tuple[Collection[Any], ...] = (CAMERAS, SECTIONS, ZONES, HOTLIST, LISTS, POLICIES, EXCLUSIONS, WATCHES)
USERS = Collection("users", User, key=lambda item: item.user_id, key_field="user_id")
DESIGNATIONS = Collection("designations", Designation, key=lambda item: item.designation_id, key_field="designation_id")
DESKS = Collection("desks", Desk, key=lambda item: item.desk_id, key_field="desk_id")
SIGNING_KEYS = Collection("signing_keys", SigningKey, key=lambda item: item.key_id, key_field="key_id")
PEOPLE: tuple[Collection[Any], ...] = (USERS, DESIGNATIONS, DESKS, SIGNING_KEYS)
"""Who works with the platform. Of the agents only `incidents` follows any of these, and only DESKS."""
SENDERS = Collection("senders", Sender, key=lambda item: item.sender_id, key_field="sender_id")
"""Whom gateways let in."""
CONSUMERS = Collection("consumers", Consumer, key=lambda item: item.consumer_id, key_field="consumer_id")
"""Whom desks give a feed: authorities that of violations, neighbours that of what they are told."""


@dataclass(frozen=True, slots=True)
class CollectionKeys:
    """The Redis keys of one collection. All have the same hash tag."""

    items: str  # hash: key -> the version that arrived last, as JSON; not of removed items
    meta: str  # hash: epoch, version, floor (deltas up to it are gone), count, whole (version of the last replacement), ...
    changes: str  # sorted set: key -> version of its last change
    history: (
        str  # hash: key -> the versions before that, as long as a decision may need them; a removal is one, the last
    )

    switches: str  # hash: number -> the switch to a version that was imported as a whole (see pipeline.state.switching)
    sources: str  # hash: list_id -> the last of them that refreshed this list

    def staged(self, build: str) -> str:
        """The key of a version that is being built: a hash of blocks by number."""
        return f"{self.items.removesuffix(':items')}:staged:{build}"

    @property
    def all(self) -> list[str]:
        """The keys that the scripts of the items take: items, meta, changes and history, in this order."""
        return [self.items, self.meta, self.changes, self.history]

    @staticmethod
    def of(namespace: str, collection: Collection[Any]) -> "CollectionKeys":
        """The keys of this collection in this namespace."""
        tag = f"{{{namespace}:{collection.name}}}"
        names = ("items", "meta", "changes", "history", "switches", "sources")
        return CollectionKeys(*(f"{tag}:{name}" for name in names))
