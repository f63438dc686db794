"""Reads single pictures from end to end with the functions that decode and ocr use. The same picture gives the same reads."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import cv2
import numpy as np

from pipeline.plates import countries_of
from pipeline.plates.looks import Looks
from pipeline.vision.attributes import colour_of
from pipeline.vision.boxes import Box
from pipeline.vision.interpret import calibrated
from pipeline.vision.locate import Located, PlateSearch
from pipeline.vision.pictures import (
    Picture,
    decode,
    decode_picture,
    decode_shrunk,
    encode_jpeg,
    first_look,
    upright_size,
)
from pipeline.vision.reading import PlateReader
from pipeline.vision.scene_read import SceneRead, one_of_a_place, one_of_a_vehicle
from pipeline.vision.sights import looks_in, read_passage, sight_of
from pipeline.vision.vote import Verdict, vote
from schemas.pictures import Track

_CLEAR, _MANY = 0.72, 5  # confidence in digits alone; how many of them a house seldom has
_SURE = 0.98  # of a country, by the text alone
_CLOSE = 60  # pixels of the height of a plate that was taken from near
_ENOUGH = 0.9  # confidence of a read with which a picture needs no second, slower search
_SURELY = 0.95  # and of one in a picture made smaller, with which it is not looked at as large as it is


@dataclass(frozen=True, slots=True)
class SceneReads:
    """All that was read in one picture, best first, its size in pixels, and how many rows at its end were cut off in transfer."""

    reads: tuple[SceneRead, ...]
    width: int
    height: int
    rows_missing: int = 0


def read_picture(image: bytes, reader: PlateReader) -> SceneReads:
    """Find and read the plates of one encoded picture. Raises BadRecord (see decode_picture).

    A large JPEG is read at half its width and height first. The result counts where a large plate is surely read; where only small
    plates are, there may be others that are too small at that size.
    """
    factor = first_look(image)
    if factor > 1:
        reads = _reads_of(decode_shrunk(image, factor), reader)
        if is_enough([read for read in reads if read.box[3] * factor >= _CLOSE], _SURELY):
            whole = [replace(read, box=_enlarged(read.box, factor)) for read in reads]
            return SceneReads(tuple(whole), *upright_size(image))
    decoded = decode(image)
    reads = _reads_of(decoded.picture, reader)
    return SceneReads(tuple(reads), decoded.picture.shape[1], decoded.picture.shape[0], decoded.rows_missing)


def is_enough(reads: Iterable[SceneRead], least: float = _ENOUGH) -> bool:
    """Whether any of the reads is so confident, 0..1, that its picture needs no slower search."""
    return any(read.confidence >= least for read in reads)


def _reads_of(picture: Picture, reader: PlateReader) -> list[SceneRead]:
    """The plates of a picture, best first."""
    best: dict[str, SceneRead] = {}
    search = PlateSearch(picture, reader.judge)
    found = search.first()
    _read_all(picture, found, reader, best)
    if not is_enough(best.values()):
        _read_all(picture, search.more([located.box for located in found]), reader, best)
    return one_of_a_vehicle(one_of_a_place(best.values()))


def _enlarged(box: Box, factor: int) -> Box:
    x, y, width, height = (pixels * factor for pixels in box)
    return x, y, width, height


def _read_all(picture: Picture, found: Sequence[Located], reader: PlateReader, best: dict[str, SceneRead]) -> None:
    """Read the possible plates into `best`, by text; of those with the same text the surest stays."""
    for located in found:
        sight = sight_of(picture, located.box)
        verdict = read_passage([(sight.image, sight.box)], reader)
        look = partial(looks_in, sight.image, sight.box, reader)
        if verdict is None or is_mere_number(verdict, look):
            continue
        read = _scene_read(verdict, located.box, look)
        if read.plate not in best or best[read.plate].confidence < read.confidence:
            best[read.plate] = replace(read, colour=colour_of(picture, located.box))


def read_crop(image: bytes, reader: PlateReader) -> SceneReads:
    """Read an encoded picture that is one plate already cut out. Raises BadRecord (see decode_picture)."""
    picture = decode_picture(image)
    height, width = picture.shape[:2]
    whole = 0, 0, width, height
    verdict = vote([reader.read(picture, whole, surely_a_plate=True)], surely_a_plate=True)
    reads = () if verdict is None else (_scene_read(verdict, whole, partial(reader.looks, picture, whole)),)
    return SceneReads(reads, width, height)


def read_track(track: Track, reader: PlateReader) -> SceneRead | None:
    """Read a passage; its box is that of the first crop, the best. None when it shows no plausible plate. Raises BadRecord."""
    verdict = read_passage([(crop.image, crop.box) for crop in track.crops], reader)
    best = track.crops[0]
    look = partial(looks_in, best.image, best.box, reader)
    if verdict is None or is_mere_number(verdict, look):
        return None
    read = _scene_read(verdict, best.box, look)
    return replace(read, colour=track.colour)


def warm_up(reader: PlateReader) -> None:
    """Read a drawn plate once, so that what libraries set up at their first use does not delay a real picture: 0.3 s."""
    picture = np.full((240, 400, 3), 90, np.uint8)
    cv2.rectangle(picture, (100, 100), (300, 142), (20, 200, 240), -1)
    cv2.putText(picture, "AB 1234", (112, 134), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (10, 10, 10), 3)
    for _ in range(2):
        read_picture(encode_jpeg(picture), reader)


def _scene_read(verdict: Verdict, box: Box, look: Callable[[], Looks]) -> SceneRead:
    country, share = _country_of(verdict.plate, look)
    confidence = calibrated(verdict.confidence)
    return SceneRead(verdict.plate, confidence, verdict.raw, country, share, verdict.alternatives, box)


def is_mere_number(verdict: Verdict, look: Callable[[], Looks]) -> bool:
    """Whether a text of digits alone is rather a house number or a price than a plate: it has few digits, and the picture
    does not show the colours or the band of a plate without letters.

    Such plates of Luxembourg are yellow, Belgian ones red; many have a band. Five digits or more (armies have such plates),
    and any in a picture without colours, count as a plate only where they are seen quite clearly.
    """
    if not verdict.plate.isdigit():
        return False
    looks = look()
    if looks.yellow or looks.red or looks.signs:
        return False
    may_be = looks.yellow is None or len(verdict.plate) >= _MANY
    return not (may_be and verdict.confidence >= _CLEAR)


def _country_of(plate: str, look: Callable[[], Looks]) -> tuple[str | None, float]:
    """The likeliest country of a plate and its probability; (None, 0.0) when none is likelier than not.

    look: looks at the picture; called only where the text alone leaves doubt.
    """
    ranked = countries_of(plate)
    if ranked and ranked[0][1] < _SURE:
        ranked = countries_of(plate, look())
    likeliest, probability = ranked[0] if ranked else ("", 0.0)
    return (likeliest, min(probability, 1.0)) if probability > 0.5 else (None, 0.0)
