"""How many plates are read right, in a folder of pictures with truth, and what a picture costs in CPU time.

Truth: `NAME.txt` beside each picture, tab-separated: file, x, y, width, height, plate (scenes); or `labels.tsv` with the columns
file, country, plate, lines, flag (plates already cut out; flags partial and drop are left out). A folder without truth is taken
as pictures without any plate: every read in it is a false one. "Folded" compares after O and Q became 0 and I became 1, because
typefaces and labels do not always tell them apart; "strict" does not fold.

    python -m benchmarks.accuracy_reading FOLDER [--json] [--wrong] [--reader NAME] [--diagram FILE.svg]

Readers: `vigie`, the cascade; `own`, its network alone; `paddleocr`, the same road with PaddleOCR as its only reader.

One thread. The first three pictures are read once before, so that nothing is timed cold. Appends a line to
benchmarks/results/reading.jsonl.
"""

import argparse
import csv
import json
import platform
import resource
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles

import cv2

from benchmarks.reading_diagram import write_diagram
from pipeline.errors import BadRecord
from pipeline.plates.text import compact
from pipeline.sources.pictures import PICTURES
from pipeline.vision.own import OwnReader
from pipeline.vision.reading import Paddle, PlateReader
from pipeline.vision.scene import SceneRead, read_crop, read_picture

RESULTS = Path(__file__).with_name("results") / "reading.jsonl"
SURE = 0.95
SIX = ("BE", "FR", "NL", "DE", "LU", "GB")
READERS: dict[str, Callable[[], PlateReader]] = {
    "vigie": PlateReader.load,
    "own": lambda: (network := OwnReader()) and PlateReader(network, network, "own"),
    "paddleocr": lambda: (paddle := Paddle()) and PlateReader(paddle, paddle, "paddleocr"),
}
_FOLD = str.maketrans("OQI", "001")


def folded(plate: str) -> str:
    """A plate's text after O and Q became 0 and I became 1."""
    return plate.translate(_FOLD)


@dataclass(frozen=True, slots=True)
class Case:
    """One picture and what it shows. plate: compact, None where there is none; group: what it is counted under."""

    file: Path
    plate: str | None
    group: str
    is_crop: bool


@dataclass(slots=True)
class Tally:
    """What came of some pictures."""

    pictures: int = 0
    folded: int = 0
    strict: int = 0
    sure: int = 0
    sure_and_right: int = 0
    with_a_read: int = 0


@dataclass(slots=True)
class Result:
    """What came of a folder. wrong: file, truth, best read, confidence. ms: CPU time of each.

    sureness: of each read, and whether it is right.
    """

    groups: defaultdict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    wrong: list[tuple[str, str, str, float]] = field(default_factory=list)
    ms: list[float] = field(default_factory=list)
    sureness: list[tuple[float, bool]] = field(default_factory=list)

    @property
    def folded_share(self) -> float:
        """Of the pictures that show a plate, how many were read right after folding, 0..1."""
        return self.groups["all"].folded / max(1, self.groups["all"].pictures)

    def add(self, case: Case, best: SceneRead | None) -> None:
        """Count one picture."""
        said, sureness = (best.plate, best.confidence) if best else ("", 0.0)
        right = case.plate is not None and folded(said) == folded(case.plate)
        if best:
            self.sureness.append((sureness, right))
        for tally in (self.groups[name] for name in ("all", *_groups_of(case.group))):
            tally.pictures += 1
            tally.folded += right
            tally.strict += said == case.plate
            tally.sure += sureness >= SURE
            tally.sure_and_right += sureness >= SURE and right
            tally.with_a_read += best is not None
        if not right and (case.plate or best):
            self.wrong.append((case.file.name, case.plate or "", said, round(sureness, 3)))


def _groups_of(group: str) -> tuple[str, ...]:
    """A group and the larger ones that it is part of."""
    larger = ("1 line",) if group.startswith("1 line") else ()
    return (group, *larger, *(("1 line, six countries",) if larger and group[-2:] in SIX else ()))


def cases_in(folder: Path) -> Iterator[Case]:
    """The pictures of a folder with their truth."""
    labels = folder / "labels.tsv"
    if labels.exists():
        with labels.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
                if row["flag"] not in ("partial", "drop"):
                    group = f"{row['lines']} lines" if row["lines"] != "1" else f"1 line {row['country']}"
                    yield Case(folder / row["file"], compact(row["plate"]), group, is_crop=True)
        return
    truths = sorted(folder.glob("*.txt"))
    for truth in truths:
        name, *_, plate = truth.read_text(encoding="utf-8").strip().split("\t")
        yield Case(folder / name, compact(plate), "scenes", is_crop=False)
    if not truths:
        for file in sorted(folder.iterdir()):
            if file.suffix.lower() in PICTURES:
                yield Case(file, None, "no plate", is_crop=False)


def measure(folder: Path, reader: PlateReader) -> Result:
    """Read every picture of a folder and compare with its truth."""
    cv2.setNumThreads(1)
    cases, result = list(cases_in(folder)), Result()
    for case in cases[:3]:
        _best(case, reader)
    for case in cases:
        began = time.process_time()
        best = _best(case, reader)
        result.ms.append((time.process_time() - began) * 1000)
        result.add(case, best)
    return result


def _best(case: Case, reader: PlateReader) -> SceneRead | None:
    read = read_crop if case.is_crop else read_picture
    try:
        return next(iter(read(case.file.read_bytes(), reader).reads), None)
    except BadRecord:
        return None


def summary(folder: Path, result: Result, ready_s: float) -> dict[str, object]:
    """The figures as they are appended and printed."""
    percentiles = quantiles(result.ms, n=100) if len(result.ms) > 1 else result.ms * 99
    return {
        "folder": folder.name,
        "pictures": len(result.ms),
        "groups": {
            name: {
                "pictures": tally.pictures,
                "folded_percent": round(100 * tally.folded / tally.pictures, 1),
                "strict_percent": round(100 * tally.strict / tally.pictures, 1),
                "sure_percent": round(100 * tally.sure / tally.pictures, 1),
                "right_when_sure_percent": round(100 * tally.sure_and_right / tally.sure, 1) if tally.sure else None,
                "with_a_read": tally.with_a_read,
            }
            for name, tally in sorted(result.groups.items())
        },
        "cpu_ms": {
            "mean": round(sum(result.ms) / len(result.ms), 1),
            **{f"p{p}": round(percentiles[p - 1], 1) for p in (50, 95, 99)},
        },
        "reader_ready_cpu_s": round(ready_s, 2),
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "machine": f"{platform.machine()} {platform.python_version()}",
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def main() -> None:
    """Read the arguments, measure, print, append."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path)
    options.add_argument("--json", action="store_true", help="print one JSON object")
    options.add_argument("--wrong", action="store_true", help="print what was read wrong")
    options.add_argument("--reader", choices=list(READERS), default="vigie")
    options.add_argument("--diagram", type=Path, help="write a reliability diagram (SVG)")
    given = options.parse_args()
    began = time.process_time()
    reader = READERS[given.reader]()
    ready_s = time.process_time() - began
    result = measure(given.folder, reader)
    if not result.ms:
        options.error(f"no pictures in {given.folder}")
    figures = {"reader": given.reader, **summary(given.folder, result, ready_s)}
    if given.diagram:
        write_diagram(
            given.diagram, result.sureness, f"{given.folder.name}, {len(result.sureness)} reads, reader {given.reader}"
        )
    RESULTS.parent.mkdir(exist_ok=True)
    with RESULTS.open("a", encoding="utf-8") as results:
        results.write(json.dumps(figures) + "\n")
    print(json.dumps(figures, indent=None if given.json else 2))
    if given.wrong:
        for wrong in result.wrong:
            print(*wrong, sep="\t")


if __name__ == "__main__":
    main()
