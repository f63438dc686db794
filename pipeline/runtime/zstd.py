"""zstd for batches of records, with contexts that are kept: making one takes several times as long as packing a small batch.

aiokafka makes one for each batch that it packs or unpacks.
"""

from threading import local

import zstandard

LEVEL = 3  # Kafka's own, KIP-390
MAX_WINDOW_BYTES = (
    16 * 1024 * 1024
)  # memory that a frame may ask for; level 19 asks for 8 MiB, what is allowed by default is 128
Broken = zstandard.ZstdError


class _Contexts(local):
    """One of each for a thread: none may be used by two at the same time."""

    def __init__(self) -> None:
        self.packer = zstandard.ZstdCompressor(level=LEVEL)
        self.unpacker = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW_BYTES)


_contexts = _Contexts()


def compressed(data: bytes | memoryview, level: int | None = None) -> bytes:
    """One frame, which tells its size."""
    packer = _contexts.packer if level in (None, LEVEL) else zstandard.ZstdCompressor(level=level)
    return packer.compress(data)


def decompressed(frame: bytes | memoryview | bytearray, most: int) -> bytes:
    """What is in the frame; one byte more than `most` at the most, which says that there may be more. Raises Broken."""
    room = memoryview(bytearray(most + 1))
    size = decompressed_into(room, memoryview(frame))
    if size <= most:
        unpacking = _contexts.unpacker.decompressobj()
        data = unpacking.decompress(frame)  # a reader does not tell a frame that was cut off from a whole one
        if not unpacking.eof:
            raise Broken("the frame has no end")
        return data
    return bytes(room)


def decompressed_into(room: memoryview, frame: memoryview) -> int:
    """How many bytes of the room the frame's content took; all of them where it may have more. Raises Broken."""
    with _contexts.unpacker.stream_reader(frame) as reader:
        return reader.readinto(room)
