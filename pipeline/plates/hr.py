"""Croatian plates. Source: Pravilnik o registraciji i označavanju vozila: two letters of the town, three or four digits, one or two
letters; carons and strokes are read as their plain letter.

>>> compact("ZG 1234-ab"), series_of("ZG1234AB"), display("ZG1234AB")
('ZG1234AB', 'standard', 'ZG-1234-AB')
>>> [series_of(text) for text in ("RI338JL", "ZG016A", "XX123AB")]
['standard', 'standard', None]
"""

from pipeline.plates.grammar import Grammar, Series, grouped
from pipeline.plates.text import compact

__all__ = ["COUNTRY", "GRAMMAR", "compact", "display", "series_of"]

COUNTRY = "HR"
_TOWN = "(?=B[JM]|CK|D[AEJU]|GS|IM|K[ACRTZ]|MA|N[AG]|O[GS]|P[UZ]|RI|S[BIKLT]|V[KTUZ]|Z[DGU])[BCDGIKMNOPRSVZ][A-Z]"
GRAMMAR = Grammar((
    Series("standard", f"{_TOWN}[0-9]{{3}}[A-Z]{{2}}", 0.5, 34 * 10**3 * 22**2),
    Series("standard", f"{_TOWN}[0-9]{{4}}[A-Z]{{2}}", 0.42, 34 * 10**4 * 22**2),
    Series("standard", f"{_TOWN}[0-9]{{3,4}}[A-Z]", 0.07, 34 * 11_000 * 22),
))  # fmt: skip

series_of = GRAMMAR.series_of


def display(text: str) -> str:
    """The compact text as the plate shows it; unchanged when its groups are not known."""
    return grouped(text, "([A-Z]{2})([0-9]{3,4})([A-Z]{1,2})")
