"""Liechtenstein's plates. Source: its Verkehrszulassungsverordnung (VZV, LGBl. 1978.020): FL and up to five digits. They look like
Swiss ones, which have no canton FL.

>>> compact("fl 1834"), series_of("FL1834"), display("FL1834")
('FL1834', 'standard', 'FL 1834')
>>> [series_of(text) for text in ("FL1", "ZH1834")]
['standard', None]
"""

from pipeline.plates.grammar import Grammar, Series, grouped
from pipeline.plates.text import compact

__all__ = ["COUNTRY", "GRAMMAR", "compact", "display", "series_of"]

COUNTRY = "LI"
GRAMMAR = Grammar((
    Series("standard", "FL[1-9][0-9]{0,4}", 0.98),
))  # fmt: skip

series_of = GRAMMAR.series_of


def display(text: str) -> str:
    """The compact text as the plate shows it; unchanged when its groups are not known."""
    return grouped(text, "(FL)([0-9]{1,5})", separator=" ")
