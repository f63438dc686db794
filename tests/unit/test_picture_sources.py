"""Pictures from files, folders and videos."""

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from pipeline.errors import Misconfigured
from pipeline.sources.pictures import BETWEEN_PICTURES_MS, pictures_of
from pipeline.vision.pictures import decode_picture


def picture(file: Path) -> Path:
    """A small picture in a file."""
    Image.new("RGB", (32, 24), "blue").save(file)
    return file


def h264(file: Path, frames: int = 25, rate: int = 25, codec: str = "libx264", form: str | None = None) -> Path:
    """A video whose frames grow brighter. form: the container, where the file's name does not tell. An MP4's index comes
    first, as in one that is sent while it is played."""
    with av.open(str(file), "w", format=form, options={"movflags": "faststart"}) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), number * 10 % 250, np.uint8), format="bgr24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file


def test_a_folder_gives_its_pictures_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    """10 comes after 9; other files are passed over; each picture is far enough from the last to be a passage of its own."""
    for name in ("eu10.jpg", "eu9.jpg", "eu9.PNG"):
        picture(tmp_path / name)
    (tmp_path / "eu9.txt").write_text("truth")
    found = list(pictures_of(tmp_path))
    assert ["eu9.PNG", "eu9.jpg", "eu10.jpg"] == [one.name for one in found]
    assert [0, BETWEEN_PICTURES_MS, 2 * BETWEEN_PICTURES_MS] == [one.offset_ms for one in found]


def test_one_file_is_given_as_it_is(tmp_path: Path) -> None:
    """Whatever its name: what it holds is judged when it is decoded."""
    (tmp_path / "strange.bin").write_bytes(b"no picture")
    assert [b"no picture"] == [one.image for one in pictures_of(tmp_path / "strange.bin")]


def test_a_video_gives_frames_at_their_times(tmp_path: Path) -> None:
    """H.264 at 25 frames a second: 40 ms apart, each a picture of the right brightness."""
    found = list(pictures_of(h264(tmp_path / "drive.mp4")))
    assert [number * 40 for number in range(25)] == [one.offset_ms for one in found]
    assert abs(int(decode_picture(found[12].image).mean()) - 120) < 6


def test_fewer_frames_can_be_asked_for(tmp_path: Path) -> None:
    """Five a second are two hundred milliseconds apart."""
    found = list(pictures_of(h264(tmp_path / "drive.mp4"), frames_per_s=5))
    assert [0, 200, 400, 600, 800] == [one.offset_ms for one in found]


def test_a_broken_video_is_told_of_and_the_rest_goes_on(tmp_path: Path) -> None:
    """An unreadable file never ends the reading of the others."""
    (tmp_path / "a.mp4").write_bytes(b"no video")
    picture(tmp_path / "b.png")
    (tmp_path / "c.jpg").symlink_to(tmp_path / "gone.jpg")
    broken, good = pictures_of(tmp_path)
    assert broken.error is not None
    assert ("a.mp4", "not_a_video", "b.png", None) == (broken.name, broken.error.reason, good.name, good.error)


@pytest.mark.parametrize(
    ("name", "codec", "form"),
    [
        ("a.mkv", "libx265", None),
        ("a.hevc", "libx265", "hevc"),
        ("a.m2ts", "libx264", None),
        ("a.mpg", "mpeg2video", None),
        ("a.avi", "mjpeg", None),
        ("a.mjpg", "mjpeg", "mjpeg"),
        ("a.flv", "flv1", None),
    ],
)
def test_what_cameras_and_recorders_write_is_read(tmp_path: Path, name: str, codec: str, form: str | None) -> None:
    """By its content and its name, in a folder too: every frame."""
    h264(tmp_path / name, frames=6, codec=codec, form=form)
    found = list(pictures_of(tmp_path))
    assert [f"{name}#{number}" for number in range(1, 7)] == [one.name for one in found]


@pytest.mark.parametrize(("name", "codec"), [("a.avi", "mjpeg"), ("a.mp4", "mjpeg"), ("a.mov", "mjpeg")])
def test_a_video_that_was_cut_off_is_read_as_far_as_it_goes_and_told_of(tmp_path: Path, name: str, codec: str) -> None:
    """So that nobody takes a quiet end for an empty road."""
    file = h264(tmp_path / name, codec=codec)
    data = file.read_bytes()
    file.write_bytes(data[: len(data) * 2 // 3])
    *frames, last = pictures_of(file)
    assert last.error is not None
    assert ("truncated_video", name) == (last.error.reason, last.name)
    assert 0 < len(frames) < 25
    assert all(one.error is None for one in frames)


def test_a_picture_with_a_name_of_a_video_is_not_decoded_as_one(tmp_path: Path) -> None:
    """A GIF begins with the byte that a transport stream's packets begin with."""
    picture(tmp_path / "a.gif").rename(tmp_path / "a.ts")
    (only,) = pictures_of(tmp_path)
    assert only.error is not None
    assert "not_a_video" == only.error.reason


def test_a_picture_that_no_camera_sends_is_told_of(tmp_path: Path) -> None:
    """Whoever has a folder of them learns why nothing is read of it."""
    for name in ("a.gif", "b.TIFF", "c.bmp"):
        (tmp_path / name).write_bytes(b"whatever")
    reasons = [one.error.reason for one in pictures_of(tmp_path) if one.error]
    assert ["not_a_picture"] * 3 == reasons


@pytest.mark.parametrize("name", ["", "missing"])
def test_nothing_to_read_is_said_at_once(tmp_path: Path, name: str) -> None:
    """An empty folder, or a path that is not there."""
    with pytest.raises(Misconfigured, match="path"):
        pictures_of(tmp_path / name)
