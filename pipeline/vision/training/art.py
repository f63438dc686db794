"""Draws one plate as seen straight from the front, in grey: ground, band, lines of text (see strips), screws, frame,
surroundings."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.vision.training.series import Colour, Plate, compact
from pipeline.vision.training.strips import CHARACTER, Art, LineLook, look_of, strip_of
from pipeline.vision.training.typefaces import Typeface

Backdrop = Callable[[int, int, np.random.Generator], Art]
"""Draws width x height pixels of surroundings."""

_WORDS = (
    "AUTO",
    "garage",
    "www.auto.eu",
    "MOTORS",
    "Center",
    "0475 12 34 56",
    "Service",
    "LUXEMBOURG",
    "cars.com",
    "GmbH",
)
_FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_PLAIN)


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line's characters in the art: text, and their bounds in pixels."""

    text: str
    left: float
    right: float
    top: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Drawn:
    """A drawn picture of one plate or one piece of other text.

    art: the picture, (h, w) float32 grey. bounds: left, top, right and bottom of the plate in it, in pixels. lines: its
    lines of text, top to bottom. sign: the country letters on the blue band; None: it has no band.
    """

    art: Art
    bounds: tuple[float, float, float, float]
    lines: tuple[TextLine, ...]
    sign: TextLine | None = None


def draw(
    plate: Plate,
    face: Typeface,
    rng: np.random.Generator,
    *,
    rich: bool = False,
    backdrop: Backdrop | None = None,
    margin: int = CHARACTER,
    room: float = 0.0,
) -> Drawn:
    """Draw a plate with its surroundings. The same rng state gives the same picture.

    rich: draw crests large and detailed. backdrop: draws the surroundings; None: grey shades like a bumper's. margin: pixels
    of surroundings on each side of the plate. room: empty space added at each end of the text, in character heights.
    """
    look = look_of(face, rng, rich)
    strips = [strip_of(line, look, rng) for line in plate.lines]
    two = len(strips) == 2
    pad, rise = (rng.uniform(0.12, 0.6) * CHARACTER for _ in range(2))
    pad += room * CHARACTER
    rise = min(rise, 0.35 * CHARACTER)
    between = (rng.uniform(0.12, 0.5) if rng.random() < 0.75 else rng.uniform(0.5, 1.3)) * CHARACTER
    inner_width = max(strip.shape[1] for strip, _ in strips) + 2 * pad
    height = len(strips) * CHARACTER + 2 * rise + (between if two else 0)
    band = rng.uniform(0.08, 0.105) * 5.0 * CHARACTER if plate.sign else 0.0
    width = inner_width + band * (2 if plate.band_right else 1)
    art = (backdrop or _surroundings)(round(width) + 2 * margin, round(height) + 2 * margin, rng)
    ground = _luminance(plate.ground, rng)
    ink = _luminance(plate.ink, rng)
    x0, y0, x1, y1 = margin, margin, margin + round(width), margin + round(height)
    _frame(art, (x0, y0, x1, y1), rng)
    art[y0:y1, x0:x1] = ground
    if rng.random() < 0.4:
        cv2.rectangle(art, (x0 + 1, y0 + 1), (x1 - 2, y1 - 2), ink, int(rng.integers(1, 3)))
    sign = None
    for is_right, wanted in ((False, bool(plate.sign)), (True, plate.band_right)):
        if wanted:
            half = two and rng.random() < 0.5
            box = x1 - round(band) if is_right else x0, y0, round(band), (y1 - y0) // 2 if half else y1 - y0
            letters = _band(art, box, plate.sign, look, rng, is_right)
            sign = sign if is_right else letters
    lines, y = [], y0 + rise
    for said, (strip, ends) in zip(plate.lines, strips, strict=True):
        free = inner_width - 2 * pad - strip.shape[1]
        x = x0 + band + pad + free * (rng.uniform(0.3, 0.7) if two else 0.5)
        _paint(art, _bent(strip, rng) if rng.random() < 0.6 else strip, round(x), round(y), ground, ink, rng)
        lines.append(TextLine(compact(said), x + ends[0], x + ends[1], y, y + CHARACTER))
        y += CHARACTER + between
    _screws(art, (x0, y0, x1, y1), rng)
    return Drawn(art, (x0, y0, x1, y1), tuple(lines), sign)


def _bent(strip: Art, rng: np.random.Generator) -> Art:
    """A copy of the line whose strokes are shifted a little, as they differ between typefaces."""
    height, width = strip.shape
    knots = 4, max(4, round(width / (0.3 * CHARACTER)))
    by = 0.05 * CHARACTER * float(rng.random()) ** 1.5
    moved = (rng.standard_normal((2, *knots), np.float32) * by).clip(-2 * by, 2 * by)
    dx, dy = (cv2.resize(one, (width, height), interpolation=cv2.INTER_CUBIC) for one in moved)
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return np.asarray(cv2.remap(strip, x + dx, y + dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT), np.float32)


def _paint(art: Art, strip: Art, x: int, y: int, ground: float, ink: float, rng: np.random.Generator) -> None:
    part = art[y : y + CHARACTER, x : x + strip.shape[1]]
    strip = strip[: part.shape[0], : part.shape[1]]
    part += strip * (ink - ground)
    if rng.random() < 0.4:  # embossed: light from one side
        shifted = np.roll(strip, (int(rng.integers(-1, 2)), int(rng.integers(-2, 3))), (0, 1))
        part += (shifted - strip) * rng.uniform(-35, 35)


def _band(
    art: Art, box: tuple[int, int, int, int], sign: str, look: LineLook, rng: np.random.Generator, is_right: bool
) -> TextLine:
    """Draw the band with its ring of stars and the country letters; is_right: the region's band at the right end.

    The band is blue, or any shade of grey as an infrared camera shows it. Returns the letters and their bounds.
    """
    x, y, width, height = box
    ground, light = float(rng.uniform(30, 125)), float(rng.uniform(150, 250))
    if look.rich and rng.random() < 0.15:  # as infrared may show it, or a sticker
        ground, light = (float(rng.uniform(110, 235)), float(rng.uniform(10, 90)))
    art[y : y + height, x : x + width] = ground
    centre = (x + width // 2, y + round(height * 0.3))
    if is_right:
        cv2.rectangle(art, (x + 3, centre[1] - 7), (x + width - 4, centre[1] + 7), float(rng.uniform(0, 255)), -1)
    elif rng.random() < 0.85:
        for angle in range(0, 360, 30):
            dx, dy = 0.3 * width * np.cos(np.radians(angle)), 0.3 * width * np.sin(np.radians(angle))
            cv2.circle(art, (round(centre[0] + dx), round(centre[1] + dy)), 1, light, -1, cv2.LINE_AA)
    said = f"{rng.integers(100):02d}" if is_right else sign
    size = round(min(0.3 * height, 0.32 * CHARACTER * rng.uniform(0.8, 1.8 if look.rich else 1.2)))
    breadth = max(3, min(round(size * rng.uniform(0.5, 0.8)), (width - 2) // len(said)))
    letters = np.hstack([cv2.resize(look.glyph(c), (breadth, size), interpolation=cv2.INTER_AREA) for c in said])
    letters = letters.astype(np.float32) / 255
    top, left = y + round(height * rng.uniform(0.56, 0.66)), x + max(0, (width - letters.shape[1]) // 2)
    part = art[top : top + size, left : left + letters.shape[1]]
    part += letters[: part.shape[0], : part.shape[1]] * (light - ground)
    return TextLine(said, x, x + width, top, top + size)


def _frame(art: Art, box: tuple[int, int, int, int], rng: np.random.Generator) -> None:
    """Draw the plate holder, often with a dealer's name above or below the plate. Changes art in place."""
    x0, y0, x1, y1 = box
    if rng.random() < 0.4:
        return
    rim, shade = int(rng.integers(2, 8)), float(rng.choice([25, 40, 60, 200]))
    below, above = (round(rng.uniform(0, 0.45) * CHARACTER) if rng.random() < share else 0 for share in (0.6, 0.15))
    cv2.rectangle(art, (x0 - rim, y0 - rim - above), (x1 + rim, y1 + rim + below), shade, -1)
    for room, base in ((below, y1 + rim + below - 3), (above, y0 - rim - 3)):
        if room > 6:
            word = _WORDS[int(rng.integers(len(_WORDS)))]
            at = (int(rng.integers(x0, x0 + max(1, (x1 - x0) // 2))), base)
            strip = art[base - room : base + 3].astype(np.uint8)
            cv2.putText(
                strip, word, (at[0], room), _FONTS[int(rng.integers(3))], room / 32, 255.0 - shade, 1, cv2.LINE_AA
            )
            art[base - room : base + 3] = strip


def _screws(art: Art, box: tuple[int, int, int, int], rng: np.random.Generator) -> None:
    x0, y0, x1, y1 = box
    for _ in range(int(rng.integers(0, 3)) if rng.random() < 0.4 else 0):
        at = (int(rng.integers(x0 + 4, x1 - 4)), int(rng.integers(y0 + 3, y1 - 3)))
        cv2.circle(art, at, int(rng.integers(2, 5)), float(rng.uniform(20, 220)), -1, cv2.LINE_AA)


def _surroundings(width: int, height: int, rng: np.random.Generator) -> Art:
    """A background like a bumper: a few shades of grey and some edges."""
    coarse = rng.uniform(10, 230) + rng.normal(0, rng.uniform(2, 40), (4, 6))
    art = cv2.resize(
        coarse.astype(np.float32),
        (width, height),
        interpolation=cv2.INTER_CUBIC if rng.random() < 0.5 else cv2.INTER_NEAREST,
    )
    return np.clip(np.asarray(art, np.float32), 0, 255)


def _luminance(colour: Colour, rng: np.random.Generator) -> float:
    red, green, blue = colour
    if rng.random() < 0.12:  # seen in infrared: red and yellow are bright
        return float(np.clip(0.55 * red + 0.35 * green + 0.1 * blue + rng.normal(0, 10), 0, 255))
    return float(np.clip(0.299 * red + 0.587 * green + 0.114 * blue + rng.normal(0, 12), 0, 255))
