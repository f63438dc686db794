"""Alerts, violations and incidents as the desks keep them: events with what rights ask about, and present states."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pipeline.access.rights import Matter
from pipeline.desks.directory import Directory
from schemas.incidents import IncidentState
from schemas.judgements import Judged, Judgement
from schemas.outcomes import Alert, Violation, Withdrawal

Kind = Literal["alert", "violation", "incident"]
_ACTS: Mapping[Kind, Any] = {"alert": "alerts.see", "violation": "violations.see", "incident": "alerts.see"}
Item = Alert | Violation | IncidentState
Messages = Item | Withdrawal | Judgement


class Matters:
    """What rights ask about one message, as cameras, zones and lists are known now: a zone that becomes known after the message
    gives the same rights as one that was known before it."""

    __slots__ = ("_compute", "_directory", "_found", "_places")

    def __init__(self, directory: Directory, compute: Callable[[], tuple[Matter, ...]]) -> None:
        self._directory, self._compute = directory, compute
        self._found: tuple[Matter, ...] = ()
        self._places = -1

    def now(self) -> tuple[Matter, ...]:
        """The matters, computed again where what they depend on has changed."""
        if self._places != self._directory.places:
            self._places, self._found = self._directory.places, self._compute()
        return self._found


@dataclass(frozen=True, slots=True)
class Event:
    """One message that arrived. number: counted from 1 in this process. kind: of the message, or of what it withdraws."""

    number: int
    kind: Kind
    message: Item | Withdrawal | Judged
    about: Matters

    @property
    def matters(self) -> tuple[Matter, ...]:
        """What rights ask about; of an incident one for each place where it was seen: a right on one of these is
        enough."""
        return self.about.now()

    @property
    def act(self) -> Any:
        """The right that is needed to see it."""
        return _ACTS[self.kind]

    @property
    def is_covert(self) -> bool:
        """Whether only its owner may know of it."""
        return any(one.covert_owner is not None for one in self.matters)

    @property
    def matter(self) -> Matter:
        """What rights ask about: of an alert or a violation, which has one place."""
        return self.matters[0]


@dataclass(slots=True)
class Shown:
    """The present state of one alert, violation or incident: its highest revision, and its withdrawal if there is one."""

    event: Event
    withdrawal: Withdrawal | None = None
