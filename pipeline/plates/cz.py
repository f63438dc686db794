"""Czech plates. Source: vyhlášky č. 243/2001 Sb. and č. 343/2014 Sb. on the registration of vehicles: a digit, the
region's letter, a digit or letter, four digits; without G, O, Q, W; plates of wish have eight characters, at least one a digit.

>>> compact("1ab 2345"), series_of("1AB2345"), display("1AB2345")
('1AB2345', 'standard', '1AB 2345')
>>> [series_of(text) for text in ("1A12345", "EL123AB", "FANT0MAS", "01V1234", "FANTOMAS")]
['standard', 'electric', 'wish', 'historic', None]
"""

from pipeline.plates.grammar import Grammar, Series, grouped
from pipeline.plates.text import compact

__all__ = ["COUNTRY", "GRAMMAR", "compact", "display", "series_of"]

COUNTRY = "CZ"
GRAMMAR = Grammar((
    Series("standard", "[1-9][A-CEHJ-MPSTUZ][A-FH-NPR-VX-Z][0-9]{4}", 0.55),
    Series("standard", "[1-9][A-CEHJ-MPSTUZ][0-9]{5}", 0.4),
    Series("motorcycle", "[1-9][A-CEHJ-MPSTUZ][0-9]{4}", 0.02),
    Series("electric", "EL[0-9]{3}[A-FH-NPR-VX-Z]{2}", 0.01),
    Series("historic", "[0-9]{2}V[0-9]{2,4}", 0.003),
    Series("diplomatic", "(?=CD|X[XS]|HC)[CXH][DXSC][0-9]{3,5}", 0.001),
    Series("wish", "(?=.*[0-9])[0-9A-FH-NPR-VX-Z]{8}", 0.005),
))  # fmt: skip

series_of = GRAMMAR.series_of


def display(text: str) -> str:
    """The compact text as the plate shows it; unchanged when its groups are not known."""
    return grouped(text, "([1-9][A-Z][A-Z0-9])([0-9]{4})", "(EL[0-9])([0-9]{2}[A-Z]{2})", separator=" ")
