"""A covert alert as it stands on its topic: sealed, so that only its owner can read it."""

from typing import Annotated

import msgspec

from schemas.base import Message


class SealedAlert(Message, frozen=True, kw_only=True):
    """A covert alert, the withdrawal of one, or what its owner's people decided, sealed for the owner. Topic vigie.alerts_covert,
    key for_key; written by hotlist and desks.

    sealed: the Alert or Withdrawal that would otherwise stand on the topic alerts, or the IncidentAction that would on actions, as
    JSON, encrypted: see pipeline.runtime.covert.
    """

    for_key: Annotated[
        str, msgspec.Meta(pattern=r"\A[0-9a-f]{16}\Z", max_length=16)
    ]  # a digest of the owner's public key
    sealed: Annotated[bytes, msgspec.Meta(max_length=512 * 1024)]
