"""Ends streams whose session or shift has ended: one question to Redis a second for all readers of this process."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from pipeline.access.login import Session, is_over
from pipeline.access.rights import Person
from pipeline.desks.directory import Directory
from pipeline.desks.stream import View
from pipeline.errors import Unavailable
from pipeline.state.session_store import ALL, SessionStore

EVERY_S = 1.0


@dataclass(slots=True, eq=False)
class Watched:
    """One reader. session: as it was when the stream began. may: whether session and shift last."""

    token: str
    session: Session
    person: Person
    view: View
    may: bool = True
    revision: int = -1

    def goes_on(self, directory: Directory, now_ms: int) -> bool:
        """Whether the reader may still see the stream at now_ms: session and shift last, and nothing about the person or the
        desk has changed."""
        if self.may and self.revision != directory.revision:
            self.revision, desk = directory.revision, self.view.desk
            self.may = directory.person(self.person.user_id, now_ms) == self.person
            self.may &= desk is None or directory.desk(desk.desk_id, now_ms) == desk
        return self.may and (self.view.until_ms is None or now_ms < self.view.until_ms)


@dataclass(slots=True)
class Watch:
    """The readers of this process."""

    sessions: SessionStore
    readers: set[Watched] = field(default_factory=set)

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

    async def look_on(self, now_ms: Callable[[], int]) -> None:
        """Look every EVERY_S until cancelled."""
        while True:
            await asyncio.sleep(EVERY_S)
            if self.readers:
                await self.look(now_ms())
