"""Swedish plates. Source: förordning (2019:383) on the registration and use of vehicles, and Transportstyrelsen on plates: three
letters without I, Q and V, two digits, and a digit or, since 2019, a letter; taxis end in T; two letters, three digits and a letter
for diplomats; plates of choice have two to seven characters.

>>> compact("mlb 060"), series_of("MLB060"), display("MLB060")
('MLB060', 'standard', 'MLB 060')
>>> [series_of(text) for text in ("MLB06A", "SZR318T", "AF093D", "KINGS", "TOOLONG1")]
['standard 2019', 'taxi', 'diplomatic', 'choice', None]
"""

from pipeline.plates.grammar import Grammar, Series, grouped
from pipeline.plates.text import compact

__all__ = ["COUNTRY", "GRAMMAR", "compact", "display", "series_of"]

COUNTRY = "SE"
GRAMMAR = Grammar((
    Series("standard", "[A-HJ-PR-UW-Z]{3}[0-9]{3}", 0.7),
    Series("standard 2019", "[A-HJ-PR-UW-Z]{3}[0-9]{2}[A-HJ-NPR-UW-Z]", 0.25),
    Series("taxi", "[A-HJ-PR-UW-Z]{3}[0-9]{2}[0-9A-Z]T", 0.003),
    Series("diplomatic", "[A-HJ-PR-UW-Z]{2}[0-9]{3}[A-HJ-PR-UW-Z]", 0.001),
    *(Series("choice", f"(?=.*[A-Z])[A-Z0-9]{{{length}}}", 0.001) for length in range(2, 8)),
))  # fmt: skip

series_of = GRAMMAR.series_of


def display(text: str) -> str:
    """The compact text as the plate shows it; unchanged when its groups are not known."""
    return grouped(text, "([A-Z]{3})([0-9]{2}[0-9A-Z]T?)", "([A-Z]{2})([0-9]{3})([A-Z])", separator=" ")
