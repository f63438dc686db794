"""Who works with the platform: persons, what each is designated for, and the desks that they work at.

Reference data like any other (see schemas.reference): collections users, designations, desks and signing_keys. What is left empty
here gives nothing: a designation that names no zone and does not say `everywhere` reaches no zone.
"""

from typing import Annotated, Literal

import msgspec

from schemas.base import EpochMs, Identifier, Message, Text
from schemas.reads import Network
from schemas.reference import HotList, References, _refuse_blank, _refuse_turned

Role = Literal[
    "dispatcher",
    "investigator",
    "magistrate",
    "authority_officer",
    "liaison_officer",
    "list_manager",
    "camera_manager",
    "auditor",
    "oversight",
    "administrator",
]
MinuteOfWeek = Annotated[int, msgspec.Meta(ge=0, le=7 * 24 * 60)]
"""Minutes since Monday 00:00, local time."""


class User(Message, frozen=True, kw_only=True):
    """A person who may log in; never a group or a machine. Collection users, key user_id. Secrets are kept elsewhere."""

    user_id: Identifier
    name: Text  # first and last name, as the record shows it
    service: Text  # the police zone, court or authority that the person works for
    disabled: bool = False
    holds_from_ms: EpochMs | None = None  # of this version; None: from its arrival

    def __post_init__(self) -> None:
        """Raise ValueError when name or service is blank."""
        _refuse_blank(name=self.name, service=self.service)


class Designation(Message, frozen=True, kw_only=True):
    """What one person may do, for a time. Collection designations, key designation_id. Nobody designates himself."""

    designation_id: Identifier
    user_id: Identifier
    role: Role
    reason: Text  # the decision that it rests on: its date and number
    granted_by: Identifier  # user_id
    approved_by: Identifier | None = None  # user_id of a second person; None: none was asked
    everywhere: bool = False  # in every zone, and where no zone is
    zones: References = ()
    networks: Annotated[tuple[Network, ...], msgspec.Meta(max_length=8)] = ()  # whose cameras
    lists: Annotated[tuple[HotList, ...], msgspec.Meta(max_length=16)] = ()
    valid_from_ms: EpochMs
    valid_until_ms: EpochMs
    trained_until_ms: EpochMs  # when the training that access asks for has to be done again
    holds_from_ms: EpochMs | None = None  # of this version; None: from its arrival

    def __post_init__(self) -> None:
        """Raise ValueError when the reason is blank, valid_until_ms is not after valid_from_ms, the person designates
        himself, or the second person is the first."""
        _refuse_blank(reason=self.reason)
        _refuse_turned(self.valid_from_ms, self.valid_until_ms)
        if self.user_id in (self.granted_by, self.approved_by):
            raise ValueError(
                "nobody designates himself: granted_by and approved_by must name other persons than user_id"
            )
        if self.granted_by == self.approved_by:
            raise ValueError("approved_by must name another person than granted_by")


class Hours(Message, frozen=True, kw_only=True):
    """A part of every week, without the minute until_minute. Where until_minute is before from_minute, it goes over Sunday
    midnight."""

    from_minute: MinuteOfWeek
    until_minute: MinuteOfWeek


class Desk(Message, frozen=True, kw_only=True):
    """A place of work: what is shown there, when it is staffed, and which desk follows when nobody answers. Collection
    desks, key desk_id."""

    desk_id: Identifier
    name: Text
    zones: References = ()
    everywhere: bool = False  # alerts from every zone, and from where no zone is
    lists: Annotated[tuple[HotList, ...], msgspec.Meta(max_length=16)]
    hours: Annotated[tuple[Hours, ...], msgspec.Meta(max_length=64)] = ()
    always: bool = False  # staffed day and night
    successor: Identifier | None = None  # desk_id of whom an alert goes to when nobody here answers
    answers_within_s: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = 60
    holds_from_ms: EpochMs | None = None  # of this version; None: from its arrival

    def __post_init__(self) -> None:
        """Raise ValueError when the name is blank or the desk is its own successor."""
        _refuse_blank(name=self.name)
        if self.successor == self.desk_id:
            raise ValueError("successor must name another desk")


class SigningKey(Message, frozen=True, kw_only=True):
    """A key by which one person signs authorisations. Collection signing_keys, key key_id. Its owner enrols it; until two others
    have registered it, nothing that it signs counts."""

    key_id: Identifier  # pipeline.access.signing.key_id_of the public key
    user_id: Identifier
    public_key: Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_-]{40,200}\Z", max_length=200)]
    # SubjectPublicKeyInfo (DER) in base64url: ECDSA on P-256, or Ed25519
    enrolled_at_ms: EpochMs
    reason: Text = ""  # of the registration: how the two made sure whose key it is
    registered_by: Identifier | None = None  # user_id; None: not registered
    approved_by: Identifier | None = None  # user_id of the second person
    valid_from_ms: EpochMs | None = None
    valid_until_ms: EpochMs | None = None
    revoked_at_ms: EpochMs | None = None  # from then on nothing that it signs counts
    revoked_by: Identifier | None = None  # user_id
    holds_from_ms: EpochMs | None = None  # of this version; None: from its arrival

    def __post_init__(self) -> None:
        """Raise ValueError when its owner registers or approves it, both persons are the same, or valid_until_ms is not after
        valid_from_ms."""
        if self.user_id in (self.registered_by, self.approved_by):
            raise ValueError("nobody registers his own key: registered_by and approved_by must name other persons")
        if self.registered_by is not None and self.registered_by == self.approved_by:
            raise ValueError("approved_by must name another person than registered_by")
        if self.valid_from_ms is not None and self.valid_until_ms is not None:
            _refuse_turned(self.valid_from_ms, self.valid_until_ms)
