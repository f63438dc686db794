"""Refusals: each is a problem of RFC 9457 that names the rule and what would permit the request."""

from typing import Annotated

import msgspec
from aiohttp import web

from pipeline.access.rights import Denied
from schemas.base import Message, Text
from schemas.incidents import RefusedAction
from schemas.judgements import NotCounted

MEDIA = "application/problem+json"
Status = Annotated[int, msgspec.Meta(ge=400, le=599)]


class ProblemBody(Message, frozen=True, kw_only=True):
    """The body of a problem, RFC 9457. type: urn:vigie:RULE. article: of the law that the refusal rests on. permits: what
    would permit the request."""

    type: Text
    title: Text
    status: Status
    detail: Text | None = None
    article: Text | None = None
    permits: Text | None = None
    refused: RefusedAction | None = None  # of an action on an incident that did not count: who was first
    not_counted: NotCounted | None = None  # of a judgement of a violation


class Problem(Exception):
    """Raised to answer a request with a problem. rule: short and stable. title: the same for each problem of that rule."""

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
        """The HTTP response with this problem."""
        headers = {} if self.retry_after_s is None else {"Retry-After": str(self.retry_after_s)}
        data = msgspec.json.encode(self.body)
        return web.Response(status=self.body.status, body=data, content_type=MEDIA, headers=headers)


def denied(denial: Denied) -> Problem:
    """The problem (403) for a person without the right. A covert matter is answered as not found."""
    if denial.rule == "covert":
        return not_found()
    return Problem(403, denial.rule, "You may not do this.", article=denial.article, permits=denial.permits)


def not_found() -> Problem:
    """The problem (404) for a name that does not exist, or that this person may not know of."""
    return Problem(404, "not_found", "There is nothing of this name.")


def reason_needed(detail: str) -> Problem:
    """The problem (422) for a request that would show plates and says not why. detail: what is wrong with its reason."""
    return Problem(422, "reason_needed", "Say why.", detail=detail, permits="the header Vigie-Reason")


def bulk() -> Problem:
    """The problem (429) for a person who has been shown more plates than anybody needs at once."""
    return Problem(429, "bulk", "You have been shown very many plates.", permits="waiting", retry_after_s=60)


def bad_request(detail: str, rule: str = "bad_request") -> Problem:
    """The problem (400) for a request that cannot be understood. detail: where it is wrong, for a person; rule: the
    same in one word, for programs."""
    return Problem(400, rule, "This request cannot be understood.", detail=detail)


def login_needed() -> Problem:
    """The problem (401) for a request without a valid session."""
    return Problem(401, "login", "Log in first.", permits="a login")


def unavailable(detail: str, retry_after_s: float = 1.0) -> Problem:
    """The problem (503) for a request that needs a server that is away."""
    return Problem(
        503, "unavailable", "This cannot be answered now.", detail=detail, retry_after_s=max(1, round(retry_after_s))
    )
