"""Luxembourg plates. Source: règlement grand-ducal du 17 juin 2003 on the identification of road vehicles: two letters without I
and O and four digits; four or five digits alone; CD for diplomats.

Every plate of the first form is a valid Dutch sidecode 1 too: the text alone does not tell them apart.

>>> compact("ab 1234"), series_of("AB1234"), display("AB1234")
('AB1234', 'standard', 'AB 1234')
>>> [series_of(text) for text in ("12345", "1234", "CD1234", "AO1234", "ABC123")]
['digits', 'digits', 'diplomatic', None, None]
"""

from pipeline.plates.grammar import Grammar, Series, grouped
from pipeline.plates.text import compact

__all__ = ["COUNTRY", "GRAMMAR", "compact", "display", "series_of"]

COUNTRY = "LU"
GRAMMAR = Grammar((
    Series("diplomatic", "CD[0-9]{2,4}", 0.005),
    Series("standard", "[A-HJ-NP-Z]{2}[0-9]{4}", 0.9),
    Series("digits", "[1-9][0-9]{3,4}", 0.09),
    Series("state", "P[0-9]{1,4}", 0.001),
))  # fmt: skip

series_of = GRAMMAR.series_of


def display(text: str) -> str:
    """The compact text as the plate shows it; unchanged when its groups are not known."""
    return grouped(text, "([A-Z]{1,2})([0-9]{1,4})", separator=" ")
