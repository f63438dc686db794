"""Rendered pictures: right colours, right truth, the same again from the same source."""

import json
from pathlib import Path
from random import Random

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.sources.pictures import pictures_of
from pipeline.vision.rendering.passages import SIZE, RenderedPassage, RenderedView, render_folder, render_passage
from pipeline.vision.rendering.plate_art import draw_plate_art, grouped
from pipeline.vision.rendering.video import render_video
from tests.builders import NOON_MS


def picture_of(view: RenderedView) -> NDArray[np.uint8]:
    """The view, decoded: (H, W, 3) uint8 BGR."""
    return np.asarray(cv2.imdecode(np.frombuffer(view.image, np.uint8), cv2.IMREAD_COLOR), np.uint8)


def rendered(seed: int = 1, plate: str = "1KBD806", country: str = "BE", **options: bool) -> RenderedPassage:
    """One passage of two views."""
    return render_passage(Random(seed), plate, country, views=2, **options)


@pytest.mark.parametrize(
    ("country", "plate", "ground", "ink"),
    [
        ("BE", "1KBD806", "white", "red"), ("FR", "FZ418QT", "white", "black"), ("DE", "MKLF9042", "white", "black"),
        ("ES", "1234BCD", "white", "black"), ("NL", "RG572X", "yellow", "black"), ("LU", "XC3946", "yellow", "black"),
        ("GB", "KT63WXR", "white", "black"),
    ],
)  # fmt: skip
def test_each_country_has_its_colours(country: str, plate: str, ground: str, ink: str) -> None:
    """The ground is what there is most of; the ink is the darkest in the middle."""
    art = draw_plate_art(plate, country)[20:-20, 120:-120].reshape(-1, 3).astype(int)
    usual, dark = np.median(art, axis=0), art[art.sum(axis=1).argmin()]
    assert (usual[0] > 200) == (ground == "white")
    assert usual[2] > 200
    assert (dark[2] > 2 * dark[0]) == (ink == "red")
    assert dark.sum() < 300


def test_a_british_plate_is_yellow_behind() -> None:
    """White in front, yellow at the back."""
    assert draw_plate_art("KT63WXR", "GB", rear=True)[110, 30, 0] < 100 < draw_plate_art("KT63WXR", "GB")[110, 30, 0]


def test_characters_are_parted_as_each_country_parts_them() -> None:
    """What a person sees on the road."""
    shown = [("1ABC234", "BE"), ("AB123CD", "FR"), ("RG572X", "NL"), ("XC3946", "LU"), ("KT63WXR", "GB")]
    assert ["1-ABC-234", "AB-123-CD", "RG-572-X", "XC 3946", "KT63 WXR"] == [grouped(*one) for one in shown]


def test_the_same_source_renders_the_same_pictures() -> None:
    """A picture that was read wrongly can be made again."""
    assert rendered(3) == rendered(3)
    assert rendered(3) != rendered(4)


@pytest.mark.parametrize("night", [False, True])
def test_the_truth_is_where_the_plate_is(night: bool) -> None:
    """The box lies in the picture, has a plate's shape, and is brighter than what is around it."""
    for view in rendered(night=night).views:
        x, y, width, height = view.box
        grey = cv2.cvtColor(picture_of(view), cv2.COLOR_BGR2GRAY)
        assert grey.shape == (SIZE[1], SIZE[0])
        assert 0 <= x < x + width <= SIZE[0]
        assert 0 <= y < y + height <= SIZE[1]
        assert 2.2 < width / height < 6
        inside, around = grey[y + 6 : y + height - 6, x + 12 : x + width - 12], grey[y - 14 : y - 6, x : x + width]
        assert inside.mean() > around.mean() + 30


def test_the_vehicle_comes_nearer() -> None:
    """So that following it from frame to frame is exercised."""
    views = rendered().views
    widths, times = [view.box[2] for view in views], [view.after_ms for view in views]
    assert widths == sorted(set(widths))
    assert times == sorted(set(times))


def test_by_night_there_is_no_colour() -> None:
    """Infrared."""
    picture = picture_of(rendered(night=True).views[0]).astype(int)
    assert abs(picture[..., 0] - picture[..., 2]).max() <= 2
    assert picture.mean() < 60 < picture_of(rendered().views[0]).mean()


def test_frames_carry_their_cameras_time() -> None:
    """As a camera would send them."""
    frames = rendered().frames("LEZ-01", NOON_MS)
    assert {"LEZ-01"} == {frame.camera_id for frame in frames}
    assert [NOON_MS, NOON_MS + 80] == [frame.captured_at_ms for frame in frames]


@pytest.mark.parametrize("png", [False, True])
def test_a_folder_holds_pictures_and_their_truth(tmp_path: Path, png: bool) -> None:
    """One line of truth for each picture, and every picture can be read."""
    assert render_folder([rendered(1), rendered(2, "FZ418QT", "FR")], tmp_path, png=png) == 4
    truth = [json.loads(line) for line in (tmp_path / "truth.jsonl").read_text().splitlines()]
    assert ["1KBD806"] * 2 + ["FZ418QT"] * 2 == [line["plate"] for line in truth]
    assert {line["picture"] for line in truth} == {picture.name for picture in pictures_of(tmp_path)}
    assert all(cv2.imread(str(tmp_path / line["picture"])) is not None for line in truth)


def test_a_video_holds_the_same_passages(tmp_path: Path) -> None:
    """H.264, readable by what reads cameras' videos."""
    file = tmp_path / "road.mp4"
    count = render_video([rendered()], file)
    assert count == len(list(pictures_of(file)))
