"""Ukrainian plates. Source: standard DSTU 4278: two letters of the region, four digits, two letters, of those that Cyrillic shares
with Latin.

>>> compact("BH 8452 XX"), series_of("BH8452XX"), display("BH8452XX")
('BH8452XX', 'standard', 'BH 8452 XX')
>>> [series_of(text) for text in ("KA1234AB", "ZZ1234AB")]
['standard', None]
"""

from pipeline.plates.grammar import Grammar, Series, grouped
from pipeline.plates.text import compact

__all__ = ["COUNTRY", "GRAMMAR", "compact", "display", "series_of"]

COUNTRY = "UA"
GRAMMAR = Grammar((
    Series("standard", "[ABCEHIKMOPTX]{2}[0-9]{4}[ABCEHIKMOPTX]{2}", 0.95),
))  # fmt: skip

series_of = GRAMMAR.series_of


def display(text: str) -> str:
    """The compact text as the plate shows it; unchanged when its groups are not known."""
    return grouped(text, "([A-Z]{2})([0-9]{4})([A-Z]{2})", separator=" ")
