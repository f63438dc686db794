"""Turns a drawn plate into a camera's picture of it: rotated, small, blurred, badly lit, dirty, compressed. In grey, as the
reader works."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.vision.training.art import Drawn, TextLine
from pipeline.vision.training.strips import CHARACTER

Grey = NDArray[np.uint8]
Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Shot:
    """One camera picture of a drawing. to_picture: the (3, 3) projection from the drawing to the picture. height: of a
    character in the picture, in pixels."""

    picture: Grey
    to_picture: Points
    height: float

    def seen(self, points: list[tuple[float, float]]) -> Points:
        """Where these points of the drawing are in the picture: (n, 2), in pixels."""
        placed = np.hstack([np.asarray(points), np.ones((len(points), 1))]) @ self.to_picture.T
        return np.asarray(placed[:, :2] / placed[:, 2:], np.float64)


def shoot(drawn: Drawn, rng: np.random.Generator) -> Shot:
    """Take a picture of the drawing. The same rng state gives the same picture."""
    art = _dirty(drawn.art, rng) if rng.random() < 0.3 else drawn.art
    height = float(np.exp(rng.uniform(np.log(9.0), np.log(44.0))))
    turn, size = _projection(art.shape, height / CHARACTER, rng)
    if height < 0.5 * CHARACTER:
        art = cv2.GaussianBlur(art, (0, 0), 0.35 * CHARACTER / height)
    picture = cv2.warpPerspective(
        np.asarray(art, np.float32), turn, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    picture = _lit(_blurred(np.asarray(picture, np.float32), height, rng), rng)
    noise = rng.standard_normal(picture.shape, np.float32) * float(rng.gamma(1.3, 3.0))
    grey = np.clip(picture + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.7:
        _, encoded = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 96))])
        grey = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE), np.uint8)
    return Shot(grey, turn, height)


def cut_line(
    shot: Shot,
    line: TextLine,
    bounds: tuple[float, float, float, float] | None,
    stretch: float,
    rng: np.random.Generator,
    *,
    rows: int = 32,
    most: int = 192,
) -> Grey:
    """Cut one line out of the picture, with a random error, as the reader gets it. Returns (rows, w) uint8, with w at most
    `most`.

    bounds: the plate's; given, the plate's whole width is cut out; None: only the width of the line's text. stretch: factor
    on the width of the result.
    """
    left, right = (line.left, line.right) if bounds is None else (bounds[0], bounds[2])
    middle = (line.top + line.bottom) / 2
    a, b, over, under = shot.seen(
        [(left, middle), (right, middle), ((left + right) / 2, line.top), ((left + right) / 2, line.bottom)]
    )
    slope = np.arctan2(b[1] - a[1], b[0] - a[0]) + rng.normal(0, 0.07 if rng.random() < 0.2 else 0.02)
    tall = float(np.hypot(*(under - over))) * float(np.clip(rng.normal(1.05, 0.1), 0.8, 1.4))
    long = float(np.hypot(*(b - a))) + tall * float(
        rng.uniform(-0.12, 0.9) if bounds is None else rng.uniform(-0.1, 0.5)
    )
    centre = (a + b) / 2 + rng.normal(0, 0.06, 2) * tall
    scale = rows / (1.5 * tall)
    width = int(np.clip(round((long + 0.35 * tall) * scale * stretch), 16, most))
    across = min(scale * stretch, width / max(long, 1.0))
    turn = np.array(
        [[np.cos(slope) * across, np.sin(slope) * across, 0.0], [-np.sin(slope) * scale, np.cos(slope) * scale, 0.0]]
    )
    turn[:, 2] = np.array([width / 2, rows / 2]) - turn[:, :2] @ centre
    how = cv2.INTER_CUBIC if scale > 0.8 else cv2.INTER_AREA
    return np.asarray(
        cv2.warpAffine(shot.picture, turn, (width, rows), flags=how, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def cut_sign(
    shot: Shot, sign: TextLine, stretch: float, rng: np.random.Generator, *, rows: int = 32, most: int = 192
) -> Grey:
    """Cut the country letters on the band out of the picture, as the reader gets them. sign: the letters. stretch, rows, most
    and what is returned: see cut_line."""
    above, below = rng.uniform(0.1, 0.8, 2) * (sign.bottom - sign.top)
    taken = replace(sign, top=sign.top - above, bottom=sign.bottom + below)
    a, b, under = shot.seen([(taken.left, taken.top), (taken.right, taken.top), (taken.left, taken.bottom)])
    x, y = (float((a[i] + under[i]) / 2) for i in (0, 1))
    wide, tall = float(np.hypot(*(b - a))) * rng.uniform(0.85, 1.2), float(np.hypot(*(under - a)))
    slope = np.arctan2(b[1] - a[1], b[0] - a[0]) + rng.normal(0, 0.03)
    x, y = x + wide / 2 * np.cos(slope), y + wide / 2 * np.sin(slope)
    scale = rows / max(tall, 1.0)
    width = int(np.clip(round(wide * scale * stretch), 8, most))
    turn = np.array(
        [
            [np.cos(slope) * scale * stretch, np.sin(slope) * scale * stretch, 0.0],
            [-np.sin(slope) * scale, np.cos(slope) * scale, 0.0],
        ]
    )
    turn[:, 2] = np.array([width / 2, rows / 2]) - turn[:, :2] @ np.array([x, y])
    how = cv2.INTER_CUBIC if scale > 0.8 else cv2.INTER_AREA
    return np.asarray(
        cv2.warpAffine(shot.picture, turn, (width, rows), flags=how, borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def _projection(shape: tuple[int, ...], scale: float, rng: np.random.Generator) -> tuple[Points, tuple[int, int]]:
    """A random scale, rotation, shear and tilt as a (3, 3) projection; and the (width, height) of a picture that holds the
    result."""
    h, w = shape[:2]
    angle = rng.normal(0, 0.09)
    shear = rng.normal(0, 0.1)
    squeeze = rng.uniform(0.72, 1.12)
    linear = np.array([[squeeze, shear], [0.0, 1.0]]) * scale
    linear = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ linear
    turn = np.eye(3)
    turn[:2, :2] = linear
    turn[2, :2] = rng.normal(0, 0.15, 2) / (w, 2 * w)
    turn = turn @ np.array([[1, 0, -w / 2], [0, 1, -h / 2], [0, 0, 1.0]])
    corners = np.array([[0, 0, 1], [w, 0, 1], [w, h, 1], [0, h, 1.0]]) @ turn.T
    corners = corners[:, :2] / corners[:, 2:]
    low, high = corners.min(axis=0), corners.max(axis=0)
    turn = np.array([[1, 0, -low[0]], [0, 1, -low[1]], [0, 0, 1.0]]) @ turn
    size = np.ceil(np.clip(high - low, 12, 900)).astype(int)
    return turn, (int(size[0]), int(size[1]))


def _blurred(picture: NDArray[np.float32], height: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Blur as out of focus, by motion, by both or not at all, always so little that the text can be read; sharpen a quarter of the
    pictures as cameras do."""
    if rng.random() < 0.5:
        picture = np.asarray(
            cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.3, 0.3 + 0.05 * height))), np.float32
        )
    if rng.random() < 0.25:
        length = int(rng.integers(2, 3 + round(0.16 * height)))
        kernel = np.zeros((length, length), np.float32)
        if rng.random() < 0.5:
            kernel[length // 2, :] = 1.0 / length
        else:
            kernel[:, length // 2] = 1.0 / length
        picture = np.asarray(cv2.filter2D(picture, -1, kernel), np.float32)
    if rng.random() < 0.25:  # as cameras sharpen: edges with a halo
        softer = cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.8, 1.0 + 0.06 * height)))
        picture = np.asarray(picture + float(rng.uniform(0.3, 1.5)) * (picture - softer), np.float32)
    return picture


def _lit(picture: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Change exposure and contrast; add the edge of a shadow or a gradual change of light."""
    contrast = float(rng.uniform(0.12, 1.0) if rng.random() < 0.35 else rng.uniform(0.6, 1.15))
    picture = (picture - 128) * contrast + 128 + float(rng.normal(0, 25))
    if rng.random() < 0.3:
        h, w = picture.shape
        across = np.interp(np.arange(w), [0, w - 1], rng.uniform(0.35, 1.2, 2))
        down = np.interp(np.arange(h), [0, h - 1], rng.uniform(0.6, 1.1, 2))
        fall = np.outer(down, across)
        picture = np.asarray(picture * fall, np.float32)
    if rng.random() < 0.12:
        h, w = picture.shape
        at, lean = rng.uniform(0, w), rng.uniform(-2, 2)
        ys, xs = np.mgrid[0:h, 0:w]
        shaded = np.where(xs > at + lean * ys, rng.uniform(0.4, 0.9), 1.0)
        picture = np.asarray(picture * shaded, np.float32)
    if rng.random() < 0.1:
        picture = np.asarray(
            np.minimum(picture, float(rng.uniform(150, 240))) * 1.1, np.float32
        )  # glare: the ground burns out
    return np.asarray(picture, np.float32)


def _dirty(art: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Add blotches of mud and worn paint."""
    h, w = art.shape
    coarse = rng.standard_normal((max(2, h // 14), max(2, w // 14)), np.float32)
    cover = np.clip(
        cv2.resize(coarse, (w, h), interpolation=cv2.INTER_CUBIC) - rng.uniform(0.6, 1.8), 0, 1
    ) * rng.uniform(0.2, 0.8)
    return np.asarray(art * (1 - cover) + float(rng.uniform(20, 220)) * cover, np.float32)
