"""PaddleOCR really reads, offline: drawn plates here; real scenes where VIGIE_TEST_PICTURES names a folder with truth."""

import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from benchmarks.accuracy_reading import measure
from benchmarks.reading_peers import Road
from pipeline.errors import BadRecord
from pipeline.vision.pictures import Picture, encode_jpeg
from pipeline.vision.reading import PlateReader
from pipeline.vision.rendering.plate_art import draw_plate_art
from pipeline.vision.scene import read_crop, read_picture

OFFLINE = """
import sys
def no_network(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        raise RuntimeError(f"{event} {arguments}")
sys.addaudithook(no_network)
from pipeline.vision.scene import read_crop
assert "paddleocr" not in sys.modules
from pipeline.vision.reading import PlateReader
from pipeline.vision.rendering.plate_art import draw_plate_art
reader = PlateReader.load()
print(read_crop(sys.stdin.buffer.read(), reader).reads[0].plate)
"""


@pytest.fixture(scope="module")
def reader() -> PlateReader:
    """One reader for all."""
    return PlateReader.load()


def drawn(*lines: str, height: int = 60) -> Picture:
    """A plate as large as its lines: dark letters on white, as high as plates have them, a dark rim."""
    font = ImageFont.load_default(height * 0.95)
    width = max(int(font.getlength(line)) for line in lines) + height // 2
    plate = Image.new("RGB", (width, height * len(lines) + height // 10), "white")
    draw = ImageDraw.Draw(plate)
    draw.rectangle((0, 0, plate.width - 1, plate.height - 1), outline="black", width=2)
    for number, line in enumerate(lines):
        draw.text((plate.width / 2, height * (number + 0.55)), line, "black", font, anchor="mm")
    return np.ascontiguousarray(np.asarray(plate)[:, :, ::-1])


def on_a_car(plate: Picture, turned_deg: float = 0.0) -> Picture:
    """A plate 140 pixels wide on something dark, in a picture of 640x480, turned a little."""
    scale = 140 / plate.shape[1]
    plate = np.asarray(cv2.resize(plate, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    scene = np.full((480, 640, 3), (70, 60, 55), np.uint8)
    cv2.rectangle(scene, (0, 330), (640, 480), (120, 120, 120), -1)
    height, width = plate.shape[:2]
    scene[250 : 250 + height, 230 : 230 + width] = plate
    turn = cv2.getRotationMatrix2D((300, 260), turned_deg, 1.0)
    turned = cv2.warpAffine(scene, turn, (640, 480), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.GaussianBlur(turned, (3, 3), 0), np.uint8)


@pytest.mark.parametrize("turned_deg", [-8.0, 0.0, 5.0])
@pytest.mark.parametrize("plate", ["1ABC234", "AB123CD", "B MW 4711"])
def test_a_plate_on_a_car_is_found_and_read(reader: PlateReader, plate: str, turned_deg: float) -> None:
    """The best read says it, and its box is where it was put."""
    reads = read_picture(encode_jpeg(on_a_car(drawn(plate), turned_deg)), reader).reads
    x, y, width, height = reads[0].box
    assert plate.replace(" ", "") == reads[0].plate
    assert x < 300 < x + width
    assert y < 265 < y + height


def test_two_lines_are_read_top_to_bottom(reader: PlateReader) -> None:
    """As on motorcycles and lorries."""
    assert "1MAB234" == read_crop(encode_jpeg(drawn("1-MAB", "234")), reader).reads[0].plate


def test_a_plate_already_cut_out_is_read(reader: PlateReader) -> None:
    """No scene around it."""
    assert "1ABC234" == read_crop(encode_jpeg(drawn("1-ABC-234")), reader).reads[0].plate


def test_the_country_comes_with_the_read(reader: PlateReader) -> None:
    """The Belgian form is hardly anybody else's."""
    (read,) = read_crop(encode_jpeg(drawn("1-ABC-234")), reader).reads
    assert "BE" == read.country


def written(*lines: str) -> Picture:
    """Text painted on something large and even, in a picture of 640x480."""
    scene = np.full((480, 640, 3), (95, 110, 120), np.uint8)
    for number, line in enumerate(lines):
        at = (150, 200 + 60 * number)
        cv2.putText(scene, line, at, cv2.FONT_HERSHEY_DUPLEX, 1.3, (235, 235, 235), 3, cv2.LINE_AA)
    return np.asarray(cv2.GaussianBlur(scene, (3, 3), 0), np.uint8)


@pytest.mark.parametrize("text", [(), ("WELCOME",), ("OPEN", "DAILY"), ("FLEET 482",), ("BAY 7315", "LEVEL 2")])
def test_a_picture_without_a_plate_gives_no_read(reader: PlateReader, text: tuple[str, ...]) -> None:
    """An empty road, and writing that stands on no plate."""
    assert () == read_picture(encode_jpeg(written(*text)), reader).reads


@pytest.mark.parametrize("plate", ["OLIFANT", "ZEBRA"])
def test_letters_alone_are_read_where_the_picture_shows_a_plate(reader: PlateReader, plate: str) -> None:
    """Personalised plates follow no series: rim, band and place make them plates."""
    scene = on_a_car(np.asarray(draw_plate_art(plate, "BE"), np.uint8))
    assert [plate] == [read.plate for read in read_picture(encode_jpeg(scene), reader).reads]


@pytest.mark.parametrize("rise", [-0.25, 0.25])
def test_a_plate_seen_from_the_side_is_read(reader: PlateReader, rise: float) -> None:
    """Its row slopes while its strokes stay upright: a shear, which turning does not undo."""
    scene = on_a_car(drawn("1ABC234"))
    sheared = cv2.warpAffine(
        scene, np.array([[0.8, 0, 60], [rise, 1, -300 * rise]]), (640, 480), borderMode=cv2.BORDER_REPLICATE
    )
    assert "1ABC234" == read_picture(encode_jpeg(np.asarray(sheared, np.uint8)), reader).reads[0].plate


def test_a_plate_that_fills_the_picture_is_read(reader: PlateReader) -> None:
    """300 pixels high, as in a close photograph."""
    scene = cv2.resize(on_a_car(drawn("AB123CD")), None, fx=8, fy=8, interpolation=cv2.INTER_CUBIC)
    close = np.asarray(scene, np.uint8)[1800:2700, 1500:3300]
    assert "AB123CD" == read_picture(encode_jpeg(close), reader).reads[0].plate


def test_a_bad_picture_is_a_bad_record(reader: PlateReader) -> None:
    """With the reason that the dead letter will carry."""
    with pytest.raises(BadRecord, match="not_a_picture"):
        read_picture(b"no picture", reader)


def test_nothing_is_asked_of_the_network() -> None:
    """A fresh process in which every connection fails reads all the same; importing the road of reading loads no PaddleOCR."""
    done = subprocess.run(
        [sys.executable, "-c", OFFLINE],
        input=encode_jpeg(drawn("1-ABC-234")),
        capture_output=True,
        timeout=240,
        check=False,
    )
    assert (0, b"1ABC234") == (done.returncode, done.stdout.strip().splitlines()[-1]), done.stderr.decode()[-2000:]


def test_scenes_with_truth_are_read_right(reader: PlateReader, tmp_path: Path) -> None:
    """At least 85 % of a folder of scenes. Real ones by VIGIE_TEST_PICTURES, else a few drawn here."""
    folder = Path(os.environ.get("VIGIE_TEST_PICTURES", "") or tmp_path)
    if folder == tmp_path:
        for number, plate in enumerate(["1ABC234", "AB123CD", "RK828AG", "12345", "BSE5579", "1B25790"]):
            (tmp_path / f"{number}.jpg").write_bytes(encode_jpeg(on_a_car(drawn(plate), number - 3.0)))
            (tmp_path / f"{number}.txt").write_text(f"{number}.jpg\t230\t250\t140\t30\t{plate}\n")
    assert measure(folder, {"vigie": Road(reader)})["vigie"].folded_share >= 0.85
