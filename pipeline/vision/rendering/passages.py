"""Rendered pictures: vehicles that approach a camera, by day and by night, with the truth of every plate and where it is.

The front of a vehicle is drawn flat with its plate, laid into the road's picture by a perspective of its own, then blurred, made
noisy and compressed as a camera would. From the same random source the pictures are the same.
"""

from dataclasses import dataclass
from pathlib import Path
from random import Random

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from pipeline.vision.rendering.vehicle_front import FRONT_SIZE, PLATE_BOX, draw_front
from schemas.base import Country
from schemas.pictures import Frame

Picture = NDArray[np.uint8]
SIZE = (960, 540)  # width, height
BETWEEN_FRAMES_MS = 80


@dataclass(frozen=True, slots=True)
class RenderedView:
    """One frame of a passage. image: JPEG; box: the plate's x, y, width, height in pixels; after_ms: time since the
    passage's first frame."""

    image: bytes
    box: tuple[int, int, int, int]
    after_ms: int


@dataclass(frozen=True, slots=True)
class RenderedPassage:
    """The frames of one vehicle that comes nearer, and its plate."""

    plate: str
    country: Country
    night: bool
    views: tuple[RenderedView, ...]

    def frames(self, camera_id: str, captured_at_ms: int, received_after_ms: int = 60) -> list[Frame]:
        """The passage's frames as that camera would send them. captured_at_ms: UTC, of the first frame."""
        return [
            Frame(
                camera_id=camera_id,
                captured_at_ms=captured_at_ms + view.after_ms,
                received_at_ms=captured_at_ms + view.after_ms + received_after_ms,
                image=view.image,
            )
            for view in self.views
        ]


class SceneTruth(msgspec.Struct, frozen=True, kw_only=True):
    """What one picture of a rendered folder shows: one line of its truth.jsonl. box: the plate's x, y, width, height in
    pixels."""

    picture: str
    plate: str
    country: Country
    box: tuple[int, int, int, int]
    night: bool


def render_passage(
    random: Random, plate: str, country: Country, *, night: bool = False, views: int = 5, harsh: bool = False
) -> RenderedPassage:
    """Render one vehicle in several views, 80 ms apart, with its plate some 90 to 180 pixels wide, or, harsh, 65 to 130.

    harsh: render rain and dirt: smaller, more blurred and noisier than a well mounted camera's pictures.
    """
    road = _road(random, night)
    front = draw_front(random, plate, country, night)
    turn, tilt = random.uniform(-0.22, 0.22), random.uniform(0.02, 0.10)
    near = random.uniform(0.55, 0.70) * (0.7 if harsh else 1.0)
    far = near * random.uniform(0.68, 0.8)
    lane_x = random.uniform(0.34, 0.66) * SIZE[0]
    drift = random.uniform(-14, 14)
    rendered = []
    for number in range(views):
        share = number / max(1, views - 1)
        scale = far + (near - far) * share
        centre = (lane_x + drift * share, SIZE[1] * (0.50 + 0.16 * share))
        place = _perspective(centre, scale, turn, tilt)
        picture = _laid_into(road, front, place, scale)
        image = _as_a_camera_would(random, picture, night, harsh)
        rendered.append(RenderedView(image, _box(place), number * BETWEEN_FRAMES_MS))
    return RenderedPassage(plate, country, night, tuple(rendered))


def render_folder(passages: list[RenderedPassage], folder: Path, *, png: bool = False) -> int:
    """Write every view as a picture, and the truth of all of them into truth.jsonl beside them. png: as PNG, not JPEG. Returns
    how many pictures were written. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    encoder, count = msgspec.json.Encoder(), 0
    with (folder / "truth.jsonl").open("wb") as truth:
        for number, passage in enumerate(passages):
            for place, view in enumerate(passage.views):
                name = f"passage-{number:04d}-{place}.{'png' if png else 'jpg'}"
                (folder / name).write_bytes(_as_png(view.image) if png else view.image)
                shown = SceneTruth(
                    picture=name, plate=passage.plate, country=passage.country, box=view.box, night=passage.night
                )
                truth.write(encoder.encode(shown) + b"\n")
                count += 1
    return count


def _as_png(jpeg: bytes) -> bytes:
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    return bytes(cv2.imencode(".png", picture)[1])


def _road(random: Random, night: bool) -> Picture:
    """An empty road: sky, verge, asphalt and its lines. (540, 960, 3) uint8 BGR."""
    width, height = SIZE
    horizon = int(height * random.uniform(0.16, 0.24))
    picture = np.zeros((height, width, 3), np.float32)
    sky = np.linspace(1.0, 0.8, horizon, dtype=np.float32)[:, None, None]
    picture[:horizon] = sky * np.array((random.randint(190, 235), 200, 185), np.float32)
    ground = np.linspace(0.85, 1.1, height - horizon, dtype=np.float32)[:, None, None]
    picture[horizon:] = ground * np.array((72, 98, 84), np.float32)
    middle = width // 2
    asphalt = np.array(
        [(middle - 70, horizon), (middle + 70, horizon), (width + 260, height), (-260, height)], np.int32
    )
    tone = random.randint(84, 112)
    cv2.fillPoly(picture, [asphalt], (tone, tone, tone))
    for side in (-1, 1):
        cv2.line(
            picture, (middle + side * 66, horizon), (middle + side * (width // 2 + 200), height), (205, 205, 205), 5
        )
    grain = np.random.default_rng(random.getrandbits(32)).normal(0, 5, (height // 3, width // 3, 1)).astype(np.float32)
    picture += cv2.resize(grain, SIZE, interpolation=cv2.INTER_LINEAR)[:, :, None]
    return np.clip(picture * (0.16 if night else random.uniform(0.8, 1.05)), 0, 255).astype(np.uint8)


def _perspective(centre: tuple[float, float], scale: float, turn: float, tilt: float) -> NDArray[np.float64]:
    """The (3, 3) projection from the flat front to the picture, for a vehicle turned to the side and seen from above."""
    width, height = FRONT_SIZE[0] * scale, FRONT_SIZE[1] * scale
    x, y = centre
    narrow, shrink = width * (1 - abs(turn) * 0.35) / 2, turn * height / 2
    slant = width * turn * 0.10
    corners = np.array(
        [
            (x - narrow * (1 - tilt), y - height / 2 - shrink * 0.3 + slant),
            (x + narrow * (1 - tilt), y - height / 2 + shrink * 0.3 - slant),
            (x + narrow, y + height / 2 - shrink * 0.3 - slant),
            (x - narrow, y + height / 2 + shrink * 0.3 + slant),
        ],
        np.float32,
    )
    flat = np.array([(0, 0), (FRONT_SIZE[0], 0), FRONT_SIZE, (0, FRONT_SIZE[1])], np.float32)
    return np.asarray(cv2.getPerspectiveTransform(flat, corners), np.float64)


def _laid_into(road: Picture, front: NDArray[np.uint8], place: NDArray[np.float64], scale: float) -> Picture:
    smooth = cv2.GaussianBlur(front, (0, 0), max(0.3, 0.42 / scale - 0.3))
    laid = cv2.warpPerspective(smooth, place, SIZE, flags=cv2.INTER_LINEAR)
    x, y, width, height = cv2.boundingRect(laid[:, :, 3])
    part = (slice(y, y + height), slice(x, x + width))
    cover = cv2.merge([laid[part][:, :, 3]] * 3)
    picture = road.copy()
    picture[part] = cv2.add(
        cv2.multiply(road[part], 255 - cover, scale=1 / 255), cv2.multiply(laid[part][:, :, :3], cover, scale=1 / 255)
    )
    return picture


def _box(place: NDArray[np.float64]) -> tuple[int, int, int, int]:
    x, y, width, height = PLATE_BOX
    corners = np.array([[(x, y), (x + width, y), (x + width, y + height), (x, y + height)]], np.float64)
    found = cv2.perspectiveTransform(corners, place)[0]
    left, top = np.floor(found.min(axis=0)).astype(int)
    right, bottom = np.ceil(found.max(axis=0)).astype(int)
    return int(left), int(top), int(right - left), int(bottom - top)


def _as_a_camera_would(random: Random, picture: Picture, night: bool, harsh: bool) -> bytes:
    """Add blur and noise, make it infrared by night, and encode it as JPEG."""
    seen = cv2.GaussianBlur(picture, (0, 0), random.uniform(0.8, 1.3) if harsh else random.uniform(0.3, 0.75))
    if night:
        grey = cv2.cvtColor(seen, cv2.COLOR_BGR2GRAY)
        glow = cv2.GaussianBlur(np.where(grey > 250, 255, 0).astype(np.uint8), (0, 0), 14)
        seen = cv2.cvtColor(cv2.add(grey, (glow * 0.6).astype(np.uint8)), cv2.COLOR_GRAY2BGR)
    generator = np.random.default_rng(random.getrandbits(32))
    sigma = (9.0 if night else 7.0) if harsh else (5.0 if night else 3.0)
    noise = (generator.standard_normal((SIZE[1], SIZE[0]), np.float32) * sigma).astype(np.int16)
    noisy = cv2.add(seen, cv2.merge([noise] * 3), dtype=cv2.CV_8U)
    return bytes(cv2.imencode(".jpg", noisy, (cv2.IMWRITE_JPEG_QUALITY, random.randint(82, 92)))[1])
