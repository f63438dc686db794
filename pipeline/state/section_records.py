"""The records that the memory of section control stores, and their bytes in Redis."""

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from zlib import crc32

import msgspec

from pipeline.sections.history import Key
from pipeline.sections.lines import Side
from pipeline.sections.passages import End, Name
from pipeline.sections.put_back import PutBack
from pipeline.sections.vehicle import Vehicle
from schemas.outcomes import Violation, Withdrawal
from schemas.reads import PlateRead

SHARDS = 8  # each is decided by the worker of one partition, so that workers share the deciding
MOST_READS = 512  # of one vehicle that are not decided yet; beyond that it is not one vehicle
_pack = msgspec.msgpack.Encoder().encode


@dataclass(frozen=True, slots=True)
class Covered:
    """Records of one partition that a worker has read: from offset `first` up to and without `next`.

    whole_since_ms: accept them even if records before them are missing; what the broker took before this time (UTC ms) then
    counts as not remembered.
    """

    partition: int
    first: int
    next: int
    whole_since_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Arrival:
    """A read at an entry or exit line of a section, with the partition and offset of its record."""

    key: Key
    end: End
    partition: int
    offset: int
    due_ms: int  # when it will have settled, in the broker's time


@dataclass(frozen=True, slots=True)
class Look:
    """The result of SectionMemory.look: the vehicles that are due, and the messages in the outbox. Times: broker's clock, UTC
    ms.

    until_ms: all that the broker took before this is in the memory; None: not known yet, or what Redis lost is still being put
    back, and then no vehicle is due. whole_since_ms: of what it took before this, some is missing in the memory. newest_ms: the
    latest time that any partition was read up to.
    """

    until_ms: int | None
    whole_since_ms: int
    newest_ms: int | None
    due: tuple[Key, ...]
    unsent: tuple["Unsent", ...]


@dataclass(frozen=True, slots=True)
class Unsent:
    """A message that a decision wants sent. number: its key in the outbox."""

    number: str
    section_id: str
    message: Violation | Withdrawal


@dataclass(frozen=True, slots=True)
class Remembered:
    """A vehicle as it was read from Redis.

    length, first: of its list in Redis, by which a change since then is noticed. overflown: it had too many reads; some were
    left out.
    """

    key: Key
    vehicle: Vehicle
    length: int
    first: bytes
    overflown: bool


@dataclass(frozen=True, slots=True)
class Afterwards:
    """What is to be remembered of a vehicle after a decision. next_ms: when to decide it again, in the broker's time (UTC ms);
    None: never. forgotten: the reads that are not remembered any more. wait_ms: how long after its capture a copy of one of them
    could still prove something."""

    vehicle: Vehicle
    next_ms: int | None
    forgotten: frozenset[Name] = frozenset()
    wait_ms: int = 0


@dataclass(frozen=True, slots=True)
class Beside:
    """How the list of a vehicle lay in Redis: its length, 0 where there was none, and its first element. after: what the
    decision makes of it; None: it stays as it is."""

    key: Key
    length: int = 0
    first: bytes = b""
    after: Afterwards | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision about one vehicle. was: the vehicle before it. unsent: the messages to send.

    beside: the same plate on other sections as the decision took it to be; if one of them has changed since, nothing is stored.
    """

    was: Remembered
    after: Afterwards
    unsent: tuple[Unsent, ...] = ()
    beside: tuple[Beside, ...] = ()


class _End(msgspec.Struct, array_like=True, gc=False):
    side: Side
    arrived_ms: int
    read: PlateRead
    of_crowd: bool = False


class _PutBack(msgspec.Struct, array_like=True, gc=False):
    at_ms: int
    violation: Violation


class _Kept(msgspec.Struct, array_like=True, gc=False):
    token: str
    fresh: tuple[_End, ...]
    kept: tuple[_End, ...]
    proven: tuple[Violation, ...]
    put_back: tuple[_PutBack, ...] = ()


_END, _KEPT = msgspec.msgpack.Decoder(_End), msgspec.msgpack.Decoder(_Kept)
_PUT_BACK = msgspec.msgpack.Decoder(_PutBack)
_MESSAGE = msgspec.msgpack.Decoder(tuple[str, str, msgspec.Raw])
_VIOLATION, _WITHDRAWAL = msgspec.msgpack.Decoder(Violation), msgspec.msgpack.Decoder(Withdrawal)


def end_of(end: End) -> bytes:
    """The bytes of one read in a vehicle's list."""
    return b"E" + _pack(_End(end.side, end.arrived_ms, end.read))


def put_back_of(one: PutBack) -> list[bytes]:
    """The bytes of a violation that is put back, in a vehicle's list: itself and its reads."""
    return [b"P" + _pack(_PutBack(one.at_ms, one.violation)), *map(end_of, one.ends)]


def unsent_of(key: Key, message: Violation | Withdrawal, order: int, section_id: str) -> Unsent:
    """The outbox entry for a message of this vehicle's decision. order: its number within the decision, from 0.

    section_id: whose violation it is about, which another section in a row may be.
    """
    shard, _ = place_of(key)
    name = message.violation_id if isinstance(message, Violation) else f"{message.id}/withdrawn"
    return Unsent(f"{shard}/{order}/{name}", section_id, message)


def digest_of(key: Key, name: Name) -> str:
    """The digest kept of a read that was forgotten; a copy of the read is known by it. It holds no plate, but somebody who
    knows the section, the camera and the capture time can find the plate by trying."""
    return blake2b("/".join((key[0], *name)).encode(), digest_size=8).hexdigest()


def shards_of(partitions: Iterable[int], count: int) -> list[int]:
    """The shards that the worker of these partitions decides. count: of the topic's partitions."""
    mine = set(partitions)
    return [shard for shard in range(SHARDS) if shard % count in mine]


def name_of(key: Key) -> str:
    """A vehicle's name in Redis: its section's id, a slash, its folded plate."""
    return f"{key[0]}/{key[1]}"  # neither a section's name nor a plate has a slash


def key_named(name: str) -> Key:
    """The vehicle's key, from its name in Redis."""
    section_id, _, plate = name.partition("/")
    return section_id, plate


def place_of(key: Key) -> tuple[int, str]:
    """The number of the shard (0 to SHARDS - 1) that holds a vehicle on a section, and the vehicle's name in Redis (see
    name_of)."""
    name = name_of(key)
    return crc32(name.encode()) % SHARDS, name


def order_of(unsent: Unsent) -> tuple[int, bool]:
    """The key by which messages of the outbox are sent: by their number within their decision, so that a correction comes before
    the withdrawal of what it corrects; of equal numbers withdrawals last, so that none comes before what it withdraws."""
    return int(unsent.number.split("/")[1]), isinstance(unsent.message, Withdrawal)


def shard_in(number: str) -> int:
    """The shard of an outbox entry, from its number."""
    return int(number.partition("/")[0])


def payload_of(unsent: Unsent) -> bytes:
    """The bytes of a message in the outbox."""
    kind = "violation" if isinstance(unsent.message, Violation) else "withdrawal"
    return _pack((kind, unsent.section_id, unsent.message))


def unsent_in(number: bytes, payload: bytes) -> Unsent:
    """The outbox entry with this number and these bytes (see payload_of)."""
    kind, section_id, raw = _MESSAGE.decode(payload)
    return Unsent(number.decode(), section_id, (_VIOLATION if kind == "violation" else _WITHDRAWAL).decode(raw))


def kept_of(vehicle: Vehicle) -> bytes:
    """The bytes of a vehicle, stored first in its list; never the same twice, so that a change is noticed."""
    put_back = tuple(_PutBack(one.at_ms, one.violation) for one in vehicle.put_back)
    fresh, kept = _packed(vehicle.fresh), _packed(vehicle.kept)
    return b"K" + _pack(_Kept(uuid.uuid4().hex, fresh, kept, vehicle.proven, put_back))


def written_of(
    decision: Decided, blobs: list[bytes], number_of: Callable[[Key], int], spans_ms: Sequence[int]
) -> tuple[object, ...]:
    """What the script that stores decisions is told of one; its bytes are appended to blobs. See `section_scripts.DECIDED`.

    number_of: which of the script's vehicles one is, from 1. spans_ms: how long digests can be known, in rising order.
    """

    def numbered(blob: bytes) -> int:
        blobs.append(blob)
        return len(blobs)

    def state_of(key: Key, after: Afterwards) -> tuple[object, ...]:
        shard, name = place_of(key)
        kept = 0 if after.vehicle.is_forgotten else numbered(kept_of(after.vehicle))
        digests = [digest_of(key, gone) for gone in sorted(after.forgotten)]
        span = next((at for at, span_ms in enumerate(spans_ms, 1) if span_ms >= after.wait_ms), len(spans_ms))
        return number_of(key), shard, name, kept, after.next_ms or 0, digests, bool(after.vehicle.proven), span

    was = decision.was
    lay = [(was.key, was.length, was.first), *((other.key, other.length, other.first) for other in decision.beside)]
    known = [part for key, length, first in lay for part in (number_of(key), length, numbered(first) if length else 0)]
    states = [state_of(was.key, decision.after)]
    states += [state_of(other.key, other.after) for other in decision.beside if other.after is not None]
    messages = [part for unsent in decision.unsent for part in (unsent.number, numbered(payload_of(unsent)))]
    return place_of(was.key)[0], known, states, messages


def remembered_in(key: Key, found: list[bytes]) -> Remembered:
    """The vehicle, decoded from its list in Redis. found: the list, which must not be empty."""
    kept = _KEPT.decode(found[0][1:]) if found[0].startswith(b"K") else _Kept("", (), (), ())
    since = [_END.decode(one[1:]) for one in found if one.startswith(b"E")]
    put_back = (*kept.put_back, *(_PUT_BACK.decode(one[1:]) for one in found if one.startswith(b"P")))
    vehicle = Vehicle(
        key[0], _ends((*kept.fresh, *since)), _ends(kept.kept), kept.proven, _put_back(put_back, kept.proven)
    )
    return Remembered(key, vehicle, len(found), found[0], len(found) >= MOST_READS)


def _put_back(packed: Iterable[_PutBack], proven: Iterable[Violation]) -> tuple[PutBack, ...]:
    """Those that are not remembered anyway, each once."""
    known = {one.violation_id for one in proven}
    found = {one.violation.violation_id: PutBack(one.violation, one.at_ms) for one in packed}
    return tuple(one for violation_id, one in found.items() if violation_id not in known)


def _packed(ends: Iterable[End]) -> tuple[_End, ...]:
    return tuple(_End(end.side, end.arrived_ms, end.read, end.of_crowd) for end in ends)


def _ends(packed: Iterable[_End]) -> tuple[End, ...]:
    return tuple(End(one.side, one.read, one.arrived_ms, one.of_crowd) for one in packed)
