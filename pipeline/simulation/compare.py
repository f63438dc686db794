"""Compares what was expected with what was seen: missing, seen twice, unexpected, or in the wrong order."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pipeline.hotlist.copied_plates import is_of_copied_plate
from pipeline.simulation.truth import Truth
from schemas.outcomes import Alert, Forward, Violation, Withdrawal
from schemas.reads import PlateRead


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The differences between expected and seen ids. wrong: each id that was seen with other content than expected, and the
    difference."""

    expected: int
    seen: int  # without second copies
    missing: tuple[str, ...] = ()
    double: tuple[str, ...] = ()  # more than one copy; harmless where the reader's end drops them by id
    spurious: tuple[str, ...] = ()
    wrong: tuple[tuple[str, str], ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether nothing is missing, spurious or wrong. Second copies are reported, but allowed: readers drop them."""
        return not (self.missing or self.spurious or self.wrong)


def compare(expected: Iterable[str], seen: Iterable[str], *, wrong: Iterable[tuple[str, str]] = ()) -> Comparison:
    """Compare two collections of ids. wrong: see Comparison."""
    wanted, counts = dict.fromkeys(expected), Counter(iter(seen))
    return Comparison(
        expected=len(wanted),
        seen=len(counts),
        missing=tuple(name for name in wanted if name not in counts),
        double=tuple(name for name, count in counts.items() if count > 1),
        spurious=tuple(name for name in counts if name not in wanted),
        wrong=tuple(wrong),
    )


@dataclass(frozen=True, slots=True)
class ComparedOutcome:
    """The comparisons of one simulation: alerts, violations, forwards."""

    alerts: Comparison
    violations: Comparison
    forwards: Comparison

    @property
    def agrees(self) -> bool:
        """Whether all three comparisons agree."""
        return self.alerts.agrees and self.violations.agrees and self.forwards.agrees


@dataclass(slots=True)
class SeenOutputs:
    """What the platform sent, in the order of arrival."""

    alerts: list[Alert] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    forwards: list[Forward] = field(default_factory=list)
    withdrawn: list[Withdrawal] = field(default_factory=list)

    def standing(self) -> "SeenOutputs":
        """The same without what was withdrawn. Of alerts only the first revision: an alert that is confirmed later is not a
        second alert. Of copied plates none: simulated vehicles bear the same plate by chance now and then."""
        gone = {(one.kind, one.id) for one in self.withdrawn}
        return SeenOutputs(
            [
                one
                for one in self.alerts
                if one.revision == 1 and not is_of_copied_plate(one) and ("alert", one.alert_id) not in gone
            ],
            [one for one in self.violations if ("violation", one.violation_id) not in gone],
            [one for one in self.forwards if ("forward", one.forward_id) not in gone],
        )


def compare_outcome(truth: Truth, seen: SeenOutputs, *, ringing: bool = True) -> ComparedOutcome:
    """Compare what a simulation must lead to with what was seen. What was withdrawn does not count as seen.

    ringing: compare also which alerts rang: each wanted vehicle once, and only live ones. False where the platform was down
    for longer than the live bound.
    """
    seen = seen.standing()
    alerts = [alert.alert_id for alert in seen.alerts]
    violations = [violation.violation_id for violation in seen.violations]
    forwards = [forward.forward_id for forward in seen.forwards]
    return ComparedOutcome(
        alerts=compare((a.alert_id for a in truth.alerts), alerts, wrong=_wrong_alerts(truth, seen.alerts, ringing)),
        violations=compare(
            (violation.violation_id for violation in truth.violations), violations, wrong=_wrong_violations(truth, seen)
        ),
        forwards=compare((forward.forward_id for forward in truth.forwards), forwards),
    )


def order_breaks(sent: Iterable[PlateRead], seen: Iterable[PlateRead]) -> tuple[str, ...]:
    """The cameras whose reads were seen in another order than they were sent in. Second copies are ignored."""
    before, after = _by_camera(sent), _by_camera(seen)
    return tuple(camera_id for camera_id, ids in after.items() if not _in_order(before.get(camera_id, ()), ids))


def _by_camera(reads: Iterable[PlateRead]) -> dict[str, tuple[str, ...]]:
    first: dict[str, dict[str, None]] = {}
    for read in reads:
        first.setdefault(read.camera_id, {}).setdefault(read.read_id)
    return {camera_id: tuple(ids) for camera_id, ids in first.items()}


def _in_order(before: Sequence[str], after: Sequence[str]) -> bool:
    places = {read_id: place for place, read_id in enumerate(before)}
    found = [places[read_id] for read_id in after if read_id in places]
    return found == sorted(found)


def _wrong_alerts(truth: Truth, seen: Sequence[Alert], ringing: bool) -> list[tuple[str, str]]:
    expected = {alert.alert_id: alert for alert in truth.alerts}
    wrong, rung = [], Counter[str]()
    for alert in {alert.alert_id: alert for alert in seen}.values():
        wanted = expected.get(alert.alert_id)
        if wanted is None:
            continue
        if alert.match != wanted.match:
            wrong.append((alert.alert_id, f"{alert.match} instead of {wanted.match}"))
        if ringing and alert.live != wanted.live:
            wrong.append((alert.alert_id, "taken as live" if alert.live else "not taken as live"))
        rung[wanted.incident] += alert.rings
    if ringing:
        must = Counter[str]()
        for wanted in truth.alerts:
            must[wanted.incident] += wanted.rings
        wrong.extend(
            (incident, f"rang {rung[incident]} times instead of {must[incident]}")
            for incident in must
            if rung[incident] != must[incident]
        )
    return wrong


def _wrong_violations(truth: Truth, seen: SeenOutputs) -> list[tuple[str, str]]:
    expected = {violation.violation_id: violation for violation in truth.violations}
    found = {violation.violation_id: violation for violation in seen.violations}
    return [
        (name, f"{violation.corrected_kmh} km/h instead of {expected[name].corrected_kmh}")
        for name, violation in found.items()
        if name in expected and violation.corrected_kmh != expected[name].corrected_kmh
    ]
