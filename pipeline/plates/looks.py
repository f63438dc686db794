"""What plates look like in each country beside their text, and how much a look speaks for a country.

Sources: Vienna Convention on Road Traffic, annex 3, and Council Regulation (EC) 2411/98 (the letters on the band); for colours the
national rules named in each country's module. Shares are orders of magnitude, ours; only their ratios matter.

>>> from pipeline.plates.looks import Looks, likelihood
>>> yellow = Looks(yellow=True)
>>> likelihood("NL", yellow) > 5 * likelihood("FR", yellow) > likelihood("DE", yellow)
True
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Looks:
    """What one picture shows of a plate; None where it does not tell, as at night.

    signs: by letters, the natural logarithm of the probability that the band says exactly these; empty where no band is seen.
    """

    yellow: bool | None = None  # the ground, rather than white
    red: bool | None = None  # the characters, rather than black
    signs: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Dress:
    """One country's plates: the letters on the band, and the shares of plates with yellow ground and with red characters."""

    sign: str
    yellow: float = 0.0
    red: float = 0.0


_DRESSES = MappingProxyType({
    "BE": _Dress("B", yellow=0.01, red=0.8), "FR": _Dress("F", yellow=0.1), "NL": _Dress("NL", yellow=0.95), "DE": _Dress("D"),
    "LU": _Dress("L", yellow=1.0), "GB": _Dress("GB", yellow=0.5), "AT": _Dress("A"), "CH": _Dress("CH"), "CZ": _Dress("CZ"),
    "DK": _Dress("DK", yellow=0.05), "ES": _Dress("E"), "IE": _Dress("IRL"), "IT": _Dress("I"), "PL": _Dress("PL"),
    "PT": _Dress("P", yellow=0.05), "RO": _Dress("RO"),
})  # fmt: skip
SIGNS = tuple(dress.sign for dress in _DRESSES.values())
_ANY_OTHER = _Dress("", yellow=0.1, red=0.02)
_MISTAKEN = 0.02  # how often a colour is seen wrongly
_ANYTHING = 0.01  # how often the letters on a band are read as just any


def likelihood(country: str, looks: Looks) -> float:
    """How likely a plate of this country looks so, up to a factor that all countries share. Any other code: an average one."""
    dress = _DRESSES.get(country, _ANY_OTHER)
    seen = _seen(looks.yellow, dress.yellow) * _seen(looks.red, dress.red)
    return seen * (_ANYTHING + math.exp(looks.signs.get(dress.sign, -math.inf)) if looks.signs else 1.0)


def _seen(seen: bool | None, share: float) -> float:
    if seen is None:
        return 1.0
    share = share * (1 - _MISTAKEN) + (1 - share) * _MISTAKEN
    return share if seen else 1 - share
