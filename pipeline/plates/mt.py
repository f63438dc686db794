"""Maltese plates. Source: Registration and Licensing of Motor Vehicles Regulations (S.L. 368.02): three letters and three digits;
plates of choice have up to nine characters.

>>> compact("jam 891"), series_of("JAM891"), display("JAM891")
('JAM891', 'standard', 'JAM 891')
>>> [series_of(text) for text in ("JAM12", "PAULA1")]
['choice', 'choice']
"""

from pipeline.plates.grammar import Grammar, Series, grouped
from pipeline.plates.text import compact

__all__ = ["COUNTRY", "GRAMMAR", "compact", "display", "series_of"]

COUNTRY = "MT"
GRAMMAR = Grammar((
    Series("standard", "[A-Z]{3}[0-9]{3}", 0.97),
    *(Series("choice", f"[A-Z0-9]{{{length}}}", 0.001) for length in range(2, 10)),
))  # fmt: skip

series_of = GRAMMAR.series_of


def display(text: str) -> str:
    """The compact text as the plate shows it; unchanged when its groups are not known."""
    return grouped(text, "([A-Z]{3})([0-9]{3})", separator=" ")
