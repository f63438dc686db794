"""Greek plates. Source: Vienna Convention on Road Traffic, annex 2, for the fourteen letters that Greek shares with Latin; the
series as publicly described (en.wikipedia.org/wiki/Vehicle_registration_plates_of_Greece): three letters and four digits.

>>> compact("ZKA-3085"), series_of("ZKA3085"), display("ZKA3085")
('ZKA3085', 'standard', 'ZKA-3085')
>>> [series_of(text) for text in ("IKX123", "AO12801", "LKA3085")]
['motorcycle', 'old', None]
"""

from pipeline.plates.grammar import Grammar, Series, grouped
from pipeline.plates.text import compact

__all__ = ["COUNTRY", "GRAMMAR", "compact", "display", "series_of"]

COUNTRY = "GR"
GRAMMAR = Grammar((
    Series("standard", "[ABEZHIKMNOPTYX]{3}[1-9][0-9]{3}", 0.93),
    Series("motorcycle", "[ABEZHIKMNOPTYX]{3}[1-9][0-9]{0,2}", 0.04),
    Series("old", "[ABEZHIKMNOPTYX]{2}[1-9][0-9]{3,4}", 0.01),
))  # fmt: skip

series_of = GRAMMAR.series_of


def display(text: str) -> str:
    """The compact text as the plate shows it; unchanged when its groups are not known."""
    return grouped(text, "([A-Z]{2,3})([0-9]{1,5})")
