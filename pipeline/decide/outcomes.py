"""The outcomes of a history, one JSON object a line: at_ms, and one of the other fields."""

import msgspec

from schemas.outcomes import Alert, Forward, Violation, Withdrawal


class WithdrawnOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """An alert, violation or forward that was withdrawn. kind: which of the three."""

    kind: str
    id: str
    reason: str


class RefusedOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """A read or an item that was not accepted."""

    reason: str
    detail: str


class ProvesNothingOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """A passage over a section that proves no violation."""

    section_id: str
    reason: str
    detail: str


class NotForwardedOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """A country to which an alert is not forwarded, though its hotlist entry is shared with it."""

    country: str
    reason: str


class HistoryOutcome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of a history's outcomes. at_ms: when it was decided, UTC."""

    at_ms: int
    alert: Alert | None = None
    violation: Violation | None = None
    withdrawn: WithdrawnOutcome | None = None
    forward: Forward | None = None
    refused: RefusedOutcome | None = None
    proves_nothing: ProvesNothingOutcome | None = None
    not_forwarded: NotForwardedOutcome | None = None

    @property
    def identity(self) -> tuple[object, ...] | None:
        """The key by which readers drop a second copy of the same message; None where each line counts."""
        if self.alert is not None:
            return "alert", self.alert.alert_id, self.alert.revision
        if self.violation is not None:
            return "violation", self.violation.violation_id
        if self.forward is not None:
            return "forward", self.forward.forward_id
        return ("withdrawn", self.withdrawn.kind, self.withdrawn.id) if self.withdrawn is not None else None

    @property
    def explains(self) -> bool:
        """Whether the line only says why there is no violation or no forward."""
        return self.proves_nothing is not None or self.not_forwarded is not None


def outcome_of(message: object, at_ms: int) -> HistoryOutcome:
    """The line for a message that an agent sent. at_ms: when it was decided, UTC. Raises TypeError for any other object."""
    match message:
        case Alert():
            return HistoryOutcome(at_ms=at_ms, alert=message)
        case Violation():
            return HistoryOutcome(at_ms=at_ms, violation=message)
        case Forward():
            return HistoryOutcome(at_ms=at_ms, forward=message)
        case Withdrawal():
            return HistoryOutcome(
                at_ms=at_ms, withdrawn=WithdrawnOutcome(kind=message.kind, id=message.id, reason=message.reason)
            )
    raise TypeError(f"no outcome is made of {type(message).__name__}")
