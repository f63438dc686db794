"""Reads pictures from files: one picture, a folder of them, or a video, as a camera would have sent them.

A file that cannot be read is reported and passed over; the others are still read.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import BadRecord, Misconfigured
from pipeline.vision.pictures import encode_jpeg
from pipeline.vision.video import frames_of
from schemas.pictures import MAX_PICTURE_BYTES

PICTURES = frozenset({".jpg", ".jpeg", ".jfif", ".jpe", ".mpo", ".png", ".webp"})
OTHER_PICTURES = frozenset({".avif", ".bmp", ".gif", ".heic", ".heif", ".jp2", ".jxl", ".tif", ".tiff"})
"""What people take for pictures, and no camera sends: each is told of, so that none is missed in silence."""
VIDEOS = (
    frozenset({".mp4", ".m4v", ".mov", ".3gp", ".mkv", ".webm", ".avi", ".flv", ".wmv", ".asf"})
    | frozenset({".ts", ".mts", ".m2ts", ".mpg", ".mpeg", ".vob", ".mjpeg", ".mjpg"})
    | frozenset({".h264", ".264", ".h265", ".265", ".hevc"})
)
BETWEEN_PICTURES_MS = 1000  # single pictures show different passages: far enough apart that none continues another
_TAKEN = PICTURES | OTHER_PICTURES | VIDEOS
_NUMBER = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class SourcePicture:
    """One picture of a source. name: file, with the frame's number in a video; offset_ms: since the first picture's capture.

    error: why it could not be read; image is empty then.
    """

    name: str
    image: bytes
    offset_ms: int
    error: BadRecord | None = None
    is_frame: bool = False  # one of a video's, which show the same passages again and again


def pictures_of(path: Path, *, frames_per_s: float | None = None) -> Iterator[SourcePicture]:
    """The pictures of a file, or of a folder: its files by name, numbers in order; files that are neither picture nor video
    are left out.

    frames_per_s: take at most so many of a video's frames per second of its time; None takes all. Raises Misconfigured when
    the path does not exist or holds nothing that could be a picture.
    """
    if not path.exists():
        raise Misconfigured("path", found=str(path), allowed="a picture, a video or a folder that exists")
    files = _files_in(path) if path.is_dir() else [path]
    if not files:
        allowed = "a folder that holds pictures or videos: " + " ".join(sorted(PICTURES | VIDEOS))
        raise Misconfigured("path", found=str(path), allowed=allowed)
    return _read(files, frames_per_s)


def _files_in(folder: Path) -> list[Path]:
    known = [file for file in folder.iterdir() if file.suffix.lower() in _TAKEN and file.is_file()]
    return sorted(known, key=lambda file: [int(part) if part.isdigit() else part for part in _NUMBER.split(file.name)])


def _read(files: list[Path], frames_per_s: float | None) -> Iterator[SourcePicture]:
    offset_ms = 0
    for file in files:
        if file.suffix.lower() in VIDEOS:
            for picture in _video(file, offset_ms, frames_per_s):
                offset_ms = picture.offset_ms
                yield picture
        else:
            yield _picture(file, offset_ms)
        offset_ms += BETWEEN_PICTURES_MS


def _picture(file: Path, offset_ms: int) -> SourcePicture:
    if file.suffix.lower() in OTHER_PICTURES:
        why = BadRecord("not_a_picture", f"{file.suffix} is neither JPEG, PNG nor WebP: convert it")
        return SourcePicture(file.name, b"", offset_ms, why)
    try:
        size = file.stat().st_size
        if size > MAX_PICTURE_BYTES:
            limit = f"{size} bytes, at most {MAX_PICTURE_BYTES}"
            return SourcePicture(file.name, b"", offset_ms, BadRecord("picture_too_large", limit))
        return SourcePicture(file.name, file.read_bytes(), offset_ms)
    except OSError as error:
        return SourcePicture(file.name, b"", offset_ms, BadRecord("unreadable_file", error.strerror or str(error)))


def _video(file: Path, offset_ms: int, frames_per_s: float | None) -> Iterator[SourcePicture]:
    number, last_ms = 0, 0
    try:
        for number, last_ms, frame in frames_of(file, frames_per_s=frames_per_s):
            image = encode_jpeg(frame, quality=92)
            yield SourcePicture(f"{file.name}#{number}", image, offset_ms + last_ms, is_frame=True)
    except BadRecord as error:
        yield SourcePicture(file.name, b"", offset_ms + last_ms, error)
    if not number:
        yield SourcePicture(file.name, b"", offset_ms, BadRecord("not_a_video", "no frame of it can be decoded"))
