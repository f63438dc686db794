"""Slovak plates. Source: zákon 106/2018 Z. z. on the operation of vehicles, and 8/2009 Z. z. before it: two letters of the
district, three digits, two letters; since 2023 the first pair runs from AA and names no district; plates of choice have five
characters after the district.

>>> compact("BA 388RU"), series_of("BA388RU"), display("BA388RU")
('BA388RU', 'standard', 'BA 388RU')
>>> [series_of(text) for text in ("AA388RU", "BA12345", "BASLOVO", "QQ388R")]
['standard 2023', None, 'choice', None]
"""

from pipeline.plates.grammar import Grammar, Series, grouped
from pipeline.plates.text import compact

__all__ = ["COUNTRY", "GRAMMAR", "compact", "display", "series_of"]

COUNTRY = "SK"
_DISTRICT = (
    "(?=B[ABJLNRSTY]|CA|D[KST]|G[AL]|H[CE]|IL|K[AEIKMNS]|L[CEMV]|M[AILTY]|N[MORZ]|P[BDEKNOPTUV]"
    "|R[AKSV]|S[ABCEIKLNOPV]|T[CNORSTV]|V[KT]|Z[ACHMV])[A-Z]{2}"
)
GRAMMAR = Grammar((
    Series("standard", f"{_DISTRICT}[0-9]{{3}}[A-Z]{{2}}", 0.8, 79 * 10**3 * 23**2),
    Series("standard 2023", "A[A-Z][0-9]{3}[A-Z]{2}", 0.12),
    Series("electric", "E[LV][0-9]{3}[A-Z]{2}", 0.02),
    Series("other", "[A-Z]{2}[0-9]{3}[A-Z]{2}", 0.02),
    Series("choice", f"(?=.{{7}}$){_DISTRICT}[A-Z]{{3,5}}[0-9]{{0,2}}", 0.01, 79 * 26**5),
))  # fmt: skip

series_of = GRAMMAR.series_of


def display(text: str) -> str:
    """The compact text as the plate shows it; unchanged when its groups are not known."""
    return grouped(text, "([A-Z]{2})([0-9]{3}[A-Z]{2})", separator=" ")
