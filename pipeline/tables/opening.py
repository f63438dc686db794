"""Opens a file of reference data, or a pipe, and tells by its name and beginning in which form it is."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO, Literal

from pipeline.tables.json_items import looks_like_lines
from pipeline.tables.writing import Form

FileForm = Form | Literal["xml"]
STANDARD_INPUT = Path("-")


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """The file; of a pipe a copy that can be read twice, which is gone afterwards."""
    with nullcontext(sys.stdin.buffer) if path == STANDARD_INPUT else path.open("rb") as stream:
        if path != STANDARD_INPUT and stream.seekable():
            yield stream
            return
        with tempfile.TemporaryFile() as copy:
            shutil.copyfileobj(stream, copy)
            copy.seek(0)
            yield copy


def form_of(path: Path, stream: BinaryIO) -> FileForm:
    """The form that the file's name says, else the one that its beginning shows; a .json file with one object a line is jsonl.
    Leaves the stream at its beginning."""
    head = stream.read(1 << 16)
    stream.seek(0)
    suffix = path.suffix.lower()
    if suffix in (".jsonl", ".ndjson"):
        return "jsonl"
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if suffix == ".json" or (suffix not in (".csv", ".tsv", ".txt") and start in (b"[", b"{")):
        return "jsonl" if looks_like_lines(head) else "json"
    return "xml" if suffix == ".xml" or (suffix not in (".csv", ".tsv", ".txt") and start == b"<") else "csv"
