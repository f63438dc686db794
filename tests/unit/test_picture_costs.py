"""Pictures that cost their reader far more than their sender are refused before they are decoded, and all others are not."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pipeline.errors import BadRecord
from pipeline.vision.pictures import MAX_PIXELS, decode_picture, encode_jpeg
from pipeline.vision.video import frames_of
from tests.picture_bombs import saved, scans


@pytest.mark.parametrize(
    "image",
    [
        saved(Image.new("RGB", (1_280, 720), "grey"), "JPEG"),
        saved(Image.new("RGB", (4_000, 3_000), "grey"), "JPEG", progressive=True),
        saved(Image.new("RGBA", (1_920, 1_080)), "PNG"),
        saved(Image.fromarray(np.full((1_080, 1_920), 40_000, np.uint16)), "PNG"),
        scans(1_280, 720, 20),
    ],
    ids=["plain", "progressive", "transparent", "sixteen bits", "twenty scans"],
)
def test_what_cameras_and_people_make_is_decoded(image: bytes) -> None:
    """Rejecting a good picture would be worse than its cost."""
    assert 3 == decode_picture(image).shape[2]


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([
        encode_jpeg(np.zeros((40, 60, 3), np.uint8)), saved(Image.new("RGB", (60, 40)), "JPEG", progressive=True),
        saved(Image.new("RGBA", (60, 40)), "PNG"), saved(Image.fromarray(np.zeros((40, 60), np.uint16)), "PNG"),
    ]),
    st.lists(st.tuples(st.integers(0, 2_000), st.integers(0, 255)), max_size=6), st.integers(0, 2_000),
)  # fmt: skip
def test_no_bytes_make_a_picture_raise_anything_but_a_bad_record(
    image: bytes, changes: list[tuple[int, int]], length: int
) -> None:
    """Bytes changed and cut off: a picture of a bounded size, or a reason."""
    broken = bytearray(image)
    for at, value in changes:
        broken[at % len(broken)] = value
    try:
        picture = decode_picture(bytes(broken[: length or None]))
    except BadRecord as refused:
        assert "picture" in refused.reason
    else:
        assert picture.size <= 3 * MAX_PIXELS


def test_a_picture_that_is_named_like_a_video_is_none(tmp_path: Path) -> None:
    """A TIFF named .avi would be decoded whatever its size."""
    file = tmp_path / "video.avi"
    Image.new("RGB", (64, 64)).save(file, "TIFF")
    assert [] == list(frames_of(file))
