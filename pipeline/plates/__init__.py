"""How countries write their plates. One module per country; a new country is a new module and a line in each table below.

Format is evidence, never a gate: every country's personalised plates may look like anything.

>>> from pipeline.plates import countries_of
>>> [countries_of(text)[0][0] for text in ("1ABC234", "AB1234", "34ABC12", "CB1234AB")]
['BE', 'LU', 'TR', 'BG']
"""

from functools import lru_cache
from types import MappingProxyType
from typing import Protocol

# isort: off
from pipeline.plates import (
    al, at, ba, be, bg, ch, cy, cz, de, dk, ee, es, fi, fr, gb, gr, hr, hu, ie, is_, it, li, lt, lu, lv, md, me, mk, mt, nl,
    no, pl, pt, ro, rs, se, si, sk, tr, ua,
)  # fmt: skip

# isort: on
from pipeline.plates.grammar import Grammar, shape_of
from pipeline.plates.looks import Looks, likelihood
from pipeline.plates.text import compact

__all__ = ["COUNTRIES", "CountryPlates", "compact", "countries_of"]


class CountryPlates(Protocol):
    """The names that each country's module defines."""

    COUNTRY: str
    GRAMMAR: Grammar

    def compact(self, text: str) -> str: ...
    def series_of(self, text: str) -> str | None: ...
    def display(self, text: str) -> str: ...


_MODULES: tuple[CountryPlates, ...] = (
    al, at, ba, be, bg, ch, cy, cz, de, dk, ee, es, fi, fr, gb, gr, hr, hu, ie, is_, it, li, lt, lu, lv, md, me, mk, mt, nl,
    no, pl, pt, ro, rs, se, si, sk, tr, ua,
)  # fmt: skip
COUNTRIES: MappingProxyType[str, CountryPlates] = MappingProxyType({module.COUNTRY: module for module in _MODULES})

# Shares of the vehicles on Belgian roads: orders of magnitude, ours; they only weigh one country's form against another's.
ON_THE_ROAD = MappingProxyType({
    "BE": 0.78, "FR": 0.05, "NL": 0.05, "DE": 0.03, "LU": 0.02, "PL": 0.02, "RO": 0.01, "ES": 0.007, "GB": 0.007, "IT": 0.005,
    "PT": 0.004, "CZ": 0.003, "LT": 0.003, "BG": 0.003, "HU": 0.002, "SK": 0.002, "AT": 0.002, "DK": 0.002, "IE": 0.001,
    "CH": 0.001, "SE": 0.001, "SI": 0.001, "TR": 0.0007, "UA": 0.001, "LV": 0.0007, "HR": 0.0007, "EE": 0.0007, "FI": 0.0005,
    "NO": 0.0005, "GR": 0.0002, "RS": 0.0005, "MD": 0.0003, "MK": 0.0001, "BA": 0.0003, "AL": 0.0002, "CY": 0.0001, "MT": 0.0001,
    "ME": 0.0001, "LI": 0.0001, "IS": 0.00003,
})  # fmt: skip
ANY_OTHER = 0.001  # of each length: a country that is not here, or no plate at all
_OTHER_CHARACTERS = 36
NOTHING_SEEN = Looks()


def countries_of(text: str, looks: Looks = NOTHING_SEEN) -> tuple[tuple[str, float], ...]:
    """The countries that the compact text may come from, likeliest first, with probabilities that sum to less than 1; the
    rest is for other countries.

    looks: what a picture shows beside the text.
    """
    if not text:
        return ()
    weights = {
        country: ON_THE_ROAD[country] * fit * likelihood(country, looks)
        for country, grammar in _grammars(shape_of(text))
        if (fit := grammar.likelihood(text))
    }
    total = sum(weights.values()) + ANY_OTHER / _OTHER_CHARACTERS ** min(len(text), 16) * likelihood("", looks)
    found = [(country, weight / total) for country, weight in weights.items()]
    return tuple(sorted(found, key=lambda one: -one[1]))


@lru_cache(maxsize=4096)
def _grammars(shape: str) -> tuple[tuple[str, Grammar], ...]:
    """The countries with series of this shape, each with those series."""
    narrowed = ((country, COUNTRIES[country].GRAMMAR.for_shape(shape)) for country in ON_THE_ROAD)
    return tuple((country, grammar) for country, grammar in narrowed if grammar.series)
