"""zstd for batches of records, with contexts that are kept: making one takes several times as long as packing a small batch.

aiokafka makes one for each batch that it packs or unpacks. tests/unit/test_zstd.py fails when upstream changes what this leans on.
"""

import sys
from threading import local

import zstandard
from aiokafka.record.default_records import DefaultRecordBatchBuilder

LEVEL = 3  # Kafka's own, KIP-390
Broken = zstandard.ZstdError


class _Contexts(local):
    """One of each for a thread: none may be used by two at the same time."""

    def __init__(self) -> None:
        self.packer = zstandard.ZstdCompressor(level=LEVEL)
        self.unpacker = zstandard.ZstdDecompressor()


_contexts = _Contexts()


def compressed(data: bytes | memoryview, level: int | None = None) -> bytes:
    """One frame, which tells its size."""
    packer = _contexts.packer if level in (None, LEVEL) else zstandard.ZstdCompressor(level=level)
    return packer.compress(data)


def decompressed(frame: bytes | memoryview) -> bytes:
    """What is in the frame, of any size. Raises Broken."""
    unpacking = _contexts.unpacker.decompressobj()
    data = unpacking.decompress(frame)
    if not unpacking.eof:
        raise Broken("the frame has no end")
    return data


def decompressed_into(room: memoryview, frame: memoryview) -> int:
    """How many bytes of the room the frame's content took; all of them where it may have more. Raises Broken."""
    with _contexts.unpacker.stream_reader(frame) as reader:
        return reader.readinto(room)


def keep_contexts() -> None:
    """Have aiokafka pack and unpack with these. It leans on the names by which its module of record batches calls its own."""
    batches = sys.modules[DefaultRecordBatchBuilder.__module__]
    batches.zstd_encode, batches.zstd_decode = compressed, decompressed  # type: ignore[attr-defined]
