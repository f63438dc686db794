"""Bosnian plates. Source: as publicly described (en.wikipedia.org/wiki/Vehicle_registration_plates_of_Bosnia_and_Herzegovina):
since 1998 a letter, two digits, a letter, three digits, of the letters that Latin and Cyrillic share; taxis TA and six digits.

>>> compact("A12-J-345"), series_of("A12J345"), display("A12J345")
('A12J345', 'standard', 'A12-J-345')
>>> [series_of(text) for text in ("TA123456", "B12J345")]
['taxi', None]
"""

from pipeline.plates.grammar import Grammar, Series, grouped
from pipeline.plates.text import compact

__all__ = ["COUNTRY", "GRAMMAR", "compact", "display", "series_of"]

COUNTRY = "BA"
GRAMMAR = Grammar((
    Series("standard", "[AEJKMOT][0-9]{2}[AEJKMOT][0-9]{3}", 0.97),
    Series("taxi", "TA[0-9]{6}", 0.01),
))  # fmt: skip

series_of = GRAMMAR.series_of


def display(text: str) -> str:
    """The compact text as the plate shows it; unchanged when its groups are not known."""
    return grouped(text, "([A-Z][0-9]{2})([A-Z])([0-9]{3})")
