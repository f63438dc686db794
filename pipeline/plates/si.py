"""Slovenian plates. Source: Pravilnik o registraciji motornih in priklopnih vozil: two letters of the region and five characters,
before 2008 with a letter at either end; plates of choice have three to six characters after the region.

>>> compact("LJ TS-338"), series_of("LJTS338"), display("LJTS338")
('LJTS338', 'standard', 'LJ-TS-338')
>>> [series_of(text) for text in ("LJ06NTL", "KR9316K", "KRA123B", "LJZOR1", "LJ06NT", "XXTS338")]
['standard', 'standard 1992', 'standard 1992', 'choice', 'choice', None]
"""

from pipeline.plates.grammar import Grammar, Series, grouped
from pipeline.plates.text import compact

__all__ = ["COUNTRY", "GRAMMAR", "compact", "display", "series_of"]

COUNTRY = "SI"
_REGION = "(?=CE|GO|K[KPR]|LJ|M[BS]|NM|PO|SG)[CGKLMNPS][A-Z]"
GRAMMAR = Grammar((
    Series("standard", f"{_REGION}[A-Z]{{2}}[0-9]{{3}}", 0.5, 11 * 25**2 * 10**3),
    Series("standard", f"{_REGION}[0-9]{{2}}[A-Z]{{3}}", 0.2, 11 * 25**3 * 10**2),
    Series("standard", f"{_REGION}[0-9]{{3}}[A-Z]{{2}}", 0.1, 11 * 25**2 * 10**3),
    Series("standard 1992", f"{_REGION}[A-Z][0-9]{{3}}[A-Z]", 0.06, 11 * 25**2 * 10**3),
    Series("standard 1992", f"{_REGION}[0-9]{{4}}[A-Z]", 0.05, 11 * 25 * 10**4),
    Series("standard 1992", f"{_REGION}[A-Z][0-9]{{4}}", 0.05, 11 * 25 * 10**4),
    Series("choice", f"{_REGION}[A-Z0-9]{{3,6}}", 0.02, 11 * 36**5),
    Series("moped", f"[A-Z]?[0-9]{{3}}{_REGION}", 0.01, 11 * 26 * 10**3),
))  # fmt: skip

series_of = GRAMMAR.series_of


def display(text: str) -> str:
    """The compact text as the plate shows it; unchanged when its groups are not known."""
    return grouped(
        text,
        "([A-Z]{2})([A-Z]{2})([0-9]{3})",
        "([A-Z]{2})([0-9]{2,3})([A-Z]{2,3})",
        "([A-Z]{2})([A-Z0-9][0-9])([0-9]{2}[A-Z])",
    )
