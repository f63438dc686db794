"""Memory that a thread uses again and again for what is unpacked: to clear some for each batch takes longer than to unpack it."""

import mmap
from threading import local


class _Scratch(local):
    """Each thread's own."""

    def __init__(self) -> None:
        self.room = memoryview(b"")


_scratch = _Scratch()


def scratch(size: int) -> memoryview:
    """`size` bytes that this thread may write to until it calls this again. They hold anything. The system gives the thread only
    those pages that it writes to."""
    if len(_scratch.room) < size:
        _scratch.room = memoryview(mmap.mmap(-1, size))
    return _scratch.room[:size]
