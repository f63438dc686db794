"""Albanian plates. Source: as publicly described (en.wikipedia.org/wiki/Vehicle_registration_plates_of_Albania): since 2011 two
letters from AA on, three digits, two letters.

>>> compact("AA 367 AM"), series_of("AA367AM"), display("AA367AM")
('AA367AM', 'standard 2011', 'AA 367 AM')
>>> [series_of(text) for text in ("AC367AM", "ZA367AM")]
['standard 2011', None]
"""

from pipeline.plates.grammar import Grammar, Series, grouped
from pipeline.plates.text import compact

__all__ = ["COUNTRY", "GRAMMAR", "compact", "display", "series_of"]

COUNTRY = "AL"
GRAMMAR = Grammar((
    Series("standard 2011", "[AB][A-HJ-NPR-Z][0-9]{3}[A-HJ-NPR-Z]{2}", 0.95),
))  # fmt: skip

series_of = GRAMMAR.series_of


def display(text: str) -> str:
    """The compact text as the plate shows it; unchanged when its groups are not known."""
    return grouped(text, "([A-Z]{2})([0-9]{3})([A-Z]{2})", separator=" ")
