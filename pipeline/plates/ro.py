"""Romanian plates. Source: Ordinul 1501/2006 of the ministry of the interior on the registration of vehicles: the
county (B for Bucharest), two digits (Bucharest two or three) and three letters; provisional plates have digits alone.

>>> compact("cj 12 abc"), series_of("CJ12ABC"), display("CJ12ABC")
('CJ12ABC', 'standard', 'CJ 12 ABC')
>>> [series_of(text) for text in ("B123ABC", "B012345", "CJ123ABC")]
['bucharest', 'provisional', None]
"""

from pipeline.plates.grammar import Grammar, Series, grouped
from pipeline.plates.text import compact

__all__ = ["COUNTRY", "GRAMMAR", "compact", "display", "series_of"]

COUNTRY = "RO"
_COUNTY = "(?=A[BGR]|B[CHNRTVZ]|C[JLSTV]|D[BJ]|G[JLR]|H[DR]|I[FLS]|M[HMS]|NT|OT|PH|S[BJMV]|T[LMR]|V[LNS])[ABCDGHIMNOPSTV][A-Z]"
GRAMMAR = Grammar((
    Series("standard", f"{_COUNTY}[0-9]{{2}}[A-Z]{{3}}", 0.8, 41 * 10**2 * 26**3),
    Series("bucharest", "B[1-9][0-9]{1,2}[A-Z]{3}", 0.17),
    Series("bucharest", "B0[1-9][A-Z]{3}", 0.005),
    Series("provisional", "[A-Z]{1,2}0[0-9]{2,5}", 0.01),
))  # fmt: skip

series_of = GRAMMAR.series_of


def display(text: str) -> str:
    """The compact text as the plate shows it; unchanged when its groups are not known."""
    return grouped(text, "([A-Z]{1,2})([0-9]{2,3})([A-Z]{3})", "([A-Z]{1,2})(0[0-9]{2,5})", separator=" ")
