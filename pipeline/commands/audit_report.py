"""What `vigie audit verify` says of a log."""

from typing import Any

import msgspec

from pipeline.record.verify import Report
from pipeline.runtime.terminal import Terminal, styled
from pipeline.tables.cells import moment_text

console = Terminal()


def as_object(report: Report) -> dict[str, Any]:
    """The report as the object that --json prints."""
    proven = report.proven
    return {
        "intact": not report.faults,
        "origin": None if proven is None else proven.checkpoint.origin,
        "entries": None if proven is None else proven.size,
        "records": report.records,
        "unanswered": report.unanswered,
        "continues": report.matched,
        "witnesses": [msgspec.to_builtins(one) for one in report.witnessed],
        "left_out": report.left_out,
        "left_out_offsets": report.spans,
        "faults": [msgspec.to_builtins(fault) for fault in report.faults],
    }


def say(report: Report) -> None:
    """Print the report for a person, faults first."""
    for fault in report.faults:
        console.print(styled(("changed", "bold red"), f" {fault.where}: {fault.what}"))
    if report.proven is None:
        return
    checkpoint = report.proven.checkpoint
    console.print(f"{checkpoint.origin}: {checkpoint.size} entries, signed by the log")
    for one in report.witnessed:
        console.print(f"the first {one.size} entries witnessed by {one.name} {moment_text(one.at_s * 1000)}")
    for name in report.matched:
        console.print(f"continues {name}")
    console.print(
        f"{report.records} records compared with their digests" if report.records else "no records here: digests alone"
    )
    if report.unanswered:
        console.print(
            f"{report.unanswered} intents without an outcome: not answered, or not yet. {', '.join(report.examples[:3])}"
        )
    if report.left_out:
        spans = ", ".join(f"{first}..{last}" for first, last in report.spans)
        console.print(
            styled(
                (f"{report.left_out} records of the topic are not in the log", "yellow"),
                f" (offsets {spans}):"
                " the agent could not read them (they are its dead letters) or somebody deleted them before. Ask for them.",
            )
        )
    if not report.faults:
        console.print(styled(("Nothing was changed.", "green")))
