"""Cypriot plates. Source: Motor Vehicles and Road Traffic Regulations 1984 (P.I. 66/84) and their amendments: three letters and
three digits; before 1990 two letters and up to three digits; hired cars and taxis have a Z or T in front.

>>> compact("kap 935"), series_of("KAP935"), display("KAP935")
('KAP935', 'standard', 'KAP 935')
>>> [series_of(text) for text in ("ZKHP384", "AB12", "KAP93")]
['hired or taxi', 'old', None]
"""

from pipeline.plates.grammar import Grammar, Series, grouped
from pipeline.plates.text import compact

__all__ = ["COUNTRY", "GRAMMAR", "compact", "display", "series_of"]

COUNTRY = "CY"
GRAMMAR = Grammar((
    Series("standard", "[A-Z]{3}[0-9]{3}", 0.93),
    Series("hired or taxi", "[TZ][A-Z]{3}[0-9]{3}", 0.02),
    Series("old", "[A-Z]{2}[0-9]{1,3}", 0.01),
))  # fmt: skip

series_of = GRAMMAR.series_of


def display(text: str) -> str:
    """The compact text as the plate shows it; unchanged when its groups are not known."""
    return grouped(text, "([A-Z]{2,4})([0-9]{1,3})", separator=" ")
