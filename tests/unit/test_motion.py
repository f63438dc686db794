"""Frames in which nothing moved are not searched, which changes no passage; plates outside a camera's regions are not followed."""

import cv2
import numpy as np
import pytest

from pipeline.vision.boxes import Box
from pipeline.vision.motion import SEARCH_EVERY_MS, CameraView, Motion
from pipeline.vision.passages import Passages
from pipeline.vision.pictures import Picture, encode_jpeg
from pipeline.vision.sights import Sight
from pipeline.vision.tracking import GONE_MS, Spent, TrackedPassage, Tracker
from schemas.base import Position
from schemas.pictures import Frame
from schemas.reference import PicturePoint, Region
from tests.builders import make_camera

FRAME_MS = 80
PLATE: Box = (300, 250, 110, 26)
FIXED = CameraView(fixed=True)


def frame_at(number: int, picture: Picture | None = None, position: Position | None = None) -> Frame:
    """One frame of a camera that sends twelve a second."""
    image = b"" if picture is None else encode_jpeg(picture)
    at_ms = number * FRAME_MS
    return Frame(camera_id="C1", captured_at_ms=at_ms, received_at_ms=at_ms, image=image, position=position)


def road(vehicle_x: int | None = None, seed: int = 0, noise: float = 4.0) -> Picture:
    """A road, with a vehicle that has a plate or without; each frame with noise of its own."""
    picture = np.full((480, 640, 3), 110, np.uint8)
    if vehicle_x is not None:
        cv2.rectangle(picture, (vehicle_x, 120), (vehicle_x + 260, 330), (70, 40, 40), -1)
        cv2.rectangle(picture, (vehicle_x + 75, 250), (vehicle_x + 185, 276), (245, 245, 245), -1)
        cv2.putText(picture, "1ABC234", (vehicle_x + 80, 271), cv2.FONT_HERSHEY_SIMPLEX, 0.72, (20, 20, 20), 2)
    noisy = picture + np.random.default_rng(seed).normal(0, noise, picture.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def sight(box: Box = PLATE) -> Sight:
    """A plate as it is found."""
    return Sight(b"crop", box, 0.2)


def rectangle(left: float, top: float, right: float, bottom: float) -> Region:
    """A region of four corners."""
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    return Region(corners=tuple(PicturePoint(x=x, y=y) for x, y in corners))


def handed_on_before_standing(tracker: Tracker) -> list[TrackedPassage]:
    """A vehicle that comes and stops: eight frames, all searched."""
    done: list[TrackedPassage] = []
    for number in range(8):
        done += tracker.observe(frame_at(number), number, [sight()])
    return done


def test_noise_is_no_motion_and_a_vehicle_is() -> None:
    """Whether it comes, goes, or moves on by a little."""
    motion = Motion()
    shown = [road(seed=0), road(seed=1), road(100, seed=2), road(100, seed=3), road(103, seed=4), road(seed=5)]
    assert [False, True, False, True, False, False] == [
        motion.is_still(picture, 100 + n) for n, picture in enumerate(shown)
    ]


def test_the_exposure_is_no_motion() -> None:
    """A cloud passes: all becomes darker alike."""
    motion, picture = Motion(), road(100)
    motion.is_still(picture, 100)
    assert motion.is_still(picture - 12, 180)


def test_each_second_begins_with_a_search() -> None:
    """So that nothing that creeps escapes; after a long pause nothing is taken for granted either."""
    motion = Motion()
    searched = [at_ms for at_ms in range(0, 4000, 100) if not motion.is_still(road(), at_ms)]
    assert [0, SEARCH_EVERY_MS, 2 * SEARCH_EVERY_MS, 3 * SEARCH_EVERY_MS] == searched
    assert not motion.is_still(road(), 60_000)


def test_a_vehicle_that_stands_stays_one_passage() -> None:
    """However long: its plate is known all the time, and when it drives on it is the same vehicle."""
    tracker = Tracker("C1")
    assert 1 == len(handed_on_before_standing(tracker))
    assert all(tracker.stay(number * FRAME_MS, number) for number in range(8, 200))
    assert [] == tracker.observe(frame_at(200), 200, [sight((304, 256, 110, 26))])
    assert [] == tracker.flush()


def test_a_plate_that_is_missing_is_searched_for() -> None:
    """Where it was not found in the last frame, standing still means nothing, until it is taken for gone."""
    tracker = Tracker("C1")
    handed_on_before_standing(tracker)
    tracker.observe(frame_at(8), 8, [])
    assert not tracker.stay(9 * FRAME_MS, 9)
    gone = 8 + GONE_MS // FRAME_MS + 1
    tracker.observe(frame_at(gone), gone, [])
    assert tracker.stay((gone + 1) * FRAME_MS, gone + 1)


def test_an_open_passage_is_searched_for() -> None:
    """It wants more sights, and may be over."""
    tracker = Tracker("C1")
    tracker.observe(frame_at(0), 0, [sight()])
    assert not tracker.stay(FRAME_MS, 1)


def test_frames_that_come_again_after_a_crash_make_no_second_passage() -> None:
    """A new process knows no last frame and searches; it finds the plate a pixel beside the place that was remembered."""
    tracker, spent = Tracker("C1"), list[Spent]()
    handed_on_before_standing(tracker)
    for number in range(8, 30):
        tracker.stay(number * FRAME_MS, number)
    spent += tracker.take_spent()
    again = Tracker("C1", spent)
    for number in range(20, 34):
        assert [] == again.observe(frame_at(number), number, [sight((301, 250, 110, 26))])
    assert [] == again.flush()


@pytest.mark.parametrize(
    ("view", "position", "expected"),
    [
        (FIXED, None, 1 + 1),  # the first frame, and the first of the second that begins within
        (CameraView(fixed=False), None, 14),
        (FIXED, Position(lat=50.8, lon=4.4), 14),
    ],
)
def test_only_a_fixed_camera_spares_itself_the_search(
    view: CameraView, position: Position | None, expected: int
) -> None:
    """An empty road, fourteen frames: those that are searched clear what is remembered of the last frame's time."""
    passages = Passages()
    passages.add("C1", 0, ())
    searched = 0
    for number in range(14):
        stayed = passages.watched_still
        passages.watch(frame_at(number, road(seed=number), position), number, number * FRAME_MS, view=view)
        searched += passages.watched_still == stayed
    assert expected == searched


@pytest.mark.parametrize(
    ("regions", "expected"),
    [
        ((), True),
        ((rectangle(0.4, 0.4, 0.7, 0.7),), True),
        ((rectangle(0.0, 0.0, 0.4, 1.0),), False),
        ((rectangle(0.0, 0.0, 0.1, 0.1), rectangle(0.5, 0.5, 1.0, 1.0)), True),
    ],
)
def test_plates_outside_a_cameras_regions_are_not_followed(regions: tuple[Region, ...], expected: bool) -> None:
    """A plate is where its centre is, here at 0.55 of the width and of the height."""
    assert expected == CameraView(regions=regions).shows((297, 251, 110, 26), 640, 480)


def test_a_region_may_be_any_polygon() -> None:
    """A triangle on the right lane."""
    lane = Region(corners=tuple(PicturePoint(x=x, y=y) for x, y in ((0.5, 0.2), (1.0, 1.0), (0.5, 1.0))))
    view = CameraView(regions=(lane,))
    assert [True, False, False] == [view.shows((x, y, 2, 2), 100, 100) for x, y in ((55, 80), (95, 30), (20, 80))]


def test_what_is_known_of_a_camera_is_its_entry() -> None:
    """A camera with a position does not move; of an unknown one nothing is taken for granted."""
    regions = (rectangle(0, 0, 1, 0.5),)
    assert CameraView(True, regions) == CameraView.of(make_camera(regions=regions))
    assert CameraView() == CameraView.of(make_camera(position=None)) == CameraView.of(None)
