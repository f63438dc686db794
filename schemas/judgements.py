"""What officers of the traffic authority decide about violations, and who else is told of it: the consumers of feeds."""

from typing import Annotated, Literal

import msgspec

from schemas.accesses import Who
from schemas.base import AccessId, ActionId, Count, Country, EpochMs, Message, Text, ViolationId
from schemas.outcomes import RecordPlace
from schemas.people import Role
from schemas.reads import Network
from schemas.reference import References, _refuse_blank, _refuse_turned
from schemas.senders import MOST_SECRETS, SenderSecret

Verdict = Literal["accepted", "rejected", "asked", "noted"]
"""What an officer says of a violation: it is accepted; rejected; something must be asked first; or, of one that was taken back
after it was accepted, that the officer has seen this."""
Rejection = Literal[
    "plate_misread", "not_the_same_vehicle", "pictures_unusable", "exempt_vehicle", "wrong_class", "wrong_limit",
    "clock_in_doubt", "certificate_in_doubt", "other",
]  # fmt: skip
WhyNotCounted = Literal["acted_before", "changes_nothing", "too_many"]
"""acted_before: somebody else judged the violation since the officer saw it. changes_nothing: that was its verdict already."""
MOST_JUDGEMENTS, MOST_NOT_COUNTED = 32, 8


class Judgement(Message, frozen=True, kw_only=True):
    """What an officer decided about one violation. Topic vigie.judgements, key violation_id; written and read by desks, read by
    `vigie retention`.

    It counts only if as many judgements of the violation counted before it as the officer saw (revision): of two at once the one
    that the topic has first.
    """

    judgement_id: ActionId  # ids.action_id(who, the request's key): a repeated request is the same judgement
    violation_id: ViolationId
    violation_at: RecordPlace  # where the violation stands on its topic
    revision: Count
    verdict: Verdict
    rejection: Rejection | None = None
    note: Text | None = None
    who: Who
    role: Role
    access_id: AccessId | None = None  # its entry in the record
    at_ms: EpochMs

    def __post_init__(self) -> None:
        """Raise ValueError for `rejected` without a rejection, for a rejection with another verdict, and for `asked` or the
        rejection `other` without a note."""
        if (self.verdict == "rejected") != (self.rejection is not None):
            raise ValueError("rejected, and nothing else, needs a rejection")
        if (self.verdict == "asked" or self.rejection == "other") and not (self.note or "").strip():
            raise ValueError("asked, and the rejection `other`, need a note")


class JudgedStep(Message, frozen=True, kw_only=True):
    """One judgement that counted. at: where it stands on the topic judgements; at_ms: the broker's time."""

    judgement_id: ActionId
    verdict: Verdict
    rejection: Rejection | None = None
    note: Text | None = None
    who: Who
    at: RecordPlace
    at_ms: EpochMs


class NotCounted(Message, frozen=True, kw_only=True):
    """A judgement that did not count, why, and the one that was first, if that is why."""

    judgement_id: ActionId
    verdict: Verdict
    who: Who
    at_ms: EpochMs
    why: WhyNotCounted
    first_who: Who | None = None
    first_verdict: Verdict | None = None
    first_at_ms: EpochMs | None = None


class Judged(Message, frozen=True, kw_only=True):
    """The judgements of a violation: those that counted, in order, and the latest of those that did not. revision: how many
    counted. verdict: of the latest that counted and is not `noted`; None: none counted."""

    violation_id: ViolationId
    revision: Count = 0
    verdict: Verdict | None = None
    steps: Annotated[tuple[JudgedStep, ...], msgspec.Meta(max_length=MOST_JUDGEMENTS)] = ()
    not_counted: Annotated[tuple[NotCounted, ...], msgspec.Meta(max_length=MOST_NOT_COUNTED)] = ()


class ConsumerCertificate(Message, frozen=True, kw_only=True):
    """A client certificate by which a consumer proves who it is. sha256: of the certificate (DER), hex; until_ms: when it ends."""

    sha256: Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z", max_length=64)]
    added_at_ms: EpochMs
    until_ms: EpochMs


class Consumer(Message, frozen=True, kw_only=True):
    """A system that pulls a feed: an authority's that of violations, a neighbour's that of what it is told. Collection
    consumers, key consumer_id. neighbour: whose it is; None: an authority's.

    It gets what an officer with the same zones and networks could see, from since_ms on. What is left empty gives nothing.
    With neither a secret nor a certificate it gets nothing.
    """

    consumer_id: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9._-]*\Z", max_length=48)]
    service: Text  # the authority that runs it
    reason: Text  # the decision that it rests on: its date and number; the record says it with each pull
    everywhere: bool = False  # in every zone, and where no zone is
    zones: References = ()
    networks: Annotated[tuple[Network, ...], msgspec.Meta(max_length=8)] = ()  # whose cameras
    neighbour: Country | None = None
    since_ms: EpochMs  # what Kafka took before is not for it
    valid_from_ms: EpochMs
    valid_until_ms: EpochMs
    secrets: Annotated[tuple[SenderSecret, ...], msgspec.Meta(max_length=MOST_SECRETS)] = ()
    certificates: Annotated[tuple[ConsumerCertificate, ...], msgspec.Meta(max_length=MOST_SECRETS)] = ()
    holds_from_ms: EpochMs | None = None  # of this version; None: from its arrival

    def __post_init__(self) -> None:
        """Raise ValueError when service or reason is blank, or valid_until_ms is not after valid_from_ms."""
        _refuse_blank(service=self.service, reason=self.reason)
        _refuse_turned(self.valid_from_ms, self.valid_until_ms)
