"""The record: who asked for what or changed what, why, and what became of it; and the checkpoints that vouch for it.

It is kept ten years and so must not become an archive of its own: plates, and ids that are made of plates, stand in it as
keyed pseudonyms, results as keyed digests. The key of each month is deleted after twelve months (pipeline.access.record);
from then on nobody can tell which plates or results they stand for.
"""

from typing import Annotated

import msgspec

from schemas.base import AccessId, Count, EpochMs, Identifier, Message, Text

MAX_ACCESS_BYTES = 65_527
"""Of one entry as JSON: with the 8 bytes of its offset it must fit into a bundle of the log, which takes 65,535."""
MAX_NOTE_CHARACTERS = 64 * 1024
MAX_SUBJECTS, MAX_ON = 256, 64
Who = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
"""A person: the id of an account, or the user of the machine that a command ran on."""
Name = Annotated[str, msgspec.Meta(max_length=200)]
Keyed = Annotated[str, msgspec.Meta(pattern=r"\A\d{4}-\d{2}\.[0-9a-f]{32}\Z", max_length=40)]
"""A pseudonym or a digest: the month whose key made it, and 128 bits."""


class Intent(Message, frozen=True, kw_only=True, tag_field="type", tag="intent"):
    """What a person is about to do. It is recorded before any of it is done; an Outcome that names it follows."""

    who: Who
    role: Identifier | None = None
    desk: Identifier | None = None  # place of work
    origin: Name  # from where: an address, or machine and terminal
    act: Identifier  # what kind: pipeline.access.record.ACTS
    what: Name  # the query, path or command
    purpose: Identifier | None = None
    reason: Text | None = None
    case_reference: Text | None = None
    approver: Who | None = None  # the second person, where the law wants two
    subjects: Annotated[tuple[Keyed, ...], msgspec.Meta(max_length=MAX_SUBJECTS)] = ()  # plates, ids made of plates
    on: Annotated[tuple[Name, ...], msgspec.Meta(max_length=MAX_ON)] = ()  # whatever else: cameras, lists, users


class Outcome(Message, frozen=True, kw_only=True, tag_field="type", tag="outcome"):
    """What became of an intent; intent_id is the access_id of the intent's entry. It is recorded before the answer leaves."""

    intent_id: AccessId
    outcome: Identifier  # answered, refused or failed
    count: Count | None = None  # of what the answer holds
    digest: Keyed | None = None  # of the answer's bytes
    refusal: Text | None = None  # the rule that refused it, and what would permit it
    role: Identifier | None = None  # in which it was allowed, where that rests on what was found
    designation: Identifier | None = None  # that allowed it
    subjects: Annotated[tuple[Keyed, ...], msgspec.Meta(max_length=MAX_SUBJECTS)] = ()  # plates that it showed


class Access(Message, frozen=True, kw_only=True):
    """One entry of the record: an intent or an outcome. Topic vigie.accesses, all in one partition, no key; written by
    desks and commands, read by audit.

    An outcome is recorded before the answer leaves: where an intent has none, nothing was answered, or the answer was cut
    off.
    """

    access_id: AccessId
    at_ms: EpochMs  # the writer's clock; the order of the log does not depend on it
    salt: Annotated[
        str, msgspec.Meta(pattern=r"\A[0-9a-f]{32}\Z", max_length=32)
    ]  # random: no digest of an entry can be guessed
    entry: Intent | Outcome


class Vouched(Message, frozen=True, kw_only=True):
    """A checkpoint of the log. Topic vigie.checkpoints, key origin; written by audit, read by those who watch the log.

    It holds nothing of the entries, and may be given to anybody.
    """

    origin: Name  # the log's name
    size: Count  # entries
    root: Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z", max_length=64)]
    note: Annotated[str, msgspec.Meta(max_length=MAX_NOTE_CHARACTERS)]  # the signed checkpoint itself
    signed_at_ms: EpochMs
