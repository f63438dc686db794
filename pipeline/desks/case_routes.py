"""Routes for violations: listed, looked at with their arithmetic and pictures, and judged one by one."""

import secrets
from datetime import UTC, datetime

import msgspec
from aiohttp import web

from pipeline.access.rights import Allowed
from pipeline.desks.case_bodies import (
    CasesWanted,
    End,
    Judging,
    Show,
    Violations,
    ViolationShown,
)
from pipeline.desks.events import Shown
from pipeline.desks.live_routes import From, Which, found_in, page_of, picture_of, streamed
from pipeline.desks.problems import Problem, bad_request
from pipeline.desks.repeats import HEADER
from pipeline.desks.route import Asked, Route, RouteAnswer, found
from pipeline.desks.stream import view_of
from pipeline.sections.judging import TO_DO, Phase, is_decided, phase_of
from pipeline.sections.workings import workings_of
from schemas import ids
from schemas.base import ViolationId
from schemas.judgements import Judged, Judgement, NotCounted
from schemas.outcomes import Violation

PHASES: dict[Show, tuple[Phase, ...]] = {
    "to_do": TO_DO,
    "accepted": ("accepted",),
    "rejected": ("rejected",),
    "withdrawn": ("recalled", "withdrawn"),
}


async def list_violations(asked: Asked) -> RouteAnswer:
    """A page of the violations that this person may see."""
    wanted = asked.given(CasesWanted).show
    phases = PHASES.get(wanted)
    shown, after, position = page_of(
        asked,
        "violation",
        lambda one: phases is None or _phase(asked, one) in phases,
        oldest=wanted == "to_do",
    )
    items = tuple(_told(asked, one) for one in shown)
    page = Violations(items=items, next=after, position=position, at_ms=asked.now_ms)
    return RouteAnswer(value=page, count=len(items))


async def show_violation(asked: Asked) -> RouteAnswer:
    """The violation that the path names, in its present state. Raises Problem when there is none, or this person may not see
    it."""
    return RouteAnswer(value=_whole(asked, found_in(asked, "violation")), count=1)


async def violation_picture(asked: Asked) -> RouteAnswer:
    """A picture of one end of a violation, with a watermark that names the viewer."""
    shown = found_in(asked, "violation")
    asked.check(shown.event.matter, "violations.see")
    violation = violation_in(shown)
    read = violation.entry if asked.params["end"] == "entry" else violation.exit
    return await picture_of(asked, read.crop if asked.params["which"] == "crop" else read.overview)


async def stream(asked: Asked) -> web.StreamResponse:
    """Violations, withdrawals and judgements as they arrive."""
    return await streamed(asked, view_of(asked.somebody, None, asked.now_ms, asked.house.directory.named, "violation"))


async def judge(asked: Asked) -> RouteAnswer:
    """Judge one violation. Who was not first is told who was."""
    shown = found_in(asked, "violation")
    allowed, violation = asked.check(shown.event.matter), violation_in(shown)
    judgement, before = _judgement(asked, allowed, violation), judged_in(asked, violation)
    if not is_decided(
        before, judgement.judgement_id
    ):  # a repeated request is told what became of it, whatever came since
        _refuse_unseen(asked.given(Judging), shown)
    after = await asked.house.judging.decided(judgement, judgement.judgement_id, violation.violation_id, before)
    not_counted = next((one for one in after.not_counted if one.judgement_id == judgement.judgement_id), None)
    if not_counted is not None:
        raise _conflict(not_counted)
    return RouteAnswer(value=_whole(asked, shown), count=1)


def _refuse_unseen(given: Judging, shown: Shown) -> None:
    """Raises Problem for a judgement that does not fit whether the violation was withdrawn, or of somebody who did not see that."""
    withdrawn = shown.withdrawal is not None
    if withdrawn and not given.withdrawn:
        raise Problem(409, "withdrawn_since", "It was taken back.", permits="looking at the violation again")
    if withdrawn != (given.verdict == "noted"):
        raise Problem(
            409, "withdrawn" if withdrawn else "not_withdrawn", "This cannot be said of it.",
            detail="what was taken back is noted, and nothing else is", permits="another verdict",
        )  # fmt: skip


def _judgement(asked: Asked, allowed: Allowed, violation: Violation) -> Judgement:
    """The judgement that the body asks for. A request that is repeated with its Idempotency-Key gives one with the same id."""
    given, who = asked.given(Judging), asked.somebody.user_id
    key = asked.request.headers.get(HEADER) or secrets.token_hex(16)
    try:
        return Judgement(
            judgement_id=ids.action_id(who, f"{violation.violation_id} {given.verdict} {key}"),
            violation_id=violation.violation_id,
            violation_at=found(asked.house.live.cases.place_of(violation.violation_id)),
            revision=given.revision,
            verdict=given.verdict,
            rejection=given.rejection,
            note=given.note,
            who=who,
            role=allowed.role,
            access_id=asked.access_id,
            at_ms=asked.now_ms,
        )
    except ValueError as error:
        raise bad_request(str(error)) from None


def _conflict(one: NotCounted) -> Problem:
    at = datetime.fromtimestamp((one.first_at_ms or 0) / 1000, UTC).isoformat(" ", "seconds")
    first = f"{one.first_who}: {one.first_verdict}, {at}" if one.first_who else one.verdict
    problem = Problem(409, one.why, "This did not count.", detail=first, permits="looking at the violation again")
    problem.body = msgspec.structs.replace(problem.body, not_counted=one)
    return problem


def _told(asked: Asked, shown: Shown) -> ViolationShown:
    violation, directory = violation_in(shown), asked.house.directory
    return ViolationShown(
        violation=violation,
        phase=_phase(asked, shown),
        entry_place=directory.place_of(violation.entry),
        exit_place=directory.place_of(violation.exit),
        withdrawal=shown.withdrawal,
        corrected_by=asked.house.live.cases.corrected_by.get(violation.violation_id),
        judged=judged_in(asked, violation),
    )


def _whole(asked: Asked, shown: Shown) -> ViolationShown:
    return msgspec.structs.replace(_told(asked, shown), workings=workings_of(violation_in(shown)))


def _phase(asked: Asked, shown: Shown) -> Phase:
    return phase_of(judged_in(asked, violation_in(shown)), withdrawn=shown.withdrawal is not None)


def judged_in(asked: Asked, violation: Violation) -> Judged | None:
    """What officers said of the violation; None: nothing yet."""
    return asked.house.live.cases.judged.get(violation.violation_id)


def violation_in(shown: Shown) -> Violation:
    """The violation that is kept."""
    assert isinstance(shown.event.message, Violation), "violations are kept as violations"
    return shown.event.message


VIOLATION = {"id": ViolationId}
ROUTES = (
    Route(method="GET", path="/violations", about="Violations: the latest, or what waits for an officer.",
          handle=list_violations, act="violations.see", entry="query", query=CasesWanted, answer=Violations),
    Route(method="GET", path="/violations/{id}", about="One violation with its arithmetic.", handle=show_violation,
          act="violations.see", entry="query", named="ids", params=VIOLATION, answer=ViolationShown),
    Route(method="POST", path="/violations/{id}/judgements", about="Judge one violation.", handle=judge,
          act="violations.judge", entry="decision", named="ids", params=VIOLATION, body=Judging, answer=ViolationShown),
    Route(method="GET", path="/violations/{id}/pictures/{end}/{which}", about="A picture of a violation.",
          handle=violation_picture, act="pictures.see", entry="picture", named="ids",
          params=VIOLATION | {"end": End, "which": Which}, media="image/jpeg", work="picture"),
    Route(method="GET", path="/stream/violations", about="Violations, withdrawals and judgements as they come.",
          handle=stream, act="violations.see", entry="stream", query=From, media="text/event-stream"),
)  # fmt: skip
