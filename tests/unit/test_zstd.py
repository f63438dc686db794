"""zstd with kept contexts: the same frames as anybody's."""

from concurrent.futures import ThreadPoolExecutor

import cramjam
import pytest
import zstandard

from pipeline.runtime import zstd

SIZES = [0, 1, 1_000, 300_000]


def text_of(size: int) -> bytes:
    """So many bytes that can be packed."""
    return (b"plate 1ABC234 " * (size // 14 + 1))[:size]


@pytest.mark.parametrize("size", SIZES)
def test_frames_are_understood_by_others_and_theirs_here(size: int) -> None:
    """By cramjam, which aiokafka's other users pack with, and whose frames do not tell their size."""
    data = text_of(size)
    assert data == bytes(cramjam.zstd.decompress(zstd.compressed(data)))
    assert size == zstandard.frame_content_size(zstd.compressed(data))
    for frame in (zstd.compressed(data), zstd.compressed(data, 9), bytes(cramjam.zstd.compress(data))):
        assert data == zstd.decompressed(frame, 1 << 20)
        room = memoryview(bytearray(size + 1))
        assert size == zstd.decompressed_into(room, memoryview(frame))
        assert data == room[:size]


def test_a_room_that_is_too_small_is_filled() -> None:
    """Which says that there may be more."""
    assert 999 == zstd.decompressed_into(memoryview(bytearray(999)), memoryview(zstd.compressed(text_of(1_000))))


@pytest.mark.parametrize("broken", [b"", b"\0" * 20, zstd.compressed(text_of(1_000))[:-1]])
def test_what_is_no_whole_frame_is_refused(broken: bytes) -> None:
    """Rather than given as far as it goes."""
    with pytest.raises(zstd.Broken):
        zstd.decompressed(broken, 1 << 20)


def test_threads_do_not_disturb_each_other() -> None:
    """Each has contexts of its own."""
    with ThreadPoolExecutor(8) as pool:
        sizes = [1_000 + 37 * number for number in range(400)]
        there_and_back = pool.map(lambda size: zstd.decompressed(zstd.compressed(text_of(size)), 1 << 20), sizes)
        assert [text_of(size) for size in sizes] == list(there_and_back)
