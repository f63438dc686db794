"""Hunts for new bombs: parts of batches, pictures and messages, repeated and changed; what costs most is looked at further.

Few examples by default, always the same; VIGIE_TEST_EXAMPLES=5000 HYPOTHESIS_PROFILE=default hunts for hours.
"""

import os
import struct
import zlib
from collections.abc import Iterator
from random import Random

import cramjam
import pytest
import zstandard
from hypothesis import example, given, settings, target
from hypothesis import strategies as st

from schemas.pictures import MAX_PICTURE_BYTES
from tests.bomb_costs import Cost, Meter
from tests.bombs import LARGEST, XERIAL, batch_of, one_value
from tests.file_bombs import GZIP, Body, filled
from tests.picture_bombs import moving, noise, png_chunk, saved
from tests.unit.gateway.samples import ALL, Sample

few = settings(max_examples=int(os.environ.get("VIGIE_TEST_EXAMPLES", "2")), deadline=None)
LETTERS, NOISE = bytes(range(32, 127)), Random(1).randbytes(50)
READ = b'{"reads":[' + b"0," * 50 + b"0]}"


@pytest.fixture(scope="module")
def meter() -> Iterator[Meter]:
    """Measures what each costs."""
    made = Meter()
    yield made
    made.close()


def check(cost: Cost) -> None:
    """It costs no more than a bomb may; the hunt goes where more is spent."""
    target(cost.cpu_s, label=f"seconds of {cost.edge}")
    target(float(cost.grown_mib), label=f"MiB of {cost.edge}")
    assert cost.holds, cost


def zstd_parts() -> list[bytes]:
    """Blocks, without the mark of the last one: raw, of one byte again and again, and packed with tables of their own."""
    found = [b"\0\0\0", b"\x08\0\0x", b"\x02\0\x10x"]
    for text in (LETTERS * 3, one_value(READ), bytes(100_000), NOISE * 40):
        frame = zstandard.ZstdCompressor(level=19, write_content_size=False).compress(text)
        found.append(bytes([frame[6] & 0xFE]) + frame[7:])
    return found


def snappy_parts() -> list[bytes]:
    """Blocks of Java's form."""
    packed = [bytes(cramjam.snappy.compress_raw(text)) for text in (b"", b"x", LETTERS, bytes(1 << 20))]
    return [struct.pack("!i", len(one)) + one for one in (b"", *packed)]


def lz4_parts() -> list[bytes]:
    """Blocks, and a frame's end and beginning."""
    packed = [b"\0", b"\x10x", bytes(cramjam.lz4.compress_block(bytes(60_000), store_size=False))]
    blocks = [struct.pack("<I", len(one)) + one for one in packed] + [struct.pack("<I", 1 << 31 | 1) + b"x"]
    return [*blocks, bytes(4), bytes(4) + bytes(cramjam.lz4.compress(b""))[:7]]


def gzip_parts() -> list[bytes]:
    """Blocks of deflate that end with a byte: stored, with fixed and with own tables; a member's end and beginning."""
    packer, found = zlib.compressobj(9, zlib.DEFLATED, -15), [b"\0\0\0\xff\xff"]
    for text in (b"x", LETTERS * 3, bytes(200_000)):
        found.append(packer.compress(text) + packer.flush(zlib.Z_FULL_FLUSH))
    return [*found, zlib.compress(b"", wbits=31), b"\x03\0" + bytes(8) + GZIP_HEAD, bytes(64)]


GZIP_HEAD = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
CODECS = {
    "zstd": (b"\x28\xb5\x2f\xfd\x00\x50", zstd_parts(), b"\x01\0\0"),
    "snappy": (XERIAL, snappy_parts(), b""),
    "lz4": (bytes(cramjam.lz4.compress(b""))[:7], lz4_parts(), bytes(4)),
    "gzip": (GZIP_HEAD, gzip_parts(), b"\x03\0" + bytes(8)),
    "none": (b"", [b"\0", b"\x01", one_value(b""), one_value(READ), b"\xff\xff\xff\xff\x0f"], b""),
}


def repeated(parts: list[bytes], most: int) -> st.SearchStrategy[bytes]:
    """Some of these parts, each up to a million times, a byte of each perhaps changed; at most so many bytes."""
    one = st.tuples(
        st.sampled_from(parts), st.integers(0, 20), st.none() | st.tuples(st.integers(0, 200), st.integers(0, 255))
    )
    return st.lists(one, min_size=1, max_size=4).map(
        lambda chosen: b"".join(_grown(*each, most) for each in chosen)[:most]
    )


def _grown(part: bytes, exponent: int, change: tuple[int, int] | None, most: int) -> bytes:
    if change is not None and part:
        at = change[0] % len(part)
        part = part[:at] + bytes([change[1]]) + part[at + 1 :]
    return part * min(1 << exponent, most // max(1, len(part)))


@pytest.mark.parametrize("codec", CODECS)
@few
@given(data=st.data())
def test_no_batch_costs_more_than_a_bomb_may(meter: Meter, codec: str, data: st.DataObject) -> None:
    """Whatever parts of its codec stand in it, and however many records it says that it holds."""
    head, parts, end = CODECS[codec]
    packed = head + data.draw(repeated(parts, LARGEST - 100)) + end
    records = data.draw(st.sampled_from([1, 1, 1, 100, 65_536]))
    check(meter.cost("batch", "fuzzed", batch_of(packed, codec, records=records)))


PNG, JPEG, WEBP = (saved(noise(64, 64), form) for form in ("PNG", "JPEG", "WEBP"))
ANIMATED = moving("WEBP", 2, 64)
PICTURE_PARTS = {
    "PNG": (
        PNG, 33,
        [png_chunk(kind, content)
         for kind in (b"IDAT", b"zTXt", b"iTXt", b"tEXt", b"iCCP", b"eXIf", b"abCd", b"fdAT", b"acTL", b"PLTE", b"tRNS")
         for content in (b"", b"k\0\0" + zlib.compress(bytes(900_000)), b"II*\0\x08\0\0\0" + bytes(90))],
    ),
    "JPEG": (
        JPEG, 2,
        [bytes([0xFF, kind]) + (len(content) + 2).to_bytes(2) + content
         for kind in (0xFE, 0xE0, 0xE1, 0xE2, 0xED, 0xDB, 0xC4, 0xDD, 0xC0, 0xC2)
         for content in (b"", b"Exif\0\0II*\0\x08\0\0\0" + bytes(90), b"MPF\0II*\0\x08\0\0\0" + bytes(90),
                         b"ICC_PROFILE\0\1\1", bytes(range(65)))] + [b"\xff", b"\xff\x01", JPEG[2:-2], JPEG],
    ),
    "WEBP": (
        WEBP, 12,
        [b"ABCD" + bytes(4), b"EXIF\x0a\0\0\0II*\0\x08\0\0\0\0\0", ANIMATED[12:30], ANIMATED[30:44], ANIMATED[44:], WEBP[12:]],
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", PICTURE_PARTS)
@few
@given(data=st.data())
def test_no_picture_costs_more_than_a_bomb_may(meter: Meter, form: str, data: st.DataObject) -> None:
    """Whatever parts of its form stand in it, and whatever size its head claims."""
    whole, at, parts = PICTURE_PARTS[form]
    between = data.draw(repeated(parts, MAX_PICTURE_BYTES - len(whole)))
    image = bytearray(whole[:at] + between + whole[at:])
    for _ in range(data.draw(st.integers(0, 3))):
        image[data.draw(st.integers(0, 60)) % len(image)] = data.draw(st.integers(0, 255))
    check(meter.cost("picture", "fuzzed", bytes(image)))


@few
@given(st.sampled_from(ALL), st.integers(0, 1_000), st.integers(1, 300), st.booleans())
@example(ALL[0], 0, 1, False)
def test_no_message_costs_more_than_a_bomb_may(
    meter: Meter, sample: Sample, begin: int, length: int, packed: bool
) -> None:
    """A maker's message in which some part comes again and again, to the largest size that is taken; also packed."""
    begin %= len(sample.body)
    body = filled(sample.body[:begin], sample.body[begin : begin + length], sample.body[begin + length :])
    headers = dict(sample.headers)
    if packed:
        body, headers = zlib.compress(body, 1, wbits=31), headers | GZIP
    check(meter.cost("body", "fuzzed", Body(body, headers)))
