"""North Macedonian plates. Source: as publicly described (en.wikipedia.org/wiki/Vehicle_registration_plates_of_North_Macedonia):
since 2012 two letters of the town, four digits, two letters; three digits before.

>>> compact("SK 1234 AB"), series_of("SK1234AB"), display("SK1234AB")
('SK1234AB', 'standard 2012', 'SK 1234 AB')
>>> [series_of(text) for text in ("SK123AB", "SK12345")]
['standard', None]
"""

from pipeline.plates.grammar import Grammar, Series, grouped
from pipeline.plates.text import compact

__all__ = ["COUNTRY", "GRAMMAR", "compact", "display", "series_of"]

COUNTRY = "MK"
GRAMMAR = Grammar((
    Series("standard 2012", "[A-Z]{2}[0-9]{4}[A-Z]{2}", 0.9),
    Series("standard", "[A-Z]{2}[0-9]{3}[A-Z]{2}", 0.05),
))  # fmt: skip

series_of = GRAMMAR.series_of


def display(text: str) -> str:
    """The compact text as the plate shows it; unchanged when its groups are not known."""
    return grouped(text, "([A-Z]{2})([0-9]{3,4})([A-Z]{2})", separator=" ")
