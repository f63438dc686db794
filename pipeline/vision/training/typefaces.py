"""Typefaces for drawn plates: freely licensed fonts in several weights, and an own alphabet of strokes; each glyph as a picture.

`fonts/package.json` names the fonts (SIL Open Font License, from Fontsource); `fetch` brings them with npm. Plates of Europe have
some forty typefaces; what the reader learns from many others carries over to those that it never saw.
"""

import shutil
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from pipeline.errors import Misconfigured
from pipeline.vision.ctc import ALPHABET
from pipeline.vision.training.strokes import STYLES, draw_strokes

Glyph = NDArray[np.uint8]
"""(72, w) uint8: 255 where there is ink. The character's height fills it; copies are made by whoever changes one."""

HEIGHT = 72
_WEIGHTS = ("400", "500", "600", "700")
_SIZE = 160  # points that outlines are drawn at


@dataclass(frozen=True, slots=True)
class Typeface:
    """Glyphs of letters and digits."""

    name: str
    glyphs: dict[str, Glyph]


def fetch(folder: Path) -> None:
    """Bring the fonts into folder (some 100 MB) with npm, at the versions of the lock file. Raises Misconfigured without npm."""
    npm = shutil.which("npm")
    if npm is None:
        raise Misconfigured("npm", found=None, allowed="installed: it brings the fonts that the plates are drawn with")
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(Path(__file__).with_name("fonts") / name, folder / name)
    subprocess.run([npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=folder, check=True)


def typefaces_in(folder: Path) -> list[Typeface]:
    """Every typeface of a folder that fetch filled, and the own ones; in a fixed order."""
    files = sorted(
        file
        for file in folder.glob("node_modules/@fontsource/*/files/*-latin-*-normal.woff")
        if "-latin-ext-" not in file.name and file.name.removesuffix("-normal.woff").rsplit("-", 1)[1] in _WEIGHTS
    )
    return [*(typeface_of(file) for file in files), *own_typefaces()]


@lru_cache(maxsize=1)
def own_typefaces() -> tuple[Typeface, ...]:
    """The alphabets of strokes: they need no file."""
    return tuple(
        Typeface(f"strokes-{number}", {c: _trimmed(draw_strokes(c, style)) for c in ALPHABET})
        for number, style in enumerate(STYLES)
    )


def typeface_of(file: Path) -> Typeface:
    """A font file's letters and digits as pictures."""
    font = ImageFont.truetype(str(file), _SIZE)
    return Typeface(file.stem, {c: _trimmed(_drawn(c, font)) for c in ALPHABET})


def _drawn(character: str, font: ImageFont.FreeTypeFont) -> Glyph:
    sheet = Image.new("L", (3 * _SIZE, 2 * _SIZE))
    ImageDraw.Draw(sheet).text((_SIZE // 2, _SIZE // 4), character, fill=255, font=font)
    return np.asarray(sheet, np.uint8)


def _trimmed(sheet: Glyph) -> Glyph:
    """The glyph alone, scaled to the common height; a narrow one (I, 1) keeps its proportions."""
    rows, columns = np.flatnonzero(sheet.max(axis=1) > 64), np.flatnonzero(sheet.max(axis=0) > 64)
    part = sheet[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    width = max(6, round(part.shape[1] * HEIGHT / part.shape[0]))
    return np.asarray(cv2.resize(part, (width, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)
