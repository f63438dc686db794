"""The report of a run: per fault and in all, for people and as JSON."""

import os
import platform
from collections.abc import Iterator, Sequence
from statistics import median

import msgspec


class Counts(msgspec.Struct, kw_only=True):
    """Differences from the truth. told: what is missing or rang differently after an agent had logged that this may happen;
    it is not counted elsewhere."""

    missing: int = 0
    double: int = 0
    spurious: int = 0
    wrong_order: int = 0
    told: int = 0

    @property
    def clean(self) -> bool:
        """Whether all differences are among `told`."""
        return not (self.missing or self.double or self.spurious or self.wrong_order)


class StrikeReport(msgspec.Struct, kw_only=True):
    """One fault. Times in seconds. at_s: when it struck, of the run. held_s: how long it lasted.

    recovered_s: from its end until nothing was late and every worker well. worst_s: the longest delay of anything that was
    due meanwhile. None: not within the limit.
    """

    fault: str
    what: str
    at_s: float
    held_s: float
    recovered_s: float | None
    worst_s: float | None
    due: int  # outcomes that became due from this strike to the next
    counts: Counts
    error: str | None = None  # the fault itself could not be done


class KindReport(msgspec.Struct, kw_only=True):
    """All strikes of one kind. Times in seconds, as of a strike; None: not all recovered, or nothing was due."""

    fault: str
    strikes: int
    recovered_median_s: float | None
    recovered_most_s: float | None
    worst_s: float | None
    due: int
    counts: Counts


def by_kind(strikes: Sequence[StrikeReport]) -> list[KindReport]:
    """The reports of all strikes, summed up by kind of fault, in alphabetical order."""
    return [
        _kind(name, [one for one in strikes if one.fault == name]) for name in sorted({one.fault for one in strikes})
    ]


def _kind(name: str, strikes: list[StrikeReport]) -> KindReport:
    recovered = [one.recovered_s for one in strikes if one.recovered_s is not None]
    late = [one.worst_s for one in strikes if one.worst_s is not None]
    fields = Counts.__struct_fields__
    return KindReport(
        fault=name, strikes=len(strikes), due=sum(one.due for one in strikes),
        recovered_median_s=median(recovered) if recovered else None,
        recovered_most_s=max(recovered) if len(recovered) == len(strikes) else None,
        worst_s=max(late, default=None),
        counts=Counts(**{field: sum(getattr(one.counts, field) for one in strikes) for field in fields}),
    )  # fmt: skip


class Growth(msgspec.Struct, kw_only=True):
    """Memory and files of the longest-lived process of one name, from a minute after its start, when memory has settled, to
    its end. most_*: the maxima of all processes of that name."""

    process: str
    lived_s: float
    rss_mb: tuple[float, float]
    files: tuple[int, int]
    lives: int
    most_mb: float
    most_files: int


class FaultsReport(msgspec.Struct, kw_only=True):
    """The result of one run."""

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
    kinds: list[KindReport]
    differences: list[str]  # the first ones, in words
    growth: list[Growth]
    leaks: list[
        str
    ] = []  # what another user could read or do at the end, and what told of plates, secrets or covert alerts
    machine: str = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"

    @property
    def clean(self) -> bool:
        """Whether every fault could be done, the platform recovered from each within the limit, and nothing is missing,
        double, spurious or in wrong order but for what it had logged; and nothing leaked."""
        well = all(one.recovered_s is not None and one.error is None for one in self.strikes)
        return self.totals.clean and well and not self.leaks

    def lines(self) -> Iterator[str]:
        """The report as lines for people."""
        yield f"{'fault':17} {'to what':44} {'held':>6} {'well after':>10} {'worst':>7}  lost double spurious order told"
        for one in self.strikes:
            counts = one.counts
            yield (
                f"{one.fault:17} {one.what[:44]:44} {one.held_s:5.1f}s {_seconds(one.recovered_s):>10}"
                f" {_seconds(one.worst_s):>7}  {counts.missing:4} {counts.double:6} {counts.spurious:8}"
                f" {counts.wrong_order:5} {counts.told:4}{'  ' + one.error if one.error else ''}"
            )
        yield ""
        yield f"{'fault':17} times    due well after  at most   worst  lost double spurious order told"
        for kind in self.kinds:
            counts = kind.counts
            yield (
                f"{kind.fault:17} {kind.strikes:5} {kind.due:6} {_seconds(kind.recovered_median_s):>10}"
                f" {_seconds(kind.recovered_most_s):>8} {_seconds(kind.worst_s):>7}  {counts.missing:4} {counts.double:6}"
                f" {counts.spurious:8} {counts.wrong_order:5} {counts.told:4}"
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
                f" {growth.files[1]:4}  in {growth.lived_s:5.0f} s, the longest of {growth.lives} lives;"
                f" most {growth.most_mb:.0f} MB, {growth.most_files} files"
            )
        yield from (f"  ! {difference}" for difference in self.differences)
        yield from (f"  ! leaked: {leak}" for leak in self.leaks)
        total = self.totals
        yield (
            f"missing {total.missing}, double {total.double}, spurious {total.spurious}, wrong order {total.wrong_order},"
            f" told {total.told}: {'clean' if self.clean else 'NOT CLEAN'}"
        )


def _seconds(value: float | None) -> str:
    return "never" if value is None else f"{value:.1f}s"
