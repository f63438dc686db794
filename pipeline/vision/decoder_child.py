"""The process in which pictures are decoded: what one of them may cost is bounded by the system, whatever is in it.

Started by pipeline.vision.bounded_decoder. Its arguments are the file descriptor of a piece of shared memory, and the bounds of its
own memory and processor time. The encoded picture stands at the beginning of the shared memory, the answer's pixels from
IMAGE_BYTES on. Each request on standard input is answered on standard output. The process ends when its input does.
"""

import mmap
import resource
import signal
import struct
import sys
from pathlib import Path

import numpy as np

from pipeline.errors import BadRecord
from pipeline.vision.pictures import Decoded, decode, decode_shrunk, one_thread, warm_up

REQUEST = struct.Struct("=IB")
"""Length of the encoded picture in bytes, and how often its sides are to be halved: 0 to 2; WHOLE for a whole decode."""
ANSWER = struct.Struct("=BIIIH")
"""Status (see below), height, width, rows missing, and how many bytes of words follow: reason and detail, a NUL between them."""
DONE, REFUSED = 0, 1
WHOLE = 255
IMAGE_BYTES, PIXEL_BYTES = 16 * 1024 * 1024, 120_000_000
SHARED_BYTES = IMAGE_BYTES + PIXEL_BYTES


def main(shared_fd: int, memory_bytes: int, cpu_s: float) -> None:
    """Answer requests until the input ends. shared_fd: of the shared memory. memory_bytes, cpu_s: see BoundedDecoder."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then closes the input
    one_thread()
    warm_up()
    with mmap.mmap(shared_fd, SHARED_BYTES) as shared:
        _bound_memory(memory_bytes)
        sys.stdout.buffer.write(ANSWER.pack(DONE, 0, 0, 0, 0))
        sys.stdout.buffer.flush()
        while request := sys.stdin.buffer.read(REQUEST.size):
            _bound_time(cpu_s)
            answer = _answer(shared, *REQUEST.unpack(request))
            sys.stdout.buffer.write(answer)
            sys.stdout.buffer.flush()


def _answer(shared: mmap.mmap, length: int, shrink: int) -> bytes:
    image = bytes(shared[:length])
    try:
        found = decode(image) if shrink == WHOLE else Decoded(decode_shrunk(image, 2**shrink))
    except BadRecord as error:
        return _refused(error.reason, error.detail)
    except MemoryError:
        return _refused("picture_too_costly", "it would take more memory than a picture may")
    height, width, _ = found.picture.shape
    pixels = np.frombuffer(shared, np.uint8, found.picture.size, IMAGE_BYTES).reshape(found.picture.shape)
    np.copyto(pixels, found.picture)
    return ANSWER.pack(DONE, height, width, found.rows_missing, 0)


def _refused(reason: str, detail: str) -> bytes:
    words = f"{reason}\0{detail}".encode()[:2000]
    return ANSWER.pack(REFUSED, 0, 0, 0, len(words)) + words


def _bound_memory(memory_bytes: int) -> None:
    """Limit the process to this much more memory than it has now. (macOS does not enforce it.)"""
    if sys.platform == "linux":
        most = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * mmap.PAGESIZE + memory_bytes
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _bound_time(cpu_s: float) -> None:
    """Have the system end the process, by SIGPROF, when the next picture takes longer. (A limit of the process counts whole
    seconds.)"""
    signal.setitimer(signal.ITIMER_PROF, cpu_s)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
