"""French plates. Source: arrêté du 9 février 2009 on the registration of vehicles (numbers of the SIV since 2009: no I, O, U; SS
is left out; AA came first, H is reached); before, the departments' numbers (FNI), which stay valid.

>>> compact("ab-123-cd"), series_of("AB123CD"), display("AB123CD")
('AB123CD', 'standard', 'AB-123-CD')
>>> [series_of(text) for text in ("1234ABC75", "12AB2A", "WW123AB", "AB12C", "AI123CD", "SS123AB")]
['department', 'department', 'provisional', 'moped', None, None]
"""

from pipeline.plates.grammar import Grammar, Series, grouped
from pipeline.plates.text import compact

__all__ = ["COUNTRY", "GRAMMAR", "compact", "display", "series_of"]

COUNTRY = "FR"
GRAMMAR = Grammar((
    Series("provisional", "WW[0-9]{3}[A-HJ-NP-TV-Z]{2}", 0.01),
    Series("dealer", "W[0-9]{3}[A-HJ-NP-TV-Z]{2}", 0.002),
    Series("standard", "[A-H][A-HJ-NP-TV-Z][0-9]{3}(?!SS)[A-HJ-NP-TV-Z]{2}", 0.92),
    Series("standard", "(?!SS)[J-NP-TV-Z][A-HJ-NP-TV-Z][0-9]{3}(?!SS)[A-HJ-NP-TV-Z]{2}", 0.01),
    Series("department", "[1-9][0-9]{2}[A-HJ-NP-TV-Z]{3}[0-9]{2}", 0.02),
    Series("department", "[1-9][0-9]{3}[A-HJ-NP-TV-Z]{2}[0-9]{2}", 0.01),
    Series("department", "[1-9][0-9]{1,2}[A-HJ-NP-TV-Z]{2}[0-9]{2}", 0.005),
    Series("department", "[1-9][0-9]{0,3}[A-HJ-NP-TV-Z]{1,3}[0-9]{2}", 0.005),
    Series("department", "[1-9][0-9]{0,3}[A-HJ-NP-TV-Z]{1,3}2[AB]", 0.001),
    Series("department", "[1-9][0-9]{0,3}[A-HJ-NP-TV-Z]{1,3}97[1-6]", 0.001),
    Series("moped", "[A-HJ-NP-TV-Z]{1,2}[0-9]{2,3}[A-HJ-NP-TV-Z]", 0.015),
    Series("diplomatic", "[0-9]{1,3}(?=C)[CDM]{2,3}[0-9]{1,4}", 0.001),
))  # fmt: skip

series_of = GRAMMAR.series_of


def display(text: str) -> str:
    """The compact text as the plate shows it; unchanged when its groups are not known."""
    if series_of(text) == "department":
        return grouped(text, "([0-9]{1,4})([A-Z]{1,3})([0-9]{2,3}|2[AB])", separator=" ")
    return grouped(text, "([A-Z]{1,2})([0-9]{2,3})([A-Z]{1,2})")
