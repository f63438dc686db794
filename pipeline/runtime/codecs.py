"""Unpacks compressed batches of records, each codec with a hard bound on the size of the result.

A batch of 32 KB may claim to hold a gigabyte, and aiokafka's own decoders unpack whatever they are given. `batches.bind` replaces
them by these, so that no batch takes more than MAX_UNPACKED_BYTES, whichever codec it uses.
"""

import zlib
from collections.abc import Callable

import cramjam

from pipeline.runtime import zstd
from pipeline.runtime.scratch import scratch

MAX_UNPACKED_BYTES = 16 * 1024 * 1024
"""Topics take batches of at most 9 MiB, dead_letters of 16. Packed reads become a tenth: ten times what clients make by default
still fit."""
_XERIAL_HEAD = b"\x82SNAPPY\x00" + b"\x00\x00\x00\x01" + b"\x00\x00\x00\x01"
MOST_MEMBERS = 16
"""Members of gzip in one batch at most: clients make one. Each costs as much as all that follow it."""
MOST_BLOCKS = MAX_UNPACKED_BYTES // 1024
"""Blocks of snappy in one batch at most: Java's have 32 KiB each, and cannot be set below one KiB."""
_GZIP = 31  # zlib's word for: with gzip's head and checksum
_LENGTH_BYTES = 4

Packed = bytes | bytearray | memoryview


class TooLarge(ValueError):
    """Raised when the unpacked content would be larger than MAX_UNPACKED_BYTES, or too much else. The message says what."""

    def __init__(self, what: str = f"it unpacks to more than {MAX_UNPACKED_BYTES // 1024 // 1024} MiB") -> None:
        super().__init__(what)


def unpack_zstd(packed: Packed) -> bytes:
    """The content of one zstd frame. Raises TooLarge, or zstd.Broken for a bad frame."""
    return _bounded(zstd.decompressed(packed, MAX_UNPACKED_BYTES))


def unpack_gzip(packed: Packed) -> bytes:
    """The content of one or more gzip members. Raises TooLarge, zlib.error for bad data, EOFError when the last member is
    incomplete, ValueError for more than MOST_MEMBERS."""
    found, rest, members = bytearray(), bytes(packed), 0
    while rest:
        members += 1
        if members > MOST_MEMBERS:
            raise ValueError(f"gzip: more than {MOST_MEMBERS} members")
        member = zlib.decompressobj(_GZIP)
        found += member.decompress(rest, MAX_UNPACKED_BYTES + 1 - len(found))
        _bounded(found)
        if not member.eof:
            raise EOFError("gzip: the data has no end")
        rest = member.unused_data.lstrip(b"\0")
    return bytes(found)


def unpack_lz4(packed: Packed) -> bytes:
    """The content of an lz4 frame. Raises TooLarge, cramjam.DecompressionError."""
    room = scratch(MAX_UNPACKED_BYTES)
    try:
        size = cramjam.lz4.decompress_into(bytes(packed), room)
    except cramjam.DecompressionError as error:
        if "whole buffer" in str(error):
            raise TooLarge from error
        raise
    return bytes(room[:size])


def unpack_snappy(packed: Packed) -> bytes:
    """The content of snappy's raw form, or of the blocks that Java's clients make. Raises TooLarge, cramjam.DecompressionError."""
    view = memoryview(packed)
    if bytes(view[: len(_XERIAL_HEAD)]) != _XERIAL_HEAD:
        return _unpack_block(view, 0)
    found, at, blocks = bytearray(), len(_XERIAL_HEAD), 0
    while at < len(view):
        blocks += 1
        if blocks > MOST_BLOCKS:
            raise cramjam.DecompressionError(f"snappy: more than {MOST_BLOCKS} blocks")
        size = int.from_bytes(view[at : at + _LENGTH_BYTES], signed=True)
        at += _LENGTH_BYTES
        if not 0 < size <= len(view) - at:
            raise cramjam.DecompressionError(f"snappy: a block of {size} bytes, where {len(view) - at} are left")
        found += _unpack_block(view[at : at + size], len(found))
        at += size
    return bytes(found)


def _unpack_block(block: memoryview, before: int) -> bytes:
    """The content of one block, whose header states its size. before: bytes that earlier blocks gave. Raises
    TooLarge."""
    data = bytes(block)
    if before + cramjam.snappy.decompress_raw_len(data) > MAX_UNPACKED_BYTES:
        raise TooLarge
    return bytes(cramjam.snappy.decompress_raw(data))


def _bounded(data: bytes | bytearray) -> bytes:
    if len(data) > MAX_UNPACKED_BYTES:
        raise TooLarge
    return data  # type: ignore[return-value]  # a bytearray is taken on by its caller


DECODERS: dict[str, Callable[[Packed], bytes]] = {
    "zstd_decode": unpack_zstd, "gzip_decode": unpack_gzip, "lz4_decode": unpack_lz4, "snappy_decode": unpack_snappy,
}  # fmt: skip
