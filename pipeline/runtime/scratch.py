"""Memory into which a thread unpacks one batch after the other: clearing new memory for each batch takes longer than
unpacking it."""

import mmap
from threading import local


class _Scratch(local):
    """The memory of each thread."""

    def __init__(self) -> None:
        self.room = memoryview(b"")


_scratch = _Scratch()


def scratch(size: int) -> memoryview:
    """`size` bytes that this thread may write to until its next call. Their content is undefined. The system provides only
    the pages that are written to."""
    if len(_scratch.room) < size:
        _scratch.room = memoryview(mmap.mmap(-1, size))
    return _scratch.room[:size]
