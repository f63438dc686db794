"""Norwegian plates. Source: forskrift 25 January 1990 nr. 92 on the use of vehicles, chapter 2: two letters without I, O and Q and
five digits, four for motorcycles, trailers and tractors; plates of choice have two to seven characters.

>>> compact("su 63463"), series_of("SU63463"), display("SU63463")
('SU63463', 'standard', 'SU 63463')
>>> [series_of(text) for text in ("SU1234", "NORGE", "CD60114")]
['short', 'choice', 'standard']
"""

from pipeline.plates.grammar import Grammar, Series, grouped
from pipeline.plates.text import compact

__all__ = ["COUNTRY", "GRAMMAR", "compact", "display", "series_of"]

COUNTRY = "NO"
GRAMMAR = Grammar((
    Series("standard", "[A-HJ-NPR-Z]{2}[1-9][0-9]{4}", 0.88),
    Series("short", "[A-HJ-NPR-Z]{2}[1-9][0-9]{3}", 0.1),
    *(Series("choice", f"(?=.*[A-Z])[A-Z0-9]{{{length}}}", 0.001) for length in range(2, 8)),
))  # fmt: skip

series_of = GRAMMAR.series_of


def display(text: str) -> str:
    """The compact text as the plate shows it; unchanged when its groups are not known."""
    return grouped(text, "([A-Z]{2})([0-9]{4,5})", separator=" ")
