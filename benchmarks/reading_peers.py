"""The readers that are measured beside each other, behind one small protocol.

`vigie`: the cascade. `own`: its network alone. `paddleocr`: the same road with PaddleOCR as its only reader of lines.
`simplelpr`: the commercial engine SimpleLPR (group bench, in its evaluation mode), for the plates of all Europe; `simplelpr six`:
told that only plates of BE, FR, NL, DE, LU and GB come. It looks for plates in scenes, so a plate cut out is set on a grey ground.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import cv2
import numpy as np

from pipeline.errors import BadRecord
from pipeline.plates.text import compact
from pipeline.sources.local import LocalReader
from pipeline.sources.pictures import SourcePicture
from pipeline.vision.own import OwnReader
from pipeline.vision.reading import LineReader, Paddle, PlateReader
from pipeline.vision.scene import read_crop, read_picture

Said = tuple[str, float]
"""A plate's text in compact form and the reader's confidence in it, 0..1."""
FRAME_MS = 80  # between the frames of a passage
GREY = 128  # the ground on which SimpleLPR read the most crops; black and white were tried, too
_SIX = "Belgium, France, Netherlands, Germany, Luxembourg, UK-GreatBritain"
_EUROPE = (
    f"{_SIX}, Albania, Andorra, Austria, Bosnia and Herzegovina, Bulgaria, Croatia, Cyprus, Czech-Republic, Denmark, Estonia, "
    "Finland, Greece, Hungary, Iceland, Ireland, Italy, Kosovo, Latvia, Lithuania, Malta, Norway, Poland, Portugal, Romania, "
    "Slovakia, Slovenia, Spain, Sweden, Switzerland, Turkey, Ukraine"
)


class Reader(Protocol):
    """Reads plates in encoded pictures (JPEG, PNG)."""

    def read(self, image: bytes, *, is_crop: bool) -> list[Said]:
        """All plates of a picture, best first; none where it cannot be decoded. is_crop: it is one plate, already cut out."""
        ...

    def follow(self, frames: Sequence[bytes]) -> list[Said]:
        """The plates of the vehicles that pass in a few frames, FRAME_MS apart, best first."""
        ...


class Road:
    """What decode and ocr do, with any readers of lines."""

    def __init__(self, reader: PlateReader) -> None:
        self._reader = reader

    def read(self, image: bytes, *, is_crop: bool) -> list[Said]:
        """See Reader."""
        read = read_crop if is_crop else read_picture
        try:
            return [(one.plate, one.confidence) for one in read(image, self._reader).reads]
        except BadRecord:
            return []

    def follow(self, frames: Sequence[bytes]) -> list[Said]:
        """See Reader. Each passage that is handed on says one plate."""
        pictures = [SourcePicture(f"{n}", frame, n * FRAME_MS, is_frame=True) for n, frame in enumerate(frames)]
        passages = LocalReader(self._reader, "bench").read_all(pictures)
        return _ranked([(read.plate, read.confidence) for passage in passages for read in passage.reads])


def _alone(lines: LineReader, name: str) -> Road:
    return Road(PlateReader(lines, lines, name))


class SimpleLpr:
    """SimpleLPR on the processor, one operation at a time."""

    def __init__(self, countries: str) -> None:
        """countries: whose plates it expects, by its own names, parted by ", ".

        Raises ModuleNotFoundError where it is not installed.
        """
        import simplelpr  # type: ignore[import-not-found, unused-ignore] # only the group bench brings it

        setup = simplelpr.EngineSetupParms()
        setup.cudaDeviceId, setup.maxConcurrentImageProcessingOps = -1, 1
        self._engine = simplelpr.SimpleLPR(setup)
        for index in range(self._engine.numSupportedCountries):
            name = self._engine.get_countryCode(index)
            self._engine.set_countryWeight(name, float(name in countries.split(", ")))
        self._engine.realizeCountryWeights()
        self._processor = self._engine.createProcessor()
        self._processor.plateRegionDetectionEnabled = True

    def read(self, image: bytes, *, is_crop: bool) -> list[Said]:
        """See Reader. Of each candidate the text that fits a country's plates, else the bare one."""
        picture = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR)
        if picture is None:
            return []
        return _ranked([_best_of(one) for one in self._processor.analyze(_on_grey(picture) if is_crop else picture)])

    def follow(self, frames: Sequence[bytes]) -> list[Said]:
        """See Reader. A vote of whole texts, weighed by confidence: one vehicle passes."""
        weights: defaultdict[str, float] = defaultdict(float)
        for frame in frames:
            for text, confidence in self.read(frame, is_crop=False):
                weights[text] += confidence / len(frames)
        return _ranked(list(weights.items()))[:1]


READERS: Mapping[str, Callable[[], Reader]] = {
    "vigie": lambda: Road(PlateReader.load()),
    "own": lambda: _alone(OwnReader(), "own"),
    "paddleocr": lambda: _alone(Paddle(), "paddleocr"),
    "simplelpr": lambda: SimpleLpr(_EUROPE),
    "simplelpr six": lambda: SimpleLpr(_SIX),
}
"""By name; each call loads one."""


def one_thread() -> None:
    """Keep this process, and every engine's threads, to one processor. Call it before a reader is loaded."""
    cv2.setNumThreads(1)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def _ranked(said: list[Said]) -> list[Said]:
    return sorted(said, key=lambda one: -one[1])


def _best_of(candidate: Any) -> Said:
    best = max(candidate.matches, key=lambda match: (bool(match.country), match.confidence))
    return compact(best.text), float(best.confidence)


def _on_grey(crop: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    margin = crop.shape[1] // 2
    return np.ascontiguousarray(
        cv2.copyMakeBorder(crop, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=(GREY, GREY, GREY))
    )
