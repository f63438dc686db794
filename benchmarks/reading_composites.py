"""Passages at 1280x720 made of real scenes: each plate with what is around it, at a chosen height, moving over a few frames.

Where a camera stands far off, plates are 10 to 40 pixels high, and the same plate is seen several times, each time a little
differently. Night and rain are put on top: little light and noise, or streaks; blur smears what moves along its way, as a long
exposure does. Reproducible from the seed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.plates.text import compact

WIDTH, HEIGHT, FRAMES = 1280, 720, 5
WEATHERS = ("day", "night", "blur", "rain")
SMEAR = 0.2  # of the plate's height: a fifth is what 100 km/h makes of an exposure of about 1/1200 s
Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Composite:
    """One passage: its plate (compact) and its frames (JPEG), 80 ms apart."""

    plate: str
    frames: tuple[bytes, ...]


def composites(scenes: Path, plate_px: int, weather: str = "day", seed: int = 5) -> Iterator[Composite]:
    """Yields a passage for each scene with truth (NAME.txt: file, x, y, width, height, plate). plate_px: height of the
    plate's box in the passage, in pixels."""
    for number, truth in enumerate(sorted(scenes.glob("*.txt"))):
        name, x, y, width, height, plate = truth.read_text(encoding="utf-8").strip().split("\t")
        rng = np.random.default_rng((seed, number, plate_px))
        scene = cv2.imread(str(scenes / name))
        car = _car(np.asarray(scene, np.uint8), (int(x), int(y), int(width), int(height)))
        smear_px = SMEAR * plate_px if weather == "blur" else 0.0
        yield Composite(compact(plate), tuple(_frames(car, plate_px / int(height), smear_px, weather, rng)))


def _car(scene: Picture, box: tuple[int, int, int, int]) -> Picture:
    """The part of the scene around the plate: its width more on either side, four of its heights above it and three below,
    as far as the scene reaches."""
    x, y, width, height = box
    top, left = max(0, y - 4 * height), max(0, x - width)
    return scene[top : y + 4 * height, left : x + 2 * width]


def _frames(car: Picture, scale: float, smear_px: float, weather: str, rng: np.random.Generator) -> Iterator[bytes]:
    """The car coming nearer and to one side, sampled anew for each frame."""
    road = _road(rng)
    x, y = rng.uniform(250, 700), rng.uniform(150, 350)
    dx, dy, growth = rng.uniform(-14, 14), rng.uniform(2, 12), rng.uniform(1.0, 1.015)
    for step in range(FRAMES):
        at = scale * growth**step
        small = cv2.GaussianBlur(car, (0, 0), max(0.3, 0.4 / at)) if at < 1 else car
        place = np.array([[at, 0, x + dx * step], [0, at, y + dy * step]])
        mask = cv2.warpAffine(np.ones(car.shape[:2], np.float32), place, (WIDTH, HEIGHT))[:, :, None]
        moved = cv2.warpAffine(small, place, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR) * mask
        if smear_px:
            smear = _smear(smear_px, dx, dy)
            moved, mask = cv2.filter2D(moved, -1, smear), cv2.filter2D(mask, -1, smear)[:, :, None]
        frame = road * (1 - mask) + moved
        _, encoded = cv2.imencode(".jpg", _weathered(frame, weather, rng), [cv2.IMWRITE_JPEG_QUALITY, 85])
        yield encoded.tobytes()


def _smear(length_px: float, dx: float, dy: float) -> NDArray[np.float32]:
    """A line of this length along the movement, as a kernel whose sum is 1."""
    half = int(np.ceil(length_px))
    ways = np.linspace(-length_px / 2, length_px / 2, 65) / max(float(np.hypot(dx, dy)), 1e-6)
    kernel = np.zeros((2 * half + 1, 2 * half + 1), np.float32)
    np.add.at(kernel, (np.rint(half + ways * dy).astype(int), np.rint(half + ways * dx).astype(int)), 1 / 65)
    return kernel


def _road(rng: np.random.Generator) -> NDArray[np.float32]:
    """Asphalt, verge and sky, with lane marks."""
    rows = np.interp(np.arange(HEIGHT), [0, 200, 260, HEIGHT], [190, 170, 95, 110]).astype(np.float32)
    road = (
        np.repeat(rows[:, None], WIDTH, axis=1)
        + cv2.GaussianBlur(rng.standard_normal((HEIGHT, WIDTH)).astype(np.float32), (0, 0), 1.5) * 14
    )
    for left in (200, 620, 1040):
        cv2.line(road, (640 + (left - 640) // 4, 260), (left, HEIGHT), 205.0, 5, cv2.LINE_AA)
    return np.repeat(road[:, :, None], 3, axis=2).astype(np.float32)


def _weathered(frame: NDArray[np.float32], weather: str, rng: np.random.Generator) -> Picture:
    noise = rng.standard_normal(frame.shape[:2], np.float32)[:, :, None]
    if weather == "night":
        frame = frame * 0.35 + noise * 7
    elif weather == "rain":
        drops = (rng.random(frame.shape[:2]) > 0.996).astype(np.float32)
        frame = (
            frame * 0.8 + 25 + cv2.filter2D(drops, -1, np.full((15, 1), 1.0, np.float32))[:, :, None] * 30 + noise * 3
        )
    else:
        frame = frame + noise * 2
    return np.clip(frame, 0, 255).astype(np.uint8)
