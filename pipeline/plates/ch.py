"""Swiss plates. Source: Verkehrszulassungsverordnung (VZV, SR 741.51) on control plates: two letters of the canton, one to six
digits, U for dealers; plates belong to the keeper. Liechtenstein's FL plates have the same form and are not among the cantons.

>>> compact("zh 123 456"), series_of("ZH123456"), display("ZH123456")
('ZH123456', 'standard', 'ZH 123456')
>>> [series_of(text) for text in ("GE1", "BE1234U", "FL1234", "CD1234")]
['standard', 'dealer', None, None]
"""

from pipeline.plates.grammar import Grammar, Series, grouped
from pipeline.plates.text import compact

__all__ = ["COUNTRY", "GRAMMAR", "compact", "display", "series_of"]

COUNTRY = "CH"
CANTONS = (
    "AG", "AI", "AR", "BE", "BL", "BS", "FR", "GE", "GL", "GR", "JU", "LU", "NE",
    "NW", "OW", "SG", "SH", "SO", "SZ", "TG", "TI", "UR", "VD", "VS", "ZG", "ZH",
)  # fmt: skip
GRAMMAR = Grammar((
    *(Series("standard", canton + "[1-9][0-9]{0,5}", 0.99 / len(CANTONS)) for canton in CANTONS),
    *(Series("dealer", canton + "[1-9][0-9]{0,5}U", 0.005 / len(CANTONS)) for canton in CANTONS),
))  # fmt: skip

series_of = GRAMMAR.series_of


def display(text: str) -> str:
    """The compact text as the plate shows it; unchanged when its groups are not known."""
    return grouped(text, "([A-Z]{2})([0-9]{1,6}U?)", separator=" ")
