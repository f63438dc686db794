"""Four eyes: an approval names the digest of exactly what will be done, is given by another person, expires, and can be used
once.

That it is used once is the work of pipeline.state.approval_store, which deletes it at its use.
"""

from hashlib import sha256
from typing import Annotated

import msgspec

from pipeline.access.roles import Act
from schemas.base import EpochMs, Identifier, Message, Text

VALID_MS = 3_600_000  # an hour: whoever approves does it for now
Digest = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]


class Approval(Message, frozen=True, kw_only=True):
    """One person's permission that another person may do exactly one thing, once."""

    approval_id: Identifier
    act: Act
    digest: Digest  # of what will be done: see digest_of
    asked_by: Identifier  # user_id of who will do it
    approved_by: Identifier  # user_id
    reason: Text
    ends_ms: EpochMs

    def __post_init__(self) -> None:
        """Raise ValueError when the person who approves is the one who asked."""
        if self.asked_by == self.approved_by:
            raise ValueError("approved_by must name another person than asked_by")


def digest_of(act: Act, key: str, content: bytes) -> str:
    """The digest of one act on one thing with this content, the bytes that would be written.

    >>> digest_of("policies.change", "NL-1", b"{}")[:8]
    'ec295047'
    """
    digest = sha256()
    for part in (act.encode(), key.encode(), content):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def serves(approval: Approval | None, user_id: str, act: Act, digest: str, at_ms: int) -> bool:
    """Whether the approval lets this person do exactly this at this time (UTC ms)."""
    return (
        approval is not None
        and approval.asked_by == user_id
        and approval.approved_by != user_id
        and approval.act == act
        and approval.digest == digest
        and at_ms < approval.ends_ms
    )
