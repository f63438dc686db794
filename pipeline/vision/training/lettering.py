"""Draws text that is on no plate, in grey: on bodywork, road signs, boards and badges, and text that a camera writes into
its pictures. Some pictures have no text at all."""

import cv2
import numpy as np

from pipeline.vision.ctc import ALPHABET
from pipeline.vision.training.art import Drawn, TextLine
from pipeline.vision.training.backdrops import backdrop, border
from pipeline.vision.training.series import any_plate
from pipeline.vision.training.strips import CHARACTER, Art
from pipeline.vision.training.typefaces import HEIGHT, Typeface
from pipeline.vision.training.wear import Grey

_MARGIN = round(2.2 * CHARACTER)
_HERSHEY = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_PLAIN, cv2.FONT_HERSHEY_TRIPLEX)
_PLATES_MARGIN = 0.5  # heights of a character above a plate's text and below it, at most
_MARKS = {"-": 0.35, ".": 0.15, ":": 0.15, "/": 0.35, " ": 0.35}


def lettering(face: Typeface, rng: np.random.Generator) -> Drawn:
    """Draw text on something that is no plate; a quarter of the pictures has none, and then one line that is empty. The same
    rng state gives the same picture. The bounds are those of the sign or board, where there is none those of the text."""
    text = _text(rng)
    strip = _written(text, face, rng)
    kind = int(rng.integers(4))
    height, width = strip.shape
    if kind == 0:
        return _bare(strip, text, rng)
    if kind == 1:
        beside = rng.uniform(0.2, 1.8) * CHARACTER, 0.28 * 5.0 ** rng.random() * CHARACTER
        return _on_sign(strip, text, face, rng, beside)
    if kind == 2:  # a board that is larger than what is seen of it
        return _on_sign(strip, text, face, rng, (rng.uniform(1.5, 8) * CHARACTER, rng.uniform(1.0, 5) * CHARACTER))
    art = backdrop(width + 2 * _MARGIN, height + 2 * _MARGIN, rng)  # nothing that could be read at all
    box = (_MARGIN, _MARGIN, _MARGIN + width, _MARGIN + height)
    return Drawn(art, box, (TextLine("", *map(float, (box[0], box[2], box[1], box[3]))),))


def burnt_in(picture: Grey, rng: np.random.Generator) -> TextLine:
    """Write text into a finished picture as cameras do: a time, a camera's name or the like. Changes picture in place.
    Returns the text and its bounds."""
    size = float(rng.uniform(12, max(13.0, min(40.0, picture.shape[0] / 4.2))))
    text = _text(rng)
    font = _HERSHEY[int(rng.integers(len(_HERSHEY)))]
    scale = size / 21.0 if font != cv2.FONT_HERSHEY_PLAIN else size / 11.0
    thick = max(1, round(size * rng.uniform(0.05, 0.16)))
    (width, height), _ = cv2.getTextSize(text, font, scale, thick)
    x = int(rng.integers(1, max(2, picture.shape[1] - width)))
    y = int(rng.integers(height + 1, max(height + 2, picture.shape[0] - 2)))
    ink = float(rng.choice([255.0, 0.0, rng.uniform(150, 255)]))
    style = rng.random()
    if style < 0.35:  # on a bar of one shade
        grow, along = int(rng.uniform(0.1, 0.7) * height), int(rng.choice([0.3, 3, 20]) * height)
        shade = 255.0 - ink if rng.random() < 0.8 else float(rng.uniform(0, 255))
        cv2.rectangle(picture, (x - along, y - height - grow), (x + width + along, y + grow), shade, -1)
    elif style < 0.7:  # with an outline
        cv2.putText(picture, text, (x, y), font, scale, 255.0 - ink, thick + 2, cv2.LINE_AA)
    cv2.putText(picture, text, (x, y), font, scale, ink, thick, cv2.LINE_AA)
    if rng.random() < 0.5:  # a second line, above or below
        other = y + round(height * float(rng.choice([-1.7, 1.7])))
        cv2.putText(picture, _text(rng), (x, other), font, scale, ink, thick, cv2.LINE_AA)
    return TextLine(text, float(x), float(x + width), float(y - height), float(y))


def _text(rng: np.random.Generator) -> str:
    kind = int(rng.integers(5))
    if kind == 0:
        return "".join(c if c in ALPHABET else " " for c in " ".join(any_plate(rng).lines))
    if kind == 1:
        return f"{rng.integers(24):02d}:{rng.integers(60):02d}:{rng.integers(60):02d}"
    if kind == 2:
        return f"{rng.integers(1990, 2040)}-{rng.integers(1, 13):02d}-{rng.integers(1, 32):02d}"
    if kind == 3 and rng.random() < 0.4:  # a road, a distance, a number on a door
        return f"{ALPHABET[10 + int(rng.integers(26))]}{'' if rng.random() < 0.6 else ' '}{rng.integers(1, 1000)}"
    letters = "".join(ALPHABET[10 + i] for i in rng.integers(26, size=int(rng.integers(2, 9))))
    digits = str(int(rng.integers(1, 10 ** int(rng.integers(1, 7)))))
    return (f"{letters}{digits}", f"{letters} {digits}", letters, digits, f"{digits} {letters}")[int(rng.integers(5))]


def _written(text: str, face: Typeface, rng: np.random.Generator) -> Art:
    """A line of text as a strip, (CHARACTER, w): 0 where there is ground, 1 where there is ink."""
    breadth, spacing = rng.uniform(0.8, 1.25), rng.uniform(0.08, 0.3)
    parts = []
    for mark in text:
        if mark in face.glyphs:
            glyph = face.glyphs[mark]
            wide = max(3, round(glyph.shape[1] * CHARACTER / HEIGHT * breadth))
            parts.append(cv2.resize(glyph, (wide, CHARACTER), interpolation=cv2.INTER_AREA) / 255.0)
        else:
            blank = np.zeros((CHARACTER, round(_MARKS.get(mark, 0.3) * CHARACTER)))
            if mark in "-:.":
                blank[(15 if mark == "-" else 30) : (21 if mark == "-" else 37)] = 1.0
            parts.append(blank)
        parts.append(np.zeros((CHARACTER, round(spacing * CHARACTER))))
    return np.asarray(np.hstack(parts[:-1]), np.float32)


def _bare(strip: Art, text: str, rng: np.random.Generator) -> Drawn:
    """Draw the strip as text painted or stuck onto bodywork, a wall or a window."""
    height, width = strip.shape
    art = backdrop(width + 2 * _MARGIN, height + 2 * _MARGIN, rng)
    if rng.random() < 0.7:  # an even panel around it
        reach = int(rng.uniform(0.8, 2.2) * CHARACTER)
        x0, y0, x1, y1 = _MARGIN - reach, _MARGIN - reach, _MARGIN + width + reach, _MARGIN + height + reach
        panel = art[max(0, y0) : y1, max(0, x0) : x1]
        begin, end = (float(rng.uniform(0.8, 1.1)) for _ in range(2))
        panel[:] = float(rng.uniform(5, 245)) * np.linspace(begin, end, panel.shape[1], dtype=np.float32)
    part = art[_MARGIN : _MARGIN + height, _MARGIN : _MARGIN + width]
    part += strip * (_ink_on(float(part.mean()), rng) - part)
    if rng.random() < 0.3:  # letters with a shadow or of chrome
        part += np.roll(strip, (2, 1), (0, 1)) * float(rng.uniform(-60, 60)) * (1 - strip)
    box = (_MARGIN, _MARGIN, _MARGIN + width, _MARGIN + height)
    return Drawn(np.clip(art, 0, 255), box, (_line(text, box),))


def _on_sign(strip: Art, text: str, face: Typeface, rng: np.random.Generator, beside: tuple[float, float]) -> Drawn:
    """Draw the strip on a road sign or a board: plain ground, often wide margins, a border, poles, more lines, an arrow. beside:
    the margins (horizontal, vertical) in pixels."""
    height, width = strip.shape
    more = [int(rng.integers(0, 2)) for _ in range(2)] if rng.random() < 0.6 else [0, 0]
    pitch = round(rng.uniform(1.35, 2.0) * CHARACTER)
    over, under = round(beside[1] + more[0] * pitch), round(beside[1] + more[1] * pitch)
    left, right = (round(beside[0] * rng.uniform(0.7, 1.3)) for _ in range(2))
    plain = backdrop(width + left + right + 2 * _MARGIN, height + over + under + 2 * _MARGIN, rng)
    x0, y0 = _MARGIN, _MARGIN
    x1, y1 = x0 + left + width + right, y0 + over + height + under
    ground = float(rng.uniform(5, 250))
    ink = _ink_on(ground, rng)
    is_narrow = beside[1] < _PLATES_MARGIN * CHARACTER  # then something else tells it from a plate
    if is_narrow or rng.random() < 0.3:
        _poles(plain, (x0, y0, x1, y1), rng)
    cv2.rectangle(plain, (x0, y0), (x1, y1), ground, -1)
    if rng.random() < 0.7:
        border(plain, (x0, y0, x1, y1), (ground, ink), CHARACTER, rng)
    x, y = x0 + left, y0 + over
    _paint(plain, strip, x, y, ink)
    for number, has in zip((-1, 1), more, strict=True):
        if has:
            _paint(plain, _written(_text(rng), face, rng)[:, : x1 - x0 - 8], x0 + 6, y + number * pitch, ink)
    if rng.random() < 0.3 and right > CHARACTER:
        _arrow(plain, (x + width + right // 2, y + height // 2), ink, rng)
    box = (x, y, x + width, y + height)
    return Drawn(plain, (x0, y0, x1, y1), (_line(text, box),))


def _poles(art: Art, board: tuple[int, int, int, int], rng: np.random.Generator) -> None:
    """Draw what carries a sign or board: one pole or two, from above it or from its lower edge down."""
    x0, y0, x1, _ = board
    shade, wide = float(rng.uniform(20, 235)), max(2, round(rng.uniform(0.08, 0.4) * CHARACTER))
    top = 0 if rng.random() < 0.25 else y0
    shares = (0.5,) if rng.random() < 0.7 else (0.15, 0.85)
    for share in shares:
        at = round(x0 + (x1 - x0) * float(np.clip(share + rng.normal(0, 0.08), 0.05, 0.95)))
        cv2.line(art, (at, top), (at, art.shape[0]), shade, wide)


def _paint(art: Art, strip: Art, x: int, y: int, ink: float) -> None:
    part = art[max(y, 0) : y + strip.shape[0], x : x + strip.shape[1]]
    strip = strip[strip.shape[0] - part.shape[0] :, : part.shape[1]]
    part += strip * (ink - part)


def _arrow(art: Art, at: tuple[int, int], ink: float, rng: np.random.Generator) -> None:
    reach = round(0.4 * CHARACTER)
    turn = rng.uniform(0, 2 * np.pi)
    tip = round(at[0] + reach * np.cos(turn)), round(at[1] + reach * np.sin(turn))
    tail = round(at[0] - reach * np.cos(turn)), round(at[1] - reach * np.sin(turn))
    cv2.arrowedLine(art, tail, tip, ink, 5, cv2.LINE_AA, tipLength=0.5)


def _line(text: str, box: tuple[int, int, int, int]) -> TextLine:
    said = "".join(c for c in text if c in ALPHABET)
    return TextLine(said, float(box[0]), float(box[2]), float(box[1]), float(box[3]))


def _ink_on(ground: float, rng: np.random.Generator) -> float:
    """A shade of grey that contrasts with the ground."""
    far = rng.uniform(60, 200)
    return float(
        np.clip(ground - far if ground > 128 or (ground > 70 and rng.random() < 0.5) else ground + far, 0, 255)
    )
