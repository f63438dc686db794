"""Finnish plates. Source: government decree 893/2007 on the registration of vehicles: two or three letters and one to three digits,
chosen freely within that form.

>>> compact("bzm-184"), series_of("BZM184"), display("BZM184")
('BZM184', 'standard', 'BZM-184')
>>> [series_of(text) for text in ("AB12", "ABC1", "ABC1234")]
['two letters', 'choice', None]
"""

from pipeline.plates.grammar import Grammar, Series, grouped
from pipeline.plates.text import compact

__all__ = ["COUNTRY", "GRAMMAR", "compact", "display", "series_of"]

COUNTRY = "FI"
GRAMMAR = Grammar((
    Series("standard", "[A-Z]{3}[0-9]{3}", 0.95),
    Series("choice", "[A-Z]{3}[1-9][0-9]?", 0.01),
    Series("two letters", "[A-Z]{2}[1-9][0-9]{0,2}", 0.02),
))  # fmt: skip

series_of = GRAMMAR.series_of


def display(text: str) -> str:
    """The compact text as the plate shows it; unchanged when its groups are not known."""
    return grouped(text, "([A-Z]{2,3})([0-9]{1,3})")
