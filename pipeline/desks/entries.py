"""What the record says of a request: who, in which role, from where, why, and on what."""

from urllib.parse import unquote

from aiohttp import web

from pipeline.access.record import Operation, weak_reason
from pipeline.access.rights import Allowed
from pipeline.access.roles import RIGHTS
from pipeline.desks.place import place_of
from pipeline.desks.route import Asked

_LONGEST_REASON = 3000  # as a header, percent-encoded


def operation_of(asked: Asked, allowed: Allowed | None, instead: str | None) -> Operation:
    """The operation as it is recorded. instead: takes the place of a reason that is missing or says nothing; None: such a reason
    is refused later, if the act shows plates."""
    route, request, session = asked.route, asked.request, asked.session
    shift = session.shift if session else None
    named, second = tuple(asked.params.values()), asked.approval
    right = None if allowed is None or route.act is None else RIGHTS[allowed.role][route.act]
    return Operation(
        who=_who(asked),
        origin=place_of(asked.house, request),
        act=route.entry or "query",
        what=f"{route.method} {route.path}",
        role=allowed.role if allowed else None,
        desk=shift.desk_id if shift else None,
        purpose=right.purpose if right else None,
        reason=instead if instead and weak_reason(reason_of(asked)) else reason_of(asked),
        case_reference=_free(asked, "Vigie-Case") or (shift.case_reference if shift else None),
        approver=second.approved_by if second and second.asked_by == _who(asked) else None,
        plates=_plates(asked),
        ids=(*(named if route.named == "ids" else ()), *asked.named.ids),
        on=(*(named if route.named == "on" else ()), *asked.named.on, *((second.approval_id,) if second else ())),
    )


def _who(asked: Asked) -> str:
    """The user_id of the person who asks; where nobody is logged in yet, the one that the request claims."""
    return asked.person.user_id if asked.person else _claimed(asked)


def reason_of(asked: Asked) -> str | None:
    """The reason of the request, else of the shift; of a consumer always the decision that it rests on. None: none
    is given."""
    if asked.consumer is not None:
        return asked.consumer.reason
    shift = asked.session.shift if asked.session else None
    return _free(asked, "Vigie-Reason") or (shift.reason if shift else None)


def _free(asked: Asked, name: str) -> str | None:
    """A header's text; None where it is empty, and where nobody is known who asks: what a stranger writes is not kept for ten
    years."""
    return None if asked.person is None else _header(asked.request, name)


def _plates(asked: Asked) -> tuple[str, ...]:
    """The plate that the body names: of an entry, or of a search for who asked for it; and what else such a search is about."""
    named = (getattr(asked.body, name, None) for name in ("plate", "about"))
    return tuple(one for one in named if one is not None)


def _claimed(asked: Asked) -> str:
    """The user_id that a request claims, where nobody is logged in yet."""
    return asked.claimed or str(getattr(asked.body, "user_id", None) or "nobody")


def _header(request: web.Request, name: str) -> str | None:
    """A header's text, percent-decoded, as headers cannot hold other letters; None where it is empty or missing."""
    return unquote(request.headers.get(name, "")[:_LONGEST_REASON], errors="replace").strip() or None
