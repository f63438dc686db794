"""Ends streams whose session or shift has ended: one question to Redis a second for all readers of this process."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from pipeline.access.login import Session, is_over
from pipeline.access.rights import Person
from pipeline.desks.directory import Directory
from pipeline.desks.stream import View, held_by
from pipeline.errors import Unavailable
from pipeline.state.session_store import ALL, SessionStore

EVERY_S = 1.0
MOST_STREAMS = 16
"""The most streams of one person in one process, each in a connection of its own. A browser needs one."""


@dataclass(slots=True, eq=False)
class Watched:
    """One reader. session: as Redis had it last. may: whether session and shift last."""

    token: str
    session: Session
    person: Person
    view: View
    may: bool = True
    revision: int = -1

    def goes_on(self, directory: Directory, now_ms: int) -> bool:
        """Whether the reader may still see the stream at now_ms: session and shift last, and nothing about the person, the desk
        or which of the person's designations lists name has changed."""
        if self.may and self.revision != directory.revision:
            self.revision, desk = directory.revision, self.view.desk
            self.may = directory.person(self.person.user_id, now_ms) == self.person
            self.may &= desk is None or directory.desk(desk.desk_id, now_ms) == desk
            self.may &= self.view.named == directory.named & held_by(self.person)
        return self.may and (self.view.until_ms is None or now_ms < self.view.until_ms)


@dataclass(slots=True)
class Watch:
    """The readers of this process, the oldest first."""

    sessions: SessionStore
    readers: dict[Watched, None] = field(default_factory=dict)

    def add(self, one: Watched) -> None:
        """Add a reader. Of more than MOST_STREAMS of one person the oldest ends."""
        theirs = [other for other in self.readers if other.person.user_id == one.person.user_id and other.may]
        for other in theirs[: max(0, len(theirs) + 1 - MOST_STREAMS)]:
            other.may = False
        self.readers[one] = None

    async def look(self, now_ms: int) -> None:
        """Note which readers' sessions or shifts have ended. While Redis is away what was known holds, at most until a session's
        end."""
        readers = list(self.readers)
        try:
            counts = await self.sessions.all_stamps()
            current = await self.sessions.peek_all([one.token for one in readers])
        except Unavailable:
            counts, current = None, [one.session for one in readers]
        for one, session in zip(readers, current, strict=True):
            stamps = one.session.stamps if counts is None else (counts.get(ALL, 0), counts.get(one.session.user_id, 0))
            over = session is None or is_over(session, stamps, now_ms, self.sessions.bounds)
            one.may &= not over and session is not None and session.shift == one.session.shift
            if one.may and session is not None:
                one.session = session

    async def look_on(self, now_ms: Callable[[], int]) -> None:
        """Look every EVERY_S until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            if self.readers:
                await self.look(now_ms())
