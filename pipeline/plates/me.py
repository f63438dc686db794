"""Montenegrin plates. Source: as publicly described (sl.wikipedia.org/wiki/Registrske_tablice_Črne_gore): since 2008 two letters of
the municipality, two letters and three digits; carons are read as their plain letter.

>>> compact("PG AB123"), series_of("PGAB123"), display("PGAB123")
('PGAB123', 'standard', 'PG AB 123')
>>> [series_of(text) for text in ("ZTAB123", "XXAB123")]
['standard', None]
"""

from pipeline.plates.grammar import Grammar, Series, grouped
from pipeline.plates.text import compact

__all__ = ["COUNTRY", "GRAMMAR", "compact", "display", "series_of"]

COUNTRY = "ME"
_TOWN = "(?=AN|B[ADPR]|CT|DG|GS|HN|K[LO]|MK|NK|P[GLTVZ]|RO|SN|T[VZ]|UL|Z[BT])[A-Z]{2}"
GRAMMAR = Grammar((
    Series("standard", f"{_TOWN}[A-Z]{{2}}[0-9]{{3}}", 0.95, 25 * 20**2 * 10**3),
))  # fmt: skip

series_of = GRAMMAR.series_of


def display(text: str) -> str:
    """The compact text as the plate shows it; unchanged when its groups are not known."""
    return grouped(text, "([A-Z]{2})([A-Z]{2})([0-9]{3})", separator=" ")
