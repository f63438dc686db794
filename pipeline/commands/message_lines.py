"""Formats messages as lines for a person at a terminal."""

from datetime import UTC, datetime

from rich.text import Text

from pipeline.runtime.terminal import in_line, styled
from schemas.base import Message
from schemas.outcomes import Alert, DeadLetter, Forward, Receipt, Violation, Withdrawal
from schemas.pictures import Frame, Track
from schemas.reads import PlateRead, ReadBatch

_COLOURS = {"urgent": "bold white on red", "high": "bold red", "normal": "yellow", "low": "dim"}


def clock(at_ms: int) -> str:
    """The time of day of at_ms (UTC) in this machine's time zone, with tenths of a second."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone().strftime("%H:%M:%S.%f")[:-5]


def alert_line(alert: Alert, place: str | None = None) -> Text:
    """One alert as a line for dispatchers. place: the camera's name; without it the camera's id is shown."""
    colour = _COLOURS[alert.priority] if alert.rings else "dim"
    kind = "" if alert.match == "exact" else f" ({alert.match}, {alert.score:.0%} sure)"
    asks = " CONFIRM FIRST" if alert.confirm else ""
    state = "" if alert.rings else " late" if not alert.live else " trail"
    return styled(
        f"{clock(alert.read.captured_at_ms)} ",
        (f"{alert.priority.upper():7}", colour),
        f" {alert.read.plate}{kind}  {alert.hotlist}: {alert.category}, {alert.action}{asks}  "
        f"at {place or alert.read.camera_id}{state}",
    )


def violation_line(violation: Violation) -> Text:
    """One violation as a line for the traffic authority."""
    return styled(
        f"{clock(violation.exit.captured_at_ms)} {violation.plate}  {violation.section_id}: {violation.corrected_kmh} km/h "
        f"(measured {violation.measured_kmh:.1f}) where {violation.limit_kmh} is allowed, certificate "
        f"{violation.certificate.number}"
    )


def _sure(read: PlateRead) -> str:
    return f"{read.confidence:.2f}" if read.confidence_stated else " -  "


def lines_of(message: Message) -> list[Text | str]:
    """A message as lines for a person, whatever its texts hold; a batch of reads gives one line for each read."""
    return [in_line(line) for line in _lines_of(message)]


def _lines_of(message: Message) -> list[Text | str]:
    match message:
        case ReadBatch():
            return [
                f"{clock(r.captured_at_ms)} {r.plate:10} {_sure(r)} {r.country or '--'} {r.camera_id}"
                for r in message.reads
            ]
        case Alert():
            return [alert_line(message)]
        case Violation():
            return [violation_line(message)]
        case Forward():
            return [f"{clock(message.captured_at_ms)} to {message.to_country}: {message.plate} {message.offence_category}, "
                    f"{message.action}, at {message.place} ({message.kind})"]  # fmt: skip
        case Withdrawal():
            return [styled(f"{clock(message.at_ms)} ", ("WITHDRAWN", "bold"),
                           f" {message.kind} {message.id}: {message.reason} (by {message.by})")]  # fmt: skip
        case Receipt():
            return [f"{clock(message.decided_at_ms)} {message.to_country} {message.outcome} {message.forward_id} "
                    f"after {message.attempts} attempt(s) {message.detail or ''}"]  # fmt: skip
        case DeadLetter():
            place = f"{message.topic}:{message.partition}:{message.offset}"
            return [styled(f"{clock(message.refused_at_ms)} ", (message.reason, "red"),
                           f" {message.stage} {place} {message.detail}")]  # fmt: skip
        case Frame():
            return [f"{clock(message.captured_at_ms)} {message.camera_id} {len(message.image) / 1000:.0f} kB"]
        case Track():
            return [f"{clock(message.captured_at_ms)} {message.camera_id} {len(message.crops)} crop(s)"]
    return [str(message)]
