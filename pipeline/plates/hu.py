"""Hungarian plates. Source: Korm. rendelet 326/2011 (XII. 28.) on documents and plates of vehicles: three letters and three digits;
since July 2022 four letters, running from AAAA, and three digits; a letter and five digits for temporary ones.

>>> compact("KTK-794"), series_of("KTK794"), display("KTK794")
('KTK794', 'standard 1990', 'KTK-794')
>>> [series_of(text) for text in ("AABC123", "Z01615", "SASA12", "KTK79")]
['standard 2022', 'temporary', 'choice', None]
"""

from pipeline.plates.grammar import Grammar, Series, grouped
from pipeline.plates.text import compact

__all__ = ["COUNTRY", "GRAMMAR", "compact", "display", "series_of"]

COUNTRY = "HU"
GRAMMAR = Grammar((
    Series("standard 1990", "[A-Z]{3}[0-9]{3}", 0.8),
    Series("standard 2022", "A[A-Z]{3}[0-9]{3}", 0.12),
    Series("temporary", "[EIMPVZ][0-9]{5}", 0.01),
    Series("choice", "[A-Z]{4}[0-9]{2}", 0.005),
    Series("choice", "[A-Z]{5}[0-9]", 0.002),
))  # fmt: skip

series_of = GRAMMAR.series_of


def display(text: str) -> str:
    """The compact text as the plate shows it; unchanged when its groups are not known."""
    return grouped(
        text, "([A-Z]{3})([0-9]{3})", "([A-Z]{2})([A-Z]{2})([0-9]{3})", "([A-Z])([0-9]{5})", "([A-Z]{4,5})([0-9]{1,2})"
    )
