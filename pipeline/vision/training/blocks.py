"""Makes the verifier's training pictures: blocks of text with their surroundings, on plates and elsewhere, complete and cut
off."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from pipeline.vision.ctc import ALPHABET
from pipeline.vision.own import levelled
from pipeline.vision.training.art import Drawn, TextLine, draw
from pipeline.vision.training.backdrops import backdrop, recess
from pipeline.vision.training.hiding import hidden, with_post_beside
from pipeline.vision.training.lettering import burnt_in, lettering
from pipeline.vision.training.series import Plate, any_plate
from pipeline.vision.training.strips import CHARACTER, Art
from pipeline.vision.training.typefaces import Typeface
from pipeline.vision.training.wear import Grey, Points, Shot, shoot
from pipeline.vision.verify import AROUND, HIGH, WIDE

_PLATE_SHARE = 0.6
_CUT_SHARE = 0.45  # of plates: one line of two, some characters left out, or something before one
_BURNT_IN = 0.25  # of what is no plate
_LETTERS_ONLY = 0.2  # of plates, which series do not have: personalised ones
_LIGHT_ON_DARK = 0.16  # of plates, beside those that are so anyway
# heights of a character beside short texts, most of them less; and beside so many of the others
_ROOM, _SHORT, _ROOMY = (3.0, 7, 0.3)
_AT_THE_EDGE = 0.15  # of plates cut off: the picture ends there
_HIDDEN = 0.4  # of plates cut off: something hides a character
_POST_BESIDE = 0.1  # of whole ones: something upright stands beside the plate
_MOUNTED, _RIMMED = 0.6, 0.35  # of plates: in a hollow of the bodywork or between its edges; with a rounded rim
_OWN_SHARE = 0.4
_MARGIN = round(1.9 * CHARACTER)


@dataclass(frozen=True, slots=True)
class Block:
    """One training picture, (HIGH, WIDE) uint8 grey, with its labels. is_plate: the text is on a plate; is_whole: all
    characters of that plate are shown (always False where is_plate is False)."""

    picture: Grey
    is_plate: bool
    is_whole: bool


def block(seed: int, number: int, faces: Sequence[Typeface]) -> Block:
    """Make picture `number` for training the verifier: grey, with two labels: whether its text is on a plate, and whether the
    whole plate is shown. The same seed, number and faces give the same picture. faces: the typefaces to draw from."""
    rng = np.random.default_rng((seed, number))
    own = [face for face in faces if face.name.startswith("strokes")]
    choice = own if rng.random() < _OWN_SHARE else faces
    face = choice[int(rng.integers(len(choice)))]
    if rng.random() < _PLATE_SHARE:
        return _of_plate(face, rng)
    if rng.random() < _BURNT_IN:
        return _burnt_in(face, rng)
    drawn = lettering(face, rng)
    shot = shoot(drawn, rng)
    return Block(_cut(shot.picture, shot.to_picture, drawn.lines, CHARACTER, rng), False, False)


def _of_plate(face: Typeface, rng: np.random.Generator) -> Block:
    plate = any_plate(rng)
    if rng.random() < _LETTERS_ONLY:
        plate = _personalised(plate, rng)
    if rng.random() < _LIGHT_ON_DARK:
        plate = replace(plate, ground=plate.ink, ink=plate.ground)
    room = _ROOM * float(rng.random()) ** 2 if len(plate.text) < _SHORT or rng.random() < _ROOMY else 0.0
    drawn = draw(plate, face, rng, rich=bool(rng.random() < 0.5), backdrop=_vehicle, margin=_MARGIN, room=room)
    if rng.random() < _RIMMED:
        _rim(drawn, rng)
    if rng.random() >= _CUT_SHARE:
        if rng.random() < _POST_BESIDE:
            drawn = with_post_beside(drawn, rng)
        shot = shoot(drawn, rng)
        return Block(_cut(shot.picture, shot.to_picture, drawn.lines, CHARACTER, rng), True, True)
    if rng.random() < _HIDDEN:
        drawn, lines = hidden(drawn, rng)
        shot = shoot(drawn, rng)
        return Block(_cut(shot.picture, shot.to_picture, lines, CHARACTER, rng), True, False)
    shot, lines = shoot(drawn, rng), _less(drawn.lines, rng)
    if rng.random() < _AT_THE_EDGE:
        shot = _ended(shot, lines)
    return Block(_cut(shot.picture, shot.to_picture, lines, CHARACTER, rng), True, False)


def _vehicle(width: int, height: int, rng: np.random.Generator) -> Art:
    """The surroundings of a plate that leaves _MARGIN on each side."""
    art = backdrop(width, height, rng)
    if rng.random() < _MOUNTED:
        recess(art, (_MARGIN, _MARGIN, width - _MARGIN, height - _MARGIN), CHARACTER, rng)
    return art


def _rim(drawn: Drawn, rng: np.random.Generator) -> None:
    """Draw a rim into the plate between its text and its edge, rounded at its corners."""
    x0, y0, x1, y1 = (round(side) for side in drawn.bounds)
    free = min(drawn.lines[0].top - y0, y1 - drawn.lines[-1].bottom)
    inset, thick = round(free * float(rng.uniform(0.1, 0.55))), max(1, round(free * float(rng.uniform(0.1, 0.3))))
    radius, shade = round(rng.uniform(0.05, 0.3) * CHARACTER), float(rng.uniform(0, 255))
    x0, y0, x1, y1 = x0 + inset, y0 + inset, x1 - inset, y1 - inset
    for left, top in ((x0, y0), (x1, y1)):
        cv2.line(drawn.art, (left, y0 + radius), (left, y1 - radius), shade, thick)
        cv2.line(drawn.art, (x0 + radius, top), (x1 - radius, top), shade, thick)
    corners = ((x0, y0, 180), (x1, y0, 270), (x1, y1, 0), (x0, y1, 90))
    for x, y, turned in corners:
        centre = x + (radius if x == x0 else -radius), y + (radius if y == y0 else -radius)
        cv2.ellipse(drawn.art, centre, (radius, radius), turned, 0, 90, shade, thick)


def _ended(shot: Shot, lines: Sequence[TextLine]) -> Shot:
    """The picture, cropped at one end of these lines: at the left if the plate goes on there, else at the right."""
    line = lines[0]
    middle = (line.top + line.bottom) / 2
    left, right = (round(float(x)) for x, _ in shot.seen([(line.left, middle), (line.right, middle)]))
    width = shot.picture.shape[1]
    if left > width - right:
        left = min(max(left, 0), width - 8)
        moved = np.array([[1, 0, -left], [0, 1, 0], [0, 0, 1.0]])
        return Shot(shot.picture[:, left:].copy(), moved @ shot.to_picture, shot.height)
    return Shot(shot.picture[:, : max(min(right, width), 8)].copy(), shot.to_picture, shot.height)


def _personalised(plate: Plate, rng: np.random.Generator) -> Plate:
    size = int(rng.integers(2, 9))
    only = ALPHABET[10:] if rng.random() < 0.7 else ALPHABET[:10]
    text = "".join(only[i] for i in rng.integers(len(only), size=size))
    return Plate(plate.country, (text,), plate.ground, plate.ink, plate.sign, plate.band_right)


def _less(lines: Sequence[TextLine], rng: np.random.Generator) -> tuple[TextLine, ...]:
    """The lines with something missing: one of two lines, or all lines but with some first or last characters left out of
    one."""
    line = lines[int(rng.integers(len(lines)))]
    if len(lines) == 2 and rng.random() < 0.7:
        return (line,)
    count = max(len(line.text), 2)
    gone = int(rng.integers(1, max(2, min(4, count - 1))))
    width = (line.right - line.left) / count * gone
    left, right = (line.left + width, line.right) if rng.random() < 0.5 else (line.left, line.right - width)
    cut = TextLine(line.text[gone:], left, right, line.top, line.bottom)
    return tuple(cut if one is line else one for one in lines)


def _burnt_in(face: Typeface, rng: np.random.Generator) -> Block:
    """A block of text that a camera writes into its pictures, over a scene that may show lettering or a plate."""
    under = draw(any_plate(rng), face, rng, backdrop=backdrop) if rng.random() < 0.3 else lettering(face, rng)
    picture = shoot(under, rng).picture
    least = int(rng.integers(60, 140))
    scale = max(1.0, least / picture.shape[0], 2.5 * least / picture.shape[1])
    grey = np.asarray(cv2.resize(picture, None, fx=scale, fy=scale), np.uint8).copy()
    line = burnt_in(grey, rng)
    if rng.random() < 0.7:
        _, encoded = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(40, 96))])
        grey = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE), np.uint8)
    return Block(_cut(grey, np.eye(3), (line,), line.bottom - line.top, rng), False, False)


def _cut(picture: Grey, to_picture: Points, lines: Sequence[TextLine], high: float, rng: np.random.Generator) -> Grey:
    """Cut the block around these lines out of the picture: from the first to the last character, plus AROUND on each side,
    with a small random error."""
    left, right = min(line.left for line in lines), max(line.right for line in lines)
    top, bottom = lines[0].top, lines[-1].bottom
    left, right = left + rng.normal(0, 0.1) * high, right + rng.normal(0, 0.1) * high
    top, bottom = top + rng.normal(0, 0.06) * high, bottom + rng.normal(0, 0.06) * high
    beside, above = AROUND[0] * high, AROUND[1] * high
    corners = np.array(
        [
            (left - beside, top - above, 1),
            (right + beside, top - above, 1),
            (right + beside, bottom + above, 1),
            (left - beside, bottom + above, 1.0),
        ]
    )
    seen = corners @ to_picture.T
    seen = seen[:, :2] / seen[:, 2:]
    seen = seen + rng.normal(0, 0.03, (4, 2)) * np.linalg.norm(seen[3] - seen[0])
    flat = np.array([(0, 0), (WIDE, 0), (WIDE, HIGH), (0, HIGH)], np.float32)
    turn = cv2.getPerspectiveTransform(seen.astype(np.float32), flat)
    small = max(float(np.linalg.norm(seen[3] - seen[0])) / HIGH, 1.0)
    if small > 1.5:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.35 * small), np.uint8)
    cut = cv2.warpPerspective(picture, turn, (WIDE, HIGH), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return levelled(np.asarray(cut, np.uint8))
