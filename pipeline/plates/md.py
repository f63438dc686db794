"""Moldovan plates. Source: as publicly described (en.wikipedia.org/wiki/Vehicle_registration_plates_of_Moldova): since 2015 three
letters and three digits; before, one or two letters of the district, two more letters and three digits.

>>> compact("abc 123"), series_of("ABC123"), display("ABC123")
('ABC123', 'standard 2015', 'ABC 123')
>>> [series_of(text) for text in ("CAB123", "ANAB123", "KAB12")]
['standard 2015', 'district', None]
"""

from pipeline.plates.grammar import Grammar, Series, grouped
from pipeline.plates.text import compact

__all__ = ["COUNTRY", "GRAMMAR", "compact", "display", "series_of"]

COUNTRY = "MD"
GRAMMAR = Grammar((
    Series("standard 2015", "[A-Z]{3}[0-9]{3}", 0.85),
    Series("district", "[A-Z]{4}[0-9]{3}", 0.1),
))  # fmt: skip

series_of = GRAMMAR.series_of


def display(text: str) -> str:
    """The compact text as the plate shows it; unchanged when its groups are not known."""
    return grouped(text, "([A-Z]{3})([0-9]{3})", "([A-Z]{2})([A-Z]{2})([0-9]{3})", separator=" ")
