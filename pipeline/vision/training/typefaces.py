"""Typefaces for drawn plates, each glyph as a picture: freely licensed fonts in several weights, and alphabets drawn from
strokes.

`fonts/package.json` names the fonts (SIL Open Font License, from Fontsource); `fetch` downloads them with npm. Plates of
Europe use some forty typefaces; a reader trained on many others also reads those that it never saw.
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
    """One typeface: a picture of each letter and digit."""

    name: str
    glyphs: dict[str, Glyph]


def fetch(folder: Path) -> None:
    """Download the fonts into folder (some 100 MB) with npm, in the versions of the lock file. Raises Misconfigured when npm
    is missing, CalledProcessError when it fails."""
    npm = shutil.which("npm")
    if npm is None:
        raise Misconfigured("npm", found=None, allowed="installed: it brings the fonts that the plates are drawn with")
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(Path(__file__).with_name("fonts") / name, folder / name)
    subprocess.run([npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=folder, check=True)


def typefaces_in(folder: Path) -> list[Typeface]:
    """All typefaces of a folder that fetch filled, then those drawn from strokes, always in the same order."""
    files = sorted(
        file
        for file in folder.glob("node_modules/@fontsource/*/files/*-latin-*-normal.woff")
        if "-latin-ext-" not in file.name and file.name.removesuffix("-normal.woff").rsplit("-", 1)[1] in _WEIGHTS
    )
    return [*(typeface_of(file) for file in files), *own_typefaces()]


@lru_cache(maxsize=1)
def own_typefaces() -> tuple[Typeface, ...]:
    """The typefaces drawn from strokes, which need no file."""
    return tuple(
        Typeface(f"strokes-{number}", {c: _trimmed(draw_strokes(c, style)) for c in ALPHABET})
        for number, style in enumerate(STYLES)
    )


def typeface_of(file: Path) -> Typeface:
    """Draw a font file's letters and digits as pictures."""
    font = ImageFont.truetype(str(file), _SIZE)
    return Typeface(file.stem, {c: _trimmed(_drawn(c, font)) for c in ALPHABET})


def _drawn(character: str, font: ImageFont.FreeTypeFont) -> Glyph:
    sheet = Image.new("L", (3 * _SIZE, 2 * _SIZE))
    ImageDraw.Draw(sheet).text((_SIZE // 2, _SIZE // 4), character, fill=255, font=font)
    return np.asarray(sheet, np.uint8)


def _trimmed(sheet: Glyph) -> Glyph:
    """The glyph without its margin, scaled to HEIGHT; a narrow one (I, 1) keeps its proportions."""
    rows, columns = np.flatnonzero(sheet.max(axis=1) > 64), np.flatnonzero(sheet.max(axis=0) > 64)
    part = sheet[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    width = max(6, round(part.shape[1] * HEIGHT / part.shape[0]))
    return np.asarray(cv2.resize(part, (width, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)
