"""What the feeds say and take. The feed of violations is JSON Lines: each line names its kind in `type`, and the last is a page.
The feed of forwards gives one signed message at a time."""

from typing import Annotated, Literal

import msgspec

from schemas.base import Count, EpochMs, ForwardId, Message, Text, ViolationId
from schemas.judgements import Rejection, Verdict
from schemas.outcomes import MAX_SIGNED_CHARACTERS, Violation, Withdrawal

MOST_LINES, USUAL_LINES = 500, 100
Cursor = Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]
Sha256 = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{2,64}\Z", max_length=64)]


class FeedPicture(Message, frozen=True, kw_only=True):
    """A picture of a violation. sha256: of its bytes, hex. href: where this consumer, and no other, gets it."""

    end: Literal["entry", "exit"]
    which: Literal["crop", "overview"]
    sha256: Sha256
    href: Text


class ViolationLine(Message, frozen=True, kw_only=True, tag_field="type", tag="violation"):
    """A new violation; `corrects` in it names the one that it stands for, whose withdrawal follows."""

    violation: Violation
    entry_place: Text | None = None
    exit_place: Text | None = None
    pictures: Annotated[tuple[FeedPicture, ...], msgspec.Meta(max_length=4)] = ()


class WithdrawalLine(Message, frozen=True, kw_only=True, tag_field="type", tag="withdrawal"):
    """A violation is taken back, whatever was decided about it."""

    withdrawal: Withdrawal


class JudgementLine(Message, frozen=True, kw_only=True, tag_field="type", tag="judgement"):
    """What an officer decided about a violation: the number-th judgement of it that counted. A later one replaces it."""

    violation_id: ViolationId
    number: Count
    verdict: Verdict
    rejection: Rejection | None = None
    note: Text | None = None
    who: Text
    at_ms: EpochMs


class PageLine(Message, frozen=True, kw_only=True, tag_field="type", tag="page"):
    """The end of a page: an answer without it is not whole. cursor: acknowledges everything up to here, and names where the next
    page begins. more: there is more now. gone: how many records the law had deleted before they were pulled,
    or whose violation it had."""

    cursor: Cursor
    more: bool
    gone: Count = 0


class ForwardPulled(Message, frozen=True, kw_only=True):
    """What a neighbour is told next: a forward as JWS compact, signed by us. Absent: nothing waits."""

    forward_id: ForwardId | None = None
    signed: Annotated[str, msgspec.Meta(max_length=MAX_SIGNED_CHARACTERS)] | None = None


class ForwardAnswered(Message, frozen=True, kw_only=True):
    """The neighbour's word on one forward, as JWS compact, signed by it: acknowledged, or refused with a reason."""

    forward_id: ForwardId
    signed: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_SIGNED_CHARACTERS)]


class LaterSaid(Message, frozen=True, kw_only=True):
    """What a neighbour says later of a message that it acknowledged, as JWS compact, signed by it: accepted, stopped, not_found, or
    refused with a coded reason."""

    forward_id: ForwardId
    signed: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_SIGNED_CHARACTERS)]


FeedLine = ViolationLine | WithdrawalLine | JudgementLine | PageLine


class Pulling(Message, frozen=True, kw_only=True):
    """The query of a pull. cursor: of an earlier page, to go on after it without acknowledging it; without one, the page begins
    after what is acknowledged. limit: lines at most."""

    cursor: Cursor | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST_LINES)] = USUAL_LINES


class Acknowledging(Message, frozen=True, kw_only=True):
    """The cursor of the page up to which the consumer has stored everything. None of it comes again."""

    cursor: Cursor


class Acknowledged(Message, frozen=True, kw_only=True):
    """When it was acknowledged, UTC ms."""

    at_ms: EpochMs
