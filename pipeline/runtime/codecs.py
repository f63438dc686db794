"""Unpacks compressed batches of records, each codec with a hard bound on the size of the result.

A batch of 32 KB may claim to hold a gigabyte, and aiokafka's own decoders unpack whatever they are given. `bind` replaces
them by these, so that no batch takes more than MAX_UNPACKED_BYTES, whichever codec it uses.
"""

import sys
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import cramjam
import structlog
from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.legacy_records import LegacyRecordBatch

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
log = structlog.get_logger()


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


class _Batch:
    """A batch as PartitionRecords reads it; without records where it cannot be unpacked."""

    def __init__(self, batch: Any) -> None:
        self._batch = batch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __iter__(self) -> Iterator[Any]:
        try:
            return iter(list(self._batch))
        except Exception as error:
            log.error("batch.left_out", before_offset=self._batch.next_offset, cause=f"{type(error).__name__}: {error}")
            return iter(())

    def __next__(self) -> Any:
        """The marker in a control batch, which ends a transaction."""
        return next(self._batch)


class _Batches:
    def __init__(self, records: Any) -> None:
        self._records, self.has_next = records, records.has_next

    def next_batch(self) -> _Batch:
        return _Batch(self._records.next_batch())


class LeavingOut(fetcher.PartitionRecords):  # type: ignore[misc]  # aiokafka ships no types
    """aiokafka's PartitionRecords, for readers that are no stage: a batch that nobody can unpack is left out. Raised to them, its
    fault would be there again at each new try, and they would see nothing that stands behind it."""

    _records: Any

    def _unpack_records(self) -> Iterator[Any]:
        self._records = _Batches(self._records)
        yield from super()._unpack_records()


def bind() -> None:
    """Make aiokafka unpack with these functions in this process, leave out what cannot be unpacked, and pack zstd with reused
    contexts.

    This replaces names inside aiokafka's two modules of record batches; tests/unit/test_codecs.py fails when a new release
    of it changes them.
    """
    for batches in (DefaultRecordBatchBuilder, LegacyRecordBatch):
        module = sys.modules[batches.__module__]
        for name, decode in DECODERS.items():
            if hasattr(module, name):
                setattr(module, name, decode)
    fetcher.PartitionRecords = LeavingOut
    sys.modules[DefaultRecordBatchBuilder.__module__].zstd_encode = zstd.compressed  # type: ignore[attr-defined]  # aiokafka's name
