"""Austrian plates. Source: Kraftfahrgesetz 1967 (KFG), § 48, and its implementing regulation: one or two letters of the district,
digits, then one to three letters; personalised ones turn the order round; authorities have digits alone.

>>> compact("w-12345 a"), series_of("W12345A"), display("W12345A")
('W12345A', 'standard', 'W 12345A')
>>> [series_of(text) for text in ("GU123AB", "WPOLDI1", "BP12345", "1234")]
['standard', 'personalised', 'authority', None]
"""

from pipeline.plates.grammar import Grammar, Series, grouped
from pipeline.plates.text import compact

__all__ = ["COUNTRY", "GRAMMAR", "compact", "display", "series_of"]

COUNTRY = "AT"
GRAMMAR = Grammar((
    Series("standard", "(?!.{9})[A-Z]{1,2}[1-9][0-9]{0,4}[A-Z]{1,3}", 0.93),
    Series("personalised", "(?!.{9})[A-Z]{2,7}[1-9][0-9]{0,3}", 0.05),
    Series("authority", "[A-Z]{1,2}[1-9][0-9]{0,5}", 0.01),
))  # fmt: skip

series_of = GRAMMAR.series_of


def display(text: str) -> str:
    """The compact text as the plate shows it; unchanged when its groups are not known."""
    return grouped(text, "([A-Z]{1,2})([0-9]{1,6}[A-Z]{0,3})", separator=" ")
