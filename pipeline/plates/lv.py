"""Latvian plates. Source: the Road Traffic Safety Directorate (CSDD) on registration plates: two letters and up to four digits;
trailers one letter and up to four digits; plates of choice have two to eight letters and digits.

>>> compact("LR-9729"), series_of("LR9729"), display("LR9729")
('LR9729', 'standard', 'LR-9729')
>>> [series_of(text) for text in ("GV6", "L1234", "INTERNET", "12345")]
['standard', 'trailer', 'choice', None]
"""

from pipeline.plates.grammar import Grammar, Series, grouped
from pipeline.plates.text import compact

__all__ = ["COUNTRY", "GRAMMAR", "compact", "display", "series_of"]

COUNTRY = "LV"
GRAMMAR = Grammar((
    Series("standard", "[A-Z]{2}[1-9][0-9]{0,3}", 0.92),
    Series("trailer", "[A-Z][1-9][0-9]{0,3}", 0.05),
    *(Series("choice", f"(?=.*[A-Z])[A-Z0-9]{{{length}}}", 0.001) for length in range(2, 9)),
))  # fmt: skip

series_of = GRAMMAR.series_of


def display(text: str) -> str:
    """The compact text as the plate shows it; unchanged when its groups are not known."""
    return grouped(text, "([A-Z]{1,2})([0-9]{1,4})")
