"""Pictures that show nothing or another view, and plates that are everywhere, over drawn scenes and simulated days."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.health.daylight import is_day, sun_height_deg
from pipeline.health.everywhere import PLACES, TOLD_MS, WINDOW_MS
from pipeline.health.habits import HOUR_MS, Habit
from pipeline.health.recent import SeenRead
from pipeline.health.views import EVERY_MS, KNOWN, LATELY
from pipeline.health.watch import UNLEARNED_MS, Watch
from pipeline.state.health_memory import _packed, _unpacked
from pipeline.vision.glance import glance_at
from schemas.health import CameraHealth

ZONE = ZoneInfo("Europe/Brussels")
MONDAY_MS = int(datetime(2026, 3, 2, tzinfo=ZONE).timestamp() * 1000)
CAMERAS = tuple(f"E40-{number}" for number in range(1, 9))
SEEN = 5
"""Cameras whose pictures are looked at."""
LEARNED = KNOWN + 3 * LATELY
Image = NDArray[np.uint8]
Change = Callable[[Image], Image]


@cache
def scene(camera: int) -> Image:
    """A road with its lines, a railing, a gantry and houses, as this camera sees it: (360, 640, 3) BGR."""
    chance = np.random.default_rng(camera)
    picture = np.full((360, 640, 3), 120, np.uint8)
    picture[:140] = 190
    vanishing = (int(chance.integers(200, 440)), 130)
    cv2.fillPoly(picture, [np.array([vanishing, (-100, 360), (740, 360)], np.int32)], (90, 90, 90))
    for foot in chance.integers(-50, 690, 5):
        cv2.line(picture, vanishing, (int(foot), 360), (230, 230, 230), int(chance.integers(2, 6)))
    for _ in range(12):
        x, y, w, h = (int(one) for one in chance.integers((0, 20, 15, 20), (600, 130, 80, 90)))
        cv2.rectangle(picture, (x, y), (x + w, y + h), tuple(int(one) for one in chance.integers(30, 220, 3)), -1)
    return picture


def taken(camera: int, at: int, change: Change | None = None) -> Image:
    """What this camera takes at the at-th moment: a vehicle of any colour, light and shadow as they come, noise.
    (180, 320, 3) BGR."""
    chance = np.random.default_rng((camera, at))
    picture = scene(camera).copy()
    x, y = int(chance.integers(150, 380)), int(chance.integers(170, 220))
    cv2.rectangle(picture, (x, y), (x + 160, y + 110), tuple(int(one) for one in chance.integers(10, 245, 3)), -1)
    cv2.rectangle(picture, (x + 50, y + 80), (x + 110, y + 95), (240, 240, 240), -1)
    shadow = int(chance.integers(0, 640))
    cv2.fillPoly(
        picture, [np.array([(shadow, 130), (shadow + 90, 130), (shadow + 200, 360), (shadow, 360)])], (60, 60, 60)
    )
    if change is not None:
        picture = change(picture)
    lit = picture.astype(np.float32) * chance.uniform(0.55, 1.1)
    small = cv2.resize(lit, (320, 180), interpolation=cv2.INTER_AREA)
    return np.clip(small + chance.standard_normal(small.shape, np.float32) * 3, 0, 255).astype(np.uint8)


def turned(picture: Image) -> Image:
    """As if the camera had been hit: an eighth of the width to the side, and askew."""
    matrix = cv2.getRotationMatrix2D((320, 180), 6, 1.0)
    matrix[:, 2] += (80, 25)
    return np.asarray(cv2.warpAffine(picture, matrix, (640, 360), borderMode=cv2.BORDER_REFLECT), np.uint8)


def shaken(picture: Image) -> Image:
    """As the wind moves it."""
    return np.asarray(np.roll(picture, 4, axis=1), np.uint8)


def foggy(picture: Image) -> Image:
    """What is far is gone, and what is near has a fifth of its contrast."""
    return np.asarray(picture * 0.1 + 170, np.uint8)


def black(picture: Image) -> Image:
    """Covered, or without light."""
    return np.zeros_like(picture)


def white(picture: Image) -> Image:
    """Blinded."""
    return np.full_like(picture, 250)


def blurred(picture: Image) -> Image:
    """Far out of focus, or dirty."""
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 14), np.uint8)


class Days:
    """Cameras of which a picture is looked at every ten minutes of daylight."""

    def __init__(self) -> None:
        self.at, self.told = 0, list[CameraHealth]()
        self.watch = Watch(ZONE, MONDAY_MS)
        for camera_id in CAMERAS:
            self.watch.begin(camera_id, (), Habit(), {}, MONDAY_MS)

    @property
    def now_ms(self) -> int:
        """The time (UTC)."""
        return MONDAY_MS + self.at * EVERY_MS

    def pass_(self, pictures: int, changes: dict[int, Change] | None = None) -> "Days":
        """Let each camera take so many pictures, those of some changed."""
        for _ in range(pictures):
            self.at += 1
            for camera, camera_id in enumerate(CAMERAS[:SEEN]):
                self.watch.glance(camera_id, glance_at(taken(camera, self.at, (changes or {}).get(camera))))
            self.told += self.watch.look(self.now_ms)
        return self

    def kinds(self) -> list[tuple[str, list[str]]]:
        """What was told, in order."""
        return [(one.camera_id, [trouble.kind for trouble in one.troubles]) for one in self.told]


def test_light_shadows_vehicles_and_wind_are_nobodys_fault() -> None:
    """Three days in which every picture is another."""
    assert [] == Days().pass_(LEARNED).pass_(2 * KNOWN, {0: shaken}).kinds()


@pytest.mark.parametrize("change", [black, white, blurred])
def test_pictures_that_show_nothing_are_told_of_within_an_hour_and_end(change: Change) -> None:
    """Of that camera alone; a single such picture says nothing."""
    days = Days().pass_(LEARNED).pass_(1, {3: change}).pass_(LATELY)
    assert [] == days.kinds()
    assert [("E40-4", ["blind"])] == days.pass_(LATELY, {3: change}).kinds()
    assert [("E40-4", ["blind"]), ("E40-4", [])] == days.pass_(2 * LATELY).kinds()


def test_a_camera_that_was_turned_is_told_of_and_after_a_week_its_view_is_usual() -> None:
    """Its pictures are as full of detail as before."""
    days = Days().pass_(LEARNED).pass_(2 * LATELY, {3: turned})
    assert [("E40-4", ["moved"])] == days.kinds()
    week = UNLEARNED_MS // EVERY_MS
    days.at += week - 2 * LATELY
    days.pass_(3 * LATELY, {3: turned})
    assert [("E40-4", ["moved"]), ("E40-4", [])] == days.kinds()


def test_fog_and_a_camera_that_always_shows_nothing_are_no_trouble() -> None:
    """Many at once are the weather's; a tunnel is dark all day; of a camera that was just registered nothing is known."""
    everybody = dict.fromkeys(range(SEEN), foggy)
    assert [] == Days().pass_(LEARNED).pass_(2 * LATELY, everybody).pass_(2 * LATELY).kinds()
    assert [] == Days().pass_(LEARNED, {3: black}).pass_(2 * LATELY, {3: black}).kinds()
    assert [] == Days().pass_(LATELY).pass_(LATELY + 1, {3: turned}).kinds()


def test_what_is_usual_survives_a_restart() -> None:
    """As it is kept in Redis."""
    days = Days().pass_(LEARNED)
    kept = _unpacked(_packed(days.watch.habit("E40-4")))
    assert kept is not None
    assert kept.view == days.watch.habit("E40-4").view
    assert kept.view.is_known


@pytest.mark.parametrize(
    ("at", "lat", "expected"),
    [("2026-06-21T12:00", 50.85, 62.6), ("2026-12-21T12:00", 50.85, 15.5), ("2026-03-20T06:00", 50.85, 1.3),
     ("2026-06-21T00:00", 50.85, -15.2)],
)  # fmt: skip
def test_the_sun_stands_where_almanacs_say(at: str, lat: float, expected: float) -> None:
    """In Brussels, to a degree."""
    at_ms = int(datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp() * 1000)
    assert abs(expected - sun_height_deg(lat, 4.35, at_ms)) < 1.5
    assert (expected > 6) == is_day(lat, 4.35, at_ms)


def read_of(plate: str, at_ms: int) -> SeenRead:
    """A read of this plate."""
    return SeenRead(at_ms, at_ms, plate, 0.9, False)


def far_apart(number: int) -> tuple[float, float]:
    """Places 30 km from each other."""
    return 49.6 + 0.3 * number, 4.0


def test_a_plate_that_many_places_send_at_once_is_told_of_each_and_ends() -> None:
    """Each of these cameras; an hour after the last time it is no trouble any more."""
    days = Days()
    for again in range(2):
        for number, camera_id in enumerate(CAMERAS[: PLACES + 1]):
            days.watch.take(camera_id, read_of("1TES123", MONDAY_MS), MONDAY_MS + again * 1000, far_apart(number))
    days.told += days.watch.look(MONDAY_MS + 2000)
    wrong = {camera_id for camera_id, kinds in days.kinds() if kinds == ["everywhere"]}
    assert len(wrong) >= PLACES
    assert wrong <= set(CAMERAS[: PLACES + 1])
    days.told = list(days.watch.look(MONDAY_MS + WINDOW_MS + TOLD_MS + HOUR_MS))
    assert {(one, ()) for one in wrong} == {(camera_id, tuple(kinds)) for camera_id, kinds in days.kinds()}


def test_a_vehicle_that_drives_by_a_words_and_a_camera_that_moves_are_not_everywhere() -> None:
    """Many cameras along one road within five minutes; words of letters alone; what has no place of its own."""
    days = Days()
    for number, camera_id in enumerate(CAMERAS):
        at_ms = MONDAY_MS + number * 30_000
        days.watch.take(camera_id, read_of("1ABC234", at_ms), at_ms, (50.8, 4.0 + 0.014 * number))
        for _ in range(2):
            days.watch.take(camera_id, read_of("UNKNOWN", at_ms), at_ms, far_apart(number))
            days.watch.take(camera_id, read_of("1XYZ999", at_ms), at_ms)
    days.told += days.watch.look(MONDAY_MS + WINDOW_MS)
    assert [] == days.kinds()
