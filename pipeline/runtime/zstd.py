"""Packs and unpacks batches of records with zstd. Contexts are reused, because making one takes several times as long as
packing a small batch; aiokafka makes a new one for each batch."""

from threading import local

import zstandard

from pipeline.runtime.scratch import scratch

LEVEL = 3  # Kafka's own, KIP-390
MAX_WINDOW_BYTES = (
    16 * 1024 * 1024
)  # memory that a frame may ask for; level 19 asks for 8 MiB, what is allowed by default is 128
Broken = zstandard.ZstdError


class _Contexts(local):
    """One packing and one unpacking context for each thread, because two threads may not use one at the same time."""

    def __init__(self) -> None:
        self.packer = zstandard.ZstdCompressor(level=LEVEL)
        self.unpacker = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW_BYTES)


_contexts = _Contexts()


def compressed(data: bytes | memoryview, level: int | None = None) -> bytes:
    """The data as one zstd frame that states its size. level: None: LEVEL."""
    packer = _contexts.packer if level in (None, LEVEL) else zstandard.ZstdCompressor(level=level)
    return packer.compress(data)


def decompressed(frame: bytes | memoryview | bytearray, most: int) -> bytes:
    """The frame's content, but at most `most` + 1 bytes: a result of that length means that the content is longer than
    `most`. Raises Broken."""
    room = scratch(most + 1)
    size = decompressed_into(room, memoryview(frame))
    if size <= most:
        unpacking = _contexts.unpacker.decompressobj()
        data = unpacking.decompress(frame)  # a reader does not tell a frame that was cut off from a whole one
        if not unpacking.eof:
            raise Broken("the frame has no end")
        return data
    return bytes(room)


def decompressed_into(room: memoryview, frame: memoryview) -> int:
    """Unpack the frame into `room`. Returns how many bytes were written; where the room is filled, the content may be
    longer. Raises Broken."""
    with _contexts.unpacker.stream_reader(frame) as reader:
        return reader.readinto(room)
