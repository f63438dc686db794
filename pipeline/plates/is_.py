"""Icelandic plates, in a module that cannot have the country's code for its name. Source: reglugerð 751/2003 on the registration of
vehicles: two letters, then a letter or digit and two digits; plates of choice have two to six characters.

>>> compact("YB 416"), series_of("YB416"), display("YB416")
('YB416', 'standard 1989', 'YB 416')
>>> [series_of(text) for text in ("YBA16", "EINAR1", "YB4167")]
['standard 2007', 'choice', 'choice']
"""

from pipeline.plates.grammar import Grammar, Series, grouped
from pipeline.plates.text import compact

__all__ = ["COUNTRY", "GRAMMAR", "compact", "display", "series_of"]

COUNTRY = "IS"
GRAMMAR = Grammar((
    Series("standard 1989", "[A-Z]{2}[0-9]{3}", 0.6),
    Series("standard 2007", "[A-Z]{3}[0-9]{2}", 0.38),
    *(Series("choice", f"[A-Z0-9]{{{length}}}", 0.001) for length in range(2, 7)),
))  # fmt: skip

series_of = GRAMMAR.series_of


def display(text: str) -> str:
    """The compact text as the plate shows it; unchanged when its groups are not known."""
    return grouped(text, "([A-Z]{2})([A-Z0-9][0-9]{2})", separator=" ")
