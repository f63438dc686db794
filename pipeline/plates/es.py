"""Spanish plates. Source: Reglamento General de Vehículos (Real Decreto 2822/1998), annex XVIII: since 2000 four digits and three
consonants; before, the province's one or two letters, four digits and one or two letters, or six digits.

>>> compact("1234 bbc"), series_of("1234BBC"), display("1234BBC")
('1234BBC', 'standard', '1234 BBC')
>>> [series_of(text) for text in ("M1234AB", "B123456", "E1234BBC", "R1234BBC", "1234ABC")]
['province', 'province', 'special vehicle', 'trailer', None]
"""

from pipeline.plates.grammar import Grammar, Series, grouped
from pipeline.plates.text import compact

__all__ = ["COUNTRY", "GRAMMAR", "compact", "display", "series_of"]

COUNTRY = "ES"
_PROVINCE = (
    "(?=A[BLV]|B[AIU]|C[ACEORSU]|G[CEIRU]|HU|IB|L[EOU]|M[ALU]|NA|O[RU]|P[MO]|S[AEGHOS]|T[EFO]|V[AIZ]|ZA)[A-Z]{2}"
)
GRAMMAR = Grammar((
    Series("standard", "[0-9]{4}[BCDFGHJKLMNPRSTVWXYZ]{3}", 0.93),
    Series("special vehicle", "E[0-9]{4}[BCDFGHJKLMNPRSTVWXYZ]{3}", 0.01),
    Series("trailer", "R[0-9]{4}[BCDFGHJKLMNPRSTVWXYZ]{3}", 0.01),
    Series("moped", "C[0-9]{4}[BCDFGHJKLMNPRSTVWXYZ]{3}", 0.01),
    Series("province", "[ABCHJLMOPSTVZ][0-9]{4}[A-Z]{1,2}", 0.015),
    Series("province", f"{_PROVINCE}[0-9]{{4}}[A-Z]{{1,2}}", 0.015, 40 * 10**4 * (26 + 26**2)),
    Series("province", "[A-Z]{1,2}[0-9]{5,6}", 0.005),
))  # fmt: skip

series_of = GRAMMAR.series_of


def display(text: str) -> str:
    """The compact text as the plate shows it; unchanged when its groups are not known."""
    return grouped(
        text, "([0-9]{4})([A-Z]{3})", "([CER])([0-9]{4})([A-Z]{3})", "([A-Z]{1,2})([0-9]{4})([A-Z]{1,2})", separator=" "
    )
