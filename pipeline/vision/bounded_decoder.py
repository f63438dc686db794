"""Decodes pictures in a child process with limits on memory, processor time and waiting.

The child stays for the next picture. When a picture makes it end, the picture is refused, and the next one gets a new child,
which takes some 0.4 s. When something else ends the child, a new one is started at once and asked again.
"""

import asyncio
import contextlib
import mmap
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from typing import IO

import numpy as np

from pipeline.errors import BadRecord, Unavailable
from pipeline.vision.decoder_child import ANSWER, DONE, IMAGE_BYTES, PIXEL_BYTES, REQUEST, SHARED_BYTES, WHOLE
from pipeline.vision.pictures import Decoded, Picture, decode_elsewhere

MEMORY_BYTES = 448 * 1024 * 1024
"""Address space beyond what the libraries take: the largest picture that is taken needs some 360 MB."""
CPU_S = 1.5
"""Most processor time for a picture: three times what the dearest that is taken needs on a quiet machine."""
PATIENCE_S = 20.0
"""Wall time for one picture, on however busy a machine; its processor time is bounded far more tightly."""
START_S = 120.0
_KEPT_BYTES = 32_000_000  # of shared memory between pictures; what a larger one took is given back
_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


class _Ended(Exception):
    """The child ended, or was ended, before it answered. its_fault: because of what the picture cost."""

    def __init__(self, *, its_fault: bool) -> None:
        super().__init__(its_fault)
        self.its_fault = its_fault


@dataclass(slots=True)
class BoundedDecoder:
    """Decodes pictures in one child process. Several threads may use it; they wait for each other. Call close() at the end;
    otherwise the child ends with this process.

    memory_bytes, cpu_s, patience_s: what one picture may cost the child (see MEMORY_BYTES, CPU_S, PATIENCE_S).
    """

    memory_bytes: int = MEMORY_BYTES
    cpu_s: float = CPU_S
    patience_s: float = PATIENCE_S
    _child: "subprocess.Popen[bytes] | None" = None
    _shared: mmap.mmap | None = None
    _fd: int = -1
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    async def installed(cls) -> "BoundedDecoder":
        """Start a decoder that decodes all pictures of this process from now on, until `stop`."""
        decoder = cls()
        await asyncio.to_thread(decoder.start)
        decode_elsewhere(decoder)
        return decoder

    async def stop(self) -> None:
        """End the child; pictures are decoded in this process again."""
        decode_elsewhere(None)
        await asyncio.to_thread(self.close)

    def decode(self, image: bytes) -> Decoded:
        """As pipeline.vision.pictures.decode. Also raises BadRecord: picture_too_costly for a picture that exceeds the child's
        limits or during which two children ended, picture_too_large for one of more than IMAGE_BYTES."""
        return self._asked(image, WHOLE)

    def decode_shrunk(self, image: bytes, factor: int) -> Picture:
        """As pipeline.vision.pictures.decode_shrunk, with the same further errors as decode."""
        return self._asked(image, factor.bit_length() - 1).picture

    def start(self) -> None:
        """Start the child now, so that the first picture need not wait for it. Raises Unavailable when it does not start."""
        with self._lock:
            try:
                self._ready()
            except _Ended as ended:
                self._end()
                raise Unavailable(
                    "the process that decodes pictures (it ended, or gave no sign, at its start)"
                ) from ended

    def close(self) -> None:
        """End the child."""
        with self._lock:
            self._end()
            if self._shared is not None:
                self._shared.close()
                os.close(self._fd)
                self._shared = None

    @property
    def pid(self) -> int | None:
        """The child's process id; None while there is none."""
        return self._child.pid if self._child else None

    def _asked(self, image: bytes, shrink: int) -> Decoded:
        if len(image) > IMAGE_BYTES:
            raise BadRecord("picture_too_large", f"{len(image)} bytes, at most {IMAGE_BYTES}")
        with self._lock:
            for last in (False, True):
                try:
                    return self._answered(image, shrink)
                except _Ended as ended:
                    self._end()
                    if ended.its_fault or last:
                        why = "it costs too much" if ended.its_fault else "two processes that decode ended over it"
                        detail = f"{len(image)} bytes that begin with {image[:8]!r}: {why}"
                        raise BadRecord("picture_too_costly", detail) from ended
        raise AssertionError("the last try returns or raises")

    def _answered(self, image: bytes, shrink: int) -> Decoded:
        child, shared = self._ready()
        shared[: len(image)] = image
        try:
            _pipe(child.stdin).write(REQUEST.pack(len(image), shrink))
        except OSError as error:
            raise _Ended(its_fault=False) from error
        status, height, width, missing, words = ANSWER.unpack(self._read(child, ANSWER.size, self.patience_s))
        if status != DONE:
            reason, _, detail = self._read(child, words, self.patience_s).decode("utf-8", "replace").partition("\0")
            raise BadRecord(reason, detail)
        if height * width * 3 > PIXEL_BYTES:
            raise _Ended(its_fault=True)
        pixels = np.frombuffer(shared, np.uint8, height * width * 3, IMAGE_BYTES)
        picture = pixels.reshape(height, width, 3).copy()
        del pixels
        if picture.size > _KEPT_BYTES:
            os.ftruncate(self._fd, IMAGE_BYTES + _KEPT_BYTES)
            os.ftruncate(self._fd, SHARED_BYTES)
        return Decoded(picture, missing)

    def _ready(self) -> "tuple[subprocess.Popen[bytes], mmap.mmap]":
        if self._shared is None:
            self._fd = _shared_file()
            self._shared = mmap.mmap(self._fd, SHARED_BYTES)
        if self._child is not None and self._child.poll() is not None:
            self._end()
        if self._child is None:
            bounds = self._fd, self.memory_bytes, self.cpu_s
            self._child = subprocess.Popen(
                [sys.executable, "-I", "-m", "pipeline.vision.decoder_child", *map(str, bounds)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0,
                pass_fds=(self._fd,), env=_ENVIRONMENT, cwd="/",
            )  # fmt: skip
            self._read(self._child, ANSWER.size, START_S)
        return self._child, self._shared

    def _read(self, child: "subprocess.Popen[bytes]", size: int, patience_s: float) -> bytes:
        """Read `size` bytes of the child's output, waiting at most patience_s. Raises _Ended."""
        found, output = b"", _pipe(child.stdout)
        while len(found) < size:
            if not select.select([output], [], [], patience_s)[0]:
                raise _Ended(its_fault=False)
            some = output.read(size - len(found))
            if not some:
                raise _Ended(its_fault=child.wait() == -signal.SIGPROF)
            found += some
        return found

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        for pipe in (child.stdin, child.stdout):
            with contextlib.suppress(OSError):
                _pipe(pipe).close()
        child.wait()


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None  # both were asked for
    return pipe


def _shared_file() -> int:
    """A file descriptor of memory to share with the child: without a file on Linux, of a file without a name elsewhere."""
    if sys.platform == "linux":
        fd = os.memfd_create("vigie-picture")
    else:
        with tempfile.TemporaryFile() as file:
            fd = os.dup(file.fileno())
    os.ftruncate(fd, SHARED_BYTES)
    return fd
