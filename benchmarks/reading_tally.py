"""Counting what readers said: right or wrong, how sure, and at what cost in CPU time."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import quantiles

from benchmarks.reading_peers import Said
from benchmarks.reading_truth import Case, folded
from pipeline.plates import COUNTRIES

SURE = 0.95
UNKNOWN = "?"  # the country of a plate whose picture shows none
TOTALS = ("all", "with a module", "without a module")  # in pipeline/plates, without which a country cannot be said


@dataclass(slots=True)
class Tally:
    """What came of some pictures. ms: CPU time of each."""

    folded: int = 0
    strict: int = 0
    sure: int = 0
    sure_and_right: int = 0
    with_a_read: int = 0
    plates: int = 0  # in all pictures
    found: int = 0  # of them, in any read
    wrong_best: int = 0  # pictures whose best read is no plate of theirs
    false: int = 0  # reads that are no plate of their picture
    ms: list[float] = field(default_factory=list)

    def figures(self) -> dict[str, object]:
        """The figures as they are appended and printed; a share of nothing is None."""
        pictures = len(self.ms)
        return {
            "pictures": pictures,
            "folded_percent": _percent(self.folded, pictures),
            "strict_percent": _percent(self.strict, pictures),
            "sure_percent": _percent(self.sure, pictures),
            "right_when_sure_percent": _percent(self.sure_and_right, self.sure),
            "with_a_read": self.with_a_read,
            "recall_percent": _percent(self.found, self.plates),
            "wrong_best_percent": _percent(self.wrong_best, pictures),
            "false_reads": self.false,
            "cpu_ms": spread(self.ms),
        }

    def false_figures(self) -> dict[str, object]:
        """The figures of pictures that show no plate: every read of them is false."""
        pictures = len(self.ms)
        return {
            "pictures": pictures,
            "false_reads_per_thousand": round(1000 * self.with_a_read / pictures, 1),
            "sure_false_reads_per_thousand": round(1000 * self.sure / pictures, 1),
            "cpu_ms": spread(self.ms),
        }


@dataclass(slots=True)
class CountryTally:
    """Counts how often the country was said, and said right, of plates whose country is known; however their text was read."""

    with_truth: int = 0
    said: int = 0
    right: int = 0

    def figures(self) -> dict[str, int]:
        """The figures as they are appended and printed."""
        return {
            "with_truth": self.with_truth,
            "said": self.said,
            "right": self.right,
            "wrong": self.said - self.right,
        }


@dataclass(slots=True)
class Result:
    """What one reader made of a folder.

    countries: see country_figures. wrong: file, truth, best read, confidence. sureness: of each read, and whether it is right.
    """

    groups: defaultdict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    countries: defaultdict[str, CountryTally] = field(default_factory=lambda: defaultdict(CountryTally))
    wrong: list[tuple[str, str, str, float]] = field(default_factory=list)
    sureness: list[tuple[float, bool]] = field(default_factory=list)

    @property
    def folded_share(self) -> float:
        """The share of the pictures, 0..1, whose best read is right after folding."""
        return self.groups["all"].folded / max(1, len(self.groups["all"].ms))

    def add(self, case: Case, said: Sequence[Said], ms: float) -> None:
        """Count one picture, by its best read (the first). said: all reads of it; ms: the CPU time that they took."""
        text, sureness, country = said[0] if said else Said("", 0.0)
        shown, reads = {folded(plate) for plate in case.plates}, [folded(one.plate) for one in said]
        right = folded(text) in shown
        if said:
            self.sureness.append((sureness, right))
        for tally in (self.groups[name] for name in ("all", *case.groups, *case.details)):
            tally.ms.append(ms)
            tally.folded += right
            tally.strict += text in case.plates
            tally.plates += len(case.plates)
            tally.found += sum(folded(plate) in reads for plate in case.plates)
            tally.wrong_best += bool(said) and not right
            tally.false += sum(read not in shown for read in reads)
            tally.sure += sureness >= SURE
            tally.sure_and_right += sureness >= SURE and right
            tally.with_a_read += bool(said)
        if not right and (case.plate or said):
            self.wrong.append((case.file.name, case.plate or "", text, round(sureness, 3)))
        self._add_country(case.country, country)

    def _add_country(self, truth: str | None, said: str | None) -> None:
        if truth is None or truth == UNKNOWN:
            return
        everywhere, known, other = TOTALS
        for name in (everywhere, known if truth in COUNTRIES else other, truth):
            tally = self.countries[name]
            tally.with_truth += 1
            tally.said += said is not None
            tally.right += said == truth

    def figures(self, groups: Sequence[str]) -> dict[str, object]:
        """The figures of each of these groups that has a picture."""
        found = {name: self.groups[name] for name in groups if name in self.groups}
        return {name: tally.false_figures() if name == "no plate" else tally.figures() for name, tally in found.items()}

    def country_figures(self, *, each: bool) -> dict[str, dict[str, int]]:
        """How the country was said, under each of TOTALS. each: by every country of the truth, too."""
        names = [*TOTALS, *(sorted(set(self.countries) - set(TOTALS)) if each else ())]
        return {name: self.countries[name].figures() for name in names if name in self.countries}


def spread(ms: Sequence[float]) -> dict[str, float]:
    """Mean and percentiles of some times in ms, of which there must be one."""
    cuts = quantiles(ms, n=100, method="inclusive") if len(ms) > 1 else [ms[0]] * 99
    return {"mean": round(sum(ms) / len(ms), 1), **{f"p{p}": round(cuts[p - 1], 1) for p in (50, 95, 99)}}


def _percent(some: int, of: int) -> float | None:
    return round(100 * some / of, 1) if of else None
