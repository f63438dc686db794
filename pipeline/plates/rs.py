"""Serbian plates. Source: Pravilnik o registraciji motornih i priključnih vozila (Službeni glasnik RS 69/2010): two letters of the
town, three to five digits, two letters; carons and acutes are read as their plain letter.

>>> compact("bg 123-ab"), series_of("BG123AB"), display("BG123AB")
('BG123AB', 'standard', 'BG123-AB')
>>> [series_of(text) for text in ("NS1234AB", "BG123A")]
['standard', None]
"""

from pipeline.plates.grammar import Grammar, Series, grouped
from pipeline.plates.text import compact

__all__ = ["COUNTRY", "GRAMMAR", "compact", "display", "series_of"]

COUNTRY = "RS"
GRAMMAR = Grammar((
    Series("standard", "[A-Z]{2}[0-9]{3}[A-Z]{2}", 0.4),
    Series("standard", "[A-Z]{2}[0-9]{4}[A-Z]{2}", 0.55),
    Series("standard", "[A-Z]{2}[0-9]{5}[A-Z]{2}", 0.01),
))  # fmt: skip

series_of = GRAMMAR.series_of


def display(text: str) -> str:
    """The compact text as the plate shows it; unchanged when its groups are not known."""
    return grouped(text, "([A-Z]{2}[0-9]{3,5})([A-Z]{2})")
