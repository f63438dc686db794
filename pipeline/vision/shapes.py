"""How often plates of Europe have which shape (L letter, D digit), as weak evidence for what a picture says.

Source: each state's current and still common earlier series (Wikipedia, "Vehicle registration plates of Europe" and the article of
each country, read 2025); weights are registered cars in millions (Eurostat road_eqs_carhab and national figures, 2023), shared
evenly among a country's shapes. Only ratios of shapes matter, and only to choose between texts that the picture allows: no text is
rejected, and a personalised plate that is clearly seen is read as it stands.

>>> log_weight("RK828AG") > log_weight("RK8828AG") > log_weight("SRK828AG")
True
"""

import math
import re
from collections import defaultdict
from functools import lru_cache
from itertools import product

from pipeline.plates.grammar import shape_of

_ANY = 0.15  # millions, for a text of 4 to 8 characters with letters and digits that follows no series
_ODD = 0.05  # letters alone: personalised plates
_RARE = 0.003  # nothing of the kind
_COMMON = 0.5

# (cars in millions, shapes; X{1,3} stands for one to three of them)
_SERIES = (
    (0.6, "LLDDDLL"), (0.2, "LLDDDL"),  # AL, AD
    (5.2, "L{1,2}D{3,4}L{1,2} L{1,2}DDDDDL L{1,2}DDLLL"),  # AT
    (1.0, "LDDLDDD"),  # BA
    (5.4, "DLLLDDD"), (0.6, "LLLDDD"), (0.3, "DDDLLL LLLLDDD"),  # BE
    (2.9, "L{1,2}DDDDLL"),  # BG
    (1.9, "LLDDD{0,1}LL LLDDDD{0,1}L"),  # HR
    (0.6, "LLLDDD"),  # CY
    (4.7, "DLDDDDD"), (0.8, "DLLDDDD"), (0.9, "LLLDDDD"),  # CZ
    (2.8, "LLDDDDD"),  # DK
    (0.8, "DDDLLL DDLLL"),  # EE
    (3.2, "LLLDDD"),  # FI
    (35.0, "LLDDDLL"), (4.0, "D{2,4}L{2,3}DD"), (0.1, "DDDL{2,3}DDD"),  # FR
    (49.0, "L{2,5}DDD{0,1} L{2,4}DDDD"), (2.0, "L{2,4}D{2,3}L"),  # DE
    (35.0, "LLDDLLL"), (2.0, "LD{1,3}LLL LLLD{1,3}L"), (0.5, "L{1,3}D{1,4} D{1,4}L{1,3}"),  # GB
    (5.7, "LLLDDDD"),  # GR
    (4.0, "LLLDDD"), (0.6, "LLLLDDD"),  # HU
    (2.3, "DDD{0,1}L{1,2}D{3,5}"),  # IE
    (0.3, "LLDDD LLLDD"),  # IS
    (40.0, "LLDDDLL"),  # IT
    (0.7, "LLD{2,4}"),  # LV
    (1.6, "LLLDDD"),  # LT
    (0.45, "LLDDDD"), (0.05, "DDDDD DDDD"),  # LU
    (0.9, "LLLDDD"), (0.2, "LLLLDDD"), (0.5, "LLDDDDLL"),  # MD, ME, MK
    (0.3, "LLLDDD"),  # MT
    (3.5, "LLDDDL"), (2.0, "DDLLLD"), (1.5, "DLLLDD"), (1.0, "LDDDLL"), (0.5, "LLDDDD DDLLDD LLDDLL DDLLLL LLLLDD LLLDDL"),  # NL
    (2.9, "LLDDDDD"),  # NO
    (20.0, "LL{1,2}DDDDD LL{1,2}DDDDL LL{1,2}DDDLL LLLDDDD LLLLDDD LLLDDLD LLLDLDD LLDDDDDD"), (2.0, "LDLLLL{0,1} LDDDDD"),  # PL
    (5.6, "DDLLDD LLDDLL DDDDLL LLDDDD"),  # PT
    (7.5, "LLDDLLL LDDLLL LDDDLLL"),  # RO
    (2.3, "LLDDDD{0,1}LL"),  # RS
    (2.5, "LLDDDLL"), (0.2, "LLLLLDD LLLLDDD"),  # SK
    (1.2, "LLLLDDD LLDDDLL LLDDLLL LLLLLDD LLLDDDL"),  # SI
    (22.0, "DDDDLLL"), (3.0, "L{1,2}DDDDL{1,2}"),  # ES
    (4.0, "LLLDDD"), (1.0, "LLLDDL"),  # SE
    (4.8, "LLD{3,6}"),  # CH
    (14.0, "DDL{1,3}DDD{0,1} DDLLLDDD DDLLDDDD{0,1}"),  # TR
    (10.0, "LLDDDDLL"),  # UA
)  # fmt: skip
_REPEAT = re.compile(r"([LD])(?:\{(\d),(\d)\})?")


def log_weight(text: str) -> float:
    """Natural logarithm of how common plates of this text's shape are (millions of cars, never zero)."""
    return _log_weight_of_shape(shape_of(text))


def is_common(text: str) -> bool:
    """Whether at least half a million cars bear plates of this text's shape."""
    return _WEIGHTS.get(shape_of(text), 0.0) >= _COMMON


@lru_cache(maxsize=4096)
def _log_weight_of_shape(shape: str) -> float:
    if shape in _WEIGHTS:
        return math.log(_WEIGHTS[shape] + _ANY)
    if not 4 <= len(shape) <= 8:
        return math.log(_RARE)
    return math.log(_ANY if "D" in shape and "L" in shape else _ODD)


def _weights() -> dict[str, float]:
    weights: defaultdict[str, float] = defaultdict(float)
    for millions, patterns in _SERIES:
        shapes = {shape for pattern in patterns.split() for shape in _expanded(pattern)}
        for shape in shapes:
            weights[shape] += millions / len(shapes)
    return dict(weights)


def _expanded(pattern: str) -> list[str]:
    choices = []
    for letter, least, most in _REPEAT.findall(pattern):
        choices.append([letter * times for times in range(int(least or 1), int(most or 1) + 1)])
    return ["".join(parts) for parts in product(*choices)]


_WEIGHTS = _weights()
