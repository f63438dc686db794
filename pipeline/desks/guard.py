"""Checks each request before its route: where it comes from, who asks, whether that person may; and records it, where the route
has an `entry`. Some refusals, such as for want of a right, are recorded also where it has none.

The order is fixed: the intent is in the record before anything is done, the outcome before the answer is sent (of a live stream, at
its end).
"""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from hashlib import sha256

import msgspec
from aiohttp import web

from pipeline.access.consumers import certificate_digest, claim_of, is_proven, person_of
from pipeline.access.login import FRESH_MS, SOMEBODY
from pipeline.access.record import ReasonNeeded, Result
from pipeline.access.rights import Allowed, Denied, may_at_all
from pipeline.access.roles import SHOWS_PLATES, WITH_APPROVAL
from pipeline.desks import bodies
from pipeline.desks.cookies import known_nonce, session_token
from pipeline.desks.entries import operation_of
from pipeline.desks.house import House
from pipeline.desks.limits import Limits
from pipeline.desks.place import counted_place
from pipeline.desks.problems import Problem, bulk, denied, login_needed, reason_needed
from pipeline.desks.repeats import once
from pipeline.desks.route import APPROVAL, Asked, Route, RouteAnswer
from pipeline.errors import BadRecord, Unavailable
from pipeline.runtime.open_connections import proven
from schemas.judgements import Consumer

RECORD = "Vigie-Record"


def guarded(house: House, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The route as a handler for aiohttp: after all checks and, where it has an `entry`, between its two entries in the record."""

    async def handle(request: web.Request) -> web.StreamResponse:
        _from_here(house, route, request)
        asked = Asked(house=house, request=request, route=route, now_ms=house.now_ms(), params={})
        if route.public:
            _wait_in_public(asked)
        elif route.consumer:
            _which(asked)
        else:
            await _who(asked)
        asked.params = bodies.params_of(request, route.params)
        allowed = await _allowed(asked)
        asked.query = bodies.query_of(request, route.query)
        if route.work is None:
            return await _answer(asked, allowed)
        async with AsyncExitStack() as held:
            try:
                await held.enter_async_context(house.turns[route.work].turn(asked.somebody.user_id))
            except Problem as problem:
                await _refused(asked, problem.rule, allowed)
                raise
            return await _answer(asked, allowed)

    return handle


async def _answer(asked: Asked, allowed: Allowed | None) -> web.StreamResponse:
    """Read the body, and answer, between the two entries in the record."""
    request, route, data = asked.request, asked.route, b""
    if route.body is not None:
        data = await bodies.read(request, route.most_bytes)
        asked.body = bodies.item_of(data, route.body, asked.house.home)
    await _identified(asked)
    await _named(asked)
    await _counted(asked, allowed)
    digest = sha256(b"\n".join([route.method.encode(), request.path_qs.encode(), data])).hexdigest()
    return await once(asked, digest, lambda: _recorded(asked, allowed))


def _from_here(house: House, route: Route, request: web.Request) -> None:
    """Raise Problem for a request that does not come from a page of ours."""
    if request.host != house.origin.host:
        raise Problem(421, "host", "This is not where you meant to go.", permits=house.origin.url)
    site = request.headers.get("Sec-Fetch-Site")  # only browsers send it: a system that pulls a feed does not
    if site != "same-origin" if route.writes and not route.consumer else site not in (None, "same-origin", "none"):
        raise Problem(403, "site", "This did not come from a page of this site.", permits="Sec-Fetch-Site: same-origin")


async def _who(asked: Asked) -> None:
    """Find the person who asks, and set it in `asked`. Raises Problem when nobody is logged in, and when the
    person asks too often, must choose a password first, or must prove again who he is."""
    house, token = asked.house, session_token(asked.request)
    session = await house.sessions.find(token, asked.now_ms) if token else None
    person = house.directory.person(session.user_id, asked.now_ms) if session else None
    if session is None or person is None or person.user.disabled:
        raise login_needed()
    asked.person, asked.session, asked.token = person, session, token
    proven(asked.request, person.user_id)
    _wait(asked, person.user_id)
    if session.how == "initial" and not asked.route.first:
        await _refused(asked, "first_login")
        raise Problem(403, "first_login", "Choose a password of your own first.", permits="PUT /api/v1/password")
    if asked.route.fresh and not 0 <= asked.now_ms - session.proven_ms <= FRESH_MS:
        await _refused(asked, "fresh")
        raise Problem(403, "fresh", "Prove again who you are.", permits="POST /api/v1/session/proof")


def _which(asked: Asked) -> None:
    """Find the consumer that asks, and set it in `asked`. Raises Problem for one that is unknown or not proven, or asks too often.
    Whoever cannot prove himself is counted by place: secrets cannot be guessed, but each guess costs."""
    consumer = _proven_consumer(asked)
    if consumer is None:
        _wait(asked, f"from {counted_place(asked.house, asked.request)}")
        raise Problem(
            401, "consumer", "This is for consumers of the feed.",
            permits="Authorization: Bearer CONSUMER:SECRET, or the consumer's client certificate",
        )  # fmt: skip
    asked.consumer, asked.person = consumer, person_of(consumer)
    proven(asked.request, asked.person.user_id)
    _wait(asked, asked.person.user_id)


def _proven_consumer(asked: Asked) -> Consumer | None:
    """The consumer whose token the request bears, or, where it bears none, whose client certificate TLS has verified. None: nobody
    is proven."""
    authorization, directory = asked.request.headers.get("Authorization"), asked.house.directory
    if authorization is not None:
        claim = claim_of(authorization)
        consumer = None if claim is None else directory.consumer(claim[0], asked.now_ms)
        return consumer if claim is not None and is_proven(consumer, claim[1], asked.now_ms) else None
    tls = asked.request.get_extra_info("ssl_object")
    certificate = None if tls is None else tls.getpeercert(binary_form=True)
    return directory.certified_consumer(certificate_digest(certificate), asked.now_ms) if certificate else None


def _wait_in_public(asked: Asked) -> None:
    """Count a request of nobody known: by the browser, where somebody has logged in from it before, else by its place, so that
    strangers there lock nobody out. What is recorded counts apart: the record is kept for ten years. Raises Problem."""
    house = asked.house
    nonce = known_nonce(asked.request, house.key, SOMEBODY)
    who = f"from {counted_place(house, asked.request)}" if nonce is None else f"in {nonce}"
    _wait(asked, who)
    if asked.route.entry is not None:
        _wait(asked, who, house.logins)


def _wait(asked: Asked, who: str, limits: Limits | None = None) -> None:
    """Count the request. who: a person, or where nobody is known yet a browser or a place. Raises Problem when that is too
    many."""
    wait_ms = (limits or asked.house.limits).wait_ms(who, asked.now_ms)
    if wait_ms:
        raise Problem(429, "rate", "You ask too often.", retry_after_s=max(1, wait_ms // 1000))


async def _allowed(asked: Asked) -> Allowed | None:
    """The right by which the person may do this; None where the route needs none. A denial is recorded. Raises Problem."""
    act = asked.route.act
    if act is None:
        return None
    answer = may_at_all(asked.somebody, act, asked.now_ms)
    if isinstance(answer, Denied):
        await _refused(asked, answer.rule)
        raise denied(answer)
    return answer


async def _counted(asked: Asked, allowed: Allowed | None) -> None:
    """Raise Problem, and record it, when this person has been shown more plates than anybody needs at once."""
    counted = asked.route.act in SHOWS_PLATES and not asked.route.consumer
    left = 1.0 if not counted else asked.house.plates.left(asked.somebody.user_id, asked.now_ms)
    if left < 1.0:
        await _refused(asked, "bulk", allowed)
        raise bulk()


async def _identified(asked: Asked) -> None:
    """Find who wants to log in, where the body alone does not say it. What goes wrong is recorded and raised."""
    if asked.route.identify is None:
        return
    try:
        asked.claimed = await asked.route.identify(asked)
    except Problem as problem:
        await _refused(asked, problem.rule)
        raise
    except Unavailable:
        await _refused(asked, "unavailable")
        raise


async def _refused(asked: Asked, rule: str, allowed: Allowed | None = None) -> None:
    """Record a request that was refused before anything was done, also where the route itself is not recorded."""
    operation = operation_of(asked, allowed, "refused: no reason was recorded")
    access_id = await asked.house.recorder.intent(operation)
    await asked.house.recorder.outcome(access_id, Result(outcome="refused", refusal=rule))


async def _recorded(asked: Asked, allowed: Allowed | None) -> web.StreamResponse:
    """Run the route between its two entries in the record."""
    if asked.route.entry is None:
        return _response(asked, await asked.route.handle(asked))
    try:
        asked.access_id = await asked.house.recorder.intent(operation_of(asked, allowed, None))
    except ReasonNeeded as error:
        await _refused(asked, "reason_needed", allowed)
        raise reason_needed(error.detail) from None
    try:
        answer = await asked.route.handle(asked)
    except Problem as problem:
        await asked.house.recorder.outcome(asked.access_id, Result(outcome="refused", refusal=problem.rule))
        raise
    except BaseException:
        await asked.house.recorder.outcome(asked.access_id, Result(outcome="failed"))
        raise
    response = _response(asked, answer)
    if isinstance(answer, RouteAnswer):
        body = response.body if isinstance(response, web.Response) and isinstance(response.body, bytes) else b""
        await asked.house.recorder.outcome(asked.access_id, _answered(asked, answer.count, body))
        if asked.route.act in SHOWS_PLATES and not asked.route.consumer:
            asked.house.plates.spend(asked.somebody.user_id, asked.now_ms, answer.count or 0)
    return response


async def _named(asked: Asked) -> None:
    """Find what the request is about, beside what its path names, and the approval that it names; both for the record."""
    name = asked.request.headers.get(APPROVAL)
    if name is not None and asked.route.act in WITH_APPROVAL and asked.route.writes and asked.person is not None:
        asked.approval = await asked.house.approvals.find(name[:64], asked.now_ms)
    if asked.route.names is not None:
        asked.named = await asked.route.names(asked)


def _answered(asked: Asked, count: int | None, body: bytes) -> Result:
    by = asked.allowed
    return Result(outcome="answered", count=count, body=body, role=by.role if by else None,
                  designation=by.designation_id if by else None, plates=asked.plates)  # fmt: skip


def _response(asked: Asked, answer: RouteAnswer | web.StreamResponse) -> web.StreamResponse:
    if isinstance(answer, RouteAnswer):
        route = asked.route
        if answer.raw is not None:
            response: web.StreamResponse = web.Response(body=answer.raw, content_type=route.media)
        elif answer.value is None:
            response = web.Response(status=204)
        else:
            data = msgspec.json.encode(answer.value)
            response = web.Response(status=answer.status, body=data, content_type="application/json")
    else:
        response = answer
    if not response.prepared:
        if asked.access_id is not None:
            response.headers[RECORD] = asked.access_id
        for add in asked.after:
            add(response)
    return response


def problem_of(error: BadRecord) -> Problem:
    """The problem (422) for a BadRecord that a store raised."""
    return Problem(422, error.reason, "This cannot be taken.", detail=error.detail)
