"""What a run has to say: per fault and in all, for people and as JSON."""

import os
import platform
from collections.abc import Iterator

import msgspec


class Counts(msgspec.Struct, kw_only=True):
    """Differences from the truth, at the ends. told: missing or ringing otherwise, but where an agent said that it may."""

    missing: int = 0
    double: int = 0
    spurious: int = 0
    wrong_order: int = 0
    told: int = 0

    @property
    def clean(self) -> bool:
        """Nothing differs that was not told."""
        return not (self.missing or self.double or self.spurious or self.wrong_order)


class StrikeReport(msgspec.Struct, kw_only=True):
    """One fault. Times in seconds: at_s of the run; held_s: how long it lasted; recovered_s: from its end until nothing was
    behind and every worker well; worst_s: the longest that anything due meanwhile took to its end. None: not within the limit."""

    fault: str
    what: str
    at_s: float
    held_s: float
    recovered_s: float | None
    worst_s: float | None
    due: int  # outcomes that became due from this strike to the next
    counts: Counts
    error: str | None = None  # the fault itself could not be done


class Growth(msgspec.Struct, kw_only=True):
    """One process's longest life, from a minute after its start (memory settles) to its end."""

    process: str
    lived_s: float
    rss_mb: tuple[float, float]
    files: tuple[int, int]
    lives: int


class Report(msgspec.Struct, kw_only=True):
    """One run."""

    seed: int
    seconds: float
    cameras: int
    rate: float
    reads_sent: int
    expected: dict[str, int]
    seen: dict[str, int]
    totals: Counts
    raw_second_copies: dict[str, int]  # on the topics; the ends drop them by id
    strikes: list[StrikeReport]
    differences: list[str]  # the first ones, in words
    growth: list[Growth]
    machine: str = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"

    @property
    def clean(self) -> bool:
        """The floor holds: every fault 0 / 0 / 0, and everything recovered."""
        return self.totals.clean and all(one.recovered_s is not None and one.error is None for one in self.strikes)

    def lines(self) -> Iterator[str]:
        """For people."""
        yield f"{'fault':16} {'to what':44} {'held':>6} {'well after':>10} {'worst':>7}  lost double spurious order told"
        for one in self.strikes:
            counts = one.counts
            yield (
                f"{one.fault:16} {one.what[:44]:44} {one.held_s:5.1f}s {_seconds(one.recovered_s):>10}"
                f" {_seconds(one.worst_s):>7}  {counts.missing:4} {counts.double:6} {counts.spurious:8}"
                f" {counts.wrong_order:5} {counts.told:4}{'  ' + one.error if one.error else ''}"
            )
        yield ""
        yield f"{self.reads_sent} reads of {self.cameras} cameras in {self.seconds:.0f} s, seed {self.seed}; {self.machine}"
        for kind, count in self.expected.items():
            yield f"  {kind:10} expected {count:7}  seen {self.seen.get(kind, 0):7}" + (
                f"  second copies dropped by id {copies}" if (copies := self.raw_second_copies.get(kind)) else ""
            )
        for growth in self.growth:
            yield (
                f"  {growth.process:20} {growth.rss_mb[0]:7.0f} -> {growth.rss_mb[1]:5.0f} MB  files {growth.files[0]:4} ->"
                f" {growth.files[1]:4}  in {growth.lived_s:5.0f} s, the longest of {growth.lives} lives"
            )
        yield from (f"  ! {difference}" for difference in self.differences)
        total = self.totals
        yield (
            f"missing {total.missing}, double {total.double}, spurious {total.spurious}, wrong order {total.wrong_order},"
            f" told {total.told}: {'clean' if self.clean else 'NOT CLEAN'}"
        )


def _seconds(value: float | None) -> str:
    return "never" if value is None else f"{value:.1f}s"
