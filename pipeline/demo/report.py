"""The report of the demo: expected against seen, and how well each kind of pictures was read."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from rich.console import Console
from rich.text import Text

from pipeline.demo.pictures import WANTED, Judged
from pipeline.runtime.terminal import Rows as Table
from pipeline.runtime.terminal import styled
from pipeline.simulation.compare import ComparedOutcome, Comparison, compare
from schemas.outcomes import Alert

_TOLD = 6


class ReportRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the final table: how many were expected and seen, and the ids of those that are missing, spurious or wrong."""

    what: str
    expected: int
    seen: int
    missing: list[str]
    spurious: list[str]
    wrong: list[str]
    double: int  # second copies, which readers drop by their id
    agrees: bool


class MisreadPassage(msgspec.Struct, frozen=True, kw_only=True):
    """One passage in a picture whose plate was read wrongly. shown: the plate; read: the text; None: no text."""

    camera_id: str
    shown: str
    read: str | None


class Pictures(msgspec.Struct, frozen=True, kw_only=True):
    """How many passages in one kind of pictures (rendered, real) were read right; only those whose true plate is known count."""

    kind: str
    passages: int
    right: int
    misreads: list[MisreadPassage]


class DemoReport(msgspec.Struct, frozen=True, kw_only=True):
    """The result of the demo. reads: how many simulated reads were seen. agrees: in no row is anything missing, spurious or
    wrong."""

    lines: list[ReportRow]
    pictures: list[Pictures]
    reads: int
    agrees: bool


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of the forwards: the ids that the desks hold, and the ids with a receipt that says acknowledged."""

    taken: Sequence[str]
    acknowledged: Sequence[str]


def make_report(
    outcome: ComparedOutcome, sent: Sequence[str], delivery: Delivery, judged: Sequence[Judged], picture_alerts: Sequence[Alert],
    order: Sequence[str], reads: Comparison, intrusions: Comparison,
) -> DemoReport:  # fmt: skip
    """Make the demo's report: one row each for reads, alerts, violations, forwards, forwards that the desks hold, receipts, alerts
    from pictures and an intruder's tries, with what is missing and what is too much.

    outcome, reads: what came, compared with what the simulation says must come. sent: ids of the forwards that the desks should
    hold and acknowledge. delivery: those that they hold and acknowledged. judged: the passages in pictures, each with how it
    was read. picture_alerts: the alerts found for them. order: the cameras whose reads came out of order.
    intrusions: an intruder's tries, compared with those that were kept out.
    """
    lines = [
        _line("simulated reads", reads, [f"{camera_id} out of order" for camera_id in order]),
        _line("alerts", outcome.alerts),
        _line("violations", outcome.violations),
        _line("forwards", outcome.forwards),
        _line("forwards taken by desks", compare(sent, delivery.taken)),
        _line("receipts", compare(sent, delivery.acknowledged)),
        _line("alerts from pictures", _picture_alerts(judged, picture_alerts)),
        _line("intrusions kept out", intrusions),
    ]
    kinds = [
        _pictures("rendered", [one for one in judged if not one.real]),
        _pictures("real", [one for one in judged if one.real]),
    ]
    return DemoReport(
        lines=lines, pictures=[kind for kind in kinds if kind.passages], reads=reads.seen,
        agrees=all(line.agrees for line in lines),
    )  # fmt: skip


def _line(what: str, found: Comparison, more_wrong: Sequence[str] = ()) -> ReportRow:
    wrong = [f"{name}: {why}" for name, why in found.wrong] + list(more_wrong)
    return ReportRow(
        what=what, expected=found.expected, seen=found.seen, missing=list(found.missing), spurious=list(found.spurious),
        wrong=wrong, double=len(found.double), agrees=found.agrees and not more_wrong,
    )  # fmt: skip


def _picture_alerts(judged: Sequence[Judged], alerts: Sequence[Alert]) -> Comparison:
    """Compare the alerts of pictures: a wanted vehicle that was read right must raise its alert, one that was misread may,
    and no other vehicle may.

    It compares vehicles, not alert ids, because the reader may choose any picture of a passage as the best.
    """
    wanted = {entry.plate for entry in WANTED}
    must = [one.shown.plate for one in judged if one.right and one.shown.plate in wanted]
    may = {one.shown.plate for one in judged if one.shown.plate in wanted}
    seen = [alert.wanted_plate for alert in alerts]
    excused = {plate for plate in may if plate not in must}
    return compare([plate for plate in must if plate], [plate for plate in dict.fromkeys(seen) if plate not in excused])


def _pictures(kind: str, judged: Sequence[Judged]) -> Pictures:
    known = [one for one in judged if one.shown.plate is not None]
    misreads = [
        MisreadPassage(
            camera_id=one.shown.camera_id, shown=one.shown.plate or "", read=one.read.plate if one.read else None
        )
        for one in known
        if not one.right
    ]
    return Pictures(kind=kind, passages=len(known), right=len(known) - len(misreads), misreads=misreads)


def print_report(report: DemoReport, console: Console) -> None:
    """Print the final table, and what is wrong in words."""
    table = Table(title="Expected against seen", title_justify="left")
    for name in ("", "expected", "seen", "missing", "spurious", "wrong", "second copies", ""):
        table.add_column(name, justify="left" if not name else "right")
    for line in report.lines:
        verdict = Text("agrees", style="green") if line.agrees else Text("DIFFERS", style="bold red")
        counts = (line.expected, line.seen, len(line.missing), len(line.spurious), len(line.wrong), line.double)
        table.add_row(line.what, *map(str, counts), verdict)
    console.print(table)
    for line in report.lines:
        for what, names in (("missing", line.missing), ("spurious", line.spurious), ("wrong", line.wrong)):
            for name in names[:_TOLD]:
                console.print(f"  {line.what}: {what}: {name}", style="red")
    for pictures in report.pictures:
        share = pictures.right / pictures.passages
        console.print(
            f"Pictures ({pictures.kind}): {pictures.right} of {pictures.passages} passages read right ({share:.0%})."
        )
        for one in pictures.misreads[: 2 * _TOLD]:
            console.print(f"  {one.camera_id}: shows {one.shown}, read as {one.read or 'nothing'}", style="dim")
    last = ("Everything agrees.", "bold green") if report.agrees else ("Expected and seen differ.", "bold red")
    console.print(styled(last))
