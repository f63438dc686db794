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
GRAMMAR = Grammar((
    Series("standard", "[1-9][0-9][12][A-Z]{1,2}[1-9][0-9]{0,5}", 0.8),
    Series("standard 1987", "[089][0-9][A-Z]{1,2}[1-9][0-9]{0,5}", 0.15),
    Series("standard 1987", "1[0-2][A-Z]{1,2}[1-9][0-9]{0,5}", 0.04),
    Series("visitor", "ZZ[0-9]{5}", 0.001),
))  # fmt: skip

series_of = GRAMMAR.series_of


def display(text: str) -> str:
    """The compact text as the plate shows it; unchanged when its groups are not known."""
    return grouped(text, "([0-9]{2,3})([A-Z]{1,2})([0-9]{1,6})")
