"""Folders of pictures with truth, and what each picture is counted under.

Truth: `NAME.txt` beside each picture, tab-separated: file, x, y, width, height, plate (scenes); or `labels.tsv` with the columns
file, country, plate, lines, flag (plates already cut out; flags partial and drop are left out); or `truth.tsv` with the columns
file, country, plates (all of the picture, parted by commas), height_px, notes (the picture's kinds, parted by commas). A folder
without truth is taken as pictures without any plate.
"""

import csv
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.plates.text import compact
from pipeline.sources.pictures import PICTURES

SIX = ("BE", "FR", "NL", "DE", "LU", "GB")
HEIGHTS_PX = (15, 20, 30, 50, 151)
_FOLD = str.maketrans("OQI", "001")


def folded(plate: str) -> str:
    """The plate's text with O and Q as 0 and I as 1: typefaces and labels do not always tell them apart."""
    return plate.translate(_FOLD)


@dataclass(frozen=True, slots=True)
class Case:
    """One picture and what it shows. plate: compact, None where there is none; lines, country: of crops; height_px: of scenes.

    others: the picture's other plates; kinds: what makes it hard.
    """

    file: Path
    plate: str | None
    is_crop: bool = False
    lines: int = 1
    country: str | None = None
    height_px: int | None = None
    others: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()

    @property
    def plates(self) -> tuple[str, ...]:
        """All plates of the picture, in compact form; none where it shows none."""
        return (*(() if self.plate is None else (self.plate,)), *self.others)

    @property
    def groups(self) -> tuple[str, ...]:
        """The chief groups that the picture is counted under: those for which floors are set."""
        if self.plate is None:
            return ("no plate",)
        if not self.is_crop:
            return ("scenes",)
        if self.lines > 1:
            return ("2 lines",)
        return ("1 line", *(("1 line, six countries",) if self.country in SIX else ()), *self._belgian)

    @property
    def details(self) -> tuple[str, ...]:
        """The finer groups that the picture is counted under: lines and country of a plate cut out; height and kinds of a
        scene."""
        if self.height_px is not None:
            return (height_group(self.height_px), *(f"kind {kind}" for kind in self.kinds))
        return (f"{self.lines} line{'s' * (self.lines > 1)} {self.country}",) if self.is_crop else ()

    @property
    def _belgian(self) -> tuple[str, ...]:
        return ("1 line, Belgian",) if self.country == "BE" else ()


def height_group(height_px: int) -> str:
    """The name of the group that a plate of this height in pixels is counted under.

    >>> height_group(12), height_group(15), height_group(80)
    ('plates under 15 px', 'plates of 15 to 19 px', 'plates of 50 to 150 px')
    """
    at = bisect(HEIGHTS_PX, height_px)
    if at == 0:
        return f"plates under {HEIGHTS_PX[0]} px"
    if at == len(HEIGHTS_PX):
        return f"plates from {HEIGHTS_PX[-1]} px"
    return f"plates of {HEIGHTS_PX[at - 1]} to {HEIGHTS_PX[at] - 1} px"


def cases_in(folder: Path) -> list[Case]:
    """The pictures of a folder with their truth; without a file of truth, each as a picture without any plate."""
    if (folder / "labels.tsv").exists():
        return list(_crops(folder))
    if (folder / "truth.tsv").exists():
        return list(_scenes(folder))
    truths = sorted(folder.glob("*.txt"))
    if truths:
        return [_scene(truth) for truth in truths]
    return [Case(file, None) for file in sorted(folder.iterdir()) if file.suffix.lower() in PICTURES]


def _crops(folder: Path) -> Iterator[Case]:
    with (folder / "labels.tsv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            if row["flag"] not in ("partial", "drop"):
                yield Case(folder / row["file"], compact(row["plate"]), True, int(row["lines"]), row["country"])


def _scenes(folder: Path) -> Iterator[Case]:
    with (folder / "truth.tsv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            plates = [compact(plate) for plate in row["plates"].split(",")]
            heights = [int(height) for height in row["height_px"].split(",")]
            kinds = tuple(kind for kind in (row["notes"] or "").split(",") if kind)
            yield Case(folder / row["file"], plates[0], height_px=max(heights), others=tuple(plates[1:]), kinds=kinds)


def _scene(truth: Path) -> Case:
    name, *_, height, plate = truth.read_text(encoding="utf-8").strip().split("\t")
    return Case(truth.with_name(name), compact(plate), height_px=int(height))
