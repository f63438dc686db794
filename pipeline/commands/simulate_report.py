"""The report of `vigie simulate`, as a record and in words."""

import msgspec


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What one run of the command did, and what must come of it."""

    network: str
    cameras: int
    reads: int
    seconds: float
    misreads: int
    expected_alerts: int
    expected_violations: int
    expected_forwards: int


def in_words(report: Report) -> str:
    """The report as a person reads it."""
    return (
        f"{report.reads:,} reads of {report.cameras:,} cameras in {report.seconds:.1f} s, {report.misreads:,} of them misread.\n"
        f"They must lead to {report.expected_alerts} alerts, {report.expected_violations} violations "
        f"and {report.expected_forwards} forwards."
    )
