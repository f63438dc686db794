"""Encoded pictures: what is decoded, and how, and what is refused."""

import io
import struct
import subprocess
import sys
import zlib
from contextlib import suppress
from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pipeline.errors import BadRecord
from pipeline.vision.pictures import (
    MOST_MISSING,
    OVERVIEW_SIDE,
    decode,
    decode_picture,
    encode_jpeg,
    first_look,
    overview_of,
)

WARM = """
import sys
from pipeline.vision.pictures import decode_picture, warm_up
image = sys.stdin.buffer.read()
warm_up()
before = set(sys.modules)
decode_picture(image)
print(sorted(set(sys.modules) - before))
"""


def encoded(picture: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    """A picture as a file of this kind."""
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def noise(width: int, height: int) -> Image.Image:
    """A picture that compresses badly, so that a cut file really lacks something."""
    return Image.fromarray(np.random.default_rng(1).integers(0, 255, (height, width, 3), np.uint8).astype(np.uint8))


def png_header(width: int, height: int) -> bytes:
    """The beginning of a PNG that claims this size."""
    fields = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", 13)
        + fields
        + struct.pack(">I", zlib.crc32(fields))
        + b"\0\0\x10\0IDAT"
    )


def reason_of(image: bytes) -> str:
    """Why a picture is refused."""
    with pytest.raises(BadRecord) as refused:
        decode_picture(image)
    assert refused.value.detail
    return refused.value.reason


def test_colours_come_as_blue_green_red() -> None:
    """A red PNG has its red last."""
    assert [0, 0, 255] == decode_picture(encoded(Image.new("RGB", (16, 16), "red"), "PNG"))[3, 3].tolist()


@pytest.mark.parametrize(
    "image", [b"", b"x", b"not a picture", b"%PDF-1.7 ...", b"\xff\xd8\xff", b"GIF89a" + bytes(40)]
)
def test_what_is_no_picture_is_refused(image: bytes) -> None:
    """Empty, text, other kinds of file, a JPEG that ends after its first marker."""
    assert "not_a_picture" == reason_of(image)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_truncated_picture_is_refused_instead_of_filled_with_grey(kind: str, share: float) -> None:
    """OpenCV alone would decode such a JPEG and make the rest grey."""
    whole = encoded(noise(320, 240), kind)
    assert "truncated_picture" == reason_of(whole[: int(len(whole) * share)])


def test_one_pixel_is_too_small() -> None:
    """A 1x1 picture shows no plate."""
    assert "picture_too_small" == reason_of(encoded(Image.new("RGB", (1, 1))))


@pytest.mark.parametrize("size", [(12_500, 8_000), (60_000, 60_000), (2_000_000_000, 2)])
def test_a_decompression_bomb_is_refused_by_its_header(size: tuple[int, int]) -> None:
    """A hundred megapixels, far more, and a line of two billion: nothing is decoded, so a header alone is enough."""
    assert "picture_too_large" == reason_of(png_header(*size) + bytes(100))


def test_sixteen_bit_grey_keeps_its_brightness() -> None:
    """The upper byte counts."""
    deep = Image.fromarray(np.full((20, 20), 200 << 8, np.uint16))
    assert [200, 200, 200] == decode_picture(encoded(deep, "PNG"))[5, 5].tolist()


@pytest.mark.parametrize(
    ("mode", "colour"), [("L", 90), ("LA", (90, 255)), ("RGBA", (90, 90, 90, 255)), ("1", 1), ("P", 3)]
)
def test_other_kinds_of_png_become_three_channels(mode: str, colour: float | tuple[int, ...]) -> None:
    """Grey, grey with transparency, colour with transparency, black and white, palette."""
    picture = decode_picture(encoded(Image.new(mode, (24, 16), colour), "PNG"))
    assert ((16, 24, 3), np.uint8) == (picture.shape, picture.dtype)


def test_a_jpeg_that_only_lacks_its_end_is_read() -> None:
    """Some cameras never write the end marker."""
    whole = encoded(noise(320, 240), "JPEG")
    assert np.array_equal(decode_picture(whole), decode_picture(whole[:-2]))


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize(("quality", "subsampling"), [(75, 2), (95, 0), (60, 1)])
def test_the_quick_way_to_decode_gives_the_same_pixels(mode: str, quality: int, subsampling: int) -> None:
    """Pillow decodes what lacks its end marker, OpenCV the same file whole."""
    smooth = noise(30, 20).resize((301, 203), Image.Resampling.BICUBIC).convert(mode)
    whole = encoded(smooth, "JPEG", quality=quality, subsampling=subsampling)
    assert np.array_equal(np.asarray(smooth.convert("RGB")).shape, decode_picture(whole).shape)
    assert np.array_equal(decode_picture(whole[:-2]), decode_picture(whole))


def test_of_a_jpeg_whose_tail_is_cut_off_the_rest_is_read_and_the_loss_is_told() -> None:
    """What is missing is left out, never filled with grey."""
    whole = encoded(noise(320, 240), "JPEG")
    read = decode(whole[: int(len(whole) * 0.93)])
    height = read.picture.shape[0]
    assert 240 == height + read.rows_missing
    assert 0 < read.rows_missing <= MOST_MISSING * 240 + 32
    assert np.array_equal(decode_picture(whole)[: height - 16], read.picture[: height - 16])


def test_an_alpha_of_nothing_all_over_hides_nothing() -> None:
    """Grabbers that fill a fourth byte with 0 mean no transparency."""
    picture = noise(32, 24).convert("RGBA")
    picture.putalpha(0)
    assert np.array_equal(decode_picture(encoded(noise(32, 24), "PNG")), decode_picture(encoded(picture, "PNG")))


@pytest.mark.parametrize("kind", ["WEBP", "MPO"])
def test_other_kinds_that_cameras_write_are_read(kind: str) -> None:
    """WebP, and a JPEG of several pictures."""
    assert (24, 32, 3) == decode_picture(encoded(noise(32, 24), kind)).shape


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_in_printers_colours_keeps_its_colours(progressive: bool) -> None:
    """CMYK, as picture editors write it: red stays red, and dark stays dark."""
    picture = Image.new("RGB", (32, 24), (200, 30, 30))
    picture.paste((20, 20, 20), (0, 0, 16, 24))
    decoded = decode_picture(encoded(picture.convert("CMYK"), "JPEG", progressive=progressive))
    assert np.allclose([30, 30, 200], decoded[12, 26], atol=12)
    assert np.allclose([20, 20, 20], decoded[12, 6], atol=12)


def test_a_progressive_jpeg_is_read_as_any_other_and_refused_where_its_end_is_missing() -> None:
    """Its last scans refine the whole picture: without them nothing is surely as it was."""
    plain, progressive = (encoded(noise(320, 240), "JPEG", quality=95, progressive=kind) for kind in (False, True))
    assert np.abs(decode_picture(plain).astype(int) - decode_picture(progressive)).max() <= 2
    with pytest.raises(BadRecord, match="truncated_picture"):
        decode_picture(progressive[: int(len(progressive) * 0.9)])


def test_sixteen_bits_of_each_colour_keep_their_upper_byte() -> None:
    """As scanners and some grabbers write PNG."""
    _, image = cv2.imencode(".png", np.full((24, 32, 3), (10 << 8, 90 << 8, 200 << 8), np.uint16))
    assert np.allclose([10, 90, 200], decode_picture(image.tobytes())[5, 5], atol=1)


def test_only_a_large_whole_jpeg_is_first_looked_at_smaller() -> None:
    """One that was cut off may lack the rows that its plate is in, which only decoding it whole tells."""
    large = encoded(Image.new("L", (2600, 1600), 90), "JPEG")
    assert [2, 2, 1, 1, 1] == [
        first_look(image)
        for image in (
            large,
            large + bytes(100),
            large[:-2],
            encoded(Image.new("L", (2600, 1600), 90), "PNG"),
            encoded(Image.new("L", (1600, 1200), 90), "JPEG"),
        )
    ]


def test_transparent_is_white() -> None:
    """What is not there does not become black."""
    assert [255, 255, 255] == decode_picture(encoded(Image.new("RGBA", (16, 16), (0, 0, 0, 0)), "PNG"))[2, 2].tolist()


def test_a_picture_is_turned_upright_by_its_exif_tag() -> None:
    """A camera that hangs on its side says so."""
    exif = Image.Exif()
    exif[0x0112] = 6
    assert (40, 20, 3) == decode_picture(encoded(Image.new("RGB", (40, 20)), exif=exif)).shape


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 400), st.integers(0, 255))
def test_damaged_files_give_a_picture_or_a_reason(at: int, length: int, value: int) -> None:
    """Whatever bytes are overwritten, nothing else is raised."""
    whole = bytearray(encoded(noise(48, 32)))
    at %= len(whole)
    whole[at : at + length] = bytes([value]) * length
    with suppress(BadRecord):
        assert 3 == decode_picture(bytes(whole)).shape[2]


def test_a_small_jpeg_is_its_own_overview() -> None:
    """Nothing is encoded twice without need."""
    image = encoded(noise(320, 240))
    assert image is overview_of(image)


def test_a_large_picture_is_made_smaller_for_the_overview() -> None:
    """Its longest side is what an overview may have."""
    picture = decode_picture(overview_of(encoded(Image.new("RGB", (2560, 1000)))))
    assert (500, OVERVIEW_SIDE) == picture.shape[:2]


def test_quality_costs_bytes() -> None:
    """The encoder's quality is really passed on."""
    picture = np.asarray(cv2.cvtColor(np.asarray(noise(64, 64)), cv2.COLOR_RGB2BGR), np.uint8)
    sizes = [len(encode_jpeg(picture, quality=quality)) for quality in (50, 80, 95)]
    assert all(small < large for small, large in pairwise(sizes))


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (b"", "it is empty"),
        (b"GIF89a", "neither JPEG, PNG nor WebP"),
        (png_header(20_000, 20_000), "far more than the 33 megapixels"),
        (png_header(8_000, 8_000), "8000x8000 pixels, at most 33 megapixels"),
    ],
)
def test_what_is_refused_says_why_and_what_would_be_taken(image: bytes, expected: str) -> None:
    """For a person who looks at dead letters, or at a folder of pictures."""
    with pytest.raises(BadRecord, match=expected):
        decode_picture(image)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_after_the_warm_up_a_first_picture_imports_nothing(kind: str) -> None:
    """A fresh process: Pillow's formats are there before the first picture comes."""
    image = encoded(noise(32, 32), kind)
    done = subprocess.run([sys.executable, "-c", WARM], input=image, capture_output=True, timeout=60, check=True)
    assert b"[]" == done.stdout.strip()
