"""Reference data that persons write about single vehicles, beside the lists: whom to exclude, and whom to watch for."""

from typing import Annotated

import msgspec

from schemas.base import IDENTIFIER, Country, EpochMs, Identifier, Message, Plate, Text
from schemas.reads import VehicleClass
from schemas.reference import Action, PlatePattern, Priority, References, _refuse_blank, _refuse_turned


class Exclusion(Message, frozen=True, kw_only=True):
    """An innocent vehicle whose plate keeps looking like a wanted one. Collection exclusions, key exclusion_id.

    A read of its plate that only looks like the entry, or an entry of the list, rings nowhere: the alert names the exclusion. A
    read of the wanted text itself is never excluded.
    """

    exclusion_id: Identifier
    plate: Plate  # the innocent one
    country: Country | None = None  # of the innocent vehicle; None: whatever the read says
    entry_id: Identifier | None = None  # that it looks like
    list_id: Identifier | None = None  # or: whose entries it looks like
    cameras: References = ()  # where it is confused; empty: everywhere
    reason: Text
    owner: Text  # who answers for it
    evidence: Text | None = None  # where it is kept what shows that the vehicle is another one
    valid_from_ms: EpochMs = 0
    valid_until_ms: EpochMs
    holds_from_ms: EpochMs | None = None  # of this version; None: from its arrival

    def __post_init__(self) -> None:
        """Raise ValueError when it names neither entry nor list, or both; when reason or owner is blank; or when valid_until_ms
        is not after valid_from_ms."""
        if (self.entry_id is None) == (self.list_id is None):
            raise ValueError("name the entry or the list that it looks like: one of them")
        _refuse_blank(reason=self.reason, owner=self.owner)
        _refuse_turned(self.valid_from_ms, self.valid_until_ms)


MOST_WATCHED_MS = 31 * 86_400_000


class Watch(Message, frozen=True, kw_only=True):
    """A person's request to watch for a vehicle in one zone, for a limited time. Collection watches, key watch_id.

    It names a plate or a part of one (? and *), or at least make and colour.
    """

    watch_id: Annotated[str, msgspec.Meta(pattern=rf"\A{IDENTIFIER}\Z", max_length=56)]
    plate: PlatePattern | None = None
    country: Country | None = None
    make: Text | None = None
    colour: Text | None = None
    vehicle_class: VehicleClass | None = None
    zone: Identifier
    priority: Priority = "normal"
    action: Action = "observe"
    reason: Text
    case_reference: Text
    legal_basis: Text
    service: Text  # that asked
    requested_by: Identifier  # user_id
    approved_by: Identifier | None = None  # user_id of a second person; None: none was asked
    valid_from_ms: EpochMs
    valid_until_ms: EpochMs  # at most MOST_WATCHED_MS later
    holds_from_ms: EpochMs | None = None  # of this version; None: from its arrival

    def __post_init__(self) -> None:
        """Raise ValueError when it names nothing to watch for; when reason, case_reference, legal_basis or service is blank; when
        valid_until_ms is not after valid_from_ms, or more than MOST_WATCHED_MS after it."""
        if self.plate is None and not ((self.make or "").strip() and (self.colour or "").strip()):
            raise ValueError("name a plate or a part of one, or make and colour")
        _refuse_blank(
            reason=self.reason, case_reference=self.case_reference, legal_basis=self.legal_basis, service=self.service
        )
        _refuse_turned(self.valid_from_ms, self.valid_until_ms)
        if self.valid_until_ms - self.valid_from_ms > MOST_WATCHED_MS:
            raise ValueError(f"valid_until_ms is more than {MOST_WATCHED_MS // 86_400_000} days after valid_from_ms")
