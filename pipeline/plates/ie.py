"""Irish plates. Source: Vehicle Registration and Taxation Regulations 1992 (S.I. 318/1992) as amended: the year (two digits,
since 2013 three with the half-year), the county, and up to six digits.

>>> compact("131-d-12345"), series_of("131D12345"), display("131D12345")
('131D12345', 'standard', '131-D-12345')
>>> [series_of(text) for text in ("06KY123", "ZZ12345", "133D1")]
['standard 1987', 'visitor', None]
"""

from pipeline.plates.grammar import Grammar, Series, grouped
from pipeline.plates.text import compact

__all__ = ["COUNTRY", "GRAMMAR", "compact", "display", "series_of"]

COUNTRY = "IE"
_COUNTY = "(?=C[0-9ENW]|D[0-9L]|G[0-9]|K[EKY]|L[0-9DHKMS]|M[HNO]|OY|RN|SO|T[0-9NS]|W[0-9DHWX])[CDGKLMORSTW][A-Z]?"
GRAMMAR = Grammar((
    Series("standard", f"[1-9][0-9][12]{_COUNTY}[1-9][0-9]{{0,5}}", 0.8, 2 * 14 * 30 * 10**5),
    Series("standard 1987", f"[089][0-9]{_COUNTY}[1-9][0-9]{{0,5}}", 0.15, 23 * 30 * 10**5),
    Series("standard 1987", f"1[0-2]{_COUNTY}[1-9][0-9]{{0,5}}", 0.04, 3 * 30 * 10**5),
    Series("visitor", "ZZ[0-9]{5}", 0.001),
))  # fmt: skip

series_of = GRAMMAR.series_of


def display(text: str) -> str:
    """The compact text as the plate shows it; unchanged when its groups are not known."""
    return grouped(text, "([0-9]{2,3})([A-Z]{1,2})([0-9]{1,6})")
