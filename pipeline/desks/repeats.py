"""Does a write with an idempotency key only once: a repetition gets the first answer again.

An answer that shows plates is kept nowhere. Such a write is done once by what it writes (an action has the key in its id), so a
repetition asks for the right, is recorded and looks at the plates like any other request."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import msgspec
from aiohttp import web

from pipeline.access.roles import SHOWS_PLATES
from pipeline.desks.problems import Problem, bad_request
from pipeline.desks.route import Asked
from pipeline.state.approval_store import Answered

HEADER = "Idempotency-Key"
_KEY = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_-]{8,64}\Z")]


async def once(asked: Asked, digest: str, work: Callable[[], Awaitable[web.StreamResponse]]) -> web.StreamResponse:
    """Do the work, or return the answer that it gave before to the same person under the same idempotency key. Without a key
    it is done each time, and so is what answers with plates. digest: of the whole request. Raises Problem."""
    key = asked.request.headers.get(HEADER)
    if key is None or not asked.route.repeats:
        return await work()
    try:
        msgspec.convert(key, _KEY)
    except msgspec.ValidationError:
        raise bad_request(f"{HEADER}: 8 to 64 letters, digits, - and _") from None
    user_id, answers = asked.somebody.user_id, asked.house.answers
    before = await answers.begin(user_id, key, digest)
    shows_plates = asked.route.act in SHOWS_PLATES and asked.route.answer is not None
    if before is not None:
        again = _again(before, digest)
        return await work() if shows_plates else again
    try:
        response = await work()
    except BaseException:
        await answers.end(user_id, key, None)
        raise
    body = response.body if isinstance(response, web.Response) and isinstance(response.body, bytes) else b""
    body = b"" if shows_plates else body
    await answers.end(user_id, key, Answered(request=digest, status=response.status, body=body.decode()))
    return response


def _again(before: Answered, digest: str) -> web.Response:
    if before.request != digest:
        raise Problem(422, "repeated_otherwise", "This key was used for something else.", permits=f"another {HEADER}")
    if before.status == 0:
        raise Problem(409, "being_done", "This is being done.", retry_after_s=1)
    return web.Response(
        status=before.status,
        body=before.body.encode() or None,
        content_type="application/json",
        headers={"Idempotency-Replayed": "true"},
    )
