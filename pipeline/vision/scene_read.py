"""Holds what was read of one plate in a picture, and chooses among the reads of one place or one vehicle."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pipeline.vision.boxes import Box, covered
from pipeline.vision.interpret import Reading

_SAME_PLACE = 0.6  # of the smaller of two boxes, inside the other
_WHOLE = 0.8  # confidence of a longer text of a place, to be the whole of it and not more than that
_SURE = 0.9  # confidence of a plate, to be the one of its vehicle
_AT_MOST = 0.9  # confidence of a text above a plate that seems to be of the same vehicle
_NEARER, _ABOVE = 0.9, 1.2  # least height of such a text, and of the way up to it, in heights of the plate


@dataclass(frozen=True, slots=True)
class SceneRead:
    """One plate read in a picture. raw: see vote.Verdict. box: x, y, width, height in pixels of the picture. colour: of the
    vehicle."""

    plate: str
    confidence: float
    raw: str
    country: str | None
    country_confidence: float
    alternatives: tuple[Reading, ...]
    box: Box
    colour: str | None = None


def one_of_a_place(reads: Iterable[SceneRead]) -> list[SceneRead]:
    """The reads without those that say the same place otherwise: a part of a plate's text gives way to the whole where that is
    fairly confident, of other texts the best stays. Best first."""
    kept: list[SceneRead] = []
    for read in sorted(reads, key=_rank):
        same = [other for other in kept if _is_of(read, other)]
        if not same:
            kept.append(read)
        elif len(same) == 1 and same[0].plate in read.plate and read.confidence >= _WHOLE:
            kept[kept.index(same[0])] = read
    return sorted(kept, key=_rank)


def one_of_a_vehicle(reads: Sequence[SceneRead]) -> list[SceneRead]:
    """The reads, where a text straight above a plate is not sure unless it is smaller: the plate of another vehicle would be
    farther away, and smaller; a taxi's roof, a bonnet or a camera bears such texts. Best first."""
    told = [
        replace(read, confidence=min(read.confidence, _AT_MOST)) if _is_above(read, reads) else read for read in reads
    ]
    return sorted(told, key=_rank)


def _is_above(read: SceneRead, reads: Sequence[SceneRead]) -> bool:
    x, y, width, height = read.box
    return any(
        other.confidence >= _SURE
        and height >= _NEARER * other.box[3]
        and other.box[1] - y >= _ABOVE * other.box[3]
        and abs(x + width / 2 - other.box[0] - other.box[2] / 2) < other.box[2]
        for other in reads
    )


def _is_of(read: SceneRead, other: SceneRead) -> bool:
    """Whether two reads are of one place: one's box lies mostly in the other's."""
    return max(covered(read.box, other.box), covered(other.box, read.box)) >= _SAME_PLACE


def _rank(read: SceneRead) -> tuple[float, int]:
    """Best first: by confidence, and among those about as sure, the larger plate."""
    return -round(read.confidence, 1), -read.box[3]
