"""The codecs of record batches: whatever is packed, what comes out has a bound, and aiokafka unpacks with these."""

import subprocess
import sys
import zlib
from collections.abc import Callable

import cramjam
import pytest
import zstandard
from aiokafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.runtime import batches, codecs, zstd
from pipeline.runtime.batches import HEAD_BYTES, MAX_BATCH_RECORDS, CheckedRecords
from pipeline.stream.fetched import RecordBatch, Spoilt
from tests.bombs import BOMBS, CODEC_NUMBERS, PEAK, batch_of

ALL = sorted(BOMBS)
UNPACK: dict[str, Callable[[codecs.Packed], bytes]] = {
    name.removesuffix("_decode"): decode for name, decode in codecs.DECODERS.items()
}
PACK: dict[str, Callable[[bytes], bytes]] = {
    "zstd": zstd.compressed,
    "gzip": lambda data: zlib.compress(data, wbits=31),
    "lz4": lambda data: bytes(cramjam.lz4.compress(data)),
    "snappy": lambda data: bytes(cramjam.snappy.compress_raw(data)),
}


def packed(data: bytes) -> RecordBatch:
    """The first batch of what a fetch brought."""
    batches.bind()
    records = CheckedRecords(data)
    return RecordBatch(records.next_batch(), records.raw, 0)


@pytest.mark.parametrize("codec", ALL)
@pytest.mark.parametrize("size", [0, 1, 1_000, 5_000_000, codecs.MAX_UNPACKED_BYTES])
def test_what_fits_is_unpacked_whole(codec: str, size: int) -> None:
    """Up to the bound itself."""
    data = b"plate 1ABC234 " * (size // 14) + bytes(size % 14)
    assert data == UNPACK[codec](PACK[codec](data))


@pytest.mark.parametrize("codec", ALL)
def test_one_byte_more_than_the_bound_is_too_large(codec: str) -> None:
    """However well it is packed."""
    with pytest.raises(codecs.TooLarge):
        UNPACK[codec](PACK[codec](bytes(codecs.MAX_UNPACKED_BYTES + 1)))


def test_a_batch_of_millions_of_empty_records_is_one_refusal() -> None:
    """Each would be an object, and each a dead letter."""
    (spoilt,) = packed(batch_of(b"", "none", records=MAX_BATCH_RECORDS + 1, base=40)).unpacked()
    assert isinstance(spoilt, Spoilt)
    assert ("batch_too_large", 40 + MAX_BATCH_RECORDS) == (spoilt.reason, spoilt.offset)
    assert "offsets 0 to" in spoilt.detail


@pytest.mark.parametrize("codec", ALL)
@pytest.mark.parametrize("broken", [b"", b"\0" * 20, b"\xff" * 20])
def test_what_is_not_packed_at_all_is_refused(codec: str, broken: bytes) -> None:
    """With a right checksum, too: its producer is broken."""
    (spoilt,) = packed(batch_of(broken, codec)).unpacked()
    assert isinstance(spoilt, Spoilt)
    assert "batch_broken" == spoilt.reason


def test_a_snappy_stream_whose_block_leads_backwards_ends() -> None:
    """aiokafka's own reader would go round in it for ever."""
    with pytest.raises(cramjam.DecompressionError, match="block of -4"):
        codecs.unpack_snappy(BOMBS["snappy"](0) + (-4).to_bytes(4, signed=True) + b"abcd")


def test_a_frame_that_asks_for_a_large_window_is_refused() -> None:
    """The window is memory that is taken before a byte comes out."""
    parameters = zstandard.ZstdCompressionParameters(window_log=27, enable_ldm=True)
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    with pytest.raises(zstd.Broken):
        codecs.unpack_zstd(packer.compress(b"a" * 1000) + packer.flush())


@pytest.mark.parametrize("codec", ALL)
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_bytes_make_a_codec_raise_what_is_not_caught_or_give_too_much(codec: str, data: st.DataObject) -> None:
    """Random bytes, and packed ones with some changed: a batch of them is records or one Spoilt, never an error."""
    good = PACK[codec](data.draw(st.binary(max_size=200)) * data.draw(st.integers(1, 50)))
    bad = bytearray(data.draw(st.one_of(st.just(good), st.binary(max_size=300))))
    for _ in range(data.draw(st.integers(0, 4))):
        if bad:
            bad[data.draw(st.integers(0, len(bad) - 1))] = data.draw(st.integers(0, 255))
    found = packed(batch_of(bytes(bad), codec, records=data.draw(st.integers(1, 3)))).unpacked()
    assert sum(len(one.value or b"") for one in found) <= codecs.MAX_UNPACKED_BYTES
    assert all(one.reason.startswith("batch_") for one in found if isinstance(one, Spoilt))


@pytest.mark.parametrize("codec", ALL)
def test_aiokafka_unpacks_with_these_and_packs_zstd_with_kept_contexts(codec: str) -> None:
    """Its modules of record batches still have the names that are replaced, and look them up each time."""
    batches.bind()
    builder = DefaultRecordBatchBuilder(2, CODEC_NUMBERS[codec], False, -1, -1, -1, 1 << 26)
    assert builder.append(0, 1_000, None, bytes(5_000), []) is not None
    data = bytes(builder.build())
    assert [bytes(5_000)] == [one.value for one in DefaultRecordBatch(data)]
    if codec == "zstd":
        assert zstandard.frame_content_size(data[HEAD_BYTES:]) > 5_000  # cramjam's frames do not tell
    with pytest.raises(codecs.TooLarge):
        list(DefaultRecordBatch(batch_of(BOMBS[codec](codecs.MAX_UNPACKED_BYTES // 1024 // 1024 + 1), codec)))


SMALL_CHILD = (
    PEAK
    + """
import sys
from pipeline.runtime import codecs
decode, data = codecs.DECODERS[sys.argv[1]], sys.stdin.buffer.read()
before = peak()
assert 1_000 == len(decode(data))
print(peak() - before)
"""
)


@pytest.mark.parametrize("codec", ALL)
def test_a_small_batch_takes_no_memory_for_the_largest(codec: str) -> None:
    """To clear 16 MiB for each batch takes a thousand times as long as to unpack it."""
    child = [sys.executable, "-c", SMALL_CHILD, f"{codec}_decode"]
    done = subprocess.run(child, input=PACK[codec](b"x" * 1_000), capture_output=True, check=True)
    assert int(done.stdout) < 4


@pytest.mark.parametrize("codec", ALL)
def test_what_was_unpacked_stays_as_it_is_when_the_next_batch_is(codec: str) -> None:
    """Both use the same memory on their way."""
    unpack = UNPACK[codec]
    first, second = unpack(PACK[codec](b"first" * 100)), unpack(PACK[codec](b"second" * 100))
    assert (b"first" * 100, b"second" * 100) == (first, second)
