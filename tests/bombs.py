"""Makes compressed batches that are small to send and large to unpack. benchmarks/bombs.py measures them."""

import struct
import zlib
from collections.abc import Callable

import cramjam
import zstandard
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from crc32c import crc32c

from pipeline.stream.fetched import CHECKED_FROM, CRC_AT, HEAD_BYTES, LENGTH_AT

MIB = 1024 * 1024
PEAK = """
def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) // 1024
"""
"""For a child: its peak of memory in MiB. What getrusage tells may be its parent's."""
CODEC_NUMBERS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}


def zstd_bomb(size_mib: int) -> bytes:
    """size_mib MiB of zeros in one zstd frame that does not state its size: 1,000 MiB take 32 KB."""
    packer = zstandard.ZstdCompressor().compressobj()
    return b"".join(packer.compress(bytes(MIB)) for _ in range(size_mib)) + packer.flush()


def gzip_bomb(size_mib: int) -> bytes:
    """size_mib MiB of zeros, packed with gzip."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(bytes(MIB)) for _ in range(size_mib)) + packer.flush()


def lz4_bomb(size_mib: int) -> bytes:
    """size_mib MiB of zeros, packed with lz4."""
    packer = cramjam.lz4.Compressor()
    for _ in range(size_mib):
        packer.compress(bytes(MIB))
    return bytes(packer.finish())


def snappy_bomb(size_mib: int) -> bytes:
    """size_mib MiB of zeros, packed with snappy in the blocks that Java's clients make."""
    block = bytes(cramjam.snappy.compress_raw(bytes(MIB)))
    return b"\x82SNAPPY\x00\x00\x00\x00\x01\x00\x00\x00\x01" + (struct.pack("!i", len(block)) + block) * size_mib


BOMBS: dict[str, Callable[[int], bytes]] = {
    "zstd": zstd_bomb, "gzip": gzip_bomb, "lz4": lz4_bomb, "snappy": snappy_bomb,
}  # fmt: skip


def batch_of(packed: bytes, codec: str, *, records: int = 1, base: int = 0) -> bytes:
    """A batch of records with a correct checksum and these packed bytes as its content. records: how many its header states.
    base: its first offset."""
    builder = DefaultRecordBatchBuilder(2, 0, False, -1, -1, -1, MIB)
    builder.append(0, 1_000, None, b"", [])
    data = bytearray(builder.build())[:HEAD_BYTES] + packed
    data[:LENGTH_AT] = base.to_bytes(8)
    data[LENGTH_AT : LENGTH_AT + 4] = (len(data) - LENGTH_AT - 4).to_bytes(4)
    data[22] = CODEC_NUMBERS[codec]
    data[23:27] = (records - 1).to_bytes(4)
    data[57:61] = records.to_bytes(4)
    data[CRC_AT:CHECKED_FROM] = crc32c(data[CHECKED_FROM:]).to_bytes(4)
    return bytes(data)
