"""Single pictures from end to end, made of the very functions that decode and ocr use: the same picture gives the same reads."""

from dataclasses import dataclass

from pipeline.plates import countries_of
from pipeline.vision.boxes import Box
from pipeline.vision.interpret import Reading
from pipeline.vision.locate import find_plates
from pipeline.vision.pictures import decode_picture
from pipeline.vision.reading import PlateReader
from pipeline.vision.sights import read_passage, sight_of
from pipeline.vision.vote import Verdict, vote


@dataclass(frozen=True, slots=True)
class SceneRead:
    """One plate read in a picture. box: x, y, width, height in pixels of the picture."""

    plate: str
    confidence: float
    country: str | None
    country_confidence: float
    alternatives: tuple[Reading, ...]
    box: Box


@dataclass(frozen=True, slots=True)
class SceneReads:
    """All that was read in one picture, best first, and the picture's size in pixels."""

    reads: tuple[SceneRead, ...]
    width: int
    height: int


def read_picture(image: bytes, reader: PlateReader) -> SceneReads:
    """Find and read the plates of one encoded picture. Raises BadRecord (see decode_picture)."""
    picture = decode_picture(image)
    best: dict[str, SceneRead] = {}
    for located in find_plates(picture):
        sight = sight_of(picture, located.box)
        verdict = read_passage([(sight.image, sight.box)], reader)
        if verdict is None:
            continue
        read = _scene_read(verdict, located.box)
        if read.plate not in best or best[read.plate].confidence < read.confidence:
            best[read.plate] = read
    reads = tuple(sorted(best.values(), key=_rank))
    return SceneReads(reads, picture.shape[1], picture.shape[0])


def read_crop(image: bytes, reader: PlateReader) -> SceneReads:
    """Read an encoded picture that is one plate already cut out. Raises BadRecord (see decode_picture)."""
    picture = decode_picture(image)
    height, width = picture.shape[:2]
    verdict = vote([reader.read(picture, (0, 0, width, height), surely_a_plate=True)], surely_a_plate=True)
    reads = () if verdict is None else (_scene_read(verdict, (0, 0, width, height)),)
    return SceneReads(reads, width, height)


def _rank(read: SceneRead) -> tuple[float, int]:
    """Best first: by confidence, and among those about as sure, the larger plate."""
    return -round(read.confidence, 1), -read.box[3]


def _scene_read(verdict: Verdict, box: Box) -> SceneRead:
    country, share = country_of(verdict.plate)
    return SceneRead(verdict.plate, verdict.confidence, country, share, verdict.alternatives, box)


def country_of(plate: str) -> tuple[str | None, float]:
    """The likeliest country of a plate's text and its probability; (None, 0.0) when none is likelier than not."""
    likeliest, probability = next(iter(countries_of(plate)), ("", 0.0))
    return (likeliest, min(probability, 1.0)) if probability > 0.5 else (None, 0.0)
