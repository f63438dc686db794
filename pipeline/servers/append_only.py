"""Repairs the store's append-only file after a power cut that left zero bytes at its end.

A file system may lengthen a file before it writes the new content. Valkey loads a file whose last command is cut off, but
not one that ends in zeros, and its repair tool is not in the wheel. No command ends in a zero byte, so cutting them off
loses nothing.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from pipeline.runtime.private import open_private

CHUNK = 64 * 1024


def cut_zeros(folder: Path) -> Iterator[tuple[Path, int]]:
    """Cut the zero bytes off the end of the newest append-only file of the folder. Yields the file and the count of bytes
    cut, if there were any."""
    newest = max(folder.glob("appendonly.aof.*.incr.aof"), key=_sequence, default=None)
    if newest is None:
        return
    size = newest.stat().st_size
    length = length_without_zeros(newest)
    if length < size:
        with open_private(newest, "change") as file:
            file.truncate(length)
            os.fsync(file.fileno())
        yield newest, size - length


def length_without_zeros(path: Path) -> int:
    """The file's length in bytes without the zero bytes at its end."""
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        while end > 0:
            start = max(0, end - CHUNK)
            file.seek(start)
            kept = file.read(end - start).rstrip(b"\0")
            if kept:
                return start + len(kept)
            end = start
    return 0


def _sequence(path: Path) -> int:
    """The number in appendonly.aof.NUMBER.incr.aof."""
    number = path.name.split(".")[2]
    return int(number) if number.isdecimal() else -1
