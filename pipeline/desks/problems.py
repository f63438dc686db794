"""Everything that is not answered is one form: a problem of RFC 9457, that names the rule and what would permit it."""

from typing import Annotated

import msgspec
from aiohttp import web

from pipeline.access.rights import Denied
from schemas.base import Message, Text

MEDIA = "application/problem+json"
Status = Annotated[int, msgspec.Meta(ge=400, le=599)]


class ProblemBody(Message, frozen=True, kw_only=True):
    """RFC 9457. type: urn:vigie:RULE. article: on what the refusal rests; permits: what would make it possible."""

    type: Text
    title: Text
    status: Status
    detail: Text | None = None
    article: Text | None = None
    permits: Text | None = None


class Problem(Exception):
    """Ends a request with a problem. rule: short and stable; title: the same for each problem of that rule."""

    def __init__(
        self,
        status: int,
        rule: str,
        title: str,
        *,
        detail: str | None = None,
        article: str | None = None,
        permits: str | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(f"{rule}: {title}")
        self.rule = rule
        self.body = ProblemBody(
            type=f"urn:vigie:{rule}",
            title=title,
            status=status,
            detail=None if detail is None else detail[:1000],
            article=article,
            permits=permits,
        )
        self.retry_after_s = retry_after_s

    def response(self) -> web.Response:
        """The answer."""
        headers = {} if self.retry_after_s is None else {"Retry-After": str(self.retry_after_s)}
        data = msgspec.json.encode(self.body)
        return web.Response(status=self.body.status, body=data, content_type=MEDIA, headers=headers)


def denied(denial: Denied) -> Problem:
    """The answer to somebody who may not. What is covert is told as what is not there."""
    if denial.rule == "covert":
        return not_found()
    return Problem(403, denial.rule, "You may not do this.", article=denial.article, permits=denial.permits)


def not_found() -> Problem:
    """There is nothing of this name, or nothing that this person may know of."""
    return Problem(404, "not_found", "There is nothing of this name.")


def bad_request(detail: str, rule: str = "bad_request") -> Problem:
    """What was sent cannot be understood. detail: where it is wrong, for a person."""
    return Problem(400, rule, "This request cannot be understood.", detail=detail)


def login_needed() -> Problem:
    """Nobody is logged in here, or not any more."""
    return Problem(401, "login", "Log in first.", permits="a login")


def unavailable(detail: str, retry_after_s: float = 1.0) -> Problem:
    """A server that this needs is away."""
    return Problem(
        503, "unavailable", "This cannot be answered now.", detail=detail, retry_after_s=max(1, round(retry_after_s))
    )
