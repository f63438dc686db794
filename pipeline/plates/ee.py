"""Estonian plates. Source: the Transport Administration (Transpordiamet) on registration plates: three digits and three letters;
trailers three digits and two letters, motorcycles two and two; plates of choice up to three digits and three letters, or more.

>>> compact("494 bcy"), series_of("494BCY"), display("494BCY")
('494BCY', 'standard', '494 BCY')
>>> [series_of(text) for text in ("356GC", "12AB", "1ABC", "ABC123")]
['trailer', 'motorcycle', 'choice', None]
"""

from pipeline.plates.grammar import Grammar, Series, grouped
from pipeline.plates.text import compact

__all__ = ["COUNTRY", "GRAMMAR", "compact", "display", "series_of"]

COUNTRY = "EE"
GRAMMAR = Grammar((
    Series("standard", "[0-9]{3}[A-Z]{3}", 0.9),
    Series("trailer", "[0-9]{3}[A-Z]{2}", 0.06),
    Series("motorcycle", "[0-9]{2}[A-Z]{2}", 0.01),
    Series("choice", "[0-9]{1,2}[A-Z]{3}", 0.01),
))  # fmt: skip

series_of = GRAMMAR.series_of


def display(text: str) -> str:
    """The compact text as the plate shows it; unchanged when its groups are not known."""
    return grouped(text, "([0-9]{1,3})([A-Z]{2,3})", separator=" ")
