"""Italian plates. Source: Codice della strada (decreto legislativo 285/1992), art. 100, and its regulation: since 1994 two letters,
three digits, two letters, without I, O, Q, U; before, the province and a number.

>>> compact("ab 123 cd"), series_of("AB123CD"), display("AB123CD")
('AB123CD', 'standard', 'AB 123 CD')
>>> [series_of(text) for text in ("AB12345", "XA123AB", "MI123456", "AI123CD")]
['motorcycle', 'standard', 'province', None]
"""

from pipeline.plates.grammar import Grammar, Series, grouped
from pipeline.plates.text import compact

__all__ = ["COUNTRY", "GRAMMAR", "compact", "display", "series_of"]

COUNTRY = "IT"
GRAMMAR = Grammar((
    Series("standard", "[A-H][A-HJ-NPR-TV-Z][0-9]{3}[A-HJ-NPR-TV-Z]{2}", 0.9),
    Series("standard", "[J-NPR-TV-Z][A-HJ-NPR-TV-Z][0-9]{3}[A-HJ-NPR-TV-Z]{2}", 0.03),
    Series("motorcycle", "[A-HJ-NPR-TV-Z]{2}[0-9]{5}", 0.05),
    Series("province", "[A-Z]{2}[0-9A-Z][0-9]{5}", 0.01),
))  # fmt: skip

series_of = GRAMMAR.series_of


def display(text: str) -> str:
    """The compact text as the plate shows it; unchanged when its groups are not known."""
    return grouped(text, "([A-Z]{2})([0-9]{3})([A-Z]{2})", "([A-Z]{2})([0-9]{5,6})", separator=" ")
