"""Routes for shifts: work begins and ends at a desk, and who else is there."""

from typing import Annotated

import msgspec

from pipeline.access.login import Shift
from pipeline.access.record import weak_reason
from pipeline.access.rights import Denied, may_at_all
from pipeline.desks.problems import bad_request, denied
from pipeline.desks.route import Asked, Route, RouteAnswer, found
from pipeline.desks.session_routes import Me, me_of
from schemas.base import Identifier, Message, Text

MOST_PRESENT = 1_000


class NewShift(Message, frozen=True, kw_only=True):
    """The desk at which a person begins to work, and the reason."""

    desk_id: Identifier
    reason: Text
    case_reference: Text | None = None


class Present(Message, frozen=True, kw_only=True):
    """Who is at a desk now: whoever has begun a shift there, in a session that lasts."""

    persons: Annotated[tuple[Identifier, ...], msgspec.Meta(max_length=MOST_PRESENT)]


async def begin_shift(asked: Asked) -> RouteAnswer:
    """Begin a shift at a desk. Its reason holds for everything that is shown during the shift."""
    shift, house = asked.given(NewShift), asked.house
    may_see = may_at_all(asked.somebody, "alerts.see", asked.now_ms)
    if isinstance(may_see, Denied):
        raise denied(may_see)
    if (fault := weak_reason(shift.reason)) is not None:
        raise bad_request(fault, "reason_needed")
    found(house.directory.desk(shift.desk_id, asked.now_ms))
    begun = Shift(
        desk_id=shift.desk_id, reason=shift.reason, case_reference=shift.case_reference,
        access_id=asked.access_id or "", began_ms=asked.now_ms,
    )  # fmt: skip
    session = msgspec.structs.replace(asked.own_session, shift=begun)
    await house.sessions.keep(asked.token or "", session, asked.now_ms)
    return RouteAnswer(value=me_of(asked, asked.somebody, session))


async def end_shift(asked: Asked) -> RouteAnswer:
    """End the shift. The live streams of this session end with it."""
    session = msgspec.structs.replace(asked.own_session, shift=None)
    await asked.house.sessions.keep(asked.token or "", session, asked.now_ms)
    return RouteAnswer()


async def present(asked: Asked) -> RouteAnswer:
    """Who is at the desk that the path names."""
    found(asked.house.directory.desk(asked.key, asked.now_ms))
    working = await asked.house.sessions.working(asked.now_ms)
    persons = sorted(user_id for user_id, desks in working.items() if asked.key in desks)
    return RouteAnswer(value=Present(persons=tuple(persons[:MOST_PRESENT])), count=len(persons))


ROUTES = (
    Route(method="POST", path="/shift", about="Take up work at a desk.", handle=begin_shift, entry="shift",
          body=NewShift, answer=Me),
    Route(method="DELETE", path="/shift", about="End the work at the desk.", handle=end_shift, entry="shift"),
    Route(method="GET", path="/desks/{key}/present", about="Who is at a desk now.", handle=present, act="desks.see",
          answer=Present),
)  # fmt: skip
