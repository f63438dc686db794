"""Writes pictures into a folder, in threads of its own. Through obstore one takes three times as much processor time.

A file under way is named as obstore does it, with a number after its own name, so that no reader takes it for a picture.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

THREADS = 2
"""The kernel makes one file of a folder at a time: while one thread waits for that, the other computes a digest."""


class FolderWriter:
    """Writes into one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="evidence")

    async def put(self, path_of: Callable[[bytes], str], image: bytes) -> str:
        """Write the picture under the path that `path_of` gives it; returns that path. A reader sees all of the file or nothing,
        also where there was one. Raises OSError."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._write, path_of, image)

    def _write(self, path_of: Callable[[bytes], str], image: bytes) -> str:
        path = path_of(image)
        whole = self._folder / path
        under_way = whole.with_name(f"{whole.name}#{os.getpid()}{next(_serial):09}")
        try:
            file = _created(under_way)
        except FileNotFoundError:  # the first picture of its day
            whole.parent.mkdir(parents=True, exist_ok=True)
            file = _created(under_way)
        try:
            _fill(file, image)
            under_way.rename(whole)
        except OSError:
            with contextlib.suppress(OSError):
                under_way.unlink()
            raise
        return path


_serial = count(1)


def _created(path: Path) -> int:
    return os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o666)


def _fill(file: int, image: bytes) -> None:
    try:
        left = memoryview(image)
        while left:
            left = left[os.write(file, left) :]
    finally:
        os.close(file)
