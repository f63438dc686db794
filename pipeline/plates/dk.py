"""Danish plates. Source: the order on the registration of vehicles (registreringsbekendtgørelsen): two letters and five digits,
four for mopeds; personalised plates have two to seven characters.

>>> compact("ab 12 345"), series_of("AB12345"), display("AB12345")
('AB12345', 'standard', 'AB 12 345')
>>> [series_of(text) for text in ("AB1234", "VIKING", "8AB12345")]
['short', 'personalised', None]
"""

from pipeline.plates.grammar import Grammar, Series, grouped
from pipeline.plates.text import compact

__all__ = ["COUNTRY", "GRAMMAR", "compact", "display", "series_of"]

COUNTRY = "DK"
GRAMMAR = Grammar((
    Series("standard", "[A-Z]{2}[0-9]{5}", 0.97),
    Series("short", "[A-Z]{2}[0-9]{4}", 0.01),
    *(Series("personalised", f"[A-Z0-9]{{{length}}}", 0.001) for length in range(2, 8)),
))  # fmt: skip

series_of = GRAMMAR.series_of


def display(text: str) -> str:
    """The compact text as the plate shows it; unchanged when its groups are not known."""
    return grouped(text, "([A-Z]{2})([0-9]{2})([0-9]{2,3})", separator=" ")
