"""The truth of a simulation: what its reads must lead to, and its file of JSON lines."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import IO

import msgspec

from pipeline.errors import BadRecord
from schemas.base import UNREADABLE, Country, EpochMs, Identifier, Message, Plate
from schemas.outcomes import Match


class ExpectedAlert(Message, frozen=True, kw_only=True, tag_field="kind", tag="alert"):
    """One alert that must be raised. rings: whether a dispatcher must hear it. live: whether it was recent enough to ring."""

    alert_id: str
    read_id: str
    camera_id: Identifier
    captured_at_ms: EpochMs
    plate: Plate  # as read
    entry_id: Identifier
    match: Match
    incident: str  # the same for all sights of one wanted vehicle
    rings: bool = False
    live: bool = True
    silent: bool = False  # nobody is to hear it, however fresh it is


class ExpectedViolation(Message, frozen=True, kw_only=True, tag_field="kind", tag="violation"):
    """One average-speed violation that must be found."""

    violation_id: str
    section_id: Identifier
    plate: Plate
    entry_read_id: str
    exit_read_id: str
    corrected_kmh: int
    limit_kmh: int


class ExpectedForward(Message, frozen=True, kw_only=True, tag_field="kind", tag="forward"):
    """One message that must go to one country."""

    forward_id: str
    alert_id: str
    to_country: Country


class Quiet(Message, frozen=True, kw_only=True, tag_field="kind", tag="quiet"):
    """Reads that must lead to nothing although they nearly do, and the reason."""

    read_ids: tuple[str, ...]
    subject: str  # the entry or the section
    reason: str


class Misread(Message, frozen=True, kw_only=True, tag_field="kind", tag="misread"):
    """One read whose text is not the plate that the vehicle carries."""

    read_id: str
    plate: Plate  # as read
    shown: Plate  # as carried


TruthLine = ExpectedAlert | ExpectedViolation | ExpectedForward | Quiet | Misread


@dataclass(frozen=True, slots=True)
class Truth:
    """Everything that one simulation must lead to."""

    alerts: tuple[ExpectedAlert, ...] = ()
    violations: tuple[ExpectedViolation, ...] = ()
    forwards: tuple[ExpectedForward, ...] = ()
    quiet: tuple[Quiet, ...] = ()

    def lines(self) -> Iterator[TruthLine]:
        """Every expected alert, violation, forward and quiet case, in this order of kinds."""
        yield from self.alerts
        yield from self.violations
        yield from self.forwards
        yield from self.quiet


def merged(truths: Iterable[Truth]) -> Truth:
    """Several truths merged into one."""
    listed = tuple(truths)
    return Truth(
        alerts=tuple(alert for truth in listed for alert in truth.alerts),
        violations=tuple(violation for truth in listed for violation in truth.violations),
        forwards=tuple(forward for truth in listed for forward in truth.forwards),
        quiet=tuple(quiet for truth in listed for quiet in truth.quiet),
    )


def stale(truth: Truth) -> Truth:
    """The truth of the same reads if they are sent so late that no alert is live."""
    late = (msgspec.structs.replace(alert, live=False, rings=False) for alert in truth.alerts)
    return replace(truth, alerts=tuple(late))


def write_lines(lines: Iterable[TruthLine], out: IO[bytes]) -> int:
    """Write one JSON object a line to `out`. Returns how many were written."""
    encoder, count = msgspec.json.Encoder(), 0
    for line in lines:
        out.write(encoder.encode(line) + b"\n")
        count += 1
    return count


def read_truth(source: IO[bytes]) -> Truth:
    """The truth in a file that write_lines wrote; its misreads are left out. Raises BadRecord naming the first line that is
    none of them."""
    decoder = msgspec.json.Decoder(TruthLine)
    lines: list[TruthLine] = []
    for number, text in enumerate(source, start=1):
        try:
            lines.append(decoder.decode(text))
        except UNREADABLE as error:
            raise BadRecord("bad_truth", f"line {number}: {error}") from error
    return Truth(
        alerts=tuple(line for line in lines if isinstance(line, ExpectedAlert)),
        violations=tuple(line for line in lines if isinstance(line, ExpectedViolation)),
        forwards=tuple(line for line in lines if isinstance(line, ExpectedForward)),
        quiet=tuple(line for line in lines if isinstance(line, Quiet)),
    )
