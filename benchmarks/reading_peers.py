"""The readers that are measured beside each other, behind one small protocol.

`vigie`: the cascade. `own`: its network alone. `paddleocr`: the same road with PaddleOCR as its only reader of lines.
`simplelpr`: the commercial engine SimpleLPR (group bench, in its evaluation mode), told that plates of Europe come. Of each
candidate its text counts as it was seen: what it makes of it by a country's grammar was right less often. It looks for
plates in scenes, so a plate cut out is set on a grey ground. The country is that of its surest candidate, where that is surer than
not, as vigie says it.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import cv2
import numpy as np

from pipeline.errors import BadRecord
from pipeline.plates.text import compact
from pipeline.sources.local import LocalReader
from pipeline.sources.pictures import SourcePicture
from pipeline.vision.own import OwnReader
from pipeline.vision.paddle import Paddle
from pipeline.vision.reading import PlateReader
from pipeline.vision.scene import read_crop, read_picture

FRAME_MS = 80  # between the frames of a passage
GREY = 128  # the ground on which SimpleLPR read the most crops; black and white were tried, too
_EUROPE = """
Albania, Andorra, Austria, Belgium, Bosnia and Herzegovina, Bulgaria, Croatia, Cyprus, Czech-Republic, Denmark, Estonia, Finland,
France, Germany, Greece, Hungary, Iceland, Ireland, Italy, Kosovo, Latvia, Lithuania, Luxembourg, Malta, Netherlands, Norway,
Poland, Portugal, Romania, Slovakia, Slovenia, Spain, Sweden, Switzerland, Turkey, UK-GreatBritain, Ukraine
"""


class Said(NamedTuple):
    """What a reader says of one plate. plate: compact; confidence: in its text, 0..1; country: None where it says none."""

    plate: str
    confidence: float
    country: str | None = None


class Reader(Protocol):
    """Reads plates in encoded pictures (JPEG, PNG)."""

    def read(self, image: bytes, *, is_crop: bool) -> list[Said]:
        """All plates of a picture, best first; none where it cannot be decoded. is_crop: it is one plate, already cut out."""
        ...

    def follow(self, frames: Sequence[bytes]) -> list[Said]:
        """The plates of the vehicles that pass in a few frames, FRAME_MS apart, best first."""
        ...


class Road:
    """The reader that does what decode and ocr do, with any reader of lines."""

    def __init__(self, reader: PlateReader) -> None:
        self._reader = reader

    def read(self, image: bytes, *, is_crop: bool) -> list[Said]:
        """See Reader.read."""
        read = read_crop if is_crop else read_picture
        try:
            return [Said(one.plate, one.confidence, one.country) for one in read(image, self._reader).reads]
        except BadRecord:
            return []

    def follow(self, frames: Sequence[bytes]) -> list[Said]:
        """See Reader.follow. Each passage that is handed on says one plate."""
        pictures = [SourcePicture(f"{n}", frame, n * FRAME_MS, is_frame=True) for n, frame in enumerate(frames)]
        passages = LocalReader(self._reader, "bench").read_all(pictures)
        return _ranked(
            [Said(read.plate, read.confidence, read.country) for passage in passages for read in passage.reads]
        )


def _alone(lines: OwnReader | Paddle, name: str) -> Road:
    return Road(PlateReader(lines, lines, name))


class SimpleLpr:
    """SimpleLPR on the processor, one operation at a time."""

    def __init__(self) -> None:
        """Raises ModuleNotFoundError where it is not installed. Its countries count for the whole process."""
        import simplelpr  # type: ignore[import-not-found, unused-ignore]  # only the group bench brings it

        setup = simplelpr.EngineSetupParms()
        setup.cudaDeviceId, setup.maxConcurrentImageProcessingOps = -1, 1
        self._engine = simplelpr.SimpleLPR(setup)
        expected = _EUROPE.strip().replace("\n", " ").split(", ")
        for index in range(self._engine.numSupportedCountries):
            name = self._engine.get_countryCode(index)
            self._engine.set_countryWeight(name, float(name in expected))
        self._engine.realizeCountryWeights()
        self._processor = self._engine.createProcessor()
        self._processor.plateRegionDetectionEnabled = True

    def read(self, image: bytes, *, is_crop: bool) -> list[Said]:
        """See Reader.read."""
        picture = cv2.imdecode(np.frombuffer(image, np.uint8), cv2.IMREAD_COLOR)
        if picture is None:
            return []
        return _ranked([_seen(one) for one in self._processor.analyze(_on_grey(picture) if is_crop else picture)])

    def follow(self, frames: Sequence[bytes]) -> list[Said]:
        """See Reader.follow. Votes on whole texts, weighed by their confidence, and says one plate at most: it takes the
        frames to show one vehicle."""
        weights: defaultdict[str, float] = defaultdict(float)
        for frame in frames:
            for said in self.read(frame, is_crop=False):
                weights[said.plate] += said.confidence / len(frames)
        return _ranked([Said(plate, weight) for plate, weight in weights.items()])[:1]


READERS: Mapping[str, Callable[[], Reader]] = {
    "vigie": lambda: Road(PlateReader.load(_loaded())),
    "own": lambda: _alone(OwnReader(), "own"),
    "paddleocr": lambda: _alone(_loaded(), "paddleocr"),
    "simplelpr": SimpleLpr,
}
"""By name; each call loads one."""


def _loaded() -> Paddle:
    """PaddleOCR, loaded now, so that no picture's time holds it."""
    paddle = Paddle()
    paddle.load()
    return paddle


def one_thread() -> None:
    """Keep this process, and every engine's threads, to one processor. Call it before a reader is loaded."""
    cv2.setNumThreads(1)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def _ranked(said: list[Said]) -> list[Said]:
    return sorted(said, key=lambda one: -one.confidence)


def _seen(candidate: Any) -> Said:
    *of_countries, bare = candidate.matches
    surest = max(of_countries, key=lambda match: float(match.confidence), default=bare)
    country = surest.countryISO if surest.confidence > 0.5 else ""
    return Said(compact(bare.text), float(bare.confidence), country or None)


def _on_grey(crop: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    margin = crop.shape[1] // 2
    return np.ascontiguousarray(
        cv2.copyMakeBorder(crop, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=(GREY, GREY, GREY))
    )
