"""Routes for consumers of feeds: systems of authorities, which prove who they are by a token or a client certificate, in no
session."""

import msgspec

from pipeline.desks.feed_bodies import (
    Acknowledged,
    Acknowledging,
    FeedLine,
    ForwardAnswered,
    ForwardPulled,
    LaterSaid,
    PageLine,
    Pulling,
)
from pipeline.desks.feed_pages import FeedPosition
from pipeline.desks.problems import Problem, bad_request
from pipeline.desks.route import Asked, Route, RouteAnswer, found
from pipeline.errors import BadRecord
from pipeline.evidence.store import EvidenceMissing
from schemas.base import Text

_USE = "feed violations"
_LINES = msgspec.json.Encoder()


async def pull(asked: Asked) -> RouteAnswer:
    """The next page of the feed of violations."""
    given, consumer = asked.given(Pulling), asked.own_consumer
    begin = asked.cursor(given.cursor, FeedPosition, _USE)
    page = await asked.house.feeds.pull(consumer, begin, given.limit, asked.now_ms)
    end = PageLine(cursor=asked.next_cursor(page.after, _USE), more=page.more, gone=page.gone)
    return RouteAnswer(raw=_LINES.encode_lines([*page.lines, end]), count=len(page.lines))


async def acknowledge(asked: Asked) -> RouteAnswer:
    """Note that the consumer has stored everything up to the cursor."""
    cursor = asked.cursor(asked.given(Acknowledging).cursor, FeedPosition, _USE)
    if cursor is None:
        raise bad_request("a cursor is needed", "cursor")
    await asked.house.feeds.acknowledge(asked.own_consumer, cursor, asked.now_ms)
    return RouteAnswer(value=Acknowledged(at_ms=asked.now_ms))


async def picture(asked: Asked) -> RouteAnswer:
    """A picture that a line of the feed named to this consumer, as it was stored."""
    path = found(asked.house.feeds.picture_of(asked.own_consumer, asked.params["picture"]))
    try:
        return RouteAnswer(raw=await asked.house.pictures.get(path), count=1)
    except EvidenceMissing:
        raise Problem(404, "no_picture", "There is no picture any more.") from None
    except BadRecord as error:
        raise Problem(422, error.reason, "This picture cannot be shown.") from None


async def pull_forward(asked: Asked) -> RouteAnswer:
    """The message that waits for the neighbour that asks."""
    waits = await asked.house.outbox.take(_neighbour(asked), asked.now_ms)
    told = ForwardPulled() if waits is None else ForwardPulled(forward_id=waits.forward_id, signed=waits.signed)
    return RouteAnswer(value=told, count=0 if waits is None else 1)


async def answer_forward(asked: Asked) -> RouteAnswer:
    """Take in the neighbour's signed word. What it is worth, liaison judges."""
    given = asked.given(ForwardAnswered)
    if not await asked.house.outbox.answer(_neighbour(asked), given.forward_id, given.signed):
        raise Problem(409, "not_waiting", "This message waits no more.", permits="pulling again")
    return RouteAnswer(value=Acknowledged(at_ms=asked.now_ms))


async def later_said(asked: Asked) -> RouteAnswer:
    """Take in what the neighbour says later of a message that was sent to it. What it is worth, liaison judges."""
    given = asked.given(LaterSaid)
    offered = await asked.house.words.offer(_neighbour(asked), given.forward_id, given.signed)
    if offered == "unknown":
        raise Problem(
            409, "unknown_forward", "You were sent no such message, or too long ago.", permits="its forward_id"
        )
    if offered == "full":
        raise Problem(503, "full", "Too much of what you said is not judged yet.", retry_after_s=1)
    return RouteAnswer(value=Acknowledged(at_ms=asked.now_ms))


def _neighbour(asked: Asked) -> str:
    """The country that asks. Raises Problem for a consumer of another feed."""
    country = asked.own_consumer.neighbour
    if country is None:
        raise Problem(403, "neighbour", "This feed is a neighbour's.", permits="vigie consumers add --neighbour")
    return country


ROUTES = (
    Route(method="GET", path="/feeds/violations", about="The next violations, withdrawals and judgements: a line each.",
          handle=pull, act="violations.see", entry="export", consumer=True, query=Pulling, answer=FeedLine,
          media="application/jsonl"),
    Route(method="POST", path="/feeds/violations/acknowledgements", about="Everything up to a cursor is stored.",
          handle=acknowledge, act="violations.see", entry="export", consumer=True, body=Acknowledging,
          answer=Acknowledged),
    Route(method="GET", path="/feeds/forwards", about="What a neighbour that pulls is told next.", handle=pull_forward,
          act="alerts.see", entry="export", consumer=True, answer=ForwardPulled),
    Route(method="POST", path="/feeds/forwards/answers", about="A neighbour's signed word on what it pulled.",
          handle=answer_forward, act="alerts.see", entry="export", consumer=True, body=ForwardAnswered, answer=Acknowledged),
    Route(method="POST", path="/feeds/forwards/outcomes", about="What a neighbour says later of a message that it took.",
          handle=later_said, act="alerts.see", entry="export", consumer=True, body=LaterSaid, answer=Acknowledged),
    Route(method="GET", path="/feeds/pictures/{picture}", about="A picture that the feed named.", handle=picture,
          act="violations.see", entry="picture", named="hidden", consumer=True, params={"picture": Text},
          media="image/jpeg"),
)  # fmt: skip
