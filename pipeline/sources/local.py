"""Reads pictures in this process with the functions of decode and ocr. Gives a result per picture, or per passage of a
video."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pipeline.errors import BadRecord
from pipeline.sources.pictures import SourcePicture
from pipeline.vision.paddle import Paddle
from pipeline.vision.passages import Passages, sights_in, track_of
from pipeline.vision.pictures import one_thread
from pipeline.vision.reading import PlateReader
from pipeline.vision.scene import read_crop, read_picture, read_track, warm_up
from pipeline.vision.scene_read import SceneRead
from pipeline.vision.tracking import TrackedPassage
from schemas.pictures import Frame


@dataclass(frozen=True, slots=True)
class PictureReads:
    """What was read in one picture, best first. picture: its name; a passage of a video has the name of its best frame.

    ms: wall time of decoding, finding and reading; of a passage: of its reading, and of the last frame looked at. error: why
    it could not be read ("reason: detail"), else None. warning: what is wrong with a picture that could be read.
    """

    picture: str
    reads: tuple[SceneRead, ...]
    ms: float
    error: str | None = None
    warning: str | None = None


class LocalReader:
    """Reads the pictures of a camera source. crops: each picture is a plate already cut out."""

    def __init__(self, reader: PlateReader, camera_id: str, *, crops: bool = False) -> None:
        self._reader = reader
        self._camera_id = camera_id
        self._read_one = read_crop if crops else read_picture

    @classmethod
    def load(cls, camera_id: str, *, crops: bool = False) -> "LocalReader":
        """Load PaddleOCR and the plate reader now (1 to 4 s), so that the first picture does not wait for them. Raises
        Misconfigured when a wheel lacks a file."""
        one_thread()
        paddle = Paddle()
        paddle.load()
        reader = PlateReader.load(paddle)
        warm_up(reader)
        return cls(reader, camera_id, crops=crops)

    def read_all(self, pictures: Iterable[SourcePicture]) -> Iterator[PictureReads]:
        """Yields one result for each single picture and for each passage in a video; for a picture or frame that cannot be
        read, one with its error."""
        passages, names = _new_passages(self._camera_id), dict[int, str]()
        for picture in pictures:
            if picture.error is not None:
                yield PictureReads(picture.name, (), 0.0, _told(picture.error))
            elif picture.is_frame:
                names[picture.offset_ms] = picture.name
                yield from self._frame(picture, passages, names)
            else:
                yield self._picture(picture)
        for passage in passages.flush(now_ms=2**60):
            yield self._passage(passage, names, 0.0)

    def _picture(self, picture: SourcePicture) -> PictureReads:
        began = time.perf_counter()
        try:
            scene = self._read_one(picture.image, self._reader)
        except BadRecord as error:
            return PictureReads(picture.name, (), _ms_since(began), _told(error))
        lost = scene.rows_missing
        cut = f"its last {lost} of {scene.height + lost} rows are missing: it was cut off in transfer" if lost else None
        return PictureReads(picture.name, scene.reads, _ms_since(began), warning=cut)

    def _frame(self, picture: SourcePicture, passages: Passages, names: dict[int, str]) -> Iterator[PictureReads]:
        began = time.perf_counter()
        frame = Frame(
            camera_id=self._camera_id,
            captured_at_ms=picture.offset_ms,
            received_at_ms=picture.offset_ms,
            image=picture.image,
        )
        try:
            sights = sights_in(picture.image)
        except BadRecord as error:
            yield PictureReads(picture.name, (), _ms_since(began), _told(error))
            return
        for passage in passages.observe(frame, picture.offset_ms, sights, picture.offset_ms):
            yield self._passage(passage, names, _ms_since(began))

    def _passage(self, passage: TrackedPassage, names: dict[int, str], ms: float) -> PictureReads:
        began = time.perf_counter()
        track = track_of(passage)
        read = read_track(track, self._reader)
        return PictureReads(names[track.captured_at_ms], (read,) if read else (), ms + _ms_since(began))


def _new_passages(camera_id: str) -> Passages:
    passages = Passages()
    passages.add(camera_id, 0, ())
    return passages


def _ms_since(began: float) -> float:
    return (time.perf_counter() - began) * 1000


def _told(error: BadRecord) -> str:
    return f"{error.reason}: {error.detail}"
