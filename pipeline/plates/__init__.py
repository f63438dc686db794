"""How countries write their plates. One module per country; a new country is a new module and a line in each table below.

Format is evidence, never a gate: every country's personalised plates may look like anything.

>>> from pipeline.plates import countries_of
>>> [country for country, _ in countries_of("1ABC234")][:1], [country for country, _ in countries_of("AB1234")][:2]
(['BE'], ['LU', 'NL'])
"""

from types import MappingProxyType
from typing import Protocol

from pipeline.plates import at, be, ch, cz, de, dk, es, fr, gb, ie, it, lu, nl, pl, pt, ro
from pipeline.plates.grammar import Grammar
from pipeline.plates.looks import Looks, likelihood
from pipeline.plates.text import compact

__all__ = ["COUNTRIES", "CountryPlates", "compact", "countries_of"]


class CountryPlates(Protocol):
    """What each country's module offers."""

    COUNTRY: str
    GRAMMAR: Grammar

    def compact(self, text: str) -> str: ...
    def series_of(self, text: str) -> str | None: ...
    def display(self, text: str) -> str: ...


_MODULES: tuple[CountryPlates, ...] = (at, be, ch, cz, de, dk, es, fr, gb, ie, it, lu, nl, pl, pt, ro)
COUNTRIES: MappingProxyType[str, CountryPlates] = MappingProxyType({module.COUNTRY: module for module in _MODULES})

# Shares of the vehicles on Belgian roads: orders of magnitude, ours; they only weigh one country's form against another's.
ON_THE_ROAD = MappingProxyType({
    "BE": 0.78, "FR": 0.05, "NL": 0.05, "DE": 0.03, "LU": 0.02, "PL": 0.02, "RO": 0.01, "ES": 0.007, "GB": 0.007, "IT": 0.005,
    "PT": 0.004, "CZ": 0.003, "AT": 0.002, "DK": 0.002, "IE": 0.001, "CH": 0.001,
})  # fmt: skip
ANY_OTHER = 0.001  # of each length: a country that is not here, or no plate at all
_OTHER_CHARACTERS = 36
NOTHING_SEEN = Looks()


def countries_of(text: str, looks: Looks = NOTHING_SEEN) -> tuple[tuple[str, float], ...]:
    """The countries that the compact text may come from, likeliest first, with probabilities that leave room for others.

    looks: what a picture shows beside the text.
    """
    if not text:
        return ()
    weights = {
        country: share * COUNTRIES[country].GRAMMAR.likelihood(text) * likelihood(country, looks)
        for country, share in ON_THE_ROAD.items()
    }
    total = sum(weights.values()) + ANY_OTHER / _OTHER_CHARACTERS ** min(len(text), 16) * likelihood("", looks)
    found = [(country, weight / total) for country, weight in weights.items() if weight > 0.0]
    return tuple(sorted(found, key=lambda one: -one[1]))
