"""The live stream: server-sent events, in frames of FRAME_MS that all readers of one audience share.

An audience is a set of persons who may see the same: two dispatchers with the same designations and the same desk get the
same bytes. What an audience may not see leaves no trace in its stream: frames are sent at fixed times, and an event's id is
a sealed position. A sign of life is a comment with two times, in ms UTC: now, and until when this process knows everything.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import takewhile

import msgspec
import structlog

from pipeline.access.rights import Allowed, Matter, Person, designations_at, may
from pipeline.desks.events import Event, Kind
from pipeline.desks.incident_bodies import told_of
from pipeline.desks.live import Live
from pipeline.desks.readers import Reader, StreamFrame
from pipeline.runtime.sealing import Seal
from schemas.incidents import IncidentState
from schemas.judgements import Judged
from schemas.outcomes import Alert, Withdrawal
from schemas.people import Designation, Desk

log = structlog.get_logger()
FRAME_MS = 100
FRAMES_KEPT = 600  # a minute: a reader that is further behind begins anew
LOOK_S = 1.0  # so often it is asked whether the reader may go on
_ALWAYS_MS = 4_102_444_800_000  # the last moment that a message can name
_USE = "stream"
_NUMBER_BYTES = 16  # which process, and which event: as long for the first as for the millionth


@dataclass(frozen=True, slots=True)
class View:
    """What one reader may see: the person's rights, limited to a desk, or to one kind of events. until_ms: when a designation
    ends or begins, so that this is no longer so; None: never. named: the person's designations that lists name as those that alone
    see their hits."""

    person: Person
    desk: Desk | None
    until_ms: int | None = None
    only: Kind | None = None
    named: frozenset[str] = frozenset()

    def shows(self, event: Event, at_ms: int) -> bool:
        """Whether the reader may see the event at at_ms, and it belongs to this desk."""
        return self.only in (None, event.kind) and any(
            isinstance(may(self.person, event.act, matter, at_ms), Allowed) and self._belongs(event, matter)
            for matter in event.matters
        )

    def _belongs(self, event: Event, matter: Matter) -> bool:
        """Whether the event is this desk's: by zone and list, or as an incident that was handed over to it or alarms it."""
        desk = self.desk
        if desk is None:
            return True
        state = event.message
        if isinstance(state, IncidentState) and (state.everybody or desk.desk_id in (state.desk, *state.alarmed)):
            return True
        in_zone = desk.everywhere or bool(matter.zones and matter.zones & set(desk.zones))
        return in_zone and (matter.hotlist is None or matter.hotlist in desk.lists)


@dataclass(slots=True)
class Audience:
    """The readers that may see the same. seen: the number of the last event that was considered for frames. frames: the
    latest ones."""

    view: View
    seen: int
    readers: int = 0
    frames: deque[StreamFrame] = field(default_factory=lambda: deque(maxlen=FRAMES_KEPT))
    open: set[Reader] = field(default_factory=set)

    def after(self, number: int) -> list[StreamFrame]:
        """The frames made after this event, oldest first."""
        found = list(takewhile(lambda frame: frame.number > number, reversed(self.frames)))
        return found[::-1]

    def push(self, frame: StreamFrame, now_s: float) -> None:
        """Keep a new frame, and write it to every reader. now_s: the event loop's time."""
        self.frames.append(frame)
        for reader in self.open:
            reader.push(frame, now_s)


@dataclass(slots=True)
class Streams:
    """All readers of this process. process: a random id; event ids are valid in one process only."""

    live: Live
    seal: Seal
    now_ms: Callable[[], int]
    process: bytes
    audiences: dict[bytes, Audience] = field(default_factory=dict)
    closing: bool = False

    def join(self, view: View) -> Audience:
        """Add a reader to the audience of this view, which is made for its first reader. Returns the audience."""
        key = _key(view)
        audience = self.audiences.get(key)
        if audience is None:
            audience = self.audiences[key] = Audience(view, self.live.last)
        audience.readers += 1
        return audience

    def leave(self, audience: Audience) -> None:
        """Remove a reader; an audience without readers is removed too."""
        audience.readers -= 1
        if not audience.readers:
            self.audiences.pop(_key(audience.view), None)

    def close(self) -> None:
        """End every stream, because a server that stops waits for its open answers."""
        self.closing = True
        for reader in self._readers():
            reader.ended.set()

    async def beat(self) -> None:
        """Make frames until cancelled: for each audience, of what came since its last frame."""
        loop = asyncio.get_running_loop()
        due = look = loop.time()
        while True:
            due = max(due + FRAME_MS / 1000, loop.time())
            await asyncio.sleep(due - loop.time())
            self.live.place()
            for audience in list(self.audiences.values()):
                self._frame(audience, loop.time())
            if loop.time() - look >= LOOK_S:
                look, ping = loop.time(), StreamFrame(0, self.sign_of_life() + b"\n")
                for reader in self._readers():
                    reader.look(look, ping)

    def _readers(self) -> list[Reader]:
        return [reader for audience in self.audiences.values() for reader in audience.open]

    def _frame(self, audience: Audience, now_s: float = 0.0) -> None:
        events = self.live.since(audience.seen, audience.view.person.user.service)
        if events is None:
            audience.frames.clear()  # too much at once: its readers begin anew
            audience.seen = self.live.last
            audience.push(StreamFrame(self.live.last, self.snapshot()), now_s)
        elif events:
            now_ms = self.now_ms()
            shown = [one for one in events if audience.view.shows(one, now_ms)]
            audience.seen = events[-1].number
            if not shown:
                return
            audience.push(StreamFrame(audience.seen, self._event("changes", shown, audience.seen)), now_s)

    def since(self, view: View, number: int) -> bytes | None:
        """One frame with what the view shows of the events after this number; empty where it shows none of them. None where
        some of them have left the ring."""
        events = self.live.since(number, view.person.user.service)
        if events is None:
            return None
        now_ms = self.now_ms()
        shown = [one for one in events if view.shows(one, now_ms)]
        return self._event("changes", shown, self.live.last) if shown else b""

    def snapshot(self) -> bytes:
        """A frame that tells a reader to fetch the whole state."""
        return f"event: snapshot\nid: {self.id_of(self.live.last)}\ndata: {{}}\n\n".encode()

    def sign_of_life(self) -> bytes:
        """A comment with the present time, and the time until which everything is known here."""
        return f": {self.now_ms()} {self.live.known_ms}\n".encode()

    def id_of(self, number: int) -> str:
        """The sealed id of the position after the event of this number."""
        return self.seal.seal(_USE, self.process + number.to_bytes(8, "big"))

    def number_of(self, event_id: str) -> int | None:
        """The number of the event after which a reader goes on; None for an id that this process did not give."""
        content = self.seal.open(_USE, event_id)
        if content is None or len(content) != _NUMBER_BYTES or content[:8] != self.process:
            return None
        return int.from_bytes(content[8:], "big")

    def _event(self, name: str, events: list[Event], number: int) -> bytes:
        data = msgspec.json.encode([self._told(one) for one in events])
        return b"event: %b\nid: %b\ndata: %b\n\n" % (name.encode(), self.id_of(number).encode(), data)

    def _told(self, event: Event) -> dict[str, object]:
        kind: str = event.kind
        if isinstance(event.message, Withdrawal | Judged):
            kind = "withdrawal" if isinstance(event.message, Withdrawal) else "judged"
        message = told_of(event.message) if isinstance(event.message, IncidentState) else event.message
        told: dict[str, object] = {"kind": kind, kind: message}
        if isinstance(event.message, Alert):
            told["place"] = self.live.directory.place_of(event.message.read)
        return told


def held_by(person: Person) -> frozenset[str]:
    """The ids of the person's designations, in force or not."""
    return frozenset(one.designation_id for one in person.designations)


def view_of(
    person: Person, desk: Desk | None, at_ms: int, named: frozenset[str] = frozenset(), only: Kind | None = None
) -> View:
    """What this person sees at at_ms (UTC) at the desk, or of one kind, without the person: the designations in force, without
    names, reasons and days. So everybody with the same rights has the same view, whoever it is and since when. named: the
    designations that lists name as those that alone see their hits; these stay apart, as their rights are their own."""
    designations = {_nameless(one, named) for one in designations_at(person, at_ms)}
    user = msgspec.structs.replace(person.user, user_id="x", name="x", holds_from_ms=None)
    changes = {
        at for one in person.designations for at in (one.valid_from_ms, one.valid_until_ms, one.trained_until_ms)
    }
    nameless = Person(user, tuple(sorted(designations, key=msgspec.json.encode)))
    until_ms = min((at for at in changes if at > at_ms), default=None)
    return View(nameless, desk, until_ms, only, named & held_by(person))


def _nameless(one: Designation, named: frozenset[str]) -> Designation:
    """The designation without whom, why and since when it holds; its id stays where a list names it."""
    return msgspec.structs.replace(
        one, designation_id=one.designation_id if one.designation_id in named else "x", user_id="x", reason="x",
        granted_by="y", approved_by=None, holds_from_ms=None,
        valid_from_ms=0, valid_until_ms=_ALWAYS_MS, trained_until_ms=_ALWAYS_MS,
    )  # fmt: skip


def _key(view: View) -> bytes:
    """The key of the audience of a view: rights and desk."""
    designations = [msgspec.json.encode(one).decode() for one in view.person.designations]
    user = view.person.user
    return msgspec.json.encode([user.service, user.disabled, designations, view.desk, view.only])
