"""Describes what plates look like in each country besides their text, and how strongly a look points to a country.

Sources: Vienna Convention on Road Traffic, annex 3, and Council Regulation (EC) 2411/98 (the letters on the band); for
colours the national rules named in each country's module. Shares are orders of magnitude, ours; only their ratios matter.

>>> from pipeline.plates.looks import Looks, likelihood
>>> yellow = Looks(yellow=True)
>>> likelihood("NL", yellow) > 5 * likelihood("FR", yellow) > likelihood("DE", yellow)
True
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

# How often any letters are read where a band bears quite others, by how many they are.
_ASTRAY = MappingProxyType({1: 0.005, 2: 0.002, 3: 0.0005})


@dataclass(frozen=True)
class Looks:
    """What one picture shows of a plate besides its text; None where it cannot be told, as at night.

    signs: the letters that the band may show, each with the natural logarithm of its probability; empty where no band is
    seen.
    """

    yellow: bool | None = None  # the ground, rather than white
    red: bool | None = None  # the characters, rather than black
    signs: Mapping[str, float] = field(default_factory=dict)

    @cached_property
    def astray(self) -> float:
        """The likelihood of these signs if the band shows quite other letters."""
        return sum(_ASTRAY[len(letters)] * math.exp(likely) for letters, likely in self.signs.items())

    @cached_property
    def unread(self) -> float:
        """How likely the band shows none of the known letters, 0..1. It is squared, because what is left over is mostly a
        near miss of known letters."""
        return max(0.0, 1.0 - sum(map(math.exp, self.signs.values()))) ** 2


@dataclass(frozen=True, slots=True)
class _Dress:
    """The look of one country's plates: the letters on the band, and the shares of plates with yellow ground and with red
    characters."""

    sign: str
    yellow: float = 0.0
    red: float = 0.0


_DRESSES = MappingProxyType({
    "BE": _Dress("B", yellow=0.01, red=0.8), "FR": _Dress("F", yellow=0.1), "NL": _Dress("NL", yellow=0.95), "DE": _Dress("D"),
    "LU": _Dress("L", yellow=1.0), "GB": _Dress("GB", yellow=0.5), "AT": _Dress("A"), "CH": _Dress("CH"), "CZ": _Dress("CZ"),
    "DK": _Dress("DK", yellow=0.05), "ES": _Dress("E"), "IE": _Dress("IRL"), "IT": _Dress("I"), "PL": _Dress("PL"),
    "PT": _Dress("P", yellow=0.05), "RO": _Dress("RO"), "BG": _Dress("BG"), "CY": _Dress("CY", yellow=0.5), "EE": _Dress("EST"),
    "FI": _Dress("FIN"), "GR": _Dress("GR"), "HR": _Dress("HR"), "HU": _Dress("H"), "IS": _Dress("IS"), "LT": _Dress("LT"),
    "LV": _Dress("LV"), "MT": _Dress("M"), "NO": _Dress("N"), "RS": _Dress("SRB"), "SE": _Dress("S", yellow=0.02),
    "SI": _Dress("SLO"), "SK": _Dress("SK"), "TR": _Dress("TR"), "UA": _Dress("UA"), "AL": _Dress("AL"), "BA": _Dress("BIH"),
    "LI": _Dress("FL"), "MD": _Dress("MD"), "ME": _Dress("MNE"), "MK": _Dress("NMK"),
})  # fmt: skip
SIGNS = tuple(dress.sign for dress in _DRESSES.values())
# What the letters on a band are read as, with shares, the rest being none of a country's letters: measured on 537 plates of Europe
# that show a band, many of them small. Letters that are not here: by how many they are.
_READ_AS: Mapping[str, Mapping[str, float]] = MappingProxyType({
    "B": {"B": 0.92}, "F": {"F": 0.82}, "A": {"A": 0.92}, "NL": {"NL": 0.8, "N": 0.05, "M": 0.03},
    "D": {"D": 0.25, "B": 0.3, "P": 0.17}, "S": {"S": 0.35, "B": 0.17}, "P": {"P": 0.65, "F": 0.08}, "M": {"M": 0.3, "H": 0.25},
    "E": {"E": 0.42, "F": 0.14, "S": 0.1, "B": 0.07}, "PL": {"PL": 0.4, "P": 0.13, "F": 0.09, "FL": 0.05}, "GB": {"GB": 0.1},
    "SK": {"SK": 0.4, "S": 0.15, "H": 0.05, "B": 0.05}, "LT": {"LT": 0.5, "L": 0.12, "LV": 0.08},
    "IRL": {"IRL": 0.1, "H": 0.15, "PL": 0.09, "P": 0.06}, "EST": {"EST": 0.05, "E": 0.08, "S": 0.05},
    "": {},
})  # fmt: skip
_READ_RIGHT = {1: 0.75, 2: 0.4, 3: 0.05}  # by how many letters
_ANY_OTHER = _Dress("", yellow=0.1, red=0.02)
_MISTAKEN = 0.02  # how often a colour is seen wrongly


def likelihood(country: str, looks: Looks) -> float:
    """How likely a plate of this country is to have this look, up to a factor common to all countries. For a code that is not
    known here: as for an average country."""
    dress = _DRESSES.get(country, _ANY_OTHER)
    seen = _seen(looks.yellow, dress.yellow) * _seen(looks.red, dress.red)
    return seen * _read(dress.sign, looks) if looks.signs else seen


def _read(sign: str, looks: Looks) -> float:
    """The likelihood of the letters that were read if the band bears this sign."""
    read_as = _READ_AS.get(sign) or {sign: _READ_RIGHT[len(sign)]} if sign else {}
    read = sum(share * math.exp(looks.signs.get(letters, -math.inf)) for letters, share in read_as.items())
    return looks.astray + read + (1.0 - sum(read_as.values())) * looks.unread


def _seen(seen: bool | None, share: float) -> float:
    if seen is None:
        return 1.0
    share = share * (1 - _MISTAKEN) + (1 - share) * _MISTAKEN
    return share if seen else 1 - share
