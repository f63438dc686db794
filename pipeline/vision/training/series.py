"""What plates of Europe say: patterns by country, how often each is drawn, and how the plate is dressed.

In a pattern `9` is a digit, `A` a letter of the country's set, `D` a German district, `F` a French department, `"X"` the letter X
itself; of the marks, ` ` is a gap, `-` and `.` are painted, `*` is a crest, `%` a pair of seals, `|` begins the second line.
Patterns and letter sets are those of the sources named in `pipeline/plates` and `pipeline/vision/shapes`. Weights are for learning
every country's looks, not for how many cars there are.
"""

from dataclasses import dataclass

import numpy as np

from pipeline.vision.ctc import ALPHABET

LETTERS = ALPHABET[10:]
_NO_IO = LETTERS.replace("I", "").replace("O", "")
_NO_IOQU = LETTERS.translate(str.maketrans("", "", "IOQU"))
Colour = tuple[int, int, int]  # red, green, blue
WHITE, YELLOW, BLACK, RED = (235, 235, 232), (240, 185, 20), (20, 20, 22), (160, 25, 45)
GREEN, BLUE, ORANGE = (20, 110, 60), (20, 60, 150), (235, 130, 30)


@dataclass(frozen=True, slots=True)
class Issue:
    """The plates that one country issues, and how they are drawn.

    weight: how often they are drawn. patterns: (share, pattern). letters: those that `A` in a pattern may be. dress: (share,
    ground colour, ink colour). sign: the letters on the blue band, "" for no band.
    """

    country: str
    weight: float
    patterns: tuple[tuple[float, str], ...]
    letters: str = LETTERS
    dress: tuple[tuple[float, Colour, Colour], ...] = ((1.0, WHITE, BLACK),)
    sign: str = ""
    band_right: float = 0.0  # how often a second band stands at the right


@dataclass(frozen=True, slots=True)
class Plate:
    """One plate that is to be drawn. lines: what each line shows, top to bottom: characters, and the marks of patterns (see
    the module). sign: the letters on the blue band, "" for no band. band_right: whether there is a second band at the
    right."""

    country: str
    lines: tuple[str, ...]
    ground: Colour
    ink: Colour
    sign: str
    band_right: bool

    @property
    def text(self) -> str:
        """The plate's text in compact form: what a correct reader returns."""
        return compact("".join(self.lines))


def compact(line: str) -> str:
    """The digits and capital letters (A to Z) of the line, without all its other characters.

    >>> compact("M%AB 123")
    'MAB123'
    """
    return "".join(c for c in line if c in ALPHABET)


def _p(*patterns: str | tuple[float, str]) -> tuple[tuple[float, str], ...]:
    return tuple(p if isinstance(p, tuple) else (1.0, p) for p in patterns)


_YELLOW_PLATE = ((1.0, YELLOW, BLACK),)
ISSUES = (
    Issue("BE", 14, _p((9, "9-AAA-999"), (3, "9*AAA-999"), (2, "AAA-999"), (2, "999-AAA"), (1, '9-"T"XA-999'), (1, '9-"O"AA-999'), (1, '9-"Q"AA-999'),
        (1, '9-"Z"AA-999'), (1, '9-"M"AA-999'), (.5, '"M"-AAA-999'), (.5, '"Q"-AAA-999'), (.5, '"CD"-AA999'), (.3, '"O"-AAA-999'), (.3, '"T"-AAA-999'),
        (2, "9-AAA|999"), (1, "AAA|999"), (.5, "9AA|A999"), (.5, '"S"-AAA|999')),
        dress=((8, WHITE, RED), (1, YELLOW, BLACK), (.7, BLUE, WHITE), (.7, WHITE, GREEN), (.5, WHITE, BLACK)), sign="B"),
    Issue("FR", 9, _p((7, "AA-999-AA"), (2, "9999 AA FF"), (2, "999 AAA FF"), (1, "999 AA FF"), (.7, '999 AAA "97"9'), (.3, '999 AA "2A"'), (.3, '999 AA "2B"'), (1, "AA-999|AA"), (1, "999 AA|FF"), (.3, "999 A FF")),
        letters=_NO_IOQU + "Q", dress=((5, WHITE, BLACK), (1, YELLOW, BLACK)), sign="F", band_right=.5),
    Issue("NL", 9, _p((1, "99-AA-99"), (3, "99-AAA-9"), (2, "9-AAA-99"), (2, "AA-999-A"), (2, "A-999-AA"), (1, "99-AA-AA"), (1, "AA-AA-99"), (1, "AA-99-AA"),
        (1, "AA-99-99"), (1, "AAA-99-A"), (.6, '"CD" 99-99'), (1, "99-AA|99"), (1, "AA-|99-AA"), (1, "99-|AAA-9"), (1, "AA|AA-99"), (1, "AA-99|AA")),
        letters="BDFGHJKLMNPRSTVXYZ", dress=((7, YELLOW, BLACK), (.4, BLUE, WHITE), (.4, ORANGE, BLACK), (.4, WHITE, BLACK)), sign="NL"),
    Issue("DE", 16, _p((4, "D%AA 9999"), (4, "D%AA 999"), (2, "D%A 9999"), (2, "D%AA 99"), (1, "D%A 999"), (1, "D%A 99"), (.7, 'D%AA 99"H"'), (.7, 'D%A 999"E"'),
        (.6, "D-9999"), (.6, "D%999"), (.6, "D-99999"), (1, "D-AA 999"), (.5, "D-A 9999"), (3, "D%|AA 999"), (1, "D%|A 99"), (1, "D%|AA 99")), sign="D"),
    Issue("LU", 4, _p((5, "AA 9999"), (1, "99999"), (1, "9999"), (.5, "AA|9999")), letters=_NO_IO, dress=_YELLOW_PLATE, sign="L"),
    Issue("GB", 9, _p((8, "AA99 AAA"), (2, "A999 AAA"), (1, "A99 AAA"), (.6, "A9 AAA"), (1, "AAA 999A"), (.6, "AAA 9"), (.6, "999 AAA"), (.4, "9 AAA"), (.4, "AAA 99A"),
        (1, "AA99|AAA"), (1, "A999|AAA"), (.5, "AAA|99A")), letters=_NO_IO + "O", dress=((1, WHITE, BLACK), (1, YELLOW, BLACK), (.15, BLACK, WHITE)), sign="GB"),
    Issue("AT", 4, _p((3, "AA*999AA"), (2, '"W"*99999A'), (2, "AA*99AAA"), (1, "A*999AA"), (1, "AA*9AAA"), (1, "A-9999A"), (1, "AA*|999AA"), (1, "A*|9999A")), sign="A"),
    Issue("IT", 4, _p((6, "AA*999AA"), (3, "AA 999AA"), (1, "A 99999A"), (1, "AA 999999"), (1, "AA*|99999"), (1, "AA|999AA")), letters=_NO_IOQU, sign="I", band_right=.6),
    Issue("ES", 3, _p((6, "9999 AAA"), (2, "A 9999 AA"), (1, "AA 9999 A"), (1, "9999|AAA")), letters="BCDFGHJKLMNPRSTVWXYZ", sign="E"),
    Issue("PT", 2, _p("99-99-AA", "AA-99-99", "99-AA-99", "AA 99 AA", "99-AA|99"), sign="P", band_right=.4),
    Issue("IE", 2, _p((2, "99-A-9999"), (2, "999-A-99999"), (1, "99-AA-999"), (1, "99-A-99999"), (1, "99-AA-9999")), letters="CDEGHKLMNORSTWXY", sign="IRL"),
    Issue("PL", 5, _p((3, "AA 99999"), (3, "AAA 99AA"), (2, "AA 9999A"), (2, "AAA A999"), (1, "AAA 9A99"), (1, "AAA 99999"), (1, "AAA 9999"), (1, "A9 AAAA"),
        (1, "AAA|99AA"), (1, "AA|9999A"), (1, "AA|99999")), sign="PL"),
    Issue("CZ", 3, _p((4, "9A9 9999"), (1, "9AA 9999"), (1, "AA 99-99"), (1, "AAA 99-99"), (1, "9A9|9999")), sign="CZ"),
    Issue("SK", 3, _p((5, "AA*999AA"), (1, "AA-999AA"), (1, "AA*|999AA")), sign="SK"),
    Issue("SI", 4, _p((2, "AA*99-AAA"), (2, "AA*AA-999"), (1, "AA*A9-99A"), (1, "AA AA-999"), (1, "AA*999-AA"), (.6, "AA*|AA-999")), sign="SLO"),
    Issue("HR", 3, _p((3, "AA*999-AA"), (3, "AA*9999-AA"), (1, "AA*999-A"), (.6, "AA*|999-AA")), sign="HR"),
    Issue("HU", 2, _p((3, "AAA-999"), (1, "AAA*999"), (1, "AA AA-999"), (.5, "AAA|999")), sign="H"),
    Issue("RO", 2, _p((3, "AA 99 AAA"), (1, '"B" 99 AAA'), (1, '"B" 999 AAA'), (1, "AA*99 AAA"), (.5, "AA 99|AAA")), sign="RO"),
    Issue("BG", 2.5, _p((3, "A 9999 AA"), (3, "AA 9999 AA"), (1, "AA|9999AA")), letters="ABEKMHOPCTYX", sign="BG"),
    Issue("GR", 3, _p((3, "AAA-9999"), (1, "AAA 9999"), (1, "AAA*9999"), (.6, "AAA|9999")), letters="ABEZHIKMNOPTYX", sign="GR"),
    Issue("SE", 3, _p((3, "AAA 999"), (2, "AAA*999"), (1, "AAA 99A"), (1, "AAA|999")), letters=LETTERS.translate(str.maketrans("", "", "IQV")), sign="S"),
    Issue("DK", 2, _p((5, "AA 99 999"), (1, "AA 99|999"), (1, "AA|99 999")), sign="DK"),
    Issue("FI", 1.5, _p((5, "AAA-999"), (1, "AAA|999")), sign="FIN"),
    Issue("NO", 2, _p((4, "AA 99999"), (1, "AA|9999"), (1, "AA|99999")), dress=((4, WHITE, BLACK), (1, GREEN, WHITE)), sign="N"),
    Issue("EE", 2, _p((4, "999 AAA"), (1, "99 AAA"), (.5, "999|AAA")), sign="EST"),
    Issue("LV", 2, _p((4, "AA-9999"), (1, "AA-999"), (1, "AA-99"), (.5, "AA|9999")), sign="LV"),
    Issue("LT", 1.5, _p((3, "AAA*999"), (2, "AAA 999"), (.5, "AAA|999")), sign="LT"),
    Issue("CY", 1, _p("AAA 999"), dress=((1, WHITE, BLACK), (1, YELLOW, BLACK)), sign="CY"),
    Issue("MT", 1, _p("AAA 999", "AAA*999"), sign="M"),
    Issue("CH", 2, _p((3, "AA*99999"), (3, "AA*999999"), (1, "AA*9999"), (2, "AA*|99999"), (2, "AA|999999"))),
    Issue("TR", 2, _p("99 AA 9999", "99 AAA 99", "99 A 9999", "99 AA 999", "99 AAA 999"), sign="TR"),
    Issue("UA", 1, _p("AA 9999 AA"), letters="ABEIKMHOPCTX", sign="UA"),
    Issue("IS", 1, _p("AA*999", "AA A99", "AA|A99", "AA|999"), dress=((1, WHITE, BLUE),)),
    Issue("RS", 2, _p("AA*999-AA", "AA*9999-AA", "AAA-AA 99", "A99-A-999", "AA A99"), sign="SRB"),
    Issue("AL", 1, _p("AA 999 AA"), sign="AL", band_right=.8),
)  # fmt: skip
_DISTRICTS = (1.0, 1.6, 1.6)  # how often German districts have one, two, three letters
_FREE_SHARE = 0.15  # texts that follow no series, so that what stands there is read and not what usually does
_UP_TO = np.cumsum([issue.weight for issue in ISSUES])  # each issue's share of all ends here


def any_plate(rng: np.random.Generator) -> Plate:
    """A plate of a random country. The same rng state gives the same plate."""
    return plate_of(ISSUES[int(np.searchsorted(_UP_TO, rng.random() * _UP_TO[-1], side="right"))], rng)


def plate_of(issue: Issue, rng: np.random.Generator) -> Plate:
    """A random plate of this issue; some have a random text instead of one that fits the issue's patterns."""
    pattern = _pick([weight for weight, _ in issue.patterns], rng)
    text = _free(rng) if rng.random() < _FREE_SHARE else _filled(issue.patterns[pattern][1], issue.letters, rng)
    _, ground, ink = issue.dress[_pick([weight for weight, *_ in issue.dress], rng)]
    has_band = bool(issue.sign) and rng.random() < 0.8
    return Plate(
        issue.country,
        tuple(text.split("|")),
        ground,
        ink,
        issue.sign if has_band else "",
        has_band and bool(rng.random() < issue.band_right),
    )


def _pick(weights: list[float], rng: np.random.Generator) -> int:
    up_to = np.cumsum(weights)
    return int(np.searchsorted(up_to, rng.random() * up_to[-1], side="right"))


def _some(letters: str, count: int, rng: np.random.Generator) -> str:
    return "".join(letters[i] for i in rng.integers(len(letters), size=count))


def _filled(pattern: str, letters: str, rng: np.random.Generator) -> str:
    said, literal = "", False
    for mark in pattern:
        if mark == '"':
            literal = not literal
        elif literal:
            said += mark
        elif mark == "9":
            said += _some(ALPHABET[:10], 1, rng)
        elif mark == "A":
            said += _some(letters, 1, rng)
        elif mark == "D":
            said += _some(LETTERS, 1 + _pick(list(_DISTRICTS), rng), rng)
        elif mark == "F":
            said += _some(ALPHABET[:10], 2, rng)
        else:
            said += mark
    return said


def _free(rng: np.random.Generator) -> str:
    """Random characters of no country's pattern, in one to three groups, on one line or two."""
    groups = [_some(ALPHABET, int(rng.integers(1, 5)), rng) for _ in range(int(rng.integers(1, 4)))]
    text = groups[0]
    for group in groups[1:]:
        text += "||--  *%"[int(rng.integers(8))] + group if "|" not in text else "-  *"[int(rng.integers(4))] + group
    return text if len(compact(text)) > 2 else text + _some(ALPHABET, 3, rng)
