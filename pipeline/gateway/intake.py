"""Takes a proven sender's message in: its pictures into the evidence store, its reads and what is refused to Kafka."""

import asyncio
from collections.abc import Callable, Collection, Sequence
from hashlib import sha256
from typing import Protocol

import msgspec

from pipeline.gateway.http_bodies import is_packed, unpacked
from pipeline.gateway.items import CameraRead, Picture, Refuse, Rejected
from pipeline.gateway.keeping import Keeper
from pipeline.gateway.passages import PassageMemory, may_be_another
from pipeline.gateway.pictures import JPEG, PNG
from pipeline.gateway.plate_reads import plate_read_of
from pipeline.gateway.protocols import Maker
from pipeline.gateway.reading import MessageReading, not_unpacked, parsed, related
from pipeline.gateway.request import LARGE, MAX_BODY, Besides, Circumstances, Request
from pipeline.gateway.room import Held
from pipeline.gateway.senders import ADDRESS_SERVES, PROVEN, Claim, camera_of, settings_of, speaks_for
from pipeline.gateway.sharing import Sharing
from pipeline.gateway.told import read_told
from pipeline.reads.admission import check_time
from pipeline.reads.versions import Versions
from pipeline.stream.letters import kept_of
from schemas import ids
from schemas.outcomes import DeadLetter
from schemas.pictures import MAX_PICTURE_BYTES
from schemas.reads import PlateRead, fault_in
from schemas.reference import Camera
from schemas.senders import Sender

STAGE = "gateway"
TAKES_NONE = ("planned", "suspended", "retired")
"""States of a camera in which it should send nothing; what it sends is refused, and told of."""
MOST_KEPT = 8 * 1024 * 1024
"""Bytes of the largest message that a dead letter keeps."""
_READ, _JSON = msgspec.json.Decoder(PlateRead), msgspec.json.Encoder()


class Pictures(Protocol):
    """Where pictures are kept: an EvidenceStore."""

    async def put(self, day_ms: int, image: bytes) -> str:
        """Store a picture of that day; returns its path. Raises Unavailable."""


class Message(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A message as it came. headers: names in lower case. claim: proven to be the sender's. held: the room for its bytes.
    besides: what is known of a message that did not come over HTTP."""

    body: bytes
    method: str
    headers: dict[str, str]
    claim: Claim
    sender: Sender
    received_at_ms: int
    held: Held
    maker: Maker | None = None  # where the listener knows it
    besides: Besides = Besides()


class Taken(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What became of a message. reads: how many of its reads were kept. refused: the reason of each item that became a dead
    letter; why: the same with its detail, each once."""

    reading: MessageReading
    reads: int
    refused: tuple[str, ...] = ()
    why: tuple[str, ...] = ()


class Intake:
    """Takes messages in. cameras: as registered; senders: who spoke for them, and when. mapped: finds the mapping that a message
    is of, None where there is none; it is asked before the makers that are known. retention_days, future_bound_ms: pictures of
    another time are not kept (see check_time)."""

    def __init__(
        self,
        cameras: Versions[Camera],
        senders: Versions[Sender],
        keeper: Keeper,
        pictures: Pictures,
        sharing: Sharing,
        now_ms: Callable[[], int],
        *,
        mapped: Callable[[Request], Maker | None],
        retention_days: int,
        future_bound_ms: int,
    ) -> None:
        self._cameras, self._senders = cameras, senders
        self._keeper, self._pictures, self._now_ms = keeper, pictures, now_ms
        self._retention_days, self._future_bound_ms = retention_days, future_bound_ms
        self._memory, self._sharing, self._mapped = PassageMemory(tells_repeats=False), sharing, mapped

    async def take(self, message: Message) -> Taken:
        """Keep everything of the message, and return what became of it. Raises Unavailable where it is not certain
        that all was kept: the sender must send again. Raises BadRecord for what is too large."""
        reading = await self._read_apart(message) if _is_long(message) else self._read(message)[0]
        if not any(map(may_be_another, reading.items)):  # as of most messages: nothing of it need be remembered
            return (await self._kept(message, reading))[0]
        passages = self._memory.message(message.sender.sender_id)
        try:
            keys = passages.shared(reading.items, reading.maker or "", reading.passage_ms)
            await self._sharing.borrow(passages, keys)
            reading = related(reading, passages, message.received_at_ms)
            taken, refused = await self._kept(message, reading)
        except BaseException:
            await self._sharing.give_back(passages, passages.drop())
            raise
        known = passages.keep(refused)
        if passages.borrowed:
            await self._sharing.give_back(passages, known)
        return taken

    async def _read_apart(self, message: Message) -> MessageReading:
        """What `_read` says, from a thread. Raises Unavailable where there is no room for what the message unpacks to."""
        packed = is_packed(message.body, message.headers)
        if packed:
            message.held.be(len(message.body) + MAX_BODY)
        reading, count = await asyncio.to_thread(self._read, message)
        if packed:
            message.held.be(len(message.body) + count)
        return reading

    def _read(self, message: Message) -> tuple[MessageReading, int]:
        """What the message says by itself, and how many bytes its body has unpacked."""
        try:
            request = _request(message)
        except Refuse as refused:
            return not_unpacked(refused), 0
        return parsed(request, message.maker or self._mapped(request)), len(request.body)

    async def _kept(self, message: Message, reading: MessageReading) -> tuple[Taken, Collection[int]]:
        """Keep the reads and the dead letters of a message. Returns what became of it, and the indexes of the items that became
        dead letters. Raises Unavailable, BadRecord."""
        reads: list[PlateRead] = []
        letters: dict[int, DeadLetter] = {}
        body = _may_be_kept(message.body, reading)
        for index, item in enumerate(reading.items):
            if isinstance(item, CameraRead):
                made = self._plate_read(message, item, reading.maker or "")
                if isinstance(made, PlateRead):
                    reads.append(await self._with_pictures(made, item) if item.pictures else made)
                else:
                    payload = msgspec.json.encode(read_told(item))
                    letters[index] = self._letter(message, made, index, payload)
            elif isinstance(item, Rejected):
                letters[index] = self._letter(message, item, index, body)
                body = b""  # one letter keeps it; the others name the same message
        if not letters:
            await self._keeper.keep(reads)
            return Taken(reading=reading, reads=len(reads)), ()
        await self._keeper.keep(reads, list(letters.values()))
        refused = tuple(letter.reason for letter in letters.values())
        why = tuple(dict.fromkeys(f"{one.reason}: {one.detail}".rstrip(": ") for one in letters.values()))
        return Taken(reading=reading, reads=len(reads), refused=refused, why=why), letters.keys()

    def _plate_read(self, message: Message, item: CameraRead, maker: str) -> PlateRead | Rejected:
        """The read of the registered camera, without its pictures. Rejected where the camera is not one of the sender's, the camera
        or the sender was not to send it at the capture, or a value is out of its bounds."""
        camera_id = camera_of(message.sender, item.camera, maker)
        if camera_id is None:
            return Rejected(reason="unknown_camera", detail=_not_its_own(message.sender, item))
        camera = self._cameras.known_at(camera_id, item.captured_at_ms)
        if camera is not None and camera.state in TAKES_NONE:
            return Rejected(reason="not_active", detail=f"{camera_id} was {camera.state} at the capture")
        then = self._senders.at(message.sender.sender_id, item.captured_at_ms)
        if then is not message.sender and (then is None or not speaks_for(then, camera_id)):
            return Rejected(reason="not_active", detail=_not_then(message, item, camera_id))
        by = message.claim.by
        read = plate_read_of(
            item, camera_id, received_at_ms=message.received_at_ms, maker=maker, known_by=by,
            purposes=() if by in PROVEN else ADDRESS_SERVES,
        )  # fmt: skip
        fault = _fault(read)
        return read if fault is None else Rejected(reason="invalid", detail=fault)

    async def _with_pictures(self, read: PlateRead, item: CameraRead) -> PlateRead:
        """The read with the paths of its pictures, which are stored where they are timely. Raises Unavailable."""
        if not self._is_timely(item.captured_at_ms):
            return read
        crop = await self._stored(item, ("plate",))
        overview = await self._stored(item, ("overview", "vehicle"))
        return msgspec.structs.replace(read, crop=crop, overview=overview)

    def _is_timely(self, captured_at_ms: int) -> bool:
        """Whether a picture of this time may be kept; the agents refuse reads of other times, and tell of them."""
        bounds = {"retention_days": self._retention_days, "future_bound_ms": self._future_bound_ms}
        return check_time(captured_at_ms, self._now_ms(), **bounds) is None

    async def _stored(self, item: CameraRead, kinds: Sequence[str]) -> str | None:
        """Store the first picture of the first of these kinds of which there is one. Returns its path; None: there is none."""
        for kind in kinds:
            for picture in item.pictures:
                if picture.kind == kind and _is_picture(picture):
                    return await self._pictures.put(item.captured_at_ms, picture.data)
        return None

    def _letter(self, message: Message, item: Rejected, index: int, payload: bytes) -> DeadLetter:
        """The letter has an id of the message's content, so that one that comes again is told of once."""
        now_ms = self._now_ms()
        origin = f"{STAGE}/{message.sender.sender_id}/{sha256(message.body).hexdigest()[:32]}"
        return DeadLetter(
            dead_letter_id=ids.dead_letter_id(STAGE, origin, 0, -1, index),
            stage=STAGE,
            reason=item.reason,
            detail=item.detail[:1000],
            topic=origin,
            partition=0,
            offset=-1,
            index=index,
            recorded_at_ms=message.received_at_ms,
            refused_at_ms=now_ms,
            payload=kept_of(item.reason, payload, now_ms),
        )


def _request(message: Message) -> Request:
    """The message with its body unpacked, and what is known besides. Raises Refuse."""
    plain, short_by = unpacked(message.body, message.headers)
    settings, besides = settings_of(message.sender), message.besides
    around = Circumstances(
        received_at_ms=message.received_at_ms, camera_settings=settings, topic=besides.topic, folder=besides.folder,
        file_name=besides.file_name, file_age_s=besides.file_age_s,
    )  # fmt: skip
    return Request(
        body=plain, circumstances=around, method=message.method, target=message.claim.target, headers=message.headers,
        short_by=short_by,
    )  # fmt: skip


def _is_long(message: Message) -> bool:
    """Whether reading it takes so long that others would wait for it."""
    return len(message.body) >= LARGE or is_packed(message.body, message.headers)


def _may_be_kept(body: bytes, reading: MessageReading) -> bytes:
    """The body as a dead letter may keep it: empty where it has what may not come in (faces, persons), could not be searched for
    such, or is larger than MOST_KEPT."""
    return body if len(body) <= MOST_KEPT and reading.is_searched and not reading.dropped else b""


def _is_picture(picture: Picture) -> bool:
    return picture.data.startswith((JPEG, PNG)) and len(picture.data) <= MAX_PICTURE_BYTES


def _not_its_own(sender: Sender, item: CameraRead) -> str:
    said = ", ".join(f"{name}={value}" for name, value in sorted(item.camera.items())) or "no camera"
    return f"{sender.sender_id} sent a read of {said}, which is no camera of its own: vigie cameras credentials list"


def _not_then(message: Message, item: CameraRead, camera_id: str) -> str:
    seconds = (message.received_at_ms - item.captured_at_ms) // 1000
    return (
        f"{message.sender.sender_id} did not speak for {camera_id} yet at the capture, {seconds} s before it came: what was"
        " captured before a sender was let in counts for nothing; if this is live, the camera's clock is behind"
    )


def _fault(read: PlateRead) -> str | None:
    """What of the read is out of its bounds; None: nothing."""
    try:
        _READ.decode(_JSON.encode(read))
    except (msgspec.ValidationError, UnicodeEncodeError) as error:
        return str(error)
    return fault_in((read,))
