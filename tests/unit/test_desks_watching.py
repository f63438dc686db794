"""When a reader of the live stream may go on, and when not."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from pipeline.access.login import MINUTE_MS, Bounds, Session, Shift
from pipeline.desks.stream import view_of
from pipeline.desks.watching import MOST_STREAMS, Watch, Watched
from pipeline.errors import Unavailable
from tests.builders import NOON_MS
from tests.people import make_person

SHIFT = Shift(desk_id="DESK", reason="night shift at the desk", access_id="e-0", began_ms=NOON_MS)
SESSION = Session(
    user_id="an.peeters",
    how="passkey",
    opened_ms=NOON_MS,
    proven_ms=NOON_MS,
    seen_ms=NOON_MS,
    stamps=(0, 0),
    shift=SHIFT,
)


@dataclass(slots=True)
class OneSession:
    """A store of one session. away: it does not answer."""

    session: Session = SESSION
    away: bool = False
    bounds: Bounds = field(default_factory=Bounds)

    async def all_stamps(self) -> dict[str, int]:
        """No session was ended by count."""
        if self.away:
            raise Unavailable("sessions")
        return {}

    async def peek_all(self, tokens: Sequence[str]) -> list[Session | None]:
        """The one session, for every token."""
        return [self.session for _ in tokens]


async def test_while_redis_is_away_a_stream_goes_on_as_long_as_its_session_would_without_a_request() -> None:
    """Counted from its last request, not from the stream's beginning."""
    person, store = make_person("dispatcher"), OneSession()
    reader = Watched("token", SESSION, person, view_of(person, None, NOON_MS))
    watch = Watch(store)  # type: ignore[arg-type]  # the two methods that it uses
    watch.add(reader)
    later = NOON_MS + 90 * MINUTE_MS
    store.session = msgspec.structs.replace(SESSION, seen_ms=later - MINUTE_MS)
    await watch.look(later)
    store.away = True
    await watch.look(later + 20 * MINUTE_MS)
    assert reader.may
    await watch.look(later + 29 * MINUTE_MS)
    assert not reader.may


async def test_of_one_persons_streams_the_oldest_ends_when_there_are_too_many() -> None:
    """Another person's go on."""
    watch = Watch(OneSession())  # type: ignore[arg-type]  # the two methods that it uses
    mine, jan = make_person("dispatcher"), make_person("dispatcher", user_id="jan.claes")
    readers = [
        Watched("token", SESSION, who, view_of(who, None, NOON_MS)) for who in (jan, *[mine] * (MOST_STREAMS + 2))
    ]
    for one in readers:
        watch.add(one)
    assert [True, False, False, *[True] * MOST_STREAMS] == [one.may for one in readers]
