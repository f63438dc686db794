"""Keeps what comes through a pipe or standard input in a file while it is replayed, because a pipe can be read only once."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from pipeline.errors import Misconfigured
from pipeline.runtime.private import open_private

STDIN = Path("-")
MOST_BYTES = 4 * 1024**3
_CHUNK = 1024 * 1024
_PNG, _JPEG, _NEXT_JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"\xff\xd9\xff\xd8\xff"


@contextmanager
def as_file(path: Path) -> Iterator[Path]:
    """The path itself when it is a file or folder. For a pipe, or `-` for standard input: a file with everything that comes
    through it until its writer closes it, removed afterwards; its ending tells whether it is a picture, several pictures, or
    a video.

    Raises Misconfigured for other devices, and when nothing or too much comes.
    """
    if path != STDIN and not path.is_fifo():
        if path.exists() and not (path.is_file() or path.is_dir()):
            raise Misconfigured(
                "path", found=str(path), allowed="a picture, a video, a folder, a pipe, or - for standard input"
            )
        yield path
        return
    with TemporaryDirectory(prefix="vigie-") as folder:
        kept = Path(folder) / "piped"
        with open_private(kept, "truncate") as target:
            if path == STDIN:
                _copy(sys.stdin.buffer, target)
            else:
                with path.open("rb") as source:
                    _copy(source, target)
        yield kept.rename(kept.with_suffix(kind_of(kept)))


def kind_of(file: Path) -> str:
    """The file name's ending that fits the content: .jpg, .png, .mjpeg (several JPEGs, one after the other), or .mkv for
    anything else."""
    with file.open("rb") as content:
        start = content.read(_CHUNK)
        if start.startswith(_PNG):
            return ".png"
        if not start.startswith(_JPEG):
            return ".mkv"  # whatever its container: the decoder looks for itself
        tail = b""
        while start:
            if _NEXT_JPEG in tail + start:
                return ".mjpeg"
            tail, start = start[-len(_NEXT_JPEG) :], content.read(_CHUNK)
    return ".jpg"


def _copy(source: IO[bytes], target: IO[bytes]) -> None:
    size = 0
    while chunk := source.read(_CHUNK):
        size += len(chunk)
        if size > MOST_BYTES:
            raise Misconfigured("path", found="more than 4 GiB through a pipe", allowed="less: replay a file instead")
        target.write(chunk)
    if not size:
        raise Misconfigured("path", found="nothing came through the pipe", allowed="a picture or a video")
