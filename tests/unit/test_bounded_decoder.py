"""Pictures decoded in a child: the same pictures and reasons as here, and whatever one costs, the next one is decoded."""

import os
import signal
import sys
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pipeline.errors import BadRecord, Unavailable
from pipeline.vision.bounded_decoder import BoundedDecoder
from pipeline.vision.pictures import decode, decode_picture, decode_shrunk, encode_jpeg
from tests.picture_bombs import PICTURES, noise, saved

PLAIN = encode_jpeg(np.tile(np.arange(0, 240, 2, np.uint8)[None, :, None], (90, 1, 3)))


@pytest.fixture(scope="module")
def child() -> Iterator[BoundedDecoder]:
    """A decoder with the bounds that agents use."""
    decoder = BoundedDecoder()
    yield decoder
    decoder.close()


def refusal(decoder: BoundedDecoder, image: bytes) -> str | None:
    """Why the picture is refused; None: it is decoded."""
    try:
        decoder.decode(image)
    except BadRecord as error:
        return error.reason
    return None


@pytest.mark.parametrize(
    "image",
    [PLAIN, PLAIN[:-40], saved(Image.new("RGBA", (64, 40), "red"), "PNG"), saved(Image.new("L", (40, 64)), "WEBP")],
    ids=["plain", "cut off", "transparent", "webp"],
)
def test_a_picture_is_the_same_whoever_decodes_it(child: BoundedDecoder, image: bytes) -> None:
    """Pixels and missing rows."""
    here, there = decode(image), child.decode(image)
    assert here.rows_missing == there.rows_missing
    assert np.array_equal(here.picture, there.picture)


def test_a_picture_is_shrunk_alike_whoever_does_it(child: BoundedDecoder) -> None:
    """And refused alike."""
    for factor in (1, 2, 4):
        assert np.array_equal(decode_shrunk(PLAIN, factor), child.decode_shrunk(PLAIN, factor))
    with pytest.raises(BadRecord, match="truncated_picture"):
        child.decode_shrunk(PLAIN[:-40], 2)


WRONG = {"empty": b"", "text": b"no picture", "a beginning": PLAIN[:200], "tiny": saved(Image.new("L", (4, 4)), "PNG")}


@pytest.mark.parametrize("name", [*WRONG, "scans"])
def test_a_picture_is_refused_for_the_same_reason_whoever_decodes_it(child: BoundedDecoder, name: str) -> None:
    """In the same words."""
    image = WRONG[name] if name in WRONG else PICTURES[name]()
    with pytest.raises(BadRecord) as here:
        decode(image)
    with pytest.raises(BadRecord) as there:
        child.decode(image)
    assert (here.value.reason, here.value.detail) == (there.value.reason, there.value.detail)


def test_a_picture_that_takes_too_much_memory_is_refused_and_the_next_one_is_decoded() -> None:
    """The system gives the child no more."""
    decoder = BoundedDecoder(memory_bytes=24 * 1024 * 1024)
    try:
        assert refusal(decoder, saved(Image.new("RGB", (4_000, 4_000)), "PNG")) in (
            "picture_too_costly",
            "truncated_picture",
        )
        assert refusal(decoder, PLAIN) is None
    finally:
        decoder.close()


def test_a_picture_that_takes_too_long_is_refused_and_the_next_one_is_decoded() -> None:
    """The system ends the child."""
    decoder, costly = BoundedDecoder(cpu_s=0.05), saved(noise(5_000, 5_000, 4), "PNG")
    try:
        assert "picture_too_costly" == refusal(decoder, costly)
        assert refusal(decoder, PLAIN) is None
    finally:
        decoder.close()


@pytest.mark.parametrize("ended_by", [signal.SIGKILL, signal.SIGSTOP])
def test_a_child_that_something_else_ends_costs_no_picture(ended_by: signal.Signals) -> None:
    """It is asked again of a new one."""
    decoder = BoundedDecoder(patience_s=1.0)
    try:
        decoder.start()
        first = decoder.pid
        assert first is not None
        os.kill(first, ended_by)
        decoder.patience_s = 1.0 if ended_by == signal.SIGSTOP else 60.0
        with_another = decoder.decode(PLAIN)
        assert first != decoder.pid
        assert (90, 120, 3) == with_another.picture.shape
    finally:
        decoder.close()


def test_a_child_that_does_not_start_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """As something that is away, which the agent's start waits for; the next start tries again."""
    decoder = BoundedDecoder()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", "/bin/false")
        with pytest.raises(Unavailable, match="decodes pictures"):
            decoder.start()
    decoder.start()
    assert decoder.pid
    decoder.close()


async def test_once_installed_it_decodes_every_picture_of_the_process() -> None:
    """Until it is stopped."""
    decoder = await BoundedDecoder.installed()
    try:
        child = decoder.pid
        assert child is not None
        os.kill(child, signal.SIGKILL)
        assert np.array_equal(decode_picture(PLAIN), decoder.decode(PLAIN).picture)
        assert child != decoder.pid
    finally:
        await decoder.stop()
    assert decoder.pid is None
    assert (90, 120, 3) == decode_picture(PLAIN).shape
    assert decoder.pid is None


def test_a_large_picture_leaves_no_memory_taken(child: BoundedDecoder) -> None:
    """What is shared is given back to the system."""
    child.decode(encode_jpeg(np.zeros((4_000, 5_000, 3), np.uint8)))
    child.decode(PLAIN)
    assert os.fstat(child._fd).st_blocks * 512 < 40_000_000


@settings(max_examples=50, deadline=None)
@given(
    st.sampled_from([PLAIN, saved(Image.new("RGB", (60, 40)), "JPEG", progressive=True), saved(Image.new("RGBA", (60, 40)), "PNG"),
                     saved(Image.new("RGB", (60, 40)), "WEBP")]),
    st.lists(st.tuples(st.integers(0, 2_000), st.integers(0, 255)), max_size=6), st.integers(0, 2_000),
)  # fmt: skip
def test_no_bytes_end_the_stream(
    child: BoundedDecoder, image: bytes, changes: list[tuple[int, int]], length: int
) -> None:
    """Bytes changed and cut off: a picture, or a reason; and then the next picture."""
    broken = bytearray(image)
    for at, value in changes:
        broken[at % len(broken)] = value
    reason = refusal(child, bytes(broken[: length or None]))
    assert reason is None or "picture" in reason
    assert refusal(child, PLAIN) is None
