"""Makes batches that are small to send and costly to unpack or to read. tests/bomb_costs.py measures them."""

import struct
import zlib
from collections.abc import Callable

import cramjam
import zstandard
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from crc32c import crc32c

from pipeline.runtime.batches import CHECKED_FROM, CRC_AT, HEAD_BYTES, LENGTH_AT

MIB = 1024 * 1024
PEAK = """
def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) // 1024
"""
"""For a child: its peak of memory in MiB. What getrusage tells may be its parent's."""
LARGEST = 9 * MIB
"""Of a batch that any topic takes."""
XERIAL = b"\x82SNAPPY\x00\x00\x00\x00\x01\x00\x00\x00\x01"
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
    return XERIAL + (struct.pack("!i", len(block)) + block) * size_mib


def gzip_members() -> bytes:
    """Nine megabytes of empty gzip members: where each is copied with all that follow it, they take minutes."""
    return zlib.compress(b"", wbits=31) * (LARGEST // 20)


def gzip_tables() -> bytes:
    """Deflate blocks that each bring their own tables and hold next to nothing."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    parts = [packer.compress(bytes(range(48, 110))) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(40_000)]
    return b"".join(parts) + packer.flush()


def snappy_blocks() -> bytes:
    """Nine megabytes of blocks that hold nothing."""
    return XERIAL + (struct.pack("!i", 1) + b"\0") * (LARGEST // 5)


def lz4_blocks() -> bytes:
    """Nine megabytes of blocks that hold nothing."""
    head = bytes(cramjam.lz4.compress(b""))[:7]
    return head + (struct.pack("<I", 1) + b"\0") * (LARGEST // 5) + bytes(4)


def lz4_frames() -> bytes:
    """Nine megabytes of frames that hold nothing."""
    empty = bytes(cramjam.lz4.compress(b""))
    return empty * (LARGEST // len(empty))


def zstd_blocks() -> bytes:
    """Nine megabytes of blocks that hold nothing."""
    return zstd_frame(b"\0\0\0", LARGEST // 3)


def zstd_tables() -> bytes:
    """Blocks that each bring their own tables and hold a few letters."""
    packed = zstandard.ZstdCompressor(level=19).compress(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ abcdefghijklmnopqrstuvwxyz" * 3)
    block = packed[5 + (packed[4] >> 6 != 0 or packed[4] & 0x20 != 0) :]
    return zstd_frame(bytes([block[0] & 0xFE]) + block[1:], 60_000)


def zstd_frame(block: bytes, count: int) -> bytes:
    """A frame without a stated size, with a window of a megabyte, of this block again and again, and an empty last one."""
    return b"\x28\xb5\x2f\xfd\x00\x50" + block * count + b"\x01\0\0"


def many_headers(count: int) -> bytes:
    """One record with an empty value and so many empty headers, as a batch holds it unpacked."""
    body = b"\0\0\0" + b"\x01" + b"\x01" + varint(count) + b"\0\x01" * count
    return varint(len(body)) + body


def one_value(value: bytes, at: int = 0) -> bytes:
    """One record with this value, the at-th of its batch, as that holds it unpacked."""
    body = b"\0\0" + varint(at) + b"\x01" + varint(len(value)) + value + b"\0"
    return varint(len(body)) + body


def varint(number: int) -> bytes:
    """A positive number as Kafka's records state lengths."""
    left, found = number << 1, bytearray()
    while left > 0x7F:
        found.append(left & 0x7F | 0x80)
        left >>= 7
    return bytes([*found, left])


def reads_of(item: bytes, size: int = 15 * MIB) -> bytes:
    """A batch of reads, in which this text stands as often as fits into so many bytes."""
    return b'{"reads":[' + (item + b",") * (size // (len(item) + 1)) + item + b"]}"


BOMBS: dict[str, Callable[[int], bytes]] = {
    "zstd": zstd_bomb, "gzip": gzip_bomb, "lz4": lz4_bomb, "snappy": snappy_bomb,
}  # fmt: skip
BATCHES: dict[str, Callable[[], bytes]] = {
    **{
        f"{codec}, {size} MiB": lambda codec=codec, size=size: batch_of(BOMBS[codec](size), codec)  # type: ignore[misc]  # mypy knows no lambda with defaults
        for codec, size in (("zstd", 1_000), ("gzip", 100), ("lz4", 100), ("snappy", 100))
    },
    "gzip, members": lambda: batch_of(gzip_members(), "gzip"),
    "gzip, tables": lambda: batch_of(gzip_tables(), "gzip"),
    "snappy, blocks": lambda: batch_of(snappy_blocks(), "snappy"),
    "lz4, blocks": lambda: batch_of(lz4_blocks(), "lz4"),
    "lz4, frames": lambda: batch_of(lz4_frames(), "lz4"),
    "zstd, blocks": lambda: batch_of(zstd_blocks(), "zstd"),
    "zstd, tables": lambda: batch_of(zstd_tables(), "zstd"),
    "records without end": lambda: batch_of(b"", "none", records=2**31 - 1),
    "empty records": lambda: batch_of(zstandard.compress(one_value(b"") * 65_536), "zstd", records=65_536),
    "headers": lambda: batch_of(zstandard.compress(many_headers(7_900_000)), "zstd"),
    "headers, not packed": lambda: batch_of(many_headers(4_000_000), "none"),
    "headers below two megabytes": lambda: batch_of(zstandard.compress(many_headers(1_000_000)), "zstd"),
    "a thousand headers in each of eight thousand records": lambda: batch_of(
        zstandard.compress(many_headers(1_000) * 7_900), "zstd", records=7_900),
    "reads that are numbers": lambda: batch_of(zstandard.compress(one_value(reads_of(b"0"))), "zstd"),
    "reads that are lists": lambda: batch_of(zstandard.compress(one_value(reads_of(b"[]"))), "zstd"),
    "reads that are objects": lambda: batch_of(zstandard.compress(one_value(reads_of(b'{"a":1}'))), "zstd"),
    "a megabyte of numbers": lambda: batch_of(zstandard.compress(one_value(reads_of(b"0", MIB - 100))), "zstd"),
    "a megabyte of numbers in each of fifteen records": lambda: batch_of(
        zstandard.compress(one_value(reads_of(b"0", MIB - 100)) * 15), "zstd", records=15),
    "reads with not a number": lambda: batch_of(zstandard.compress(one_value(reads_of(b"NaN"))), "zstd"),
    "nested lists": lambda: batch_of(zstandard.compress(one_value(b'{"reads":' + b"[" * 15_000_000)), "zstd"),
    "one number": lambda: batch_of(zstandard.compress(one_value(b'{"reads":[' + b"9" * 15_000_000 + b"]}")), "zstd"),
}  # fmt: skip

ANSWERS: dict[str, Callable[[], bytes]] = {
    **{
        f"a megabyte of batches of {what}": lambda made=made: answer_of(made())  # type: ignore[misc]  # mypy knows no lambda with defaults
        for what, made in {
            **{
                f"zeros, {codec}": lambda codec=codec: batch_of(PACKED[codec](one_value(bytes(15 * MIB))), codec)
                for codec in ("zstd", "gzip", "lz4", "snappy")
            },
            "empty records": lambda: batch_of(
                zstandard.compress(b"".join(one_value(b"", at) for at in range(65_536))), "zstd", records=65_536),
            "what unpacks to too much": BATCHES["zstd, 1000 MiB"],
            "headers": BATCHES["headers below two megabytes"],
        }.items()
    },
}  # fmt: skip
"""What a broker answers to one fetch of one partition: batches that each keep to the bounds."""
PACKED: dict[str, Callable[[bytes], bytes]] = {
    "zstd": zstandard.compress,
    "gzip": lambda data: zlib.compress(data, wbits=31),
    "lz4": lambda data: bytes(cramjam.lz4.compress(data)),
    "snappy": lambda data: bytes(cramjam.snappy.compress_raw(data)),
}


def answer_of(batch: bytes) -> bytes:
    """So many copies of a batch, one after the other, as a fetch brings of a partition: a megabyte, or two."""
    step, count = int.from_bytes(batch[57:61]), max(2, MIB // len(batch))
    return b"".join((step * at).to_bytes(8) + batch[8:] for at in range(count))


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
