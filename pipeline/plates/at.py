"""Austrian plates. Source: Kraftfahrgesetz 1967 (KFG), § 48, and its implementing regulation: one or two letters of the district,
digits, then one to three letters; personalised ones turn the order round; those of authorities end with the digits.

>>> compact("w-12345 a"), series_of("W12345A"), display("W12345A")
('W12345A', 'standard', 'W 12345A')
>>> [series_of(text) for text in ("GU123AB", "WPOLDI1", "BP12345", "1234")]
['standard', 'personalised', 'authority', None]
"""

from pipeline.plates.grammar import Grammar, Series, grouped
from pipeline.plates.text import compact

__all__ = ["COUNTRY", "GRAMMAR", "compact", "display", "series_of"]

COUNTRY = "AT"
# the districts, by letters; about a hundred
_DISTRICT = (
    "(?=AM|B[LMNRZ]|D[LO]|E[FNU]|F[EFKR]|G[BDFMRSU]|H[ABEFLO]|I[LM]|J[EOUW]|K[BFGIKLORSU]|L[ABEFILNZ]|M[ADEITUZ]|N[DK]|O[PW]|P[EL]"
    "|R[AEIO]|S[BDELOPRVWZ]|T[AU]|UU|V[BIKLO]|W[BELNOTUYZ]|Z[ET])[A-Z]{2}"
)
GRAMMAR = Grammar((
    Series("standard", f"{_DISTRICT}[1-9][0-9]{{2}}[A-Z]{{2}}", 0.5, 110 * 900 * 26**2),
    Series("standard", f"{_DISTRICT}[1-9][0-9][A-Z]{{3}}", 0.1, 110 * 90 * 26**3),
    Series("standard", f"{_DISTRICT}[1-9][0-9]{{1,2}}[A-Z]{{1,2}}", 0.05, 110 * 990 * 26**2),
    Series("standard", "[BEGIKLPSW][1-9][0-9]{4}[A-Z]", 0.15),
    Series("standard", "[BEGIKLPSW][1-9][0-9]{2,3}[A-Z]{1,2}", 0.1),
    Series("standard", "(?!.{9})[A-Z]{1,2}[1-9][0-9]{0,4}[A-Z]{1,3}", 0.03),
    Series("personalised", "(?!.{9})[A-Z]{3,4}[1-9][0-9]{0,3}", 0.03),
    Series("personalised", "(?!.{9})[A-Z]{2,7}[1-9][0-9]{0,3}", 0.02),
    Series("authority", "[A-Z]{1,2}[1-9][0-9]{0,5}", 0.01),
))  # fmt: skip

series_of = GRAMMAR.series_of


def display(text: str) -> str:
    """The compact text as the plate shows it; unchanged when its groups are not known."""
    return grouped(text, "([A-Z]{1,2})([0-9]{1,6}[A-Z]{0,3})", separator=" ")
