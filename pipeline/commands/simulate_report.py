"""The report of `vigie simulate`: its fields, and its text for people."""

import msgspec


class SimulationReport(msgspec.Struct, frozen=True, kw_only=True):
    """What one run of the command sent, and what the platform must make of it. seconds: how long the sending or writing
    took."""

    network: str
    cameras: int
    reads: int
    seconds: float
    misreads: int
    expected_alerts: int
    expected_violations: int
    expected_forwards: int


def in_words(report: SimulationReport) -> str:
    """The report as text for a person."""
    return (
        f"{report.reads:,} reads of {report.cameras:,} cameras in {report.seconds:.1f} s, {report.misreads:,} of them misread.\n"
        f"They must lead to {report.expected_alerts} alerts, {report.expected_violations} violations "
        f"and {report.expected_forwards} forwards."
    )
